"""Where the tickets of one run stand, and why; every change is an event."""

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from slop_qt.core.events import RunReplanned, RunStatus, TicketChanged
from slop_qt.core.ports import EventSink
from slop_qt.core.tickets import TicketSpec, TicketStatus

__all__ = ["TicketBoard", "TicketStanding"]


# Status, reason, attempt.
_Where = tuple[TicketStatus, str | None, int]
_NOT_STARTED: _Where = (TicketStatus.PENDING, None, 0)


class TicketStanding(NamedTuple):
    """Where one ticket stands; attempt counts those that have begun."""

    id: str
    status: TicketStatus
    attempt: int


class TicketBoard:
    """Status, reason and attempt of each ticket. Lives in the main thread."""

    def __init__(self, sink: EventSink, run_id: str, tickets: Sequence[TicketSpec]) -> None:
        self._sink = sink
        self._run_id = run_id
        self.tickets: Mapping[str, TicketSpec] = {ticket.id: ticket for ticket in tickets}
        self._where: dict[str, _Where] = dict.fromkeys(self.tickets, _NOT_STARTED)
        # Those that wait in the middle of something: where they stood, and the reason that is said meanwhile.
        self._held_up: dict[str, tuple[_Where, str]] = {}

    def replan(self, tickets: Sequence[TicketSpec]) -> int:
        """Have these tickets from now on; those that were there stand where they stood. Returns the event's seq."""
        self.tickets = {ticket.id: ticket for ticket in tickets}
        self._where = {ticket_id: self._where.get(ticket_id, _NOT_STARTED) for ticket_id in self.tickets}
        return self._sink.publish(RunReplanned(run_id=self._run_id, tickets=tuple(tickets)))

    def change(
        self, ticket_id: str, status: TicketStatus, reason: str | None = None, attempt: int | None = None
    ) -> None:
        """Say where the ticket stands now; nothing is published where that is no change."""
        before = self._where[ticket_id]
        now = (status, reason, before[2] if attempt is None else attempt)
        if now != before:
            self._where[ticket_id] = now
            self._sink.publish(
                TicketChanged(run_id=self._run_id, ticket_id=ticket_id, status=now[0], reason=now[1], attempt=now[2])
            )

    def hold_up(self, ticket_id: str, reason: str) -> None:
        """Say why the ticket does not go on with what it is at; `let_on` says again what was said before."""
        where = self._where.get(ticket_id)
        if where is None:
            return
        held = self._held_up.get(ticket_id)
        before = held[0] if held is not None and where == _with_reason(*held) else where
        self._held_up[ticket_id] = (before, reason)
        self.change(ticket_id, where[0], reason)

    def let_on(self, ticket_id: str) -> None:
        """It goes on: it stands where it stood before `hold_up`, unless something else was said of it since."""
        held = self._held_up.pop(ticket_id, None)
        if held is not None and self._where.get(ticket_id) == _with_reason(*held):
            self.change(ticket_id, held[0][0], held[0][1])

    def cancel_rest(self, reason: str) -> None:
        """Say of every ticket that has not ended that it never will."""
        for ticket_id, where in self._where.items():
            if not where[0].ended:
                self.change(ticket_id, TicketStatus.CANCELLED, reason)

    def status(self, ticket_id: str) -> TicketStatus:
        """Where it stands."""
        return self._where[ticket_id][0]

    def attempt(self, ticket_id: str) -> int:
        """How many attempts at it have begun."""
        return self._where[ticket_id][2]

    def standings(self) -> Iterator[TicketStanding]:
        """Where each ticket stands."""
        return (TicketStanding(ticket_id, where[0], where[2]) for ticket_id, where in self._where.items())

    def outcome(self) -> tuple[RunStatus, str]:
        """What a run of which nothing can go on any more has come to."""
        done, blocked, skipped = (
            self._count(status) for status in (TicketStatus.DONE, TicketStatus.BLOCKED, TicketStatus.SKIPPED)
        )
        total = len(self.tickets)
        if not total:
            return "done", "No ticket is left."
        if blocked:
            return "blocked", f"{done} of {total} tickets are done, {blocked} blocked."
        if skipped:
            return "done", f"{done} of {total} tickets are done, {skipped} skipped."
        return "done", f"All {total} tickets are done."

    def _count(self, status: TicketStatus) -> int:
        return sum(1 for where in self._where.values() if where[0] is status)


def _with_reason(where: _Where, reason: str) -> _Where:
    return where[0], reason, where[2]
