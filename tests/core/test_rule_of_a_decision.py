"""The rule that a remembered decision becomes, and which decisions become none."""

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from slop_qt.core.approvals import (
    Approval,
    ApprovalKind,
    CommandPayload,
    EditPayload,
    MergePayload,
    Payload,
    QuestionPayload,
    SpawnPayload,
    StepPayload,
    ToolPayload,
)
from slop_qt.core.errors import InvalidInputError
from slop_qt.core.exact_json import exact_json, read_exact_json
from slop_qt.core.remembering import rule_of, why_not_remembered
from slop_qt.core.settings import Rule

NOT_REMEMBERED: dict[ApprovalKind, Payload] = {
    ApprovalKind.SPAWN: SpawnPayload(prompt="Do it.", model="m"),
    ApprovalKind.STEP: StepPayload(turn=2),
    ApprovalKind.EDIT: EditPayload(path="a.py", diff="-a\n+b\n", content="b\n"),
    ApprovalKind.MERGE: MergePayload(ticket_id="T-001", diff=""),
    ApprovalKind.QUESTION: QuestionPayload(text="Tabs?"),
}


def approval(kind: ApprovalKind, payload: Payload) -> Approval:
    return Approval(
        id="a-1", kind=kind, run_id="R-1", title="", payload=payload, requested_at=datetime(2026, 1, 1, tzinfo=UTC)
    )


def command(line: str | tuple[str, ...], cwd: str = ".") -> Approval:
    return approval(ApprovalKind.COMMAND, CommandPayload(command=line, cwd=cwd))


def test_a_command_is_remembered_with_its_folder_and_how_it_is_run() -> None:
    assert rule_of(command("git status && rm -rf x"), "allow") == Rule(
        action="allow", kind=ApprovalKind.COMMAND, subject="git status && rm -rf x", cwd=".", shell=True
    )
    assert rule_of(command(("cat", "a b"), "src"), "deny") == Rule(
        action="deny", kind=ApprovalKind.COMMAND, subject="cat 'a b'", cwd="src", shell=False
    )


def test_a_tool_is_remembered_with_exactly_its_arguments() -> None:
    payload = ToolPayload(name="fetch", arguments={"b": [1, True, None], "a": "ü"})
    rule = rule_of(approval(ApprovalKind.TOOL, payload), "allow")
    assert (rule.subject, rule.arguments) == ("fetch", '{"a":"ü","b":[1,true,null]}')


@pytest.mark.parametrize(("kind", "payload"), NOT_REMEMBERED.items())
@pytest.mark.parametrize("action", ["allow", "deny"])
def test_what_is_never_the_same_again_is_not_remembered_and_it_says_why(
    kind: ApprovalKind, payload: Payload, action: Any
) -> None:
    with pytest.raises(InvalidInputError, match=r"cannot be remembered: .* Decide without remember\."):
        rule_of(approval(kind, payload), action)
    assert "cannot be remembered" in why_not_remembered(kind)


def test_every_kind_either_is_remembered_or_says_why_not() -> None:
    remembered = {kind for kind in ApprovalKind if not why_not_remembered(kind)}
    assert remembered == set(ApprovalKind) - set(NOT_REMEMBERED)


@pytest.mark.parametrize("line", ["", "  ", "\n\t"])
def test_nothing_at_all_is_not_remembered(line: str) -> None:
    with pytest.raises(InvalidInputError, match="empty command"):
        rule_of(command(line), "allow")


def test_what_no_file_can_hold_is_not_remembered() -> None:
    with pytest.raises(InvalidInputError, match="no text"):
        rule_of(command("echo \ud800"), "allow")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=6,
)


@given(JSON, JSON)
def test_two_values_have_the_same_text_only_if_they_are_the_same(one: Any, other: Any) -> None:
    def typed(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: typed(each) for key, each in value.items()}
        return [typed(each) for each in value] if isinstance(value, list) else (type(value), repr(value))

    assert (exact_json(one) == exact_json(other)) is (typed(one) == typed(other))
    assert typed(read_exact_json(exact_json(one))) == typed(one)


@pytest.mark.parametrize("text", ["[1]", "{", '{"a":1,"a":2}', '{"a":NaN}', "7", '{"a":Infinity}', "[" * 100_000])
def test_arguments_of_a_rule_are_one_json_object(text: str) -> None:
    with pytest.raises(ValidationError, match="JSON"):
        Rule(action="allow", kind=ApprovalKind.TOOL, subject="x", arguments=text)


@pytest.mark.parametrize(
    "fields",
    [
        {"kind": "edit", "subject": "a", "cwd": "."},
        {"kind": "tool", "subject": "a", "shell": True},
        {"kind": "command", "subject": "a", "arguments": "{}"},
        {"kind": "tool", "arguments": "{}"},
    ],
)
def test_what_narrows_a_rule_down_belongs_to_its_kind(fields: dict[str, Any]) -> None:
    with pytest.raises(ValidationError, match="are for"):
        Rule.model_validate({"action": "allow", **fields})
