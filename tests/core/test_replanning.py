"""What may still be changed of a run's tickets."""

import pytest

from slop_qt.core.replanning import fixed_tickets
from slop_qt.core.tickets import Ticket, TicketStatus


def _ticket(ticket_id: str, status: TicketStatus, attempt: int) -> Ticket:
    return Ticket(id=ticket_id, title="One", brief="Do it.", status=status, attempt=attempt)


@pytest.mark.parametrize("status", list(TicketStatus))
def test_a_ticket_with_an_attempt_is_fixed(status: TicketStatus) -> None:
    assert fixed_tickets([_ticket("T-1", status, 1)]) == {"T-1"}


def test_without_an_attempt_only_what_nothing_was_done_on_may_change() -> None:
    tickets = [_ticket(status.value, status, 0) for status in TicketStatus]

    assert fixed_tickets(tickets) == {"running", "verifying", "review", "merging", "done", "skipped"}
