"""A strip at a panel's top that says something and offers one action: errors stand where they happened."""

from collections.abc import Callable

from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QSizePolicy, QWidget

from slop_qt.core.errors import SlopError
from slop_qt.qt.theme import Theme
from slop_qt.widgets.buttons import icon_button, push_button

__all__ = ["Banner"]


class Banner(QFrame):
    """Hidden until something is said. Lives in the GUI thread."""

    def __init__(self, theme: Theme, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._callback: Callable[[], None] | None = None
        self.setObjectName(name)
        self.setProperty("kind", "banner")
        self._words = QLabel()
        self._words.setObjectName(f"{name}.text")
        self._words.setWordWrap(True)
        self._words.setTextFormat(Qt.TextFormat.PlainText)
        self._words.setTextInteractionFlags(
            Qt.TextInteractionFlag.TextSelectableByMouse | Qt.TextInteractionFlag.TextSelectableByKeyboard
        )
        self._words.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        self._action = push_button(f"{name}.action", "", self._act, kind="primary")
        self._copy = icon_button(theme, f"{name}.copy", "copy", "Copy this message", self._copy_words)
        self._close = icon_button(theme, f"{name}.close", "close", "Dismiss", self.hide)
        row = QHBoxLayout(self)
        row.setContentsMargins(12, 6, 8, 6)
        row.setSpacing(8)
        row.addWidget(self._words, 1)
        for button in (self._action, self._copy, self._close):
            row.addWidget(button, 0, Qt.AlignmentFlag.AlignTop)
        self.hide()

    @property
    def words(self) -> str:
        """What it says."""
        return self._words.text()

    def show_error(self, error: SlopError, action: str = "", callback: Callable[[], None] | None = None) -> None:
        """Say what went wrong and what to do next, and perhaps offer to do it."""
        self._say("\n".join(part for part in (error.message, error.hint) if part), "failed", action, callback)

    def show_offer(self, text: str, action: str = "", callback: Callable[[], None] | None = None) -> None:
        """Say something, and offer to do something about it."""
        self._say(text, "plain", action, callback)

    def _say(self, text: str, tone: str, action: str, callback: Callable[[], None] | None) -> None:
        self._words.setText(text)
        self._callback = callback
        self._action.setText(action)
        self._action.setAccessibleName(action)
        self._action.setVisible(bool(action))
        self._copy.setVisible(tone == "failed")
        self.setProperty("tone", tone)
        self.style().unpolish(self)
        self.style().polish(self)
        self.show()

    def _act(self) -> None:
        callback = self._callback
        self.hide()
        if callback is not None:
            callback()

    def _copy_words(self) -> None:
        QGuiApplication.clipboard().setText(self._words.text())
