"""The fold: what a sequence of events comes to, and what it says has changed."""

from datetime import UTC, datetime

import pytest
from event_strategies import histories
from hypothesis import given, settings
from hypothesis import strategies as st

from slop_qt.core import events as ev
from slop_qt.core.approvals import Approval, ApprovalKind, ApprovalState, Mode, StepPayload
from slop_qt.core.state import Changes, SessionState
from slop_qt.core.tickets import TicketSpec, TicketStatus
from slop_qt.core.usage import Usage


def fold(*events: ev.Event, changes: Changes | None = None) -> SessionState:
    state = SessionState()
    for seq, event in enumerate(events, 1):
        state.apply(event.model_copy(update={"seq": seq}), changes)
    return state


def started(run_id: str = "R-1", track_id: str | None = "track") -> ev.RunStarted:
    return ev.RunStarted(run_id=run_id, track_id=track_id, mode=Mode.ASK, workers=4)


def worker(stream_id: str, ticket_id: str | None = None, tier: int = 3) -> ev.WorkerStarted:
    return ev.WorkerStarted(
        run_id="R-1", stream_id=stream_id, tier=tier, ticket_id=ticket_id, provider="scripted", model="m"
    )


def text(stream_id: str, words: str) -> ev.StreamText:
    return ev.StreamText(run_id="R-1", stream_id=stream_id, text=words)


def used(tier: int, ticket_id: str | None, model: str, usage: Usage) -> ev.UsageReported:
    return ev.UsageReported(run_id="R-1", stream_id="s", tier=tier, ticket_id=ticket_id, model=model, usage=usage)


def test_a_streams_text_is_the_pieces_and_nothing_beside_them() -> None:
    state = fold(
        started(),
        worker("A"),
        worker("B"),
        text("A", "one "),
        ev.Thinking(run_id="R-1", stream_id="A", text="hm"),
        text("A", "two "),
        text("B", "other"),
        ev.ToolCalled(run_id="R-1", stream_id="A", call_id="c", name="read_file", arguments={"path": "a"}),
        ev.ToolResulted(run_id="R-1", stream_id="A", call_id="c", name="read_file", ok=True, output="content"),
        text("A", "thr"),
        ev.Retry(run_id="R-1", stream_id="A", reason="Overloaded.", wait_s=1.5, attempt=2),
        text("A", "three"),
    )
    streams = state.runs["R-1"].streams
    assert streams["A"].text == "one two thrthree"
    assert streams["A"].length == len("one two thrthree")
    assert [item.kind for item in streams["A"].items] == [
        "text", "thinking", "text", "tool_call", "tool_result", "text", "retry", "text",
    ]  # fmt: skip
    assert streams["B"].text == "other"


@pytest.mark.parametrize(
    ("attempt", "wait_s", "says"),
    [
        (2, 1.5, "Too many. Sending again in 1.5 s (send 2)."),
        (1, 12.04, "Too many. Sending in 12 s or later."),
        (1, 0.01, "Too many. Sending soon."),
        (1, 0.0, "Too many. Sending soon."),
    ],
)
def test_a_wait_says_whether_something_was_sent_before(attempt: int, wait_s: float, says: str) -> None:
    wait = ev.Retry(run_id="R-1", stream_id="A", reason="Too many.", wait_s=wait_s, attempt=attempt)
    [item] = fold(started(), worker("A"), wait).runs["R-1"].streams["A"].items
    assert (item.kind, item.text, item.name) == ("retry", says, "first" if attempt == 1 else "")


@settings(deadline=None)
@given(st.lists(st.text(max_size=5), max_size=700))
def test_text_in_many_pieces_is_joined_in_order(pieces: list[str]) -> None:
    stream = fold(started(), worker("A"), *(text("A", piece) for piece in pieces)).runs["R-1"].streams["A"]
    assert stream.text == "".join(pieces)
    assert stream.length == len(stream.text)


def test_usage_adds_up_by_tier_ticket_and_model() -> None:
    state = fold(
        started(),
        used(1, None, "large", Usage(requests=1, input_tokens=10, cost_usd=1.0)),
        used(3, "T-1", "small", Usage(requests=1, input_tokens=20, cost_usd=2.0)),
        used(3, "T-1", "small", Usage(requests=1, input_tokens=40, cost_usd=None)),
        used(4, "T-1", "large", Usage(requests=1, input_tokens=80, cost_usd=4.0)),
    )
    run = state.runs["R-1"]
    assert {tier: usage.input_tokens for tier, usage in run.usage_by_tier().items()} == {
        "Tier 1": 10,
        "Tier 2": 0,
        "Tier 3": 60,
        "Tier 4": 80,
    }
    assert run.usage_by_tier()["Tier 3"].cost_usd is None
    assert run.usage_by_tier()["Tier 2"].cost_usd == 0.0
    assert {ticket: usage.input_tokens for ticket, usage in run.usage_by_ticket().items()} == {"T-1": 140}
    assert {model: usage.input_tokens for model, usage in run.usage_by_model().items()} == {"large": 90, "small": 60}
    assert run.usage_total().requests == 4
    assert run.usage_total().cost_usd is None


