"""A stream with its heading and tools: who writes, fold thinking, unfold calls, search, copy."""

from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication, QKeySequence, QShortcut
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QSizePolicy, QVBoxLayout, QWidget

from slop_qt.core.context import ContextReport
from slop_qt.core.stream_state import StreamState
from slop_qt.qt.status import stream_look
from slop_qt.qt.theme import Theme
from slop_qt.widgets.buttons import icon_button, icon_toggle, muted_label
from slop_qt.widgets.context_words import composition_tip, size_words
from slop_qt.widgets.search_bar import SearchBar
from slop_qt.widgets.status_chip import StatusChip
from slop_qt.widgets.stream_view import StreamView

__all__ = ["StreamPane"]


class StreamPane(QWidget):
    """Lives in the GUI thread. Whoever owns it calls `refresh` when the stream has changed."""

    def __init__(self, theme: Theme, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName(name)
        self.view = StreamView(theme, name)
        self.view.setAccessibleName("What the agent writes")
        self._status = StatusChip(theme)
        self._model = muted_label()
        self._model.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self._size = muted_label()
        self._size.setObjectName(f"{name}.context")
        self._size.setContentsMargins(0, 0, 4, 2)
        self._size.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self._sized: ContextReport | None = None
        self._error = QLabel()
        self._error.setProperty("kind", "failed")
        self._error.setWordWrap(True)
        self._error.setContentsMargins(8, 4, 8, 4)
        self._error.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._dropped = muted_label()
        self._dropped.setContentsMargins(8, 4, 8, 4)
        self._search = SearchBar(theme, f"{name}.search", self.view)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        for widget in (self._heading(theme, name), self._search, self._dropped, self._error):
            column.addWidget(widget)
        column.addWidget(self.view, 1)
        self.view.dropped_changed.connect(self._say_dropped)
        find = QShortcut(QKeySequence.StandardKey.Find, self)
        find.setContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
        find.activated.connect(self._search.open_bar)
        self.show_stream(None)

    def _heading(self, theme: Theme, name: str) -> QFrame:
        heading = QFrame()
        heading.setProperty("kind", "strip")
        thinking = icon_toggle(theme, f"{name}.thinking", "thinking", "Show thinking", self.view.show_thinking)
        thinking.setChecked(True)
        column = QVBoxLayout(heading)
        column.setContentsMargins(8, 2, 4, 2)
        column.setSpacing(0)
        row = QHBoxLayout()
        row.setSpacing(4)
        column.addLayout(row)
        column.addWidget(self._size)
        row.addWidget(self._status)
        row.addSpacing(4)
        row.addWidget(self._model, 1)
        row.addWidget(thinking)
        row.addWidget(
            icon_toggle(
                theme, f"{name}.details", "tool", "Show arguments and results of tool calls", self.view.unfold_all
            )
        )
        row.addWidget(icon_button(theme, f"{name}.find", "search", "Find in this stream (Ctrl+F)", self._find))
        row.addWidget(icon_button(theme, f"{name}.copy", "copy", "Copy the stream's text", self._copy))
        return heading

    def show_stream(self, stream: StreamState | None) -> None:
        """Show another stream."""
        self.view.show_stream(stream)
        self._say_dropped(0)
        self._say_status()

    def refresh(self) -> None:
        """The stream has changed."""
        self.view.refresh()
        self._say_status()

    def _say_status(self) -> None:
        stream = self.view.stream
        self._say_size(stream.report if stream is not None else None)
        self._error.setVisible(stream is not None and bool(stream.error))
        if stream is None:
            self._status.show_look(None)
            self._model.clear()
            return
        self._status.show_look(stream_look(stream))
        words = f"{stream.stream_id}  ·  {stream.model}"
        if self._model.text() != words:
            self._model.setText(words)
            self._model.setToolTip(f"{stream.stream_id}\n{stream.provider}: {stream.model}")
        if stream.error:
            self._error.setText(stream.error)

    def _say_size(self, report: ContextReport | None) -> None:
        self._size.setVisible(report is not None)
        if report is None or report is self._sized:
            return
        self._sized = report
        words = size_words(report)
        self._size.setText(words)
        self._size.setAccessibleName(f"Size of the last request: {words}")
        self._size.setToolTip(composition_tip(report))

    def _say_dropped(self, dropped: int) -> None:
        self._dropped.setVisible(dropped > 0)
        self._dropped.setText(f"About {dropped:,} earlier characters are not shown; Copy gives them all.")

    def _find(self) -> None:
        self._search.open_bar()

    def _copy(self) -> None:
        if self.view.stream is not None:
            QGuiApplication.clipboard().setText(self.view.stream.text)
