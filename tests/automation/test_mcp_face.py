"""What the MCP face makes of methods, results, failures and addresses, without a process."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mcp_types import CallToolResult

from slop_qt.automation.mcp_face import resources, tools
from slop_qt.automation.mcp_face.application import RunningApplication
from slop_qt.automation.mcp_face.description import ToolDescription, tool_name
from slop_qt.automation.mcp_face.server import McpFace
from slop_qt.automation.protocol import NotAuthorisedError, ProtocolError
from slop_qt.core.errors import ConflictError, SlopError, WaitTimedOutError
from slop_qt.core.shape import Shape
from slop_qt.headless.mcp import METHODS

PLAIN = ToolDescription("mma.status", "Everything.", Shape, Shape, reads_only=True)
PICTURE = ToolDescription("gui.screenshot", "A picture.", Shape, Shape, reads_only=False, picture="png_base64")


def test_no_two_methods_become_one_tool_and_every_vendor_takes_their_names() -> None:
    names = [tool_name(each.method) for each in METHODS]
    assert len(set(names)) == len(names)
    assert all(name.replace("_", "").isalpha() and name.isascii() and len(name) <= 64 for name in names)
    same = ToolDescription("mma_status", "The same name.", Shape, Shape, reads_only=True)
    with pytest.raises(ValueError, match=r"mma.status and mma_status would both be the tool mma_status"):
        McpFace([PLAIN, same], RunningApplication(), observes_only=False)


def test_half_a_surrogate_pair_in_a_result_is_replaced_since_mcp_is_utf_8() -> None:
    result = tools.success(PLAIN, {"text": "a\ud83ez", "of": ["\udcff", {"\ud800": 1}]})
    sound = {"text": "a\ufffdz", "of": ["\ufffd", {"\ufffd": 1}]}
    assert result.structured_content == sound
    assert json.loads(result.content[0].text) == sound
    failed = tools.failure(WaitTimedOutError("\ud800 waited", state={"text": "\ud800"}))
    assert failed.structured_content["state"] == {"text": "\ufffd"}
    assert CallToolResult.model_validate_json(failed.model_dump_json()) == failed


def test_a_picture_is_an_image_and_not_text_as_well() -> None:
    shown = tools.success(PICTURE, {"png_base64": "aGVsbG8="})
    assert [each.type for each in shown.content] == ["image"] and shown.structured_content == {}
    written = tools.success(PICTURE, {"path": "/a.png"})
    assert [each.type for each in written.content] == ["text"] and written.structured_content == {"path": "/a.png"}


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (ConflictError("Already resolved.", "Nothing is to be done."), -32002),
        (NotAuthorisedError("Outside."), -32006),
        (ProtocolError(-32601, "No method.", "Update it."), -32601),
        (SlopError("Odd."), -32603),
    ],
)
def test_a_failure_says_what_happened_what_to_do_and_its_code(error: SlopError, code: int) -> None:
    told = tools.failure(error)
    assert told.is_error
    assert told.content[0].text == f"{error} (code {code})"
    assert told.structured_content == {"code": code, "message": error.message, "hint": error.hint}


@given(run_id=st.text(min_size=1), stream_id=st.text(min_size=1))
def test_any_stream_has_one_address(run_id: str, stream_id: str) -> None:
    uri = resources.stream_uri(run_id, stream_id)
    assert uri.isascii() and " " not in uri
    assert resources.canonical(uri) == uri


def test_clients_that_encode_less_mean_the_same_stream() -> None:
    uri = resources.stream_uri("20261122-1", "Tier 3: T-001 #2")
    assert uri == "slop-qt://runs/20261122-1/streams/Tier%203%3A%20T-001%20%232"
    for loose in ("Tier%203:%20T-001%20%232", "Tier 3: T-001 #2", "%54ier%203%3a%20T-001%20%232"):
        assert resources.canonical(f"slop-qt://runs/20261122-1/streams/{loose}") == uri
    assert resources.canonical("slop-qt://status") == "slop-qt://status"
