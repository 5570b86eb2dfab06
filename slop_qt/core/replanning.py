"""What a run leaves open to change: the one rule by which editor, run and Tier 2 tell what is past."""

from collections.abc import Iterable
from typing import Protocol

from slop_qt.core.tickets import TicketStatus

__all__ = ["Standing", "fixed_tickets"]

# Nothing was done on a ticket that never had an attempt, whatever its run has said of it.
_UNTOUCHED = frozenset({TicketStatus.PENDING, TicketStatus.READY, TicketStatus.BLOCKED, TicketStatus.CANCELLED})


class Standing(Protocol):
    """Where a ticket stands in its run: a Ticket, or whatever else knows as much."""

    @property
    def id(self) -> str: ...

    @property
    def status(self) -> TicketStatus: ...

    @property
    def attempt(self) -> int: ...


def fixed_tickets(tickets: Iterable[Standing]) -> frozenset[str]:
    """Ids of those that have started or ended in their run: they stay as they are, the others may change or go.

    A ticket that was blocked because of another one, or cancelled with its run, before its first attempt is not fixed.
    """
    return frozenset(ticket.id for ticket in tickets if ticket.attempt > 0 or ticket.status not in _UNTOUCHED)