def test_a_run_goes_from_planning_to_its_end() -> None:
    events = [
        started(track_id=None),
        ev.RunPaused(run_id="R-1"),
        ev.RunResumed(run_id="R-1"),
        ev.RunEnded(run_id="R-1", status="blocked", reason="One ticket is blocked."),
    ]
    assert [fold(*events[:count]).runs["R-1"].status for count in (1, 2, 3, 4)] == [
        "planning",
        "paused",
        "running",
        "blocked",
    ]
    run = fold(*events).runs["R-1"]
    assert run.ended
    assert run.reason == "One ticket is blocked."


def test_tickets_keep_their_plan_and_show_where_they_stand() -> None:
    spec = TicketSpec(id="T-1", title="Title", brief="Brief", files=("a.py",), verify="make test")
    changed = ev.TicketChanged(run_id="R-1", ticket_id="T-1", status=TicketStatus.RUNNING, reason="why", attempt=2)
    state = fold(started(), ev.RunPrepared(run_id="R-1", title="Track", tickets=(spec,)), changed)
    ticket = state.runs["R-1"].tickets["T-1"]
    assert (ticket.status, ticket.reason, ticket.attempt) == (TicketStatus.RUNNING, "why", 2)
    assert (ticket.title, ticket.files, ticket.verify) == ("Title", ("a.py",), "make test")


def test_replanned_a_run_has_other_tickets_and_those_that_stay_stand_where_they_stood() -> None:
    first = tuple(TicketSpec(id=name, title="Title", brief="Brief") for name in ("T-1", "T-2", "T-3"))
    then = (first[0], TicketSpec(id="T-4", title="New", brief=""), first[2].model_copy(update={"brief": "Anew"}))
    events = [
        started(),
        ev.RunPrepared(run_id="R-1", title="Track", tickets=first),
        ev.TicketChanged(run_id="R-1", ticket_id="T-1", status=TicketStatus.RUNNING, attempt=1),
        ev.TicketChanged(run_id="R-1", ticket_id="T-2", status=TicketStatus.PENDING, reason="Waits for T-1."),
        ev.RunReplanned(run_id="R-1", tickets=then),
        ev.TicketChanged(run_id="R-1", ticket_id="T-2", status=TicketStatus.DONE),
    ]
    changes = Changes()
    tickets = fold(*events, changes=changes).runs["R-1"].tickets
    assert [(one.id, str(one.status), one.attempt, one.brief) for one in tickets.values()] == [
        ("T-1", "running", 1, "Brief"),
        ("T-4", "pending", 0, ""),
        ("T-3", "pending", 0, "Anew"),
    ]
    # What was removed is not among what a view should look at.
    assert changes.tickets == {("R-1", "T-1"), ("R-1", "T-4"), ("R-1", "T-3")} and changes.runs == {"R-1"}


def test_a_resolved_approval_is_pending_no_more() -> None:
    approval = Approval(
        id="A-1",
        kind=ApprovalKind.STEP,
        run_id="R-1",
        title="Step",
        payload=StepPayload(turn=1),
        requested_at=datetime(2026, 1, 1, tzinfo=UTC),
    )
    asked = ev.ApprovalRequested(run_id="R-1", approval=approval)
    answer = ev.ApprovalResolved(run_id="R-1", approval=approval.model_copy(update={"state": ApprovalState.APPROVED}))
    assert [item.id for item in fold(started(), asked).runs["R-1"].pending_approvals] == ["A-1"]
    assert fold(started(), asked, answer).runs["R-1"].pending_approvals == []


def test_changes_name_what_was_touched_and_nothing_else() -> None:
    changes = Changes()
    fold(started(), worker("A"), text("A", "x"), ev.Fault(where="w", message="m"), changes=changes)
    assert changes.runs == {"R-1"}
    assert changes.streams == {("R-1", "A")}
    assert changes.new_streams == [("R-1", "A")]
    assert [note.message for note in changes.faults] == ["m"]
    assert changes.last_seq == 4
    assert (changes.tickets, changes.approvals, changes.usage) == (set(), set(), set())


def test_events_of_a_run_that_is_not_known_change_nothing_but_the_seq() -> None:
    state = fold(text("A", "x"), ev.RunEnded(run_id="R-9", status="done"))
    assert state.runs == {}
    assert state.last_seq == 2


@settings(deadline=None)
@given(histories())
def test_two_folds_of_one_history_are_equal(history: list[ev.Event]) -> None:
    assert fold(*history).snapshot() == fold(*history).snapshot()
