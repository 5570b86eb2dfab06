"""Which decisions can be remembered, and the rule that a remembered one becomes: exactly what was shown, no more."""

from typing import Literal

from slop_qt.core.approvals import Approval, ApprovalKind, CommandPayload, ToolPayload, command_line
from slop_qt.core.errors import InvalidInputError
from slop_qt.core.exact_json import exact_json
from slop_qt.core.settings import Rule

__all__ = ["rule_of", "why_not_remembered"]

_ONCE = "no two of them are alike"
_WHY_NOT = {
    ApprovalKind.SPAWN: f"The start of a worker cannot be remembered: {_ONCE}.",
    ApprovalKind.STEP: f"A turn cannot be remembered: {_ONCE}.",
    ApprovalKind.EDIT: (
        "An edit cannot be remembered: what is shown is one change, and a rule would cover all later ones to that file."
    ),
    ApprovalKind.MERGE: f"A merge cannot be remembered: {_ONCE}.",
    ApprovalKind.QUESTION: f"The answer to a question cannot be remembered: {_ONCE}.",
}
_INSTEAD = {
    ApprovalKind.SPAWN: "Mode edits lets workers start without asking.",
    ApprovalKind.STEP: "Every mode but step lets turns pass.",
    ApprovalKind.EDIT: "Mode edits lets the declared files be written; a rule for a path can be written by hand.",
}
_WITHOUT = "Decide without remember."


def why_not_remembered(kind: ApprovalKind) -> str:
    """Why a decision of that kind cannot be remembered, in a sentence; empty where it can."""
    return _WHY_NOT.get(kind, "")


def rule_of(approval: Approval, action: Literal["allow", "deny"]) -> Rule:
    """The rule that stands for what the approval says would happen, and for nothing else.

    Raises:
        InvalidInputError: it is of a kind that cannot be remembered, or of a text that no settings file can hold.
    """
    payload = approval.payload
    if isinstance(payload, CommandPayload):
        subject = command_line(payload.command)
        if not subject.strip():
            raise InvalidInputError("An empty command cannot be remembered.", _WITHOUT)
        rule = Rule(
            action=action,
            kind=approval.kind,
            subject=subject,
            cwd=payload.cwd,
            shell=isinstance(payload.command, str),
        )
    elif isinstance(payload, ToolPayload):
        arguments = exact_json(payload.arguments)
        rule = Rule(action=action, kind=approval.kind, subject=payload.name, arguments=arguments)
    else:
        hint = f"{_INSTEAD.get(approval.kind, '')} {_WITHOUT}".strip()
        raise InvalidInputError(why_not_remembered(approval.kind), hint)
    _require_text(rule)
    return rule


def _require_text(rule: Rule) -> None:
    try:
        rule.model_dump_json()
    except ValueError:
        raise InvalidInputError("It has characters that are no text: it cannot be remembered.", _WITHOUT) from None
