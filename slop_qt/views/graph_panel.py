"""The Graph panel: the selected track's tickets and what depends on what, to be seen and to be changed."""

from collections.abc import Sequence

from PySide6.QtWidgets import QVBoxLayout

from slop_qt.core.errors import SlopError
from slop_qt.core.tickets import TicketSpec
from slop_qt.qt.ticket_model import TicketModel
from slop_qt.qt.ticket_notes import in_run, notes
from slop_qt.qt.window_context import WindowContext
from slop_qt.widgets.empty_state import EmptyState
from slop_qt.widgets.graph.editing import GraphEditor, wire_editing
from slop_qt.widgets.graph.strip import GraphStrip
from slop_qt.widgets.graph.view import GraphView
from slop_qt.widgets.panel import Panel

__all__ = ["GraphPanel"]


class GraphPanel(Panel):
    """Tickets as edited, standing where the track's newest run has them. Lives in the GUI thread.

    Hidden, it lays nothing out. Tickets that the editor cannot read can still be looked at, as the run knows them.
    """

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
        self._editor: GraphEditor = context.editor
        self._track_id: str | None = None
        self._model = TicketModel(self)
        self._graph = GraphView(context.theme, self._model)
        self._graph.chosen.connect(self._choose)
        self._strip = GraphStrip(context.theme, self._graph)
        column = QVBoxLayout(self.content)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self._graph, 1)  # first: it is what the keyboard goes to when it comes to the panel
        column.insertWidget(0, self._strip)
        self._first = empty.offer("graph.first_ticket", "Add ticket", lambda: self._graph.add_wanted.emit(""))
        wire_editing(self._graph, self._editor, self._answered)
        for signal in (
            context.tracks.changed,
            context.bridge.tickets_changed,
            context.bridge.runs_changed,
            self._editor.tickets_changed,
            self._editor.problems_changed,
            self._editor.state_changed,
        ):
            signal.connect(self._refresh)
        context.selection.changed.connect(self._follow)
        self._refresh()

    def shown(self) -> None:
        self._follow()

    def _follow(self) -> None:
        """The selection is another one."""
        self._refresh()
        if self.isVisible():
            self._graph.select(self._context.selection.ticket_id)
            self._graph.reveal_selected()

    def _refresh(self) -> None:
        can_edit = self._editor.is_editable
        self._first.setVisible(can_edit)
        if not self.isVisible():
            return
        track_id = self._context.selection.track_id
        run = self._context.tracks.run(track_id)
        tickets = in_run(self._specs(), run)
        self._model.set_tickets(tickets, notes(tickets, run, self._editor.problems if can_edit else ()))
        self._graph.set_editing(can_edit, self._editor.fixed)
        self._strip.refresh()
        self.show_content(bool(tickets))
        if track_id != self._track_id:
            self._track_id = track_id
            self._graph.show_from_start()

    def _specs(self) -> Sequence[TicketSpec]:
        if self._editor.is_editable:
            return self._editor.tickets
        return self._context.tracks.tickets(self._context.selection.track_id)

    def _choose(self, ticket_id: str) -> None:
        self._context.selection.select(self._context.selection.track_id, ticket_id or None)

    def _answered(self, error: SlopError | None) -> None:
        if error is not None:
            self.show_error(error)
        else:
            self.banner.hide()
