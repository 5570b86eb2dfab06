"""What differs between a file as somebody else wrote it and as it is edited here."""

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QDialog, QHBoxLayout, QLabel, QVBoxLayout, QWidget

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
        # No QDialogButtonBox: under a style sheet, Tab passes over the first two of three buttons in one.
        buttons = QHBoxLayout()
        buttons.addStretch(1)
        mine = push_button("compare.mine", "Keep mine", self.mine_wanted.emit)
        theirs = push_button("compare.theirs", "Take theirs", self.theirs_wanted.emit)
        later = push_button("compare.later", "Decide later", self.reject)
        for button in (mine, theirs):
            button.clicked.connect(self.accept)
        for button in (mine, theirs, later):
            buttons.addWidget(button)
        column = QVBoxLayout(self)
        column.setContentsMargins(16, 16, 16, 12)
        column.setSpacing(12)
        column.addWidget(words)
        column.addWidget(view, 1)
        column.addLayout(buttons)
        later.setDefault(True)
        self.resize(860, 520)
