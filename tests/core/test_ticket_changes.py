"""What two plans differ in."""

from slop_qt.core.ticket_changes import ticket_changes
from slop_qt.core.tickets import TicketSpec

FIRST = TicketSpec(id="T-001", title="Read", brief="Read it.\nAll of it.", files=("a.py",), verify="true")
SECOND = TicketSpec(id="T-002", title="Write", brief="Write it.", files=("b.py",), depends_on=("T-001",))


def test_the_same_plan_differs_in_nothing() -> None:
    changes = ticket_changes([FIRST, SECOND], [FIRST, SECOND])
    assert (changes.added, changes.removed, changes.changed, changes.diff) == ((), (), (), "")


def test_a_changed_ticket_is_shown_whole_with_the_lines_that_differ() -> None:
    changed = SECOND.model_copy(update={"depends_on": (), "verify": "make check"})
    changes = ticket_changes([FIRST, SECOND], [FIRST, changed])
    assert changes.changed == ("T-002",)
    assert "--- a/T-002  Write\n+++ b/T-002  Write\n" in changes.diff
    assert "-Depends on: T-001\n-Verified by: nothing\n+Depends on: nothing\n+Verified by: make check\n" in changes.diff
    assert " Title: Write\n" in changes.diff
    assert "T-001  Read" not in changes.diff


def test_added_and_removed_tickets_are_files_that_come_and_go() -> None:
    changes = ticket_changes([FIRST], [SECOND.model_copy(update={"depends_on": ()})])
    assert (changes.added, changes.removed) == (("T-002",), ("T-001",))
    assert "--- /dev/null\n+++ b/T-002  Write\n" in changes.diff
    assert "--- a/T-001  Read\n+++ /dev/null\n" in changes.diff
    assert "-  All of it.\n" in changes.diff
