"""What a run leaves open to change: the one rule by which editor, run and Tier 2 tell what is past."""

from collections.abc import Iterable

from slop_qt.core.tickets import Ticket, TicketStatus

__all__ = ["fixed_tickets"]

# Nothing was done on a ticket that never had an attempt, whatever its run has said of it.
_UNTOUCHED = frozenset({TicketStatus.PENDING, TicketStatus.READY, TicketStatus.BLOCKED, TicketStatus.CANCELLED})


def fixed_tickets(tickets: Iterable[Ticket]) -> frozenset[str]:
    """Ids of those that have started or ended in their run: they stay as they are, the others may change or go.

    A ticket that was blocked because of another one, or cancelled with its run, before its first attempt is not fixed.
    """
    return frozenset(ticket.id for ticket in tickets if ticket.attempt > 0 or ticket.status not in _UNTOUCHED)
