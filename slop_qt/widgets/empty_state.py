"""What stands in a panel that has nothing to show yet: what will appear here, and the first thing to do."""

from collections.abc import Callable

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel, QPushButton, QVBoxLayout, QWidget

from slop_qt.qt.theme import Theme
from slop_qt.widgets.buttons import push_button

__all__ = ["EmptyState"]

_ICON = 28


class EmptyState(QWidget):
    """An icon, a heading, a sentence, and perhaps a button. Lives in the GUI thread."""

    def __init__(self, theme: Theme, name: str, icon: str, heading: str, words: str) -> None:
        super().__init__()
        self._theme = theme
        self._icon_name = icon
        self.setObjectName(f"{name}.empty")
        self._icon = QLabel()
        self._heading = QLabel(heading)
        self._heading.setProperty("kind", "heading")
        self._words = QLabel(words)
        self._words.setProperty("kind", "muted")
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(16, 12, 16, 12)
        self._column.setSpacing(4)
        self._column.addStretch(1)
        for label in (self._icon, self._heading, self._words):
            label.setAlignment(Qt.AlignmentFlag.AlignCenter)
            label.setWordWrap(label is not self._icon)
            self._column.addWidget(label)
        self._column.addStretch(2)
        theme.changed.connect(self._tint)
        self._tint()

    def say(self, heading: str, words: str) -> None:
        """Say something else."""
        self._heading.setText(heading)
        self._words.setText(words)

    def offer(self, name: str, text: str, on_click: Callable[[], None]) -> QPushButton:
        """Put the first action below the words."""
        button = push_button(name, text, on_click, kind="primary")
        self._column.insertSpacing(self._column.count() - 1, 8)
        self._column.insertWidget(self._column.count() - 1, button, 0, Qt.AlignmentFlag.AlignHCenter)
        return button

    def _tint(self) -> None:
        self._icon.setPixmap(self._theme.pixmap(self._icon_name, "idle", self.devicePixelRatioF(), _ICON))
