"""A tier's panel: its agents, and what the selected one writes; several side by side where one wants them."""

from PySide6.QtCore import QModelIndex, Qt
from PySide6.QtWidgets import (
    QAbstractItemView,
    QFrame,
    QGridLayout,
    QHBoxLayout,
    QListView,
    QSplitter,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from slop_qt.core.stream_state import StreamState
from slop_qt.core.streams import TIER_ROLES, tier_name
from slop_qt.qt.roles import Role
from slop_qt.qt.stream_model import StreamModel
from slop_qt.qt.window_context import WindowContext
from slop_qt.qt.words import plural
from slop_qt.widgets.buttons import icon_toggle, muted_label
from slop_qt.widgets.empty_state import EmptyState
from slop_qt.widgets.panel import Panel
from slop_qt.widgets.row_delegate import ROW_HEIGHT, RowDelegate
from slop_qt.widgets.stream_pane import StreamPane

__all__ = ["TierPanel"]

_SIDE_BY_SIDE = 4
_ROWS_SHOWN = 5
_WORDS = {
    1: "Tier 1 cuts what you want into tracks. What it thinks and writes appears here.",
    2: "Tier 2 cuts a track into tickets. What it thinks and writes appears here.",
    3: "Each ticket gets a worker of its own. What they write, and the tools they use, appears here.",
    4: "When a ticket's verification fails, Tier 4 explains it to the next attempt. That appears here.",
}


class TierPanel(Panel):
    """Lives in the GUI thread. Hidden, it writes nothing."""

    def __init__(self, context: WindowContext, tier: int) -> None:
        name = f"tier{tier}"
        empty = EmptyState(context.theme, name, "thinking", f"{tier_name(tier)} {TIER_ROLES[tier]}", _WORDS[tier])
        super().__init__(context.theme, name, empty, tier=tier)
        self._context = context
        self._follows_newest = True
        self._model = StreamModel(tier, context.bridge, self)
        self._list = self._make_list(name)
        self._count = muted_label()
        self._pane = StreamPane(context.theme, f"{name}.stream")
        self._panes = [self._pane]
        self._grid = QWidget()
        self._stack = QStackedWidget()
        self._lay_out(name, tier)
        context.bridge.streams_changed.connect(self._streams_changed)
        context.selection.changed.connect(self._follow_selection)
        self._model.rowsInserted.connect(self._rows_inserted)
        self._model.modelReset.connect(self._start_again)
        self._model.dataChanged.connect(self._say_count)
        self._rows_inserted()

    def _make_list(self, name: str) -> QListView:
        view = QListView()
        view.setObjectName(f"{name}.agents")
        view.setAccessibleName("Agents")
        view.setModel(self._model)
        view.setItemDelegate(RowDelegate(self.theme, view))
        view.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        view.selectionModel().currentChanged.connect(self._row_chosen)
        view.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        view.clicked.connect(self._row_clicked)
        return view

    def _lay_out(self, name: str, tier: int) -> None:
        head = QFrame()
        head.setProperty("kind", "strip")
        row = QHBoxLayout(head)
        row.setContentsMargins(8, 2, 4, 2)
        row.addWidget(self._count, 1)
        self._side_by_side = icon_toggle(
            self.theme,
            f"{name}.side_by_side",
            "columns",
            "Show up to four streams side by side",
            self._show_side_by_side,
        )
        row.addWidget(self._side_by_side)
        grid = QGridLayout(self._grid)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setSpacing(1)
        self._stack.addWidget(self._pane)
        self._stack.addWidget(self._grid)
        self._splitter = QSplitter(Qt.Orientation.Vertical)
        self._splitter.addWidget(self._list)
        self._splitter.addWidget(self._stack)
        self._splitter.setStretchFactor(1, 1)
        self._splitter.setChildrenCollapsible(False)
        column = QVBoxLayout(self.content)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(head)
        head.setVisible(tier == 3)  # not before: without a parent, it would be a window for a moment
        column.addWidget(self._splitter, 1)

    def shown(self) -> None:
        for pane in self._panes:
            pane.refresh()
            pane.view.hold(False)

    def hidden(self) -> None:
        for pane in self._panes:
            pane.view.hold(True)

    def _rows_inserted(self) -> None:
        rows = self._model.rowCount()
        self.show_content(rows > 0)
        self._list.setVisible(rows > 1)
        shown = min(rows, _ROWS_SHOWN)
        self._splitter.setSizes([shown * ROW_HEIGHT + 4, max(self._splitter.height() - shown * ROW_HEIGHT, 100)])
        if rows and self._follows_newest:
            self._list.setCurrentIndex(self._model.index(rows - 1))
        if self._side_by_side.isChecked():
            self._fill_grid()
        self._say_count()

    def _start_again(self) -> None:
        """The streams are others, or as they were at another moment: what was shown stays, if it is there."""
        shown = self._pane.view.stream
        row = self._model.row_of(shown.run_id, shown.stream_id) if shown is not None else -1
        self._follows_newest = self._follows_newest or row < 0
        self._rows_inserted()
        if not self._follows_newest:
            self._list.setCurrentIndex(self._model.index(row))
        elif self._model.rowCount() == 0:
            self._pane.show_stream(None)

    def _row_clicked(self, index: QModelIndex) -> None:
        self._follows_newest = index.row() == self._model.rowCount() - 1
        stream = self._model.stream(index.row())
        run = self._context.bridge.state.runs.get(stream.run_id) if stream is not None else None
        if stream is not None and stream.ticket_id is not None and run is not None:
            self._context.selection.select(run.track_id, stream.ticket_id)

    def _row_chosen(self, index: QModelIndex) -> None:
        self._pane.show_stream(self._model.stream(index.row()))

    def _follow_selection(self) -> None:
        selection = self._context.selection
        current = self._model.stream(self._list.currentIndex().row())
        if selection.ticket_id is None or (current is not None and current.ticket_id == selection.ticket_id):
            return
        for row in reversed(range(self._model.rowCount())):
            stream = self._model.stream(row)
            if stream is not None and stream.ticket_id == selection.ticket_id and self._of_selected_track(stream):
                self._follows_newest = False
                self._list.setCurrentIndex(self._model.index(row))
                return

    def _of_selected_track(self, stream: StreamState) -> bool:
        run = self._context.bridge.state.runs.get(stream.run_id)
        return run is not None and run.track_id == self._context.selection.track_id

    def _streams_changed(self, keys: set[tuple[str, str]]) -> None:
        if not self.isVisible():
            return
        for pane in self._panes:
            stream = pane.view.stream
            if stream is not None and (stream.run_id, stream.stream_id) in keys:
                pane.refresh()

    def _say_count(self) -> None:
        running = len(self._model.running())
        self._count.setText(f"{plural(running, 'worker')} running, {self._model.rowCount() - running} ended")

    def _show_side_by_side(self, wanted: bool) -> None:
        self._stack.setCurrentWidget(self._grid if wanted else self._pane)
        if wanted:
            self._fill_grid()

    def _fill_grid(self) -> None:
        streams = self._chosen_for_grid()
        while len(self._panes) < 1 + len(streams):
            number = len(self._panes)
            pane = StreamPane(self.theme, f"{self.objectName()}.stream.{number}")
            self._panes.append(pane)
            grid = self._grid.layout()
            assert isinstance(grid, QGridLayout)
            grid.addWidget(pane, (number - 1) // 2, (number - 1) % 2)
        for number, pane in enumerate(self._panes[1:]):
            pane.setVisible(number < len(streams))
            pane.show_stream(streams[number] if number < len(streams) else None)

    def _chosen_for_grid(self) -> list[StreamState]:
        """The running ones, newest last; with fewer than four, the newest ended ones before them."""
        rows = [self._model.index(row).data(Role.VALUE) for row in range(self._model.rowCount())]
        streams = [row for row in rows if isinstance(row, StreamState)]
        running = [stream for stream in streams if not stream.closed][-_SIDE_BY_SIDE:]
        ended = [stream for stream in streams if stream.closed]
        missing = _SIDE_BY_SIDE - len(running)
        return ended[len(ended) - missing :] + running if missing < len(ended) else ended + running
