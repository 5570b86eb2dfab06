"""The tickets of one track as a list: what the graph and every choice of a ticket are made from."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from PySide6.QtCore import QAbstractListModel, QModelIndex, QObject, Qt

from slop_qt.core.tickets import Ticket
from slop_qt.qt.roles import AnyIndex, Role
from slop_qt.qt.status import ticket_look
from slop_qt.qt.ticket_notes import TicketNote

__all__ = ["TicketModel"]

_ROOT = QModelIndex()
_NO_NOTES: Mapping[str, TicketNote] = MappingProxyType({})
_NO_NOTE = TicketNote()


class TicketModel(QAbstractListModel):
    """Tickets in the order of the plan. Lives in the GUI thread; whoever owns it calls `set_tickets`."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._tickets: tuple[Ticket, ...] = ()
        self._notes = _NO_NOTES
        self._rows: dict[str, int] = {}
        self._needed_by: dict[str, list[str]] = {}

    @property
    def tickets(self) -> tuple[Ticket, ...]:
        """As they stand."""
        return self._tickets

    def row_of(self, ticket_id: str | None) -> int:
        """The row of that ticket, or -1. Of two with one id, the first."""
        return self._rows.get(ticket_id or "", -1)

    def ticket(self, ticket_id: str | None) -> Ticket | None:
        """The ticket of that id."""
        row = self.row_of(ticket_id)
        return self._tickets[row] if row >= 0 else None

    def note(self, ticket_id: str) -> TicketNote:
        """What is to be said of that ticket."""
        return self._notes.get(ticket_id, _NO_NOTE)

    def set_tickets(self, tickets: Sequence[Ticket], notes: Mapping[str, TicketNote] = _NO_NOTES) -> None:
        """Show these, saying only what changed where the graph is the same."""
        if _shape(tickets) != _shape(self._tickets):
            self.beginResetModel()
            self._take(tickets, notes)
            self.endResetModel()
            return
        before, said = self._tickets, self._notes
        self._take(tickets, notes)
        for row, ticket in enumerate(tickets):
            is_same = ticket is before[row] or ticket == before[row]
            if not is_same or self.note(ticket.id) != said.get(ticket.id, _NO_NOTE):
                self.dataChanged.emit(self.index(row), self.index(row))

    def rowCount(self, parent: AnyIndex = _ROOT) -> int:
        return 0 if parent.isValid() else len(self._tickets)

    def data(self, index: AnyIndex, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        if not index.isValid() or index.row() >= len(self._tickets):
            return None
        ticket = self._tickets[index.row()]
        if role == Qt.ItemDataRole.DisplayRole:
            return f"{ticket.id}  {ticket.title}"
        if role == Role.ID:
            return ticket.id
        if role == Role.LOOK:
            return ticket_look(ticket.status)
        if role == Role.TRAILING:
            return self.note(ticket.id).worker or None
        if role == Role.VALUE:
            return ticket
        if role in {Qt.ItemDataRole.ToolTipRole, Qt.ItemDataRole.AccessibleTextRole}:
            return self._words(ticket)
        return None

    def _take(self, tickets: Sequence[Ticket], notes: Mapping[str, TicketNote]) -> None:
        self._tickets, self._notes = tuple(tickets), notes
        self._rows = {ticket.id: row for row, ticket in reversed(tuple(enumerate(tickets)))}
        self._needed_by = {}
        for ticket in tickets:
            for needed in ticket.depends_on:
                self._needed_by.setdefault(needed, []).append(ticket.id)

    def _words(self, ticket: Ticket) -> str:
        """All that is known of it, a line each."""
        note = self.note(ticket.id)
        state = ticket_look(ticket.status).word
        if ticket.attempt:
            state += f", attempt {ticket.attempt}"
        if note.worker:
            state += f", by {note.worker}"
        lines = [f"{ticket.id}: {ticket.title}", state, note.why or ticket.reason or "", note.problem]
        if ticket.depends_on:
            lines.append(f"Depends on {', '.join(ticket.depends_on)}.")
        if ticket.id in self._needed_by:
            lines.append(f"Needed by {', '.join(self._needed_by[ticket.id])}.")
        return "\n".join(line for line in lines if line)


def _shape(tickets: Sequence[Ticket]) -> list[tuple[str, tuple[str, ...]]]:
    return [(ticket.id, ticket.depends_on) for ticket in tickets]
