"""The tickets of a plan as a list to edit: which have started, and which are wrong."""

from collections.abc import Collection, Sequence

from PySide6.QtCore import QAbstractListModel, QModelIndex, QObject, Qt

from slop_qt.core.ticket_checks import TicketProblem
from slop_qt.core.tickets import TicketSpec
from slop_qt.qt.roles import AnyIndex, Role
from slop_qt.qt.status import Look

__all__ = ["ERROR_LOOK", "STARTED_LOOK", "WARNING_LOOK", "PlannedModel"]

_ROOT = QModelIndex()
_PLANNED = Look("ticket", "", "idle")
ERROR_LOOK = Look("failed", "Error", "failed")
WARNING_LOOK = Look("waiting", "Warning", "waiting")
STARTED_LOOK = Look("play", "Started", "running")


class PlannedModel(QAbstractListModel):
    """Lives in the GUI thread; whoever owns it calls `show`. Rows that stay are not said to be others."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._tickets: tuple[TicketSpec, ...] = ()
        self._looks: dict[str, Look] = {}
        self._messages: dict[str, str] = {}

    def ticket(self, row: int) -> TicketSpec | None:
        """The ticket of that row."""
        return self._tickets[row] if 0 <= row < len(self._tickets) else None

    def row_of(self, ticket_id: str | None) -> int:
        """The row of that ticket, or -1."""
        return next((row for row, ticket in enumerate(self._tickets) if ticket.id == ticket_id), -1)

    def show(self, tickets: Sequence[TicketSpec], fixed: Collection[str], problems: Sequence[TicketProblem]) -> None:
        """Show these."""
        looks, messages = _looks_of(tickets, fixed, problems)
        if len(tickets) != len(self._tickets):
            self.beginResetModel()
            self._tickets, self._looks, self._messages = tuple(tickets), looks, messages
            self.endResetModel()
            return
        before = [self._row(ticket) for ticket in self._tickets]
        self._tickets, self._looks, self._messages = tuple(tickets), looks, messages
        for row, ticket in enumerate(tickets):
            if self._row(ticket) != before[row]:
                self.dataChanged.emit(self.index(row), self.index(row))

    def rowCount(self, parent: AnyIndex = _ROOT) -> int:
        return 0 if parent.isValid() else len(self._tickets)

    def data(self, index: AnyIndex, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        ticket = self.ticket(index.row()) if index.isValid() else None
        if ticket is None:
            return None
        name, look, message = self._row(ticket)
        if role == Qt.ItemDataRole.DisplayRole:
            return name
        if role == Role.ID:
            return ticket.id
        if role == Role.LOOK:
            return look
        if role == Role.TRAILING:
            return look.word
        if role in {Qt.ItemDataRole.ToolTipRole, Qt.ItemDataRole.AccessibleTextRole}:
            return "\n".join(part for part in (name, look.word, message) if part)
        return None

    def _row(self, ticket: TicketSpec) -> tuple[str, Look, str]:
        name = f"{ticket.id}  {ticket.title}"
        return name, self._looks.get(ticket.id, _PLANNED), self._messages.get(ticket.id, "")


def _looks_of(
    tickets: Sequence[TicketSpec], fixed: Collection[str], problems: Sequence[TicketProblem]
) -> tuple[dict[str, Look], dict[str, str]]:
    looks = {ticket.id: STARTED_LOOK for ticket in tickets if ticket.id in fixed}
    messages: dict[str, str] = {}
    for severity, look in (("warning", WARNING_LOOK), ("error", ERROR_LOOK)):
        for problem in problems:
            if problem.severity == severity:
                looks[problem.ticket_id] = look
                messages[problem.ticket_id] = f"{messages.get(problem.ticket_id, '')} {problem.message}".strip()
    return looks, messages
