"""The session's state: what all events, applied in order, come to.

`SessionState` lives in the GUI thread (the main thread of a headless run). It keeps no event objects.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple

from slop_qt.core import events as ev
from slop_qt.core.approvals import Approval, ApprovalState, Mode
from slop_qt.core.course import Course
from slop_qt.core.stream_state import StreamEvent, StreamState
from slop_qt.core.streams import TIERS, tier_name
from slop_qt.core.tickets import Ticket, as_they_stand
from slop_qt.core.usage import Usage, total_usage

__all__ = ["Changes", "FaultNote", "RunState", "SessionState", "UsageKey"]


class UsageKey(NamedTuple):
    """What usage is summed by. day is the local calendar's, as in `2026-11-27`."""

    tier: int
    ticket_id: str | None
    model: str
    day: str


@dataclass(slots=True)
class RunState:
    """One run, planning or working.

    planned_track_id is the track that a planning run plans, where it plans one. course is how it has spent over time.
    """

    run_id: str
    track_id: str | None
    mode: Mode
    workers: int
    budget_usd: float | None
    status: ev.RunStatus
    started_at: str
    title: str = ""
    planned_track_id: str | None = None
    budget_tokens: int | None = None
    reason: str | None = None
    ended_at: str | None = None
    base_commit: str | None = None
    base_branch: str | None = None
    applied_commit: str | None = None
    tickets: dict[str, Ticket] = field(default_factory=dict)
    streams: dict[str, StreamState] = field(default_factory=dict)
    approvals: dict[str, Approval] = field(default_factory=dict)
    usage: dict[UsageKey, Usage] = field(default_factory=dict)
    course: Course = field(default_factory=Course)
    merged: dict[str, str] = field(default_factory=dict)

    @property
    def ended(self) -> bool:
        """Whether the run is over."""
        return self.ended_at is not None

    @property
    def pending_approvals(self) -> list[Approval]:
        """Oldest first."""
        return [approval for approval in self.approvals.values() if approval.state is ApprovalState.PENDING]

    def usage_by_tier(self) -> dict[str, Usage]:
        """`Tier 1` to `Tier 4`, each present."""
        usages = self.usage.items()
        return {tier_name(tier): total_usage(usage for key, usage in usages if key.tier == tier) for tier in TIERS}

    def usage_by_ticket(self) -> dict[str, Usage]:
        """Only what was spent on tickets."""
        return self._grouped((key.ticket_id, usage) for key, usage in self.usage.items())

    def usage_by_model(self) -> dict[str, Usage]:
        """By the model's name."""
        return self._grouped((key.model, usage) for key, usage in self.usage.items())

    def usage_total(self) -> Usage:
        """All of it."""
        return total_usage(self.usage.values())

    @staticmethod
    def _grouped(pairs: Iterable[tuple[str | None, Usage]]) -> dict[str, Usage]:
        groups: dict[str, Usage] = {}
        for name, usage in pairs:
            if name is not None:
                groups[name] = groups[name] + usage if name in groups else usage
        return groups


@dataclass(frozen=True, slots=True)
class FaultNote:
    """A failure, as the activity panel shows it."""

    time: str
    run_id: str | None
    where: str
    message: str
    hint: str


@dataclass(slots=True)
class Changes:
    """What a batch of events touched: all that a view needs to know to refresh itself.

    streams holds (run_id, stream_id); new_streams those of them that were opened; runs and usage hold run ids. tickets
    holds (run_id, ticket_id) of tickets that are there: one that was removed is not, but its run is. replaced: the
    state is another object than before, so that whatever was kept of the old one is to be read anew; the rest then
    names all that is in the new one.
    """

    streams: set[tuple[str, str]] = field(default_factory=set)
    new_streams: list[tuple[str, str]] = field(default_factory=list)
    runs: set[str] = field(default_factory=set)
    tickets: set[tuple[str, str]] = field(default_factory=set)
    approvals: set[str] = field(default_factory=set)
    usage: set[str] = field(default_factory=set)
    faults: list[FaultNote] = field(default_factory=list)
    last_seq: int = 0
    replaced: bool = False

    @classmethod
    def to(cls, state: "SessionState") -> "Changes":
        """What is to be said when that state takes the place of another."""
        runs = state.runs.values()
        return cls(
            streams={(stream.run_id, stream.stream_id) for stream in state.streams()},
            runs=set(state.runs),
            tickets={(run.run_id, ticket_id) for run in runs for ticket_id in run.tickets},
            approvals={approval_id for run in runs for approval_id in run.approvals},
            usage=set(state.runs),
            last_seq=state.last_seq,
            replaced=True,
        )


