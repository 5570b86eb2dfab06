"""Asks what shall become of a file that somebody else changed while there are unsaved edits of it."""

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QVBoxLayout

from slop_qt.qt.status import Look
from slop_qt.qt.theme import Theme
from slop_qt.widgets.buttons import push_button
from slop_qt.widgets.status_chip import StatusChip

__all__ = ["ConflictBar"]


class ConflictBar(QFrame):
    """Stays until somebody has decided; nothing is overwritten before. Lives in the GUI thread.

    Signals:
        mine_wanted, theirs_wanted, comparison_wanted: what was pressed.
    """

    mine_wanted = Signal()
    theirs_wanted = Signal()
    comparison_wanted = Signal()

    def __init__(self, theme: Theme, name: str) -> None:
        super().__init__()
        self.setObjectName(name)
        self.setProperty("kind", "banner")
        self.setProperty("tone", "waiting")
        self._words = QLabel()
        self._words.setObjectName(f"{name}.text")
        self._words.setWordWrap(True)
        self._words.setTextFormat(Qt.TextFormat.PlainText)
        column, row = QVBoxLayout(self), QHBoxLayout()
        column.setContentsMargins(12, 6, 12, 8)
        column.setSpacing(4)
        row.setSpacing(8)
        row.addWidget(StatusChip(theme, Look("waiting", "Changed elsewhere", "waiting")))
        row.addStretch(1)
        column.addLayout(row)
        column.addWidget(self._words)
        for button in (
            push_button(f"{name}.compare", "Compare…", self.comparison_wanted.emit),
            push_button(f"{name}.theirs", "Take theirs", self.theirs_wanted.emit),
            push_button(f"{name}.mine", "Keep mine", self.mine_wanted.emit),
        ):
            row.addWidget(button)
        self.hide()

    def ask(self, file: str) -> None:
        """Ask about that file."""
        self._words.setText(
            f"{file} was changed by somebody else, and you have unsaved edits of it. Nothing is overwritten before "
            "you decide; whatever you take, undo brings back what was here."
        )
        self.show()
