"""The Activity panel: what happened, newest at the end, with what to do about what failed."""

from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication, QKeySequence, QShortcut
from PySide6.QtWidgets import QComboBox, QFrame, QHBoxLayout, QLineEdit, QTableView, QVBoxLayout, QWidget

from slop_qt.qt.activity_log import ActivityKind
from slop_qt.qt.activity_model import ActivityFilter, ActivityModel
from slop_qt.qt.roles import Role
from slop_qt.qt.window_context import WindowContext
from slop_qt.qt.words import clock
from slop_qt.widgets.buttons import icon_button
from slop_qt.widgets.empty_state import EmptyState
from slop_qt.widgets.panel import Panel
from slop_qt.widgets.row_table import row_table

__all__ = ["ActivityPanel"]

_KINDS: tuple[tuple[str, frozenset[ActivityKind]], ...] = (
    ("Everything", frozenset()),
    ("Problems", frozenset({"fault", "retry"})),
    ("Runs", frozenset({"run"})),
    ("Tickets", frozenset({"ticket"})),
    ("Agents", frozenset({"agent"})),
    ("Approvals", frozenset({"approval"})),
    ("Merges", frozenset({"merge"})),
)


class ActivityPanel(Panel):
    """Lives in the GUI thread."""

    def __init__(self, context: WindowContext) -> None:
        empty = EmptyState(
            context.theme,
            "activity",
            "activity",
            "Nothing has happened yet",
            "Runs, tickets, approvals, merges, retries and failures are listed here as they happen.",
        )
        super().__init__(context.theme, "activity", empty)
        self._model = ActivityModel(context.bridge, self)
        self._filter = ActivityFilter(self._model, self)
        self._table = self._make_table()
        self._at_end = True
        column = QVBoxLayout(self.content)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self._make_strip())
        column.addWidget(self._table, 1)
        self._table.verticalScrollBar().valueChanged.connect(self._scrolled)
        self._filter.rowsInserted.connect(self._grown)
        copy = QShortcut(QKeySequence.StandardKey.Copy, self._table)
        copy.setContext(Qt.ShortcutContext.WidgetShortcut)
        copy.activated.connect(self.copy)
        self._grown()

    def shown(self) -> None:
        self._grown()

    def copy(self) -> None:
        """Copy the selected lines, as they are shown."""
        entries = [index.data(Role.VALUE) for index in self._table.selectionModel().selectedRows()]
        lines = [
            f"{clock(entry.time)}\t{entry.look.word}\t{entry.subject}\t{entry.text} {entry.hint}".rstrip()
            for entry in entries
        ]
        QGuiApplication.clipboard().setText("\n".join(lines))

    def _make_strip(self) -> QWidget:
        strip = QFrame()
        strip.setProperty("kind", "strip")
        kinds = QComboBox()
        kinds.setObjectName("activity.kind")
        kinds.setAccessibleName("Kinds of activity")
        for words, wanted in _KINDS:
            kinds.addItem(words, wanted)
        kinds.currentIndexChanged.connect(lambda row: self._filter.show_kinds(_KINDS[row][1]))
        field = QLineEdit()
        field.setObjectName("activity.filter")
        field.setAccessibleName("Filter activity")
        field.setPlaceholderText("Filter")
        field.setClearButtonEnabled(True)
        field.textChanged.connect(self._filter.show_words)
        row = QHBoxLayout(strip)
        row.setContentsMargins(8, 4, 4, 4)
        row.setSpacing(8)
        row.addWidget(kinds)
        row.addWidget(field, 1)
        row.addWidget(icon_button(self.theme, "activity.copy", "copy", "Copy the selected lines (Ctrl+C)", self.copy))
        return strip

    def _make_table(self) -> QTableView:
        table = row_table(self.theme, "activity.table", "Activity", self._filter)
        table.setWordWrap(False)
        table.horizontalHeader().setStretchLastSection(True)
        for column, width in enumerate((76, 112, 128)):
            table.setColumnWidth(column, width)
        return table

    def _scrolled(self, value: int) -> None:
        self._at_end = value >= self._table.verticalScrollBar().maximum()

    def _grown(self) -> None:
        self.show_content(self._model.rowCount() > 0)
        if self._at_end and self.isVisible():
            self._table.scrollToBottom()
            self._at_end = True
