"""Undo and redo by keyboard, taken from widgets that have an undo of their own, for one history of all of them."""

from PySide6.QtCore import QEvent, QObject
from PySide6.QtGui import QKeyEvent, QKeySequence
from PySide6.QtWidgets import QLineEdit, QPlainTextEdit, QWidget

__all__ = ["SharedUndoKeys", "UndoKeys"]

_KEYS = (QKeySequence.StandardKey.Undo, QKeySequence.StandardKey.Redo)


class UndoKeys(QObject):
    """Leaves the keys of some widgets to the window's actions. Lives in the GUI thread.

    A field keeps them while it holds what was typed and not taken over yet (its modified mark): that nobody else knows.
    """

    def give_up(self, *widgets: QWidget) -> None:
        """These shall not undo by themselves any more."""
        for widget in widgets:
            widget.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() not in {QEvent.Type.ShortcutOverride, QEvent.Type.KeyPress}:
            return False
        assert isinstance(event, QKeyEvent)
        if not any(event.matches(key) for key in _KEYS) or self._keeps(watched):
            return False
        event.ignore()
        return True

    def _keeps(self, widget: QObject) -> bool:
        if isinstance(widget, QLineEdit):
            return widget.isModified()
        if isinstance(widget, QPlainTextEdit):
            return widget.document().isModified()
        return False


class SharedUndoKeys(UndoKeys):
    """For widgets that show a document whose history is somebody else's: nothing in it is theirs alone."""

    def _keeps(self, _widget: QObject) -> bool:
        return False
