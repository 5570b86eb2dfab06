"""Tickets that a graph can edit: checked as the editor checks them, without its files and its history."""

from collections.abc import Callable

from PySide6.QtCore import QObject, Signal

from slop_qt.core.errors import InvalidInputError
from slop_qt.core.ticket_checks import TicketProblem, graph_problems
from slop_qt.core.tickets import TicketSpec, check_graph


class TicketBook(QObject):
    """Edits tickets as the editor does, with the same checks and without its files and history."""

    tickets_changed = Signal()
    problems_changed = Signal()
    state_changed = Signal()

    def __init__(self, tickets: tuple[TicketSpec, ...]) -> None:
        super().__init__()
        self.tickets = tickets
        self.fixed: frozenset[str] = frozenset()
        self.is_editable = True
        self.wanted: list[str] = []

    @property
    def problems(self) -> tuple[TicketProblem, ...]:
        return graph_problems(self.tickets)

    def hold(self, tickets: tuple[TicketSpec, ...]) -> None:
        self.tickets = tickets
        self.tickets_changed.emit()
        self.problems_changed.emit()

    def connect_tickets(self, source_id: str, target_id: str) -> None:
        self._change(target_id, lambda needs: (*needs, source_id))

    def disconnect_tickets(self, source_id: str, target_id: str) -> None:
        self._change(target_id, lambda needs: tuple(each for each in needs if each != source_id))

    def add_ticket(self, after_id: str | None) -> str:
        needs = (after_id,) if after_id is not None else ()
        self.hold((*self.tickets, TicketSpec(id="T-100", title="New ticket", brief="", depends_on=needs)))
        return "T-100"

    def remove_ticket(self, ticket_id: str) -> None:
        if ticket_id in self.fixed:
            raise InvalidInputError(f"Ticket {ticket_id} has started in this run: it stays as it is.")
        self.hold(tuple(ticket for ticket in self.tickets if ticket.id != ticket_id))

    def want_ticket(self, ticket_id: str) -> None:
        self.wanted.append(ticket_id)

    def _change(self, ticket_id: str, change: Callable[[tuple[str, ...]], tuple[str, ...]]) -> None:
        changed = tuple(
            ticket.model_copy(update={"depends_on": change(ticket.depends_on)}) if ticket.id == ticket_id else ticket
            for ticket in self.tickets
        )
        check_graph(changed)
        self.hold(changed)
