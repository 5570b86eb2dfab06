"""The tickets of one track as a list: what the graph and every choice of a ticket are made from."""

from collections.abc import Sequence

from PySide6.QtCore import QAbstractListModel, QModelIndex, QObject, Qt

from slop_qt.core.tickets import Ticket
from slop_qt.qt.roles import AnyIndex, Role
from slop_qt.qt.status import ticket_look

__all__ = ["TicketModel"]

_ROOT = QModelIndex()


class TicketModel(QAbstractListModel):
    """Tickets in the order of the plan. Lives in the GUI thread; whoever owns it calls `set_tickets`."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._tickets: tuple[Ticket, ...] = ()

    @property
    def tickets(self) -> tuple[Ticket, ...]:
        """As they stand."""
        return self._tickets

    def row_of(self, ticket_id: str | None) -> int:
        """The row of that ticket, or -1."""
        return next((row for row, ticket in enumerate(self._tickets) if ticket.id == ticket_id), -1)

    def set_tickets(self, tickets: Sequence[Ticket]) -> None:
        """Show these, saying only what changed where the graph is the same."""
        if _shape(tickets) != _shape(self._tickets):
            self.beginResetModel()
            self._tickets = tuple(tickets)
            self.endResetModel()
            return
        changed = [row for row, ticket in enumerate(tickets) if ticket != self._tickets[row]]
        self._tickets = tuple(tickets)
        for row in changed:
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
        if role == Role.VALUE:
            return ticket
        if role in {Qt.ItemDataRole.ToolTipRole, Qt.ItemDataRole.AccessibleTextRole}:
            reason = f"\n{ticket.reason}" if ticket.reason else ""
            return f"{ticket.id}: {ticket.title}\n{ticket_look(ticket.status).word}{reason}"
        return None


def _shape(tickets: Sequence[Ticket]) -> list[tuple[str, tuple[str, ...]]]:
    return [(ticket.id, ticket.depends_on) for ticket in tickets]
