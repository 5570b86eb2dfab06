"""What ends a run where nobody is there to decide: it says so, instead of waiting for ever."""

from collections.abc import Callable

import tomlkit

from slop_qt.core.approvals import (
    Approval,
    ApprovalKind,
    CommandPayload,
    EditPayload,
    MergePayload,
    Mode,
    ToolPayload,
    command_line,
)
from slop_qt.core.state import Changes, RunState, SessionState

__all__ = ["NobodyThere", "what_would_pass"]

_PASSES_IN = {
    ApprovalKind.SPAWN: Mode.EDITS,
    ApprovalKind.STEP: Mode.ASK,
    ApprovalKind.EDIT: Mode.EDITS,
    ApprovalKind.COMMAND: Mode.AUTO,
    ApprovalKind.MERGE: Mode.AUTO,
    ApprovalKind.QUESTION: Mode.AUTO,
}
# The rule names only what it allows; of the rest (prompts, turns, questions) no two are alike.
_NAMED_BY_RULE = {ApprovalKind.EDIT, ApprovalKind.COMMAND, ApprovalKind.MERGE, ApprovalKind.TOOL}


def what_would_pass(approval: Approval, mode: Mode) -> str:
    """Which mode or rule would have let an approval pass that waited in this mode, in a sentence."""
    ways = []
    passes_in = _PASSES_IN.get(approval.kind)
    if passes_in is mode and approval.kind is ApprovalKind.EDIT:
        passes_in = Mode.AUTO  # it waited although edits pass: the file is none of the ticket's own
    if approval.kind is not ApprovalKind.QUESTION:
        ways.append(f"rules = [{_rule(approval)}] in your settings")
    if passes_in is not None:
        ways.insert(0, f"--mode {passes_in}{' with --unsandboxed' if passes_in is Mode.AUTO else ''}")
    return f"{' or '.join(ways)} would have let it pass; with --automation a program can decide."


class NobodyThere:
    """Gives up, with a sentence and an exit code, at the first thing that waits for somebody. A listener of the feed.

    Attributes:
        asking: whether somebody is asked about approvals all the same; they cannot resume a paused run.
    """

    def __init__(self, state: SessionState, give_up: Callable[[str, int], None], *, asking: bool) -> None:
        self.asking = asking
        self._state = state
        self._give_up = give_up

    def hear(self, changes: Changes) -> None:
        """Look where something could wait by now."""
        if changes.approvals or changes.runs:
            self.look()

    def look(self) -> None:
        """Look for what waits."""
        for run in self._state.runs.values():
            if run.ended:
                continue
            if run.pending_approvals and not self.asking:
                self._give_up(_waiting_sentence(run.pending_approvals[0], run), 3)
                return
            if run.status == "paused":
                self._give_up(self._paused_sentence(run), 1)
                return

    def _paused_sentence(self, run: RunState) -> str:
        """The budget says before it pauses a run what is short, and by which option there would be more."""
        ends = f"Run {run.run_id} is paused, and nobody is there to resume it: it ends."
        faults = reversed(self._state.faults)
        short = next((fault for fault in faults if (fault.run_id, fault.where) == (run.run_id, "budget")), None)
        return f"{short.message} {short.hint} {ends}" if short is not None else ends


def _waiting_sentence(approval: Approval, run: RunState) -> str:
    """What waits in a run where nobody can be asked."""
    who = f"{approval.stream_id} waits for a decision" if approval.stream_id else "A decision is waited for"
    return f"{who}, and nobody can be asked here: {approval.title}. {what_would_pass(approval, run.mode)}"


def _rule(approval: Approval) -> str:
    rule = tomlkit.inline_table()
    rule.update({"action": "allow", "kind": str(approval.kind)})
    subject = _subject(approval)
    if subject is not None and approval.kind in _NAMED_BY_RULE:
        rule["subject"] = subject
    return rule.as_string()


def _subject(approval: Approval) -> str | None:
    payload = approval.payload
    if isinstance(payload, CommandPayload):
        return command_line(payload.command)
    if isinstance(payload, EditPayload):
        return payload.path
    if isinstance(payload, MergePayload):
        return payload.ticket_id
    return payload.name if isinstance(payload, ToolPayload) else None
