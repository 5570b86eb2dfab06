"""Every ticket that does not run says why, and stands where its run has it."""

import story
from window_support import LiveFeed

from slop_qt.core import events as ev
from slop_qt.core.approvals import Mode
from slop_qt.core.state import RunState
from slop_qt.core.ticket_checks import graph_problems
from slop_qt.core.tickets import TicketSpec, TicketStatus
from slop_qt.qt.ticket_notes import in_run, notes


def run_of(*events: ev.Event) -> RunState:
    feed = LiveFeed()
    feed.publish(*events)
    return feed.state.runs[story.RUN]


def started() -> tuple[ev.Event, ...]:
    """A run of which nothing is known yet but its tickets."""
    return (
        ev.RunStarted(run_id=story.RUN, track_id=story.TRACK, mode=Mode.ASK, workers=4),
        ev.RunPrepared(run_id=story.RUN, title="Finish pocketbook", tickets=story.specs()),
    )


def changed(ticket_id: str, status: TicketStatus, reason: str | None = None) -> ev.TicketChanged:
    return ev.TicketChanged(run_id=story.RUN, ticket_id=ticket_id, status=status, reason=reason, attempt=1)


def test_before_a_run_each_says_what_it_waits_for() -> None:
    said = notes(in_run(story.specs(), None), None)
    assert said["T-001"].why == "Starts with the run."
    assert said["T-003"].why == "Waits for T-001."
    assert said["T-007"].why == "Waits for T-002, T-004 and T-006."
    many = TicketSpec(id="last", title="Last", brief="", depends_on=tuple(spec.id for spec in story.specs()))
    assert notes(in_run((*story.specs(), many), None), None)["last"].why == (
        "Waits for T-001, T-002, T-003 and 4 more."
    )


def test_in_a_run_the_run_says_it_and_names_the_worker() -> None:
    run = run_of(*story.running(story.Clock()))
    tickets = in_run(story.specs(), run)
    said = notes(tickets, run)
    assert {ticket.id: ticket.status for ticket in tickets} == {t.id: t.status for t in run.tickets.values()}
    assert said["T-004"].why == "Depends on T-003."
    assert (said["T-005"].why, said["T-005"].worker) == ("", "claude-haiku-4-5")
    assert (said["T-001"].why, said["T-002"].worker) == ("", "")


def test_no_ticket_that_waits_is_left_without_a_reason() -> None:
    waiting = set(TicketStatus) - {
        TicketStatus.RUNNING,
        TicketStatus.VERIFYING,
        TicketStatus.MERGING,
        TicketStatus.DONE,
    }
    for status in waiting:
        for spec in story.specs():
            run = run_of(*started(), changed(spec.id, status))
            assert notes(in_run(story.specs(), run), run)[spec.id].why


def test_what_was_added_during_or_after_a_run_says_so() -> None:
    new = TicketSpec(id="new", title="New", brief="")
    late = TicketSpec(id="late", title="Late", brief="", depends_on=("T-001",))
    specs = (*story.specs(), new, late)
    run = run_of(*started(), changed("T-001", TicketStatus.DONE))
    said = notes(in_run(specs, run), run)
    assert said["new"].why == said["late"].why == "It is not part of the run yet."
    assert said["T-003"].why == "Waits for its turn."
    ended = run_of(*started(), ev.RunEnded(run_id=story.RUN, status="failed", reason="No."))
    said = notes(in_run(specs, ended), ended)
    assert said["new"].why == "It is not part of the run, which has ended."
    assert said["T-003"].why == "Its run has ended."


def test_errors_are_told_at_their_ticket_and_warnings_are_not() -> None:
    circle = (
        TicketSpec(id="a", title="A", brief="", depends_on=("b",), files=("x",)),
        TicketSpec(id="b", title="B", brief="", depends_on=("a",), files=("x",)),
    )
    said = notes(in_run(circle, None), None, graph_problems(circle))
    problems = [said["a"].problem, said["b"].problem]
    assert sorted(bool(problem) for problem in problems) == [False, True]
    assert "circle" in "".join(problems)
    apart = (circle[0].model_copy(update={"depends_on": ()}), circle[1].model_copy(update={"depends_on": ()}))
    said = notes(in_run(apart, None), None, graph_problems(apart))
    assert not said["a"].problem and not said["b"].problem


def test_an_edited_ticket_is_shown_as_edited_even_where_it_is_not_valid() -> None:
    run = run_of(*started(), changed("T-001", TicketStatus.DONE))
    first, *others = story.specs()
    edited = in_run((first.model_copy(update={"title": "", "files": ("/etc",)}), *others), run)
    assert (edited[0].title, edited[0].files, edited[0].status) == ("", ("/etc",), TicketStatus.DONE)
