"""The Graph panel: the selected track's tickets and what depends on what."""

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QScrollArea, QVBoxLayout

from slop_qt.qt.ticket_model import TicketModel
from slop_qt.qt.window_context import WindowContext
from slop_qt.widgets.empty_state import EmptyState
from slop_qt.widgets.graph_view import GraphView
from slop_qt.widgets.panel import Panel

__all__ = ["GraphPanel"]

_EDGE = 32


class GraphPanel(Panel):
    """Lives in the GUI thread. Hidden, it lays nothing out."""

    def __init__(self, context: WindowContext) -> None:
        empty = EmptyState(
            context.theme,
            "graph",
            "ticket",
            "No tickets yet",
            "When Tier 2 has planned the selected track, its tickets and what they depend on appear here.",
        )
        super().__init__(context.theme, "graph", empty)
        self._context = context
        self._model = TicketModel(self)
        self._graph = GraphView(context.theme, self._model)
        self._graph.chosen.connect(self._choose)
        self._area = QScrollArea()
        self._area.setObjectName("graph.area")
        self._area.setWidget(self._graph)
        self._area.setWidgetResizable(True)
        self._area.setFrameShape(QScrollArea.Shape.NoFrame)
        self._area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        column = QVBoxLayout(self.content)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self._area)
        for signal in (context.tracks.changed, context.selection.changed, context.bridge.tickets_changed):
            signal.connect(self._refresh)

    def shown(self) -> None:
        self._refresh()

    def _refresh(self) -> None:
        if not self.isVisible():
            return
        selection = self._context.selection
        self._model.set_tickets(self._context.tracks.tickets(selection.track_id))
        self.show_content(bool(self._model.tickets))
        self._graph.select(selection.ticket_id)
        rect = self._graph.rect_of(selection.ticket_id or "")
        if not rect.isEmpty():
            self._area.ensureVisible(round(rect.center().x()), round(rect.center().y()), 90 + _EDGE, _EDGE)

    def _choose(self, ticket_id: str) -> None:
        self._context.selection.select(self._context.selection.track_id, ticket_id or None)
