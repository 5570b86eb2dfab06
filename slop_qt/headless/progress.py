"""What a run says on standard output: lines for people, or one event a line for programs."""

import asyncio
import sys
from collections import deque
from collections.abc import Sequence
from typing import TextIO

from slop_qt.core import events as ev
from slop_qt.core.state import Changes, RunState, SessionState
from slop_qt.core.tickets import Ticket, TicketStatus
from slop_qt.core.usage import Usage

__all__ = ["JsonLines", "ProgressLines", "summary_lines"]

_MARKS = {
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


class JsonLines:
    """Committed events in journal order, one a line. `take` is called in the journal's thread, the rest on the loop."""

    def __init__(self, loop: asyncio.AbstractEventLoop, out: TextIO = sys.stdout) -> None:
        self._loop = loop
        self._out = out
        self._waiting: deque[Sequence[ev.Event]] = deque()

    def take(self, events: Sequence[ev.Event]) -> None:
        """Queue a batch that is on disk."""
        self._waiting.append(events)
        self._loop.call_soon_threadsafe(self.flush)

    def flush(self) -> None:
        """Print what is queued."""
        while self._waiting:
            for event in self._waiting.popleft():
                if event.kind in ev.EVENT_KINDS:
                    self._out.write(ev.dump_event(event) + "\n")
        self._out.flush()


class ProgressLines:
    """Says what changed, a line a change. A listener of the feed; lives on the loop."""

    def __init__(self, state: SessionState, out: TextIO = sys.stdout) -> None:
        self._state = state
        self._out = out
        self._said: dict[tuple[str, str], tuple[TicketStatus, str | None]] = {}
        self._faults = len(state.faults)
        self._asked: set[str] = set()

    def hear(self, changes: Changes) -> None:
        """Print what is new."""
        for run_id, stream_id in changes.new_streams:
            stream = self._state.runs[run_id].streams[stream_id]
            if stream.tier != 3:
                self._say(f"  ~ {stream_id} is at work ({stream.provider}: {stream.model})")
        for run_id, ticket_id in sorted(changes.tickets):
            self._ticket(self._state.runs[run_id], ticket_id)
        for run in (self._state.runs[run_id] for run_id in changes.runs):
            if run.ended and ("", run.run_id) not in self._said:
                self._said["", run.run_id] = (TicketStatus.DONE, None)
                self._say(f"{_named(run)} {run.status}" + (f": {run.reason}" if run.reason else "."))
        for fault in changes.faults:
            self._say(f"  ! {fault.where}: {fault.message} {fault.hint}".rstrip())
        self._out.flush()

    def _ticket(self, run: RunState, ticket_id: str) -> None:
        ticket = run.tickets[ticket_id]
        now = (ticket.status, ticket.reason)
        key = (run.run_id, ticket_id)
        if self._said.get(key) != now and ticket.status is not TicketStatus.PENDING:
            self._said[key] = now
            self._say(_ticket_line(ticket))

    def _say(self, line: str) -> None:
        self._out.write(line + "\n")


def summary_lines(run: RunState, diff_stat: str) -> list[str]:
    """The end of a run in a few lines: tickets, what changed, tokens by tier, cost."""
    lines = ["", f"Run {run.run_id}: {run.status}" + (f". {run.reason}" if run.reason else "")]
    lines += [_ticket_line(ticket) for ticket in run.tickets.values()]
    if diff_stat:
        lines += ["", diff_stat]
    lines += ["", f"{'':8}{'requests':>10}{'input':>12}{'cached':>12}{'output':>12}{'USD':>12}"]
    rows = [*run.usage_by_tier().items(), ("total", run.usage_total())]
    lines += [_usage_line(name, usage) for name, usage in rows if usage.requests]
    return lines


def _named(run: RunState) -> str:
    return f"{'Planning' if run.track_id is None else 'Run'} {run.run_id}:"


def _ticket_line(ticket: Ticket) -> str:
    attempt = f" #{ticket.attempt}" if ticket.attempt > 1 else ""
    reason = f" — {ticket.reason}" if ticket.reason else ""
    return f"  {_MARKS.get(ticket.status, ' ')} {ticket.id}{attempt} {ticket.status}: {ticket.title}{reason}"


def _usage_line(name: str, usage: Usage) -> str:
    cost = "unknown" if usage.cost_usd is None else f"{usage.cost_usd:.4f}"
    return (
        f"{name:8}{usage.requests:>10,}{usage.input_tokens:>12,}{usage.cache_read_tokens:>12,}"
        f"{usage.output_tokens:>12,}{cost:>12}"
    )
