"""An approval in words: who asks, and in one line what deciding for it would come to."""

import shlex

import orjson
from pydantic import JsonValue

from slop_qt.core.approvals import (
    Approval,
    ApprovalKind,
    CommandPayload,
    EditPayload,
    MergePayload,
    QuestionPayload,
    SpawnPayload,
    StepPayload,
    ToolPayload,
)
from slop_qt.core.remembering import why_not_remembered
from slop_qt.core.streams import TIER_ROLES, tier_name
from slop_qt.qt.words import plural
from slop_qt.widgets.unified_diff import read_diff

__all__ = ["consequence", "field_text", "field_value", "plain_body", "remembered_as", "who_asks"]


def who_asks(approval: Approval) -> str:
    """`Tier 3 Worker · T-003`."""
    tier = f"{tier_name(approval.tier)} {TIER_ROLES.get(approval.tier, '')}".strip() if approval.tier else "The run"
    return f"{tier}  ·  {approval.ticket_id}" if approval.ticket_id else tier


def consequence(approval: Approval, *, sandboxed: bool) -> str:
    """What happens when it is approved, in one line."""
    payload = approval.payload
    if isinstance(payload, EditPayload):
        return "Writes 1 file in the ticket's worktree. Your own files stay as they are."
    if isinstance(payload, CommandPayload):
        return (
            "Runs in the sandbox." if sandboxed else "Runs outside a sandbox: it can reach the network and your files."
        )
    if isinstance(payload, MergePayload):
        return f"Changes {plural(len(read_diff(payload.diff)), 'file')} in the run's integration branch, not in yours."
    if isinstance(payload, SpawnPayload):
        return f"Starts one agent on {payload.model} in a worktree of its own. It spends tokens."
    if isinstance(payload, StepPayload):
        return f"Sends the agent's request number {payload.turn} to its model. It spends tokens."
    if isinstance(payload, ToolPayload):
        return "Has an effect outside the worktree."
    return "The agent goes on with your answer."


def remembered_as(approval: Approval) -> str:
    """What a remembered decision is for: `command` or `call`; empty where it cannot be remembered."""
    if why_not_remembered(approval.kind):
        return ""
    return "command" if approval.kind is ApprovalKind.COMMAND else "call"


def plain_body(approval: Approval) -> str:
    """Exactly what would happen, as text; empty where a diff or a question says it."""
    payload = approval.payload
    if isinstance(payload, CommandPayload):
        place = "the worktree" if payload.cwd in {"", "."} else f"{payload.cwd} in the worktree"
        kind = "shell" if isinstance(payload.command, str) else "program with its arguments, no shell"
        return f"{field_text(approval, 'command')}\n\nin {place}  ·  {kind}"
    if isinstance(payload, SpawnPayload):
        return payload.prompt
    if isinstance(payload, ToolPayload):
        return f"{payload.name}\n{orjson.dumps(payload.arguments, option=orjson.OPT_INDENT_2).decode()}"
    if isinstance(payload, StepPayload):
        return f"Turn {payload.turn}"
    return ""


def field_text(approval: Approval, field: str) -> str:
    """An editable field's value as a person edits it."""
    value = getattr(approval.payload, field, "")
    if isinstance(value, str):
        return value
    if isinstance(value, tuple):
        return shlex.join(value)
    return orjson.dumps(value, option=orjson.OPT_INDENT_2).decode()


def field_value(approval: Approval, field: str, text: str) -> JsonValue:
    """The value that the edited text stands for.

    Raises:
        ValueError: the text is no command line, or no JSON; it says why.
    """
    value = getattr(approval.payload, field, "")
    if isinstance(value, str) or isinstance(approval.payload, QuestionPayload):
        return text
    if isinstance(value, tuple):
        return list(shlex.split(text))
    parsed: JsonValue = orjson.loads(text)
    return parsed
