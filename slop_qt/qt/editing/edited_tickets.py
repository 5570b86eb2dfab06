"""The tickets of a track while they are edited: every change is a step that can be undone."""

from collections.abc import Sequence

from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QUndoCommand, QUndoStack

from slop_qt.core import ticket_edits
from slop_qt.core.ticket_checks import graph_errors
from slop_qt.core.ticket_edits import Tickets
from slop_qt.core.tickets import TicketSpec

__all__ = ["EditedTickets"]

_FIELD_WORDS = {"id": "id", "depends_on": "dependencies", "verify": "verify command", "plan_tasks": "plan tasks"}
_TICKETS_STEP = 1  # what QUndoStack takes for steps that might become one
_SEVERAL = ""


class EditedTickets(QObject):
    """One track's ticket graph. Lives in the GUI thread.

    base_digest is that of the file that `saved` is in; problem says why that cannot be used, None where it can.

    Signals:
        changed: the tickets are others.
        state_changed: unsaved, conflict or problem are other than before.
        edited_at(str, str): undo or redo changed that ticket's field; empty where several, or where it is gone.
        kept(tuple[str, ...]): undo or redo left these as they are, since they have started.
    """

    changed = Signal()
    state_changed = Signal()
    edited_at = Signal(str, str)
    kept = Signal(object)

    def __init__(self, stack: QUndoStack, parent: QObject) -> None:
        super().__init__(parent)
        self.current: Tickets = ()
        self.saved: Tickets = ()
        self.base_digest = ""
        self.problem: str | None = None
        self.fixed: frozenset[str] = frozenset()
        self.theirs: tuple[Tickets, str] | None = None
        self._stack = stack
        self._typing = 0

    @property
    def unsaved(self) -> bool:
        """Whether they differ from what is on disk."""
        return self.current != self.saved

    @property
    def valid(self) -> bool:
        """Whether they can be written."""
        return not graph_errors(self.current)

    def load(self, tickets: Tickets, digest: str, problem: str | None) -> None:
        """What is on disk, for the first time."""
        self.current = self.saved = tickets
        self.base_digest, self.problem = digest, problem
        self.changed.emit()

    def edit(self, tickets: Tickets, words: str, ticket_id: str = "", field: str = _SEVERAL) -> None:
        """Make it these by one step; several of the same field in a row become one.

        Raises:
            InvalidInputError: it may not be; the message says which ticket, dependency or circle is against it.
        """
        if tickets != self.current:
            ticket_edits.require(self.current, tickets, self.fixed)
            self._push(tickets, words, ticket_id, field)

    def change(self, ticket_id: str, ticket: TicketSpec) -> None:
        """Give one other fields. Raises InvalidInputError as `edit` does."""
        tickets = ticket_edits.changed(self.current, ticket_id, ticket)
        old = next(each for each in self.current if each.id == ticket_id)
        fields = [name for name in TicketSpec.model_fields if getattr(old, name) != getattr(ticket, name)]
        field = fields[0] if len(fields) == 1 else _SEVERAL
        words = f"change of {ticket_id}'s {_FIELD_WORDS.get(field, field)}" if field else f"change of {ticket_id}"
        self.edit(tickets, words, ticket.id, field)

    def hold(self, tickets: Sequence[TicketSpec], words: str) -> None:
        """Make it these by one step, even if they make no graph: then they are held, and not saved."""
        wanted = ticket_edits.kept_fixed(self.current, tickets, self.fixed)
        if wanted != self.current:
            self._push(wanted, words, "", _SEVERAL)

    def take_over(self, tickets: Tickets, digest: str, problem: str | None) -> None:
        """Show what somebody else wrote, as one step that can be undone."""
        self.base_digest, self.problem, self.theirs = digest, problem, None
        self.saved = tickets
        if tickets != self.current:
            self._push(tickets, "change of the tickets from elsewhere", "", _SEVERAL)
        self.state_changed.emit()

    def rebase(self, saved: Tickets, digest: str) -> None:
        """The file holds those now; what is edited stays."""
        self.saved, self.base_digest, self.theirs, self.problem = saved, digest, None, None
        self.state_changed.emit()

    def set_theirs(self, theirs: tuple[Tickets, str] | None) -> None:
        """Somebody else changed the file, and there are unsaved edits: somebody has to decide."""
        if theirs != self.theirs:
            self.theirs = theirs
            self.state_changed.emit()

    def end_typing(self) -> None:
        """Let the next change of the same field be a step of its own."""
        self._typing += 1

    def show(self, tickets: Tickets, ticket_id: str, field: str) -> None:
        """For a step: go to that state, but for tickets that have started meanwhile."""
        wanted = ticket_edits.kept_fixed(self.current, tickets, self.fixed)
        kept = tuple(ticket.id for ticket in wanted if ticket.id in self.fixed and ticket not in tickets)
        self.set(wanted)
        if kept:
            self.kept.emit(kept)
        self.edited_at.emit(ticket_id, field)

    def set(self, tickets: Tickets) -> None:
        """For a step: these, and say so."""
        was = self.unsaved
        self.current = tickets
        self.changed.emit()
        if was != self.unsaved:
            self.state_changed.emit()

    def _push(self, tickets: Tickets, words: str, ticket_id: str, field: str) -> None:
        self._stack.push(_TicketsStep(self, tickets, words, (ticket_id, field, self._typing)))


class _TicketsStep(QUndoCommand):
    """From one state of all tickets to another. key says which ticket's which field is being typed in."""

    def __init__(self, edited: EditedTickets, after: Tickets, words: str, key: tuple[str, str, int]) -> None:
        super().__init__(words)
        self._edited = edited
        self._before = edited.current
        self._after = after
        self._key = key
        self._taken = False

    def id(self) -> int:
        return _TICKETS_STEP if self._key[1] else -1

    def mergeWith(self, other: QUndoCommand) -> bool:
        if not isinstance(other, _TicketsStep) or other._key != self._key or other._edited is not self._edited:
            return False
        self._after = other._after
        return True

    def undo(self) -> None:
        self._edited.show(self._before, self._ticket_id(self._before), self._key[1])

    def redo(self) -> None:
        if self._taken:
            self._edited.show(self._after, self._ticket_id(self._after), self._key[1])
        else:
            self._taken = True
            self._edited.set(self._after)

    def _ticket_id(self, shown: Tickets) -> str:
        """The first that differs, as it is then."""
        others = {ticket.id: ticket for ticket in (self._after if shown is self._before else self._before)}
        return next((ticket.id for ticket in shown if others.get(ticket.id) != ticket), "")
