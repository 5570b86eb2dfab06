"""The policy: the table of 1-product.md cell by cell, the person's rules before it, and a deny before everything."""

from typing import Any

import pytest

from slop_qt.core.approvals import ApprovalKind, ApprovalRequest, Mode, QuestionPayload
from slop_qt.core.settings import Rule
from slop_qt.mma.policy import rule_on

TABLE = """
spawn:    ask  ask  allow allow
step:     ask  allow allow allow
edit:     ask  ask  allow allow
command:  ask  ask  ask  allow
tool:     ask  ask  ask  deny
merge:    ask  ask  ask  allow
question: ask  ask  ask  answer
"""
CELLS = [
    (kind.strip(), mode, action)
    for kind, _, row in (line.partition(":") for line in TABLE.strip().splitlines())
    for mode, action in zip(("step", "ask", "edits", "auto"), row.split(), strict=True)
]


def asked(kind: str, subject: str = "pytest -q", **fields: Any) -> ApprovalRequest:
    payload = QuestionPayload(text="The policy does not look at it.")
    return ApprovalRequest(kind=ApprovalKind(kind), run_id="R", title="", payload=payload, subject=subject, **fields)


def rule(action: Any, kind: str = "command", subject: str | None = "pytest -q") -> Rule:
    return Rule(action=action, kind=ApprovalKind(kind), subject=subject)


def test_the_table_covers_every_kind_and_mode() -> None:
    assert {(kind, mode) for kind, mode, _ in CELLS} == {
        (str(kind), str(mode)) for kind in ApprovalKind for mode in Mode
    }


@pytest.mark.parametrize(("kind", "mode", "action"), CELLS)
def test_without_rules_the_mode_decides(kind: str, mode: str, action: str) -> None:
    ruling = rule_on(asked(kind), Mode(mode), ())
    assert ruling.action == action and mode in ruling.why


@pytest.mark.parametrize("mode", Mode)
@pytest.mark.parametrize("kind", ApprovalKind)
@pytest.mark.parametrize("action", ["allow", "ask", "deny"])
def test_a_rule_comes_before_every_mode(mode: Mode, kind: ApprovalKind, action: str) -> None:
    ruling = rule_on(asked(kind), mode, [rule(action, kind)])
    assert ruling.action == action and ruling.why == f"rule: {action} {kind} pytest -q"


@pytest.mark.parametrize("position", [0, 1, 2])
def test_a_deny_wins_wherever_it_stands(position: int) -> None:
    rules = [rule("allow"), rule("ask")]
    rules.insert(position, rule("deny", subject=None))
    ruling = rule_on(asked("command"), Mode.AUTO, rules)
    assert (ruling.action, ruling.why) == ("deny", "rule: deny every command")


def test_of_the_other_rules_the_first_that_matches_counts() -> None:
    assert rule_on(asked("command"), Mode.ASK, [rule("allow"), rule("ask")]).action == "allow"
    assert rule_on(asked("command"), Mode.AUTO, [rule("ask"), rule("allow")]).action == "ask"


@pytest.mark.parametrize("subject", ["pytest -q && rm -rf x", "pytest", "pytest  -q", "PYTEST -q", " pytest -q", ""])
def test_a_rule_matches_exactly_and_never_a_part(subject: str) -> None:
    assert rule_on(asked("command", subject), Mode.ASK, [rule("allow")]).action == "ask"
    assert rule_on(asked("command", subject), Mode.AUTO, [rule("deny")]).action == "allow"


def test_a_rule_of_another_kind_says_nothing() -> None:
    assert rule_on(asked("edit"), Mode.ASK, [rule("allow"), rule("deny", "command", None)]).action == "ask"


@pytest.mark.parametrize(("mode", "action"), [("step", "ask"), ("ask", "ask"), ("edits", "ask"), ("auto", "allow")])
def test_a_write_outside_the_declared_files_asks_in_every_mode_but_auto(mode: str, action: str) -> None:
    request = asked("edit", "other.py", outside_scope=True)
    assert rule_on(request, Mode(mode), ()).action == action
    assert rule_on(request, Mode(mode), [rule("allow", "edit", "other.py")]).action == "allow"
    assert rule_on(request, Mode(mode), [rule("deny", "edit", "other.py")]).action == "deny"


def test_a_tool_that_mode_auto_refuses_is_allowed_by_a_rule() -> None:
    assert rule_on(asked("tool", "web"), Mode.AUTO, [rule("allow", "tool", "web")]).action == "allow"
