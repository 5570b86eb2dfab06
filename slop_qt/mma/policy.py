"""What waits for a decision and what passes: the person's rules first, then the mode (table in 1-product.md)."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from slop_qt.core.approvals import ApprovalKind, ApprovalRequest, CommandPayload, Mode, ToolPayload
from slop_qt.core.exact_json import exact_json
from slop_qt.core.settings import Rule

__all__ = ["NOBODY_THERE", "Ruling", "name_rule", "rule_on"]

NOBODY_THERE = "nobody is there, decide yourself"

_WAITS: dict[ApprovalKind, frozenset[Mode]] = {
    ApprovalKind.SPAWN: frozenset({Mode.STEP, Mode.ASK}),
    ApprovalKind.STEP: frozenset({Mode.STEP}),
    ApprovalKind.EDIT: frozenset({Mode.STEP, Mode.ASK}),
    ApprovalKind.COMMAND: frozenset({Mode.STEP, Mode.ASK, Mode.EDITS}),
    ApprovalKind.TOOL: frozenset({Mode.STEP, Mode.ASK, Mode.EDITS}),
    ApprovalKind.MERGE: frozenset({Mode.STEP, Mode.ASK, Mode.EDITS}),
    ApprovalKind.QUESTION: frozenset({Mode.STEP, Mode.ASK, Mode.EDITS}),
}


@dataclass(frozen=True, slots=True)
class Ruling:
    """What the policy says, and by which rule or mode."""

    action: Literal["allow", "ask", "deny", "answer"]
    why: str


def rule_on(request: ApprovalRequest, mode: Mode, rules: Sequence[Rule]) -> Ruling:
    """The ruling: any matching deny wins, then the first matching rule, then the mode."""
    matching = [rule for rule in rules if _matches(rule, request)]
    for rule in matching:
        if rule.action == "deny":
            return Ruling("deny", f"rule: {name_rule(rule)}")
    if matching:
        return Ruling(matching[0].action, f"rule: {name_rule(matching[0])}")
    if request.outside_scope and mode is not Mode.AUTO:
        return Ruling("ask", "it is outside the ticket's declared files")
    return _by_mode(request.kind, mode)


def name_rule(rule: Rule) -> str:
    """`allow command pytest -q`: what the journal says of it. The folder is named where it is not the worktree."""
    if rule.subject is None:
        return f"{rule.action} every {rule.kind}"
    inside = f" in {rule.cwd}" if rule.cwd not in {None, "", "."} else ""
    arguments = f" {rule.arguments}" if rule.arguments is not None else ""
    return f"{rule.action} {rule.kind} {rule.subject}{arguments}{inside}"


def _by_mode(kind: ApprovalKind, mode: Mode) -> Ruling:
    if mode in _WAITS[kind]:
        return Ruling("ask", f"mode {mode}")
    if kind is ApprovalKind.TOOL:
        return Ruling("deny", f"mode {mode}: a tool with an effect outside needs a rule that allows it")
    if kind is ApprovalKind.QUESTION:
        return Ruling("answer", f"mode {mode}")
    return Ruling("allow", f"mode {mode}")


def _matches(rule: Rule, request: ApprovalRequest) -> bool:
    payload = request.payload
    if rule.kind is not request.kind or rule.subject not in {None, request.subject}:
        return False
    if rule.arguments is not None:
        return isinstance(payload, ToolPayload) and exact_json(payload.arguments) == rule.arguments
    if rule.cwd is None and rule.shell is None:
        return True
    return (
        isinstance(payload, CommandPayload)
        and rule.cwd in {None, payload.cwd}
        and rule.shell in {None, isinstance(payload.command, str)}
    )
