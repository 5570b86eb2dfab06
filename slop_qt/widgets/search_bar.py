"""Finds words in a text view, forwards and backwards, and says how many there are."""

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent, QTextDocument
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLineEdit, QPlainTextEdit, QWidget

from slop_qt.qt.theme import Theme
from slop_qt.widgets.buttons import icon_button, muted_label, push_button

__all__ = ["SearchBar"]


class SearchBar(QFrame):
    """Hidden until asked for. Lives in the GUI thread.

    Signals:
        moved: the view's cursor went to another place.
    """

    moved = Signal()

    def __init__(self, theme: Theme, name: str, view: QPlainTextEdit, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._view = view
        self.setObjectName(name)
        self.setProperty("kind", "strip")
        self._field = QLineEdit()
        self._field.setObjectName(f"{name}.field")
        self._field.setPlaceholderText("Find in this text")
        self._field.setAccessibleName("Find in this text")
        self._field.setClearButtonEnabled(True)
        self._field.textChanged.connect(self._changed)
        self._field.returnPressed.connect(self.find_next)
        self._count = muted_label()
        row = QHBoxLayout(self)
        row.setContentsMargins(8, 4, 8, 4)
        row.setSpacing(4)
        row.addWidget(self._field, 1)
        row.addWidget(self._count)
        row.addWidget(push_button(f"{name}.previous", "Previous", self.find_previous, shortcut="Shift+Return"))
        row.addWidget(push_button(f"{name}.next", "Next", self.find_next, shortcut="Return"))
        row.addWidget(icon_button(theme, f"{name}.close", "close", "Close search (Esc)", self.close_bar))
        self.hide()

    def open_bar(self) -> None:
        """Show it, ready to type in."""
        self.show()
        self._field.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self._field.selectAll()

    def close_bar(self) -> None:
        """Hide it and go back to the text."""
        self.hide()
        self._view.setFocus(Qt.FocusReason.OtherFocusReason)

    @property
    def words(self) -> str:
        """What is looked for."""
        return self._field.text()

    def find_next(self) -> None:
        """The next place, and after the last the first."""
        self.seek(backwards=False)

    def find_previous(self) -> None:
        """The place before, and before the first the last."""
        self.seek(backwards=True)

    def say(self, words: str) -> None:
        """Say how many there are."""
        self._count.setText(words)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self.close_bar()
        elif event.key() == Qt.Key.Key_Return and event.modifiers() & Qt.KeyboardModifier.ShiftModifier:
            self.find_previous()
        else:
            super().keyPressEvent(event)

    def look_for(self, words: str) -> None:
        """Go to the first place of these words from here on, and say how many there are."""
        if not words:
            self.say("")
            return
        found = self._view.toPlainText().casefold().count(words.casefold())
        self.say(f"{found:,} found")
        cursor = self._view.textCursor()
        cursor.setPosition(cursor.selectionStart())  # more letters are looked for from where the first ones were found
        self._view.setTextCursor(cursor)
        self.find_next()

    def seek(self, *, backwards: bool) -> None:
        """Go to the next place or the one before, and round."""
        if not self.words:
            return
        flags = QTextDocument.FindFlag.FindBackward if backwards else QTextDocument.FindFlag(0)
        if not self._view.find(self.words, flags):
            cursor = self._view.textCursor()
            cursor.movePosition(cursor.MoveOperation.End if backwards else cursor.MoveOperation.Start)
            self._view.setTextCursor(cursor)
            self._view.find(self.words, flags)
        self.moved.emit()

    def _changed(self, words: str) -> None:
        self.look_for(words)
