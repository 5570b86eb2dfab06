"""One run as it was recorded: its events, when they came, and where a person would want to stop."""

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from itertools import pairwise
from typing import Literal

from slop_qt.core import events as ev
from slop_qt.core.tickets import TicketStatus

__all__ = ["LONGEST_GAP_S", "STOP_KINDS", "Recording", "StopKind"]

StopKind = Literal["approval", "failure"]
STOP_KINDS: tuple[StopKind, ...] = ("approval", "failure")
# A pause in which nothing happened, mostly since somebody was waited for, takes no longer than this to play back.
LONGEST_GAP_S = 5.0
_VERIFICATIONS = frozenset({"verify", "verify merged"})  # the calls of mma.verification


class Recording:
    """The events of one run, in order, and its time line. Nothing of it changes. May be used from any thread.

    A position is how many events have happened: 0 is before the first, `len(recording)` after the last. Times are
    seconds; those of the record begin with its first event. It is also what the socket takes committed events from:
    all of them are, and none will be added.

    Attributes:
        run_id: whose events these are.
        events: with the application's own faults of that time.
        ended: whether the record has the run's end: without it, the run goes on elsewhere, or its process died.
    """

    def __init__(self, run_id: str, events: Sequence[ev.Event]) -> None:
        """events are at least one, seqs rising."""
        self.run_id = run_id
        self.events = tuple(events)
        self.ended = any(isinstance(event, ev.RunEnded) for event in events)
        self._seqs = [event.seq for event in events]
        self._recorded, self._played = _time_lines([event.time for event in events])
        self._stops: dict[StopKind, list[int]] = {
            "approval": [at for at, event in enumerate(events, 1) if isinstance(event, ev.ApprovalRequested)],
            "failure": [at for at, event in enumerate(events, 1) if _is_failure(event)],
        }

    def __len__(self) -> int:
        return len(self.events)

    @property
    def last_seq(self) -> int:
        """The seq of the last event."""
        return self._seqs[-1]

    @property
    def duration_s(self) -> float:
        """From the first event to the last."""
        return self._recorded[-1]

    @property
    def shortened_s(self) -> float:
        """How much of that is left out when it is played back."""
        return self._recorded[-1] - self._played[-1]

    def recorded_s(self, position: int) -> float:
        """When the last event before that position came."""
        return self._recorded[self._at(position)]

    def played_s(self, position: int) -> float:
        """The same when it is played back: no pause is longer than LONGEST_GAP_S."""
        return self._played[self._at(position)]

    def gap_s(self, position: int) -> float:
        """How long nothing happened after that position; 0 at the end."""
        return self.recorded_s(position + 1) - self.recorded_s(position) if position < len(self) else 0.0

    def position_at(self, played_s: float) -> int:
        """How many events have happened when it has been played back for so long."""
        return bisect_right(self._played, played_s)

    def time_at(self, position: int) -> datetime:
        """When the last event before that position came, by the clock of that time."""
        return self.events[self._at(position)].time

    def stops(self, kind: StopKind) -> Sequence[int]:
        """The positions right after each event of that kind.

        An approval that was waited for; or a failure: a fault, an agent that failed, a verification that did, a ticket
        that is blocked, a run that ended blocked or failed.
        """
        return self._stops[kind]

    def next_stop(self, kind: StopKind, position: int) -> int | None:
        """The first of them behind that position; None where there is none."""
        stops = self._stops[kind]
        at = bisect_right(stops, position)
        return stops[at] if at < len(stops) else None

    def read(self, from_seq: int) -> Iterator[ev.Event]:
        """The events from that seq on."""
        yield from self.events[bisect_left(self._seqs, from_seq) :]

    def _at(self, position: int) -> int:
        """The event that came last there; the first one before any, the last one after all."""
        return min(max(position - 1, 0), len(self.events) - 1)

    def subscribe_committed(self, _listener: Callable[[Sequence[ev.Event]], None]) -> None:
        """Nobody is ever told: nothing is committed any more."""

    def unsubscribe_committed(self, _listener: Callable[[Sequence[ev.Event]], None]) -> None:
        """There is nothing to stop."""


def _time_lines(times: Sequence[datetime]) -> tuple[list[float], list[float]]:
    """As recorded, and as played back. A clock that was set back stands still meanwhile."""
    recorded, played = [0.0], [0.0]
    for before, after in pairwise(times):
        gap = max((after - before).total_seconds(), 0.0)
        recorded.append(recorded[-1] + gap)
        played.append(played[-1] + min(gap, LONGEST_GAP_S))
    return recorded, played


def _is_failure(event: ev.Event) -> bool:
    if isinstance(event, ev.TicketChanged):
        return event.status is TicketStatus.BLOCKED
    if isinstance(event, ev.WorkerEnded):
        return event.outcome == "failed"
    if isinstance(event, ev.RunEnded):
        return event.status in {"failed", "blocked"}
    if isinstance(event, ev.ToolResulted):
        return not event.ok and event.name in _VERIFICATIONS
    return isinstance(event, ev.Fault)
