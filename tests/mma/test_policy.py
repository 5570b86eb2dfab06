"""The policy: the table of 1-product.md cell by cell, the person's rules before it, and a deny before everything."""

from datetime import UTC, datetime
from typing import Any

import pytest

from slop_qt.core.approvals import (
    ApprovalKind,
    ApprovalRequest,
    CommandPayload,
    Mode,
    QuestionPayload,
    ToolPayload,
    command_line,
)
from slop_qt.core.remembering import rule_of
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


def runs(line: str | tuple[str, ...], cwd: str = ".") -> ApprovalRequest:
    payload = CommandPayload(command=line, cwd=cwd)
    return ApprovalRequest(
        kind=ApprovalKind.COMMAND, run_id="R", title="", payload=payload, subject=command_line(payload.command)
    )


def remembered(request: ApprovalRequest, action: Any = "allow") -> Rule:
    return rule_of(request.as_approval("a-1", datetime(2026, 1, 1, tzinfo=UTC)), action)


OTHERS = [
    "git status",
    "rm -rf x",
    "git status && rm -rf x ",
    " git status && rm -rf x",
    "git status  && rm -rf x",
    "git status &&\trm -rf x",
    "git status && rm -rf x\n",
    "git status\n&& rm -rf x",
    "git status && rm -rf x; ls",
    "git status && rm -rf X",
    "git status \uff06\uff06 rm -rf x",
    "git status && rm -rf\u00a0x",
    "git status && rm -rf x\u200b",
    "",
]


@pytest.mark.parametrize("action", ["allow", "deny"])
def test_a_remembered_command_is_that_very_string_and_no_other(action: Any) -> None:
    rules = [remembered(runs("git status && rm -rf x"), action)]
    assert rule_on(runs("git status && rm -rf x"), Mode.ASK, rules).action == action
    for line in OTHERS:
        assert rule_on(runs(line), Mode.ASK, rules).action == "ask", repr(line)


def test_composed_and_decomposed_letters_are_not_the_same() -> None:
    rules = [remembered(runs("cat \u00fc"))]
    assert rule_on(runs("cat u\u0308"), Mode.ASK, rules).action == "ask"


def test_a_remembered_command_counts_in_its_folder_and_in_the_way_it_was_run() -> None:
    rules = [remembered(runs("ls -l"))]
    assert rule_on(runs("ls -l"), Mode.ASK, rules).why == "rule: allow command ls -l"
    assert rule_on(runs("ls -l", "src"), Mode.ASK, rules).action == "ask"
    assert rule_on(runs(("ls", "-l")), Mode.ASK, rules).action == "ask", "no shell reads that one"
    elsewhere = rule_on(runs("ls -l", "src"), Mode.ASK, [remembered(runs("ls -l", "src"))])
    assert elsewhere.why == "rule: allow command ls -l in src"
    program = [remembered(runs(("A=1", "ls")))]
    assert rule_on(runs("A=1 ls"), Mode.ASK, program).action == "ask", "to a shell that is something else"


def test_a_rule_written_by_hand_without_a_folder_counts_as_it_did() -> None:
    rules = [rule("allow", subject="ls -l")]
    for request in (runs("ls -l"), runs(("ls", "-l")), runs("ls -l", "src")):
        assert rule_on(request, Mode.ASK, rules).action == "allow"


@pytest.mark.parametrize("other", [{"n": 1.0}, {"n": True}, {"n": "1"}, {"n": 1, "m": None}, {}])
def test_a_remembered_tool_counts_with_exactly_its_arguments(other: dict[str, Any]) -> None:
    def uses(arguments: dict[str, Any]) -> ApprovalRequest:
        payload = ToolPayload(name="fetch", arguments=arguments)
        return ApprovalRequest(kind=ApprovalKind.TOOL, run_id="R", title="", payload=payload, subject="fetch")

    rules = [remembered(uses({"n": 1}))]
    assert rule_on(uses({"n": 1}), Mode.ASK, rules).why == 'rule: allow tool fetch {"n":1}'
    assert rule_on(uses(other), Mode.ASK, rules).action == "ask"


@pytest.mark.parametrize("first", ["allow", "deny"])
def test_a_remembered_refusal_wins_over_a_remembered_leave(first: Any) -> None:
    second = {"allow": "deny", "deny": "allow"}[first]
    rules = [remembered(runs("ls"), first), remembered(runs("ls"), second)]
    assert rule_on(runs("ls"), Mode.AUTO, rules).action == "deny"
