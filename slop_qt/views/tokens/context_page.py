"""What every stream sends: how full each is, and what the chosen one's last request is made of."""

from PySide6.QtCore import QModelIndex, Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QAbstractItemView, QHBoxLayout, QListView, QSplitter, QVBoxLayout, QWidget

from slop_qt.qt.context_model import ContextModel
from slop_qt.qt.window_context import ErrorSurface, WindowContext
from slop_qt.views.tokens.stream_details import StreamDetails
from slop_qt.widgets.budget_delegate import BudgetDelegate
from slop_qt.widgets.buttons import push_button

__all__ = ["ContextPage"]

_LIST_SHARE = 0.24  # of the width
_LIST_LEAST, _LIST_MOST = 210, 320


class ContextPage(QWidget):
    """Lives in the GUI thread. Held, it does nothing.

    tools are its buttons, for the strip above it.
    """

    def __init__(self, context: WindowContext, surface: ErrorSurface, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("tokens.context")
        self._context = context
        self._held = False
        self._follows_newest = True
        self._by_hand = self._going = False
        self._shown: tuple[str, str] | None = None
        self._model = ContextModel(context.bridge, context.selection, self)
        self._details = StreamDetails(context, surface)
        self._list = self._make_list()
        self._splitter = QSplitter(Qt.Orientation.Horizontal)
        self._splitter.setChildrenCollapsible(False)
        self._splitter.addWidget(self._list)
        self._splitter.addWidget(self._details)
        self._splitter.setStretchFactor(1, 1)
        self._splitter.splitterMoved.connect(self._placed_by_hand)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self._splitter)
        self.tools = self._make_tools()
        self._model.dataChanged.connect(self._rows_changed)
        self._model.arranged.connect(self._choose)
        self._details.changed.connect(self._update_tools)
        self._details.reading.connect(self._stay)
        context.selection.changed.connect(self._follow_selection)
        self._choose()
        self.hold(True)

    def hold(self, held: bool) -> None:
        """Leave everything as it is while nobody sees it."""
        self._held = held
        self._model.hold(held)
        self._details.hold(held)
        if not held:
            self._follow_selection()

    def _make_list(self) -> QListView:
        view = QListView()
        view.setObjectName("tokens.streams")
        view.setAccessibleName("Streams and how full they are")
        view.setModel(self._model)
        view.setItemDelegate(BudgetDelegate(self._context.theme, view))
        view.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        view.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        view.setUniformItemSizes(True)
        view.setMinimumWidth(160)
        view.setMouseTracking(True)
        view.selectionModel().currentChanged.connect(self._row_chosen)
        view.clicked.connect(self._row_clicked)
        view.activated.connect(self._row_clicked)
        return view

    def _make_tools(self) -> QWidget:
        tools = QWidget()
        row = QHBoxLayout(tools)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(8)
        self._choose_files = push_button("tokens.choose_files", "Choose files…", self._ask_for_files)
        self._read_part = push_button(
            "tokens.read_part", "Text of this part", self._details.read_part, shortcut="Return"
        )
        self._read_all = push_button("tokens.read_all", "Whole request", lambda: self._details.read(None))
        self._choose_files.setToolTip("Choose which files this stream's ticket sends, and in which form")
        self._read_all.setToolTip("The whole request as it is sent, to the character")
        for button in (self._choose_files, self._read_part, self._read_all):
            row.addWidget(button)
        return tools

    def _rows_changed(self, first: QModelIndex, last: QModelIndex) -> None:
        at = self._list.currentIndex().row()
        if first.row() <= at <= last.row():
            self._details.show_row(self._model.row(at))

    def _row_chosen(self, index: QModelIndex) -> None:
        row = self._model.row(index.row())
        if row is None:
            return
        if self._list.hasFocus() and not self._going:
            self._follows_newest = index.row() == 0
        self._shown = row.key
        self._details.show_row(row)

    def _row_clicked(self, index: QModelIndex) -> None:
        self._follows_newest = index.row() == 0
        row = self._model.row(index.row())
        run = self._context.bridge.state.runs.get(row.stream.run_id) if row is not None else None
        if row is not None and row.stream.ticket_id is not None and run is not None:
            self._context.selection.select(run.track_id, row.stream.ticket_id)

    def _choose(self) -> None:
        """Rows came or went: what one reads stays, the newest is read where nobody has chosen."""
        at = self._model.find(self._shown) if self._shown is not None and not self._follows_newest else None
        if self._model.rowCount() == 0:
            self._shown = None
            self._details.show_row(None)
        else:
            self._go_to(at if at is not None else 0)

    def _stay(self) -> None:
        self._follows_newest = False

    def _go_to(self, at: int) -> None:
        index = self._model.index(at)
        self._going = True
        if index != self._list.currentIndex():
            self._list.setCurrentIndex(index)
        else:
            self._row_chosen(index)
        self._going = False

    def _follow_selection(self) -> None:
        selection = self._context.selection
        row = self._details.row
        if self._held or selection.ticket_id is None:
            return
        if row is not None and self._is_selected(row.stream.run_id, row.stream.ticket_id):
            return
        self._model.refresh()
        for at in range(self._model.rowCount()):
            row = self._model.row(at)
            if row is not None and self._is_selected(row.stream.run_id, row.stream.ticket_id):
                self._follows_newest = False
                self._go_to(at)
                return

    def _is_selected(self, run_id: str, ticket_id: str | None) -> bool:
        selection, run = self._context.selection, self._context.bridge.state.runs.get(run_id)
        return ticket_id == selection.ticket_id and run is not None and run.track_id == selection.track_id

    def _update_tools(self) -> None:
        row = self._details.row
        has_request = row is not None and row.report is not None
        self._read_part.setEnabled(self._details.part is not None)
        self._read_all.setEnabled(has_request)
        self._choose_files.setEnabled(row is not None and self._track_and_ticket() is not None)

    def _track_and_ticket(self) -> tuple[str, str] | None:
        row = self._details.row
        run = self._context.bridge.state.runs.get(row.stream.run_id) if row is not None else None
        if row is None or run is None or run.track_id is None or row.stream.ticket_id is None:
            return None
        return run.track_id, row.stream.ticket_id

    def _ask_for_files(self) -> None:
        place = self._track_and_ticket()
        if place is not None:
            self._context.selection.context_wanted.emit(*place)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        if not self._by_hand:
            first = min(max(round(self.width() * _LIST_SHARE), _LIST_LEAST), _LIST_MOST)
            self._splitter.setSizes([first, self.width() - first])

    def _placed_by_hand(self) -> None:
        self._by_hand = True
