"""Asking on the terminal: shows what would happen and reads the decision."""

import asyncio
import os
import sys
from collections.abc import Callable
from typing import Any, TextIO

from slop_qt.core.approvals import (
    Approval,
    ApprovalKind,
    CommandPayload,
    EditPayload,
    MergePayload,
    QuestionPayload,
    SpawnPayload,
    command_line,
)
from slop_qt.core.errors import SlopError
from slop_qt.core.remembering import why_not_remembered
from slop_qt.core.state import Changes, SessionState
from slop_qt.core.visible_text import make_visible
from slop_qt.mma import commands, shapes
from slop_qt.mma.command_registry import CommandRegistry

__all__ = ["TerminalDesk", "read_decision"]

_LINES_SHOWN = 40
_CHUNK = 4096
_APPROVE = {"a", "y", "approve", "yes"}
_REJECT = {"r", "n", "reject", "no"}
_ALWAYS, _NEVER = "always", "never"  # in full: they decide more than this one
_SHOW = {"s", "show"}


class TerminalDesk:
    """Asks on the terminal, one approval at a time, oldest first. A listener of the feed; lives on the loop.

    What is decided elsewhere meanwhile (over the socket) is taken off the screen with a line that says so. What was
    typed before the question stood there is no answer to it. on_end is called when the terminal has gone.
    """

    def __init__(
        self,
        state: SessionState,
        registry: CommandRegistry,
        loop: asyncio.AbstractEventLoop,
        on_end: Callable[[], None],
        source: TextIO = sys.stdin,
        out: TextIO = sys.stderr,
    ) -> None:
        self._state = state
        self._registry = registry
        self._loop = loop
        self._on_end = on_end
        self._source = source.fileno()
        self._out = out
        self._typed = b""
        self._asked: Approval | None = None
        self._deciding: asyncio.Task[None] | None = None
        loop.add_reader(self._source, self._read)

    def close(self) -> None:
        """Stop reading. Safe to call twice."""
        self._loop.remove_reader(self._source)

    def hear(self, changes: Changes) -> None:
        """Ask about the oldest that waits."""
        if changes.approvals:
            self._ask()

    def _ask(self) -> None:
        waiting = [approval for run in self._state.runs.values() for approval in run.pending_approvals]
        if self._asked is not None and self._asked.id not in {approval.id for approval in waiting}:
            if self._deciding is None:
                self._say("  (decided elsewhere)\n")
            self._asked = None
        if self._asked is None and self._deciding is None and waiting:
            self._asked = waiting[0]
            self._say(_card(self._asked, _LINES_SHOWN))

    def _read(self) -> None:
        try:
            chunk = os.read(self._source, _CHUNK)
        except OSError:
            chunk = b""  # the terminal has gone
        if not chunk:
            self.close()
            self._on_end()
            return
        self._typed += chunk
        if b"\n" not in self._typed:
            return
        line, _, self._typed = self._typed.partition(b"\n")
        self._typed = self._typed.rpartition(b"\n")[2]  # the lines between answer a question that nobody has read
        if self._asked is not None and self._deciding is None:
            self._answer(self._asked, line.decode("utf-8", "replace").strip())

    def _answer(self, approval: Approval, line: str) -> None:
        if line in _SHOW and approval.kind is not ApprovalKind.QUESTION:
            self._say(_card(approval, None))
            return
        decision = read_decision(approval, line)
        if decision is None:
            self._say(f"  {_choices(approval)}: ")
            return
        self._deciding = self._loop.create_task(self._decide(decision))

    async def _decide(self, decision: shapes.ResolveApproval) -> None:
        try:
            await self._registry.call(commands.APPROVALS_RESOLVE, decision)
        except SlopError as error:
            self._say(f"  {make_visible(str(error))}\n")
        finally:
            self._deciding = None
        before = self._asked
        self._ask()
        if before is not None and self._asked is before:  # it waits on: it could not be decided so
            self._say(f"  {_choices(before)}: ")

    def _say(self, text: str) -> None:
        self._out.write(text)
        self._out.flush()


def read_decision(approval: Approval, line: str) -> shapes.ResolveApproval | None:
    """What a typed line means for an approval; None where it means nothing."""
    word, _, rest = line.partition(" ")
    given: dict[str, Any]
    if approval.kind is ApprovalKind.QUESTION:
        if not line:
            return None
        given = {"decision": "approve", "edited": {"answer": line}}
    elif word in _APPROVE and not rest:
        given = {"decision": "approve"}
    elif word in _REJECT:
        given = {"decision": "reject", "note": rest.strip() or None}
    elif why_not_remembered(approval.kind):
        return None
    elif word == _ALWAYS and not rest:
        given = {"decision": "approve", "remember": True}
    elif word == _NEVER:
        given = {"decision": "reject", "note": rest.strip() or None, "remember": True}
    else:
        return None
    return shapes.ResolveApproval(id=approval.id, **given)


def _card(approval: Approval, lines_shown: int | None) -> str:
    lines = make_visible(_body(approval)).split("\n")
    shown = lines[:lines_shown]
    if len(lines) > len(shown):
        shown.append(f"… {len(lines) - len(shown)} more lines, s shows them")
    body = "\n".join(f"    {line}" for line in shown)
    asker = f" ({approval.stream_id})" if approval.stream_id else ""
    return f"\n  {approval.kind}: {make_visible(approval.title)}{asker}\n{body}\n  {_choices(approval)}: "


def _choices(approval: Approval) -> str:
    if approval.kind is ApprovalKind.QUESTION:
        return "your answer"
    remembered = "" if why_not_remembered(approval.kind) else f"{_ALWAYS}, {_NEVER} REASON, "
    return f"{remembered}[a]pprove, [r]eject REASON, [s]how all"


def _body(approval: Approval) -> str:
    payload = approval.payload
    if isinstance(payload, CommandPayload):
        return command_line(payload.command)
    if isinstance(payload, EditPayload | MergePayload):
        return payload.diff.rstrip("\n")
    if isinstance(payload, SpawnPayload):
        return payload.prompt.rstrip("\n")
    if isinstance(payload, QuestionPayload):
        return "\n".join((payload.text, *(f"- {choice}" for choice in payload.choices)))
    return payload.model_dump_json()
