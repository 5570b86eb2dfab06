"""What a run says while it is under way: lines for people, or one event a line for programs."""

import asyncio
import time
from collections import deque
from collections.abc import Callable, Sequence

from slop_qt.core import events as ev
from slop_qt.core.state import Changes, RunState, SessionState
from slop_qt.core.stream_state import StreamState
from slop_qt.core.streams import TIER_ROLES
from slop_qt.core.tickets import Ticket, TicketStatus
from slop_qt.headless.output import Output
from slop_qt.headless.words import one_line

__all__ = ["MARKS", "JsonLines", "ProgressLines"]

MARKS = {
    TicketStatus.PENDING: " ",
    TicketStatus.READY: "…",
    TicketStatus.RUNNING: "▶",
    TicketStatus.VERIFYING: "?",
    TicketStatus.REVIEW: "=",
    TicketStatus.MERGING: "+",
    TicketStatus.DONE: "✓",
    TicketStatus.BLOCKED: "✗",
    TicketStatus.SKIPPED: "-",
    TicketStatus.CANCELLED: "-",
}
# Faults that are said elsewhere too: by who asked for the planning, and as the reason of a run's end.
_SAID = frozenset({"planning", "run"})


class JsonLines:
    """Committed events in journal order, one a line, from those on that are published after this was made.

    `take` is called in the journal's thread, the rest on the loop.
    """

    def __init__(self, after_seq: int, loop: asyncio.AbstractEventLoop, output: Output) -> None:
        self._after_seq = after_seq
        self._loop = loop
        self._output = output
        self._waiting: deque[Sequence[ev.Event]] = deque()

    def take(self, events: Sequence[ev.Event]) -> None:
        """Queue a batch that is on disk."""
        self._waiting.append(events)
        self._loop.call_soon_threadsafe(self.flush)

    def flush(self) -> None:
        """Print what is queued."""
        while self._waiting:
            batch = self._waiting.popleft()
            self._output.write(ev.dump_event(event) for event in batch if self._is_public(event))

    def _is_public(self, event: ev.Event) -> bool:
        return event.seq > self._after_seq and event.kind in ev.EVENT_KINDS


class ProgressLines:
    """Says what changed, a line a change. A listener of the feed; lives on the loop.

    says_waiting is False where the approvals that wait are shown by somebody else.
    """

    def __init__(
        self,
        state: SessionState,
        output: Output,
        *,
        says_waiting: bool,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._state = state
        self._output = output
        self._says_waiting = says_waiting
        self._clock = clock
        self._start = clock()
        self._begun = set(state.runs)
        self._ended = {run_id for run_id, run in state.runs.items() if run.ended}
        self._said: dict[tuple[str, str], object] = {}
        self._seen_items: dict[tuple[str, str], int] = {}

    def hear(self, changes: Changes) -> None:
        """Print what is new."""
        runs = [self._state.runs[run_id] for run_id in sorted(changes.runs)]
        lines: list[str] = []
        for run in runs:
            lines += self._beginning(run)
        for run_id, stream_id in changes.new_streams:
            lines += self._opening(self._state.runs[run_id].streams[stream_id])
        for run_id, ticket_id in sorted(changes.tickets):
            lines += self._ticket(self._state.runs[run_id], self._state.runs[run_id].tickets[ticket_id])
        for run_id, stream_id in sorted(changes.streams):
            lines += self._retries(run_id, self._state.runs[run_id].streams[stream_id])
        if self._says_waiting and changes.approvals:
            lines += self._waiting(changes.approvals)
        for run in runs:
            lines += self._end(run)
        lines += [f"  ! {note.where}: {note.message} {note.hint}" for note in changes.faults if note.where not in _SAID]
        stamp = self._stamp()
        self._output.write(f"{stamp} {_flat(line)}" for line in lines)

    def _beginning(self, run: RunState) -> list[str]:
        if not run.tickets or run.run_id in self._begun:
            return []
        self._begun.add(run.run_id)
        count, workers = _counted(len(run.tickets), "ticket"), _counted(run.workers, "worker")
        return [f"Run {run.run_id}: {run.title}. {count}, up to {workers}, mode {run.mode}."]

    def _opening(self, stream: StreamState) -> list[str]:
        if stream.tier not in {1, 2}:
            return []  # the ticket's own line says so
        return [f"{stream.stream_id}, the {TIER_ROLES[stream.tier]}, plans ({stream.provider}: {stream.model})."]

    def _ticket(self, run: RunState, ticket: Ticket) -> list[str]:
        now = (ticket.status, ticket.reason, ticket.attempt)
        if self._said.get((run.run_id, ticket.id)) == now or ticket.status is TicketStatus.PENDING:
            return []
        self._said[run.run_id, ticket.id] = now
        attempt = f" #{ticket.attempt}" if ticket.attempt > 1 else ""
        started = ticket.status is TicketStatus.RUNNING and ticket.reason is None
        words = ticket.title if started else ticket.status + (f": {ticket.reason}" if ticket.reason else "")
        return [f"  {MARKS[ticket.status]} {ticket.id}{attempt} {words}"]

    def _retries(self, run_id: str, stream: StreamState) -> list[str]:
        seen = self._seen_items.get((run_id, stream.stream_id), 0)
        self._seen_items[run_id, stream.stream_id] = len(stream.items)
        return [f"  ~ {stream.stream_id}: {item.text}" for item in stream.items[seen:] if item.kind == "retry"]

    def _waiting(self, changed: set[str]) -> list[str]:
        return [
            f"  … {approval.stream_id or approval.ticket_id}: {approval.title}. This waits for a decision."
            for run in self._state.runs.values()
            for approval in run.pending_approvals
            if approval.id in changed
        ]

    def _end(self, run: RunState) -> list[str]:
        if not run.ended or run.run_id in self._ended:
            return []
        self._ended.add(run.run_id)
        if run.track_id is not None:
            return [f"Run {run.run_id}: {run.status}{f': {run.reason}' if run.reason else '.'}"]
        usage = run.usage_total()
        tokens = f" {usage.input_tokens:,} tokens in, {usage.output_tokens:,} out." if usage.requests else ""
        return [f"{', '.join(run.streams) or 'Planning'}: {run.status}.{tokens}"]

    def _stamp(self) -> str:
        minutes, seconds = divmod(int(self._clock() - self._start), 60)
        return f"{minutes}:{seconds:02}"


def _counted(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


def _flat(line: str) -> str:
    indent = line[: len(line) - len(line.lstrip())]
    return indent + one_line(line)
