"""docs/mcp.md is written from the registry, and its configuration starts what it says."""

import json

from click.testing import CliRunner
from mcp_doc import CONFIGURATION, FILE, rendered

from slop_qt.automation.mcp_face.events_page import EVENTS_READ
from slop_qt.cli import group
from slop_qt.headless.mcp import METHODS


def test_the_file_is_what_make_docs_writes() -> None:
    assert FILE.read_text(encoding="utf-8") == rendered(), "run `make docs`"


def test_every_line_is_narrow_enough_but_for_the_tables() -> None:
    prose = [line for line in rendered().splitlines() if not line.startswith(("|", "<!--"))]
    assert max(map(len, prose)) <= 120


def test_every_tool_stands_in_it_once() -> None:
    lines = rendered().splitlines()
    for each in (*METHODS, EVENTS_READ):
        assert sum(line.startswith(f"| `{each.method.replace('.', '_')}` |") for line in lines) == 1


def test_the_configuration_is_json_that_names_a_command_there_is() -> None:
    server = json.loads(CONFIGURATION)["mcpServers"]["slop-qt"]
    assert server["command"] == "slop-qt"
    help_text = CliRunner().invoke(group, [*server["args"], "--help"])
    assert help_text.exit_code == 0
    for option in ("--socket", "--automation-scope", "--log-level"):
        assert option in rendered() and option in help_text.output