class SessionState:
    """Everything that is known of the session. Only `apply` changes it."""

    def __init__(self) -> None:
        self.runs: dict[str, RunState] = {}
        self.faults: list[FaultNote] = []
        self.last_seq = 0

    @property
    def newest_run(self) -> RunState | None:
        """The run that started last."""
        return next(reversed(self.runs.values())) if self.runs else None

    def streams(self) -> Iterator[StreamState]:
        """All streams, oldest run first."""
        for run in self.runs.values():
            yield from run.streams.values()

    def apply(self, event: ev.Event, changes: Changes | None = None) -> None:
        """Fold one event in, and note in `changes` what it touched."""
        changes = changes if changes is not None else Changes()
        self.last_seq = changes.last_seq = event.seq
        if isinstance(event, ev.Fault):
            self._fault(event, changes)
            return
        if isinstance(event, ev.RunStarted):
            self._run_started(event, changes)
            return
        run = self.runs.get(event.run_id or "")
        if run is None:
            return
        if isinstance(event, StreamEvent):
            self._stream(run, event, changes)
        elif isinstance(event, ev.WorkerStarted | ev.WorkerEnded):
            self._worker(run, event, changes)
        elif isinstance(event, ev.ApprovalRequested | ev.ApprovalResolved):
            run.approvals[event.approval.id] = event.approval
            changes.approvals.add(event.approval.id)
        elif isinstance(event, ev.UsageReported):
            self._usage(run, event, changes)
        elif isinstance(event, ev.TicketChanged):
            self._ticket(run, event, changes)
        else:
            self._run(run, event, changes)

    def _fault(self, event: ev.Fault, changes: Changes) -> None:
        note = FaultNote(event.time.isoformat(), event.run_id, event.where, event.message, event.hint)
        self.faults.append(note)
        changes.faults.append(note)

    def _run_started(self, event: ev.RunStarted, changes: Changes) -> None:
        run_id = event.run_id or ""
        self.runs[run_id] = RunState(
            run_id=run_id,
            track_id=event.track_id,
            mode=event.mode,
            workers=event.workers,
            budget_usd=event.budget_usd,
            status="planning" if event.track_id is None else "running",
            started_at=event.time.isoformat(),
        )
        changes.runs.add(run_id)

    def _run(self, run: RunState, event: ev.Event, changes: Changes) -> None:
        if isinstance(event, ev.RunPrepared):
            run.title, run.planned_track_id = event.title, event.planned_track_id
            run.base_commit, run.base_branch = event.base_commit, event.base_branch
            run.tickets = {spec.id: Ticket(**spec.model_dump()) for spec in event.tickets}
            changes.tickets.update((run.run_id, ticket_id) for ticket_id in run.tickets)
        elif isinstance(event, ev.RunReplanned):
            changes.tickets.difference_update((run.run_id, ticket_id) for ticket_id in run.tickets)
            run.tickets = {ticket.id: ticket for ticket in as_they_stand(event.tickets, run.tickets)}
            changes.tickets.update((run.run_id, ticket_id) for ticket_id in run.tickets)
        elif isinstance(event, ev.RunEnded):
            run.status, run.reason, run.ended_at = event.status, event.reason, event.time.isoformat()
        elif isinstance(event, ev.RunPaused):
            run.status = "paused"
        elif isinstance(event, ev.RunResumed):
            run.status = "running"
        elif isinstance(event, ev.BudgetChanged):
            run.budget_usd, run.budget_tokens = event.budget_usd, event.budget_tokens
        elif isinstance(event, ev.Merged):
            run.merged[event.ticket_id] = event.commit
        elif isinstance(event, ev.Applied):
            run.applied_commit = event.commit
        changes.runs.add(run.run_id)

    def _ticket(self, run: RunState, event: ev.TicketChanged, changes: Changes) -> None:
        ticket = run.tickets.get(event.ticket_id)
        if ticket is not None:
            update = {"status": event.status, "reason": event.reason, "attempt": event.attempt}
            run.tickets[event.ticket_id] = ticket.model_copy(update=update)
            changes.tickets.add((run.run_id, event.ticket_id))

    def _usage(self, run: RunState, event: ev.UsageReported, changes: Changes) -> None:
        day = event.time.astimezone().date().isoformat()
        key = UsageKey(event.tier, event.ticket_id, event.model, day)
        run.usage[key] = run.usage[key] + event.usage if key in run.usage else event.usage
        began = datetime.fromisoformat(run.started_at).timestamp()
        run.course.add(event.time.timestamp() - began, event.usage)
        stream = run.streams.get(event.stream_id)
        if stream is not None:
            stream.last_usage = event.usage
        changes.usage.add(run.run_id)

    def _worker(self, run: RunState, event: ev.WorkerStarted | ev.WorkerEnded, changes: Changes) -> None:
        key = (run.run_id, event.stream_id)
        if isinstance(event, ev.WorkerStarted):
            run.streams[event.stream_id] = StreamState(
                run_id=run.run_id,
                stream_id=event.stream_id,
                tier=event.tier,
                ticket_id=event.ticket_id,
                attempt=event.attempt,
                provider=event.provider,
                model=event.model,
            )
            changes.new_streams.append(key)
        elif event.stream_id in run.streams:
            stream = run.streams[event.stream_id]
            stream.closed, stream.outcome, stream.error = True, event.outcome, event.error
        changes.streams.add(key)

    def _stream(self, run: RunState, event: StreamEvent, changes: Changes) -> None:
        stream = run.streams.get(event.stream_id)
        if stream is None:
            return
        stream.apply(event)
        changes.streams.add((run.run_id, event.stream_id))

    def snapshot(self) -> dict[str, Any]:
        """All of it as plain data, to compare two states by."""
        return {
            "last_seq": self.last_seq,
            "faults": [(note.time, note.run_id, note.where, note.message, note.hint) for note in self.faults],
            "runs": {run_id: _run_snapshot(run) for run_id, run in self.runs.items()},
        }


def _run_snapshot(run: RunState) -> dict[str, Any]:
    plain = {name: getattr(run, name) for name in RunState.__slots__ if name != "streams"}
    plain |= {name: dict(value) for name, value in plain.items() if isinstance(value, dict)}  # the run goes on
    plain["course"] = run.course.snapshot()
    plain["streams"] = {stream_id: stream.snapshot() for stream_id, stream in run.streams.items()}
    return plain
