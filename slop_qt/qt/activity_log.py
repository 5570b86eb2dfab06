"""What happened, line by line, worked out from what each batch of events changed."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from slop_qt.core.approvals import Approval, ApprovalState
from slop_qt.core.events import RunStatus, utc_now
from slop_qt.core.state import Changes, FaultNote, RunState, SessionState
from slop_qt.core.stream_state import StreamState
from slop_qt.core.tickets import TicketStatus
from slop_qt.qt.status import Look, approval_look, run_look, stream_look, ticket_look

__all__ = ["ActivityEntry", "ActivityKind", "ActivityLog"]

ActivityKind = Literal["run", "ticket", "agent", "approval", "merge", "retry", "fault"]

_RESOLVED = {
    ApprovalState.APPROVED: Look("done", "Approved", "done"),
    ApprovalState.REJECTED: Look("failed", "Rejected", "failed"),
    ApprovalState.EXPIRED: Look("cancelled", "Expired", "idle"),
}


@dataclass(frozen=True, slots=True)
class ActivityEntry:
    """One line. time is ISO 8601; subject is who or what it is about; hint what to do next, if anything."""

    time: str
    kind: ActivityKind
    look: Look
    subject: str
    text: str
    hint: str = ""


class ActivityLog:
    """Remembers how everything stood, and says what is different now. Lives in the GUI thread."""

    def __init__(self, now: Callable[[], datetime] = utc_now) -> None:
        """now is the moment that the states are of, for what has no time of its own."""
        self._now = now
        self._runs: dict[str, tuple[RunStatus, str | None]] = {}
        self._tickets: dict[tuple[str, str], tuple[TicketStatus, str | None, int]] = {}
        self._approvals: dict[str, ApprovalState] = {}
        self._closed: set[tuple[str, str]] = set()
        self._items_seen: dict[tuple[str, str], int] = {}
        self._merged: dict[str, int] = {}

    def everything(self, state: SessionState) -> list[ActivityEntry]:
        """What can be told of a state that was already there, in the order of its times."""
        changes = Changes(
            runs=set(state.runs),
            tickets={(run.run_id, ticket_id) for run in state.runs.values() for ticket_id in run.tickets},
            new_streams=[(stream.run_id, stream.stream_id) for stream in state.streams()],
            streams={(stream.run_id, stream.stream_id) for stream in state.streams()},
            approvals={approval_id for run in state.runs.values() for approval_id in run.approvals},
            faults=list(state.faults),
        )
        return sorted(self.lines(state, changes), key=lambda entry: entry.time)

    def lines(self, state: SessionState, changes: Changes) -> list[ActivityEntry]:
        """What that batch of events comes to: run by run, and in each in the order of its plan."""
        now = self._now().isoformat()
        entries: list[ActivityEntry] = []
        for run_id in _in_order(changes.runs, state.runs):
            entries += self._run(state.runs[run_id], now)
        for run_id, ids in _by_run(changes.streams, state).items():
            streams = state.runs[run_id].streams
            told = {stream_id: lines for stream_id in ids if (lines := self._stream(streams[stream_id], now))}
            entries += [line for stream_id in _in_order(told, streams) for line in told[stream_id]]
        for run_id, ids in _by_run(changes.tickets, state).items():
            run = state.runs[run_id]
            for ticket_id in _in_order(ids, run.tickets):
                entries += self._ticket(run, ticket_id, now)
        if changes.approvals:
            for run in state.runs.values():
                for approval_id in _in_order(changes.approvals & run.approvals.keys(), run.approvals):
                    entries += self._approval(run.approvals[approval_id], run.ended_at or now)
        return entries + [_fault(note) for note in changes.faults]

    def _run(self, run: RunState, now: str) -> list[ActivityEntry]:
        entries = []
        title = run.title or run.run_id
        if self._runs.get(run.run_id) != (run.status, run.reason):
            began = run.run_id not in self._runs
            self._runs[run.run_id] = (run.status, run.reason)
            moment = run.ended_at or (run.started_at if began else now)
            text = run.reason or f"The run is {run.status}." if run.ended else f"{title}: {run.status}"
            entries.append(ActivityEntry(moment, "run", run_look(run.status), title, text))
        for ticket_id, commit in list(run.merged.items())[self._merged.get(run.run_id, 0) :]:
            text = f"Merged into the integration branch as {commit[:7]}."
            entries.append(ActivityEntry(now, "merge", Look("merge", "Merged", "done"), ticket_id, text))
        if run.applied_commit and not self._merged.get(f"{run.run_id} applied"):
            self._merged[f"{run.run_id} applied"] = 1
            text = f"Applied to {run.base_branch or 'your branch'} as {run.applied_commit[:7]}."
            entries.append(ActivityEntry(now, "merge", Look("apply", "Applied", "done"), title, text))
        self._merged[run.run_id] = len(run.merged)
        return entries

    def _ticket(self, run: RunState, ticket_id: str, now: str) -> list[ActivityEntry]:
        ticket = run.tickets.get(ticket_id)
        if ticket is None:
            return []
        key = (run.run_id, ticket_id)
        stands = (ticket.status, ticket.reason, ticket.attempt)
        new = key not in self._tickets
        if self._tickets.get(key) == stands or (new and ticket.status is TicketStatus.PENDING and not ticket.reason):
            self._tickets[key] = stands
            return []
        self._tickets[key] = stands
        look = ticket_look(ticket.status)
        attempt = f", attempt {ticket.attempt}" if ticket.attempt > 1 else ""
        text = ticket.reason or f"{ticket.title}{attempt}"
        return [ActivityEntry(run.ended_at or now, "ticket", look, ticket_id, text)]

    def _stream(self, stream: StreamState, now: str) -> list[ActivityEntry]:
        key = (stream.run_id, stream.stream_id)
        entries = []
        if key not in self._items_seen:
            text = f"Started on {stream.provider}: {stream.model}."
            moment = next((item.time for item in stream.items if item.time), now)
            entries.append(ActivityEntry(moment, "agent", Look("spawn", "Started", "running"), stream.stream_id, text))
        for item in stream.items[self._items_seen.get(key, 0) :]:
            if item.kind == "retry":
                look = Look("waiting", "Wait", "waiting") if item.name else Look("retry", "Retry", "waiting")
                entries.append(ActivityEntry(item.time, "retry", look, stream.stream_id, item.text))
        self._items_seen[key] = len(stream.items)
        if stream.closed and key not in self._closed:
            self._closed.add(key)
            look = stream_look(stream)
            moment = next((item.time for item in reversed(stream.items) if item.time), now)
            text = stream.error or f"Wrote {stream.length:,} characters."
            entries.append(ActivityEntry(moment, "agent", look, stream.stream_id, text))
        return entries

    def _approval(self, approval: Approval, now: str) -> list[ActivityEntry]:
        before = self._approvals.get(approval.id)
        if before is approval.state:
            return []
        self._approvals[approval.id] = approval.state
        subject = approval.stream_id or approval.ticket_id or approval.run_id
        entries = []
        if before is None:
            look = Look(approval_look(approval.kind).icon, "Asked", "waiting")
            asked = approval.requested_at.isoformat()
            entries.append(ActivityEntry(asked, "approval", look, subject, approval.title))
        if approval.state is not ApprovalState.PENDING:
            by = f" (by {approval.by})" if approval.by is not None else ""
            note = f": {approval.note}" if approval.note else ""
            text = f"{approval.title}{by}{note}"
            entries.append(ActivityEntry(now, "approval", _RESOLVED[approval.state], subject, text))
        return entries


def _fault(note: FaultNote) -> ActivityEntry:
    return ActivityEntry(note.time, "fault", Look("failed", "Failed", "failed"), note.where, note.message, note.hint)


def _in_order(some: Collection[str], all_of_them: Mapping[str, object]) -> list[str]:
    """Those of `some` that are there, in the order in which they are."""
    if len(some) <= 1:
        return [name for name in some if name in all_of_them]
    return [name for name in all_of_them if name in some]


def _by_run(keys: set[tuple[str, str]], state: SessionState) -> dict[str, set[str]]:
    runs: dict[str, set[str]] = {}
    for run_id, name in keys:
        runs.setdefault(run_id, set()).add(name)
    return {run_id: runs[run_id] for run_id in _in_order(runs, state.runs)}
