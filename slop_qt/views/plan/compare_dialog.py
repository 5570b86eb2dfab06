"""What differs between a file as somebody else wrote it and as it is edited here."""

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QDialog, QDialogButtonBox, QLabel, QVBoxLayout, QWidget

from slop_qt.qt.theme import Theme
from slop_qt.widgets.buttons import push_button
from slop_qt.widgets.diff_view import DiffView

__all__ = ["CompareDialog"]


class CompareDialog(QDialog):
    """Lives in the GUI thread.

    Signals:
        mine_wanted, theirs_wanted: how it was decided; neither where it was put off.
    """

    mine_wanted = Signal()
    theirs_wanted = Signal()

    def __init__(self, theme: Theme, file: str, diff: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("compare")
        self.setWindowTitle(f"Compare {file}")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        words = QLabel(f"From {file} as it is on disk to your edits: what you added is marked with a plus.")
        view = DiffView(theme, "compare.diff")
        view.show_diff(diff)
        buttons = QDialogButtonBox()
        mine = push_button("compare.mine", "Keep mine", self.mine_wanted.emit)
        theirs = push_button("compare.theirs", "Take theirs", self.theirs_wanted.emit)
        for button in (mine, theirs):
            buttons.addButton(button, QDialogButtonBox.ButtonRole.AcceptRole)
        later = buttons.addButton("Decide later", QDialogButtonBox.ButtonRole.RejectRole)
        later.setObjectName("compare.later")
        later.setDefault(True)
        buttons.accepted.connect(self.accept)
        buttons.rejected.connect(self.reject)
        column = QVBoxLayout(self)
        column.setContentsMargins(16, 16, 16, 12)
        column.setSpacing(12)
        column.addWidget(words)
        column.addWidget(view, 1)
        column.addWidget(buttons)
        self.resize(860, 520)
