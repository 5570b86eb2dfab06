"""The dialog that says why a project could not be opened, and offers another one."""

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import QDialog, QDialogButtonBox, QFileDialog, QLabel, QPushButton, QVBoxLayout

from slop_qt.core.errors import SlopError

__all__ = ["StartFailureDialog"]


class StartFailureDialog(QDialog):
    """What happened, what to do, and the way to another folder. It stands alone: there is no window behind it.

    Signals:
        open_other(str): the folder that the person chose instead.
        done_with: it was closed, with or without another folder.
    """

    open_other = Signal(str)
    done_with = Signal()

    def __init__(self, error: SlopError) -> None:
        super().__init__(None)
        self.setObjectName("start_failure")
        self.setWindowTitle("slop_qt")
        self.setMinimumWidth(480)
        message = _sentence(error.message, "start_failure.message", "What happened")
        font = message.font()
        font.setWeight(font.Weight.DemiBold)
        message.setFont(font)
        other = QPushButton("&Open another folder…")
        other.setObjectName("start_failure.open")
        quit_button = QPushButton("&Quit")
        quit_button.setObjectName("start_failure.quit")
        buttons = QDialogButtonBox()
        buttons.addButton(other, QDialogButtonBox.ButtonRole.ActionRole)
        buttons.addButton(quit_button, QDialogButtonBox.ButtonRole.RejectRole)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(16, 16, 16, 12)
        layout.setSpacing(12)
        layout.addWidget(message)
        if error.hint:
            layout.addWidget(_sentence(error.hint, "start_failure.hint", "What to do"))
        layout.addWidget(buttons)
        other.clicked.connect(self._choose)
        buttons.rejected.connect(self.reject)
        self.finished.connect(self.done_with)

    @Slot()
    def _choose(self) -> None:
        chooser = QFileDialog(self, "Open a git repository")
        chooser.setObjectName("start_failure.folder")
        chooser.setFileMode(QFileDialog.FileMode.Directory)
        chooser.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        chooser.fileSelected.connect(self._chosen)
        chooser.open()

    @Slot(str)
    def _chosen(self, folder: str) -> None:
        self.open_other.emit(folder)
        self.accept()


def _sentence(text: str, name: str, accessible_name: str) -> QLabel:
    label = QLabel(text)
    label.setObjectName(name)
    label.setAccessibleName(accessible_name)
    label.setTextFormat(Qt.TextFormat.PlainText)
    label.setWordWrap(True)
    label.setTextInteractionFlags(
        Qt.TextInteractionFlag.TextSelectableByMouse | Qt.TextInteractionFlag.TextSelectableByKeyboard
    )
    return label
