"""A recording's time line, and the places at which one stops."""

from datetime import UTC, datetime, timedelta

import pytest

from slop_qt.core import events as ev
from slop_qt.core.tickets import TicketStatus
from slop_qt.mma.recording import LONGEST_GAP_S, Recording

BEGAN = datetime(2026, 11, 22, 21, 15, tzinfo=UTC)
STREAM = "Tier 3: A"


def recorded(*moments: float, also: ev.Event | None = None) -> Recording:
    """A run that begins, then one piece of text at each of these seconds, and perhaps something at the last."""
    events: list[ev.Event] = [ev.RunStarted(seq=10, time=BEGAN, run_id="R", track_id="t", mode="ask", workers=1)]
    for number, second in enumerate(moments, 11):
        event = ev.StreamText(run_id="R", stream_id=STREAM, text="x")
        events.append(event.model_copy(update={"seq": number, "time": BEGAN + timedelta(seconds=second)}))
    if also is not None:
        events[-1] = also.model_copy(update={"seq": events[-1].seq, "time": events[-1].time})
    return Recording("R", events)


def test_long_pauses_are_played_shorter_and_said() -> None:
    recording = recorded(1, 2, 602, 603)
    assert [recording.recorded_s(at) for at in range(6)] == [0, 0, 1, 2, 602, 603]
    assert [recording.played_s(at) for at in range(6)] == [0, 0, 1, 2, 2 + LONGEST_GAP_S, 3 + LONGEST_GAP_S]
    assert recording.gap_s(3) == 600 and recording.gap_s(5) == 0
    assert (recording.duration_s, recording.shortened_s) == (603, 600 - LONGEST_GAP_S)
    assert [recording.position_at(second) for second in (0, 0.5, 1, 6.9, 7, 1000)] == [1, 1, 2, 3, 4, 5]


def test_a_clock_that_was_set_back_stands_still() -> None:
    recording = recorded(5, 2, 3)
    assert [recording.recorded_s(at) for at in range(1, 5)] == [0, 5, 5, 6]


def test_every_position_has_a_moment_also_beyond_both_ends() -> None:
    recording = recorded(1, 2)
    assert [recording.time_at(at) - BEGAN for at in (-1, 0, 1, 3, 99)] == [
        timedelta(seconds=s) for s in (0, 0, 0, 2, 2)
    ]
    assert recording.played_s(99) == recording.recorded_s(99) == 2


@pytest.mark.parametrize(
    ("event", "stops"),
    [
        (ev.Fault(run_id="R", where="A", message="No."), True),
        (ev.TicketChanged(run_id="R", ticket_id="A", status=TicketStatus.BLOCKED), True),
        (ev.TicketChanged(run_id="R", ticket_id="A", status=TicketStatus.DONE), False),
        (ev.WorkerEnded(run_id="R", stream_id=STREAM, outcome="failed"), True),
        (ev.WorkerEnded(run_id="R", stream_id=STREAM, outcome="cancelled"), False),
        (ev.RunEnded(run_id="R", status="blocked"), True),
        (ev.RunEnded(run_id="R", status="failed"), True),
        (ev.RunEnded(run_id="R", status="done"), False),
        (ev.ToolResulted(run_id="R", stream_id=STREAM, call_id="1", name="verify", ok=False, output=""), True),
        (ev.ToolResulted(run_id="R", stream_id=STREAM, call_id="1", name="verify merged", ok=False, output=""), True),
        (ev.ToolResulted(run_id="R", stream_id=STREAM, call_id="1", name="verify", ok=True, output=""), False),
        (ev.ToolResulted(run_id="R", stream_id=STREAM, call_id="1", name="edit_file", ok=False, output=""), False),
    ],
)
def test_what_counts_as_a_failure(event: ev.Event, stops: bool) -> None:
    recording = recorded(1, 2, also=event)
    assert list(recording.stops("failure")) == ([3] if stops else [])
    assert recording.next_stop("failure", 0) == (3 if stops else None)
    assert recording.next_stop("failure", 3) is None and recording.next_stop("approval", 0) is None


def test_the_socket_gets_its_events_from_any_seq_on() -> None:
    recording = recorded(1, 2, 3)
    assert [event.seq for event in recording.read(0)] == [10, 11, 12, 13]
    assert [event.seq for event in recording.read(12)] == [12, 13] and not list(recording.read(14))
    assert recording.last_seq == 13 and not recording.ended
