"""One line that says how something stands, in place: an icon and a word in their colour, and a sentence."""

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QLabel, QWidget

from slop_qt.qt.status import Look
from slop_qt.qt.theme import Theme
from slop_qt.widgets.status_chip import StatusChip

__all__ = ["Notice"]


class Notice(QWidget):
    """Empty and out of the way until something is said; its text can be selected. Lives in the GUI thread."""

    def __init__(self, theme: Theme, name: str, *, inset: bool = False) -> None:
        """inset: it stands at the edge of a panel, and keeps away from that."""
        super().__init__()
        self.setObjectName(name)
        self._chip = StatusChip(theme)
        self._words = QLabel()
        self._words.setObjectName(f"{name}.text")
        self._words.setProperty("kind", "muted")
        self._words.setTextFormat(Qt.TextFormat.PlainText)
        self._words.setWordWrap(True)
        self._words.setAlignment(Qt.AlignmentFlag.AlignTop | Qt.AlignmentFlag.AlignLeft)
        self._words.setContentsMargins(0, 2, 0, 0)
        self._words.setTextInteractionFlags(
            Qt.TextInteractionFlag.TextSelectableByMouse | Qt.TextInteractionFlag.TextSelectableByKeyboard
        )
        row = QHBoxLayout(self)
        row.setContentsMargins(*((12, 6, 12, 6) if inset else (0, 0, 0, 0)))
        row.setSpacing(8)
        row.addWidget(self._chip, 0, Qt.AlignmentFlag.AlignTop)
        row.addWidget(self._words, 1)
        self.hide()

    @property
    def words(self) -> str:
        """What it says, the word of its look first; empty where it says nothing."""
        return " ".join(part for part in (self._chip.accessibleName(), self._words.text()) if part)

    def say(self, look: Look | None, *sentences: str) -> None:
        """Say these sentences; the empty ones among them are left out."""
        self._chip.show_look(look)
        self._chip.setVisible(look is not None)
        self._words.setText(" ".join(sentence for sentence in sentences if sentence))
        self.setAccessibleName(self.words)
        self.show()

    def clear(self) -> None:
        """Say nothing any more."""
        self._chip.show_look(None)
        self._words.clear()
        self.setAccessibleName("")
        self.hide()
