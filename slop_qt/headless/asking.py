"""Decisions without a window: on the terminal if there is one, else over the socket, else not at all."""

import asyncio
import sys
from collections.abc import Callable
from typing import TextIO

from slop_qt.core.approvals import (
    Approval,
    ApprovalKind,
    CommandPayload,
    EditPayload,
    MergePayload,
    QuestionPayload,
    SpawnPayload,
    Verdict,
)
from slop_qt.core.errors import SlopError
from slop_qt.core.state import Changes, SessionState
from slop_qt.mma import commands, shapes
from slop_qt.mma.commands import CommandRegistry

__all__ = ["NobodyThere", "TerminalDesk", "what_would_pass"]

_LINES_SHOWN = 40


def what_would_pass(approval: Approval) -> str:
    """Which mode or rule would have let an approval pass, in a sentence."""
    modes = {
        ApprovalKind.SPAWN: "edits",
        ApprovalKind.STEP: "ask",
        ApprovalKind.EDIT: "edits",
        ApprovalKind.COMMAND: "auto (with --unsandboxed)",
        ApprovalKind.MERGE: "auto (with --unsandboxed)",
        ApprovalKind.QUESTION: "auto (with --unsandboxed)",
    }
    subject = f' subject = "{_subject(approval)}"' if _subject(approval) else ""
    rule = f'[[rules]] action = "allow" kind = "{approval.kind}"{subject}'
    mode = f"--mode {modes[approval.kind]}, or " if approval.kind in modes else ""
    return f"{mode}the rule {rule} in your settings would have let it pass; --automation lets a program decide."


class NobodyThere:
    """Ends a run at the first approval that waits, where nobody can be asked. A listener of the feed."""

    def __init__(self, state: SessionState, give_up: Callable[[Approval], None]) -> None:
        self._state = state
        self._give_up = give_up

    def hear(self, changes: Changes) -> None:
        """Look for an approval that waits."""
        if changes.approvals:
            for run in self._state.runs.values():
                if run.pending_approvals and not run.ended:
                    self._give_up(run.pending_approvals[0])
                    return


class TerminalDesk:
    """Asks on the terminal, one approval at a time, oldest first. A listener of the feed; lives on the loop.

    What is decided elsewhere meanwhile (over the socket) is taken off the screen with a line that says so.
    """

    def __init__(
        self,
        state: SessionState,
        registry: CommandRegistry,
        loop: asyncio.AbstractEventLoop,
        source: TextIO = sys.stdin,
        out: TextIO = sys.stderr,
    ) -> None:
        self._state = state
        self._registry = registry
        self._loop = loop
        self._source = source
        self._out = out
        self._current: Approval | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        loop.add_reader(source.fileno(), self._read)

    def close(self) -> None:
        """Stop reading."""
        self._loop.remove_reader(self._source.fileno())

    def hear(self, changes: Changes) -> None:
        """Ask about the oldest that waits."""
        if not changes.approvals:
            return
        waiting = [approval for run in self._state.runs.values() for approval in run.pending_approvals]
        if self._current is not None and self._current.id not in {approval.id for approval in waiting}:
            self._out.write("  (decided)\n")
            self._current = None
        if self._current is None and waiting:
            self._current = waiting[0]
            self._out.write(_card(self._current))
            self._out.flush()

    def _read(self) -> None:
        line = self._source.readline()
        if not line:
            self.close()
            return
        if self._current is None:
            return
        task = self._loop.create_task(self._decide(self._current, line.strip()))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _decide(self, approval: Approval, line: str) -> None:
        word, _, rest = line.partition(" ")
        edited: dict[str, str] | None = None
        verdict: Verdict
        if approval.kind is ApprovalKind.QUESTION and line:
            verdict, edited, note = "approve", {"answer": line}, None
        elif word in {"a", "y", "approve", "yes"}:
            verdict, note = "approve", None
        elif word in {"r", "n", "reject", "no"}:
            verdict, note = "reject", rest or None
        else:
            self._out.write("  a approves, r REASON rejects: ")
            self._out.flush()
            return
        try:
            params = shapes.ResolveApproval(id=approval.id, decision=verdict, edited=edited, note=note)
            await self._registry.call(commands.APPROVALS_RESOLVE, params)
        except SlopError as error:
            self._out.write(f"  {error}\n")
            self._out.flush()


def _card(approval: Approval) -> str:
    lines = _body(approval).splitlines()
    shown = lines[:_LINES_SHOWN]
    if len(lines) > len(shown):
        shown.append(f"… {len(lines) - len(shown)} more lines")
    body = "\n".join(f"    {line}" for line in shown)
    ask = "your answer" if approval.kind is ApprovalKind.QUESTION else "[a]pprove, [r]eject REASON"
    return f"\n  {approval.kind}: {approval.title}\n{body}\n  {ask}: "


def _body(approval: Approval) -> str:
    payload = approval.payload
    if isinstance(payload, CommandPayload):
        return payload.command if isinstance(payload.command, str) else " ".join(payload.command)
    if isinstance(payload, EditPayload | MergePayload):
        return payload.diff
    if isinstance(payload, SpawnPayload):
        return payload.prompt
    if isinstance(payload, QuestionPayload):
        choices = "".join(f"\n- {choice}" for choice in payload.choices)
        return f"{payload.text}{choices}"
    return payload.model_dump_json()


def _subject(approval: Approval) -> str:
    payload = approval.payload
    if isinstance(payload, CommandPayload):
        return payload.command if isinstance(payload.command, str) else " ".join(payload.command)
    return payload.path if isinstance(payload, EditPayload) else ""
