"""The one QApplication of a process with a window."""

from PySide6.QtWidgets import QApplication

__all__ = ["gui_application"]


def gui_application() -> QApplication:
    """The process's QApplication, made where there is none yet. It does not end with its last window."""
    application = QApplication.instance()
    if not isinstance(application, QApplication):
        application = QApplication(["slop-qt"])
    application.setApplicationName("slop_qt")
    application.setQuitOnLastWindowClosed(False)
    return application
