"""The exact text of a request or of one of its parts: what the model sees, to the character."""

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QGuiApplication, QKeySequence, QShortcut
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QSizePolicy, QVBoxLayout, QWidget

from slop_qt.qt.status import Look
from slop_qt.qt.theme import Theme
from slop_qt.qt.words import plural
from slop_qt.widgets.buttons import icon_button, muted_label, push_button
from slop_qt.widgets.long_text import LongText
from slop_qt.widgets.long_text_search import LongTextSearch
from slop_qt.widgets.notice import Notice

__all__ = ["TextPage"]

_MOVED_ON = Look("waiting", "Newer", "waiting")


class TextPage(QWidget):
    """Lives in the GUI thread.

    Signals:
        left: somebody has read enough.
    """

    left = Signal()

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self.setObjectName("tokens.text_page")
        self._title = QLabel()
        self._title.setObjectName("tokens.text_title")
        self._title.setProperty("kind", "heading")
        self._title.setTextFormat(Qt.TextFormat.PlainText)
        self._title.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self._facts = muted_label()
        self._facts.setObjectName("tokens.text_facts")
        self._notice = Notice(theme, "tokens.text_notice", inset=True)
        self.view = LongText(theme, "tokens.text", "The exact text")
        self._search = LongTextSearch(theme, "tokens.search", self.view)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self._make_head(theme))
        column.addWidget(self._search)
        column.addWidget(self._notice)
        column.addWidget(self.view, 1)
        find = QShortcut(QKeySequence(QKeySequence.StandardKey.Find), self)
        leave = QShortcut(QKeySequence(Qt.Key.Key_Escape), self)
        for shortcut, action in ((find, self._search.open_bar), (leave, self._leave)):
            shortcut.setContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
            shortcut.activated.connect(action)

    def _make_head(self, theme: Theme) -> QFrame:
        head = QFrame()
        head.setProperty("kind", "strip")
        row = QHBoxLayout(head)
        row.setContentsMargins(8, 2, 4, 2)
        row.setSpacing(8)
        row.addWidget(push_button("tokens.text_back", "← Parts", self.left.emit, kind="link", shortcut="Esc"))
        row.addWidget(self._title, 1)
        row.addWidget(self._facts)
        row.addWidget(icon_button(theme, "tokens.text_find", "search", "Find in this text (Ctrl+F)", self._find))
        row.addWidget(icon_button(theme, "tokens.text_copy", "copy", "Copy the whole text", self._copy))
        return head

    def wait_for(self, title: str) -> None:
        """Say that this text is being read."""
        self._title.setText(title)
        self._title.setToolTip(title)
        self._facts.setText("Reading…")
        self._notice.clear()
        self._search.hide()
        self.view.show_text("")
        self.view.setFocus(Qt.FocusReason.OtherFocusReason)

    def show_text(self, text: str, *, moved_on: bool) -> None:
        """Show it. moved_on: the agent composed another request while it was being read."""
        lines = text.count("\n") + 1 if text else 0
        self._facts.setText(f"{plural(len(text), 'character')} in {plural(lines, 'line')}, as sent")
        if moved_on:
            self._notice.say(_MOVED_ON, "The agent has composed another request meanwhile; this may be of that one.")
        self.view.show_text(text)
        self._search.text_changed()

    def clear(self) -> None:
        """Keep nothing of it."""
        self.view.show_text("")

    def _find(self) -> None:
        self._search.open_bar()

    def _copy(self) -> None:
        QGuiApplication.clipboard().setText(self.view.text)

    def _leave(self) -> None:
        if self._search.isVisible():
            self._search.close_bar()
        else:
            self.left.emit()
