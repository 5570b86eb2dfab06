"""Which tier has which tool, and the sentences by which a model repairs its call."""

import json

import pytest

from slop_qt.core.errors import ToolError
from slop_qt.tools.files import ReadFileArguments
from slop_qt.tools.registry import ToolRegistry, default_tools
from slop_qt.tools.shell import RunCommandArguments
from slop_qt.tools.submit_tickets import SubmitTickets, SubmitTicketsArguments

READING = {"read_file", "list_directory", "search_text"}
TICKET = {"id": "T-1", "title": "t", "brief": "b", "files": ["a.py"], "depends_on": []}


@pytest.fixture(scope="module")
def registry() -> ToolRegistry:
    return ToolRegistry(default_tools())


@pytest.mark.parametrize(
    ("tier", "names"),
    [
        (1, READING | {"ask_user", "submit_tracks"}),
        (2, READING | {"ask_user", "submit_tickets"}),
        (3, READING | {"write_file", "edit_file", "run_command", "ask_user", "finish_ticket"}),
        (4, READING | {"report_failure"}),
    ],
)
def test_each_tier_has_the_tools_of_the_scenario_table(registry, tier, names):
    assert {spec.name for spec in registry.specs(tier)} == names


def test_exactly_one_tool_ends_each_tier():
    endings = [
        (tier, tool.name) for tier in (1, 2, 3, 4) for tool in default_tools() if tool.ends and tier in tool.tiers
    ]
    assert endings == [(1, "submit_tracks"), (2, "submit_tickets"), (3, "finish_ticket"), (4, "report_failure")]


def test_the_argument_names_are_those_of_the_scenario_table(registry):
    fields = {
        spec.name: (set(spec.schema["properties"]), set(spec.schema.get("required", ())))
        for tier in (1, 2, 3, 4)
        for spec in registry.specs(tier)
    }
    assert fields == {
        "read_file": ({"path", "start_line", "end_line"}, {"path"}),
        "list_directory": ({"path", "depth"}, set()),
        "search_text": ({"pattern", "path", "max_results"}, {"pattern"}),
        "write_file": ({"path", "content"}, {"path", "content"}),
        "edit_file": ({"path", "old", "new"}, {"path", "old", "new"}),
        "run_command": ({"command", "timeout_s"}, {"command"}),
        "ask_user": ({"question", "choices"}, {"question"}),
        "submit_tracks": ({"tracks"}, {"tracks"}),
        "submit_tickets": ({"tickets"}, {"tickets"}),
        "finish_ticket": ({"summary"}, {"summary"}),
        "report_failure": ({"cause", "advice"}, {"cause", "advice"}),
    }


def test_schemas_are_plain_json_without_references_nulls_and_titles(registry):
    for tier in (1, 2, 3, 4):
        for spec in registry.specs(tier):
            text = json.dumps(spec.schema)
            assert spec.schema["type"] == "object"
            assert not any(word in text for word in ("$ref", "$defs", '"null"', '"title": "'))
    ticket = next(spec for spec in registry.specs(2) if spec.name == "submit_tickets").schema["properties"]["tickets"]
    assert set(ticket["items"]["required"]) == {"id", "title", "brief", "files", "depends_on"}
    assert "title" in ticket["items"]["properties"]


def test_valid_arguments_come_back_as_the_tools_own_shape(registry):
    tool, arguments = registry.parse(3, "read_file", '{"path": "a.py", "start_line": 2}')
    assert tool.name == "read_file"
    assert arguments == ReadFileArguments(path="a.py", start_line=2)
    assert registry.parse(3, "run_command", '{"command": ["ls", "-l"]}')[1] == RunCommandArguments(command=("ls", "-l"))
    assert registry.parse(3, "run_command", '{"command": "ls", "timeout_s": null}')[1].timeout_s is None
    assert registry.parse(1, "list_directory", "")[1].path == "."


def test_a_whole_ticket_graph_is_read(registry):
    tickets = [TICKET, {**TICKET, "id": "T-2", "depends_on": ["T-1"], "verify": "true", "plan_tasks": ["Do it"]}]
    tool, arguments = registry.parse(2, "submit_tickets", json.dumps({"tickets": tickets}))
    assert isinstance(tool, SubmitTickets)
    assert isinstance(arguments, SubmitTicketsArguments)
    assert [ticket.id for ticket in arguments.tickets] == ["T-1", "T-2"]


@pytest.mark.parametrize(
    ("tier", "name", "arguments", "words"),
    [
        (3, "delete_all", "{}", ["delete_all", "read_file", "finish_ticket"]),
        (1, "write_file", '{"path": "a", "content": ""}', ["write_file", "submit_tracks"]),
        (3, "write_file", '{"path": "a"}', ["`content` is missing", "path (text), content (text)"]),
        (3, "read_file", '{"path": "a", "line": 3}', ["`line` does not exist here", "start_line"]),
        (3, "read_file", '{"path": 3}', ["`path` must be text"]),
        (3, "read_file", '{"path": "a", "start_line": "3"}', ["`start_line` must be a whole number"]),
        (3, "read_file", '{"path": "a", "start_line": 0}', ["`start_line` must be at least 1"]),
        (3, "read_file", '["a"]', ["read_file", "a list"]),
        (3, "read_file", '{"path": "a', ["read_file", "not valid JSON"]),
        (3, "run_command", '{"command": 5}', ["`command` must be text or a list"]),
        (3, "run_command", '{"command": "  "}', ["`command` is not right"]),
        (3, "run_command", '{"command": ["a\\u0000b"]}', ["NUL"]),
        (3, "run_command", '{"command": "ls", "timeout_s": -1}', ["`timeout_s` must be more than 0"]),
        (3, "finish_ticket", '{"summary": ""}', ["`summary` must not be empty"]),
        (1, "submit_tracks", '{"tracks": []}', ["`tracks` must have at least 1 entry"]),
        (1, "submit_tracks", '{"tracks": [{"title": "t", "spec": "s"}]}', ["`tracks[0].plan` is missing"]),
        (2, "submit_tickets", json.dumps({"tickets": [{**TICKET, "files": "a.py"}]}), ["`tickets[0].files`", "a list"]),
        (2, "submit_tickets", json.dumps({"tickets": [{**TICKET, "id": 7}]}), ["`tickets[0].id` must be text"]),
        (2, "submit_tickets", json.dumps({"tickets": ["T-1"]}), ["`tickets[0]` must be an object"]),
    ],
)
def test_a_mistake_is_told_in_a_sentence_that_names_it(registry, tier, name, arguments, words):
    with pytest.raises(ToolError) as caught:
        registry.parse(tier, name, arguments)
    text = str(caught.value)
    assert [word for word in words if word not in text] == []
    assert not any(jargon in text for jargon in ("pydantic", "http", "validation error", "input_value"))


def test_many_mistakes_are_told_without_flooding(registry):
    tickets = [{"id": number} for number in range(200)]
    with pytest.raises(ToolError, match="and 992 more") as caught:
        registry.parse(2, "submit_tickets", json.dumps({"tickets": tickets}))
    assert len(str(caught.value)) < 2500
