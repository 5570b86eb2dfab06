"""Tools as MCP lists them, and what their calls come to: JSON, a picture, or a failure that says what to do."""

import json
import re
from typing import Any

from mcp_types import CallToolResult, ContentBlock, ImageContent, TextContent, Tool, ToolAnnotations

from slop_qt.automation.mcp_face.description import ToolDescription, tool_name
from slop_qt.automation.protocol import error_code
from slop_qt.core.errors import SlopError, WaitTimedOutError

__all__ = ["as_tool", "failure", "success", "utf8"]

_HALF_SURROGATES = re.compile("[\ud800-\udfff]")


def as_tool(description: ToolDescription) -> Tool:
    """The tool as `tools/list` has it."""
    return Tool(
        name=tool_name(description.method),
        title=description.method,
        description=description.summary,
        input_schema=description.params.model_json_schema(),
        output_schema=description.result.model_json_schema(mode="serialization"),
        annotations=ToolAnnotations(
            title=description.method,
            read_only_hint=description.reads_only,
            destructive_hint=None if description.reads_only else description.destructive,
        ),
    )


def success(description: ToolDescription, result: dict[str, Any]) -> CallToolResult:
    """A result: structured, and as text for clients that show nothing else. A picture is not said twice."""
    content: list[ContentBlock] = []
    picture = result.get(description.picture) if description.picture else None
    if picture is not None:
        content.append(ImageContent(data=picture, mime_type="image/png"))
        result = {name: value for name, value in result.items() if name != description.picture}
    if result or not content:
        content.append(TextContent(text=utf8(json.dumps(result, ensure_ascii=False))))
    return CallToolResult(content=content, structured_content=_utf8_json(result))


def failure(error: SlopError) -> CallToolResult:
    """An error of the application's as a result that the model reads: a sentence with the code, and what was there."""
    code = error_code(error)
    told: dict[str, Any] = {"code": code, "message": error.message, "hint": error.hint}
    content: list[ContentBlock] = [TextContent(text=utf8(f"{error} (code {int(code)})"))]
    if isinstance(error, WaitTimedOutError):
        told["state"] = error.state
        content.append(TextContent(text=utf8(json.dumps(error.state, ensure_ascii=False))))
    return CallToolResult(content=content, structured_content=_utf8_json(told), is_error=True)


def utf8(text: str) -> str:
    """The text, with U+FFFD where it has half a surrogate pair: models do send them, and MCP is UTF-8."""
    return _HALF_SURROGATES.sub("\ufffd", text)


def _utf8_json(value: dict[str, Any]) -> dict[str, Any]:
    text = json.dumps(value, ensure_ascii=False)
    sound = utf8(text)
    repaired: dict[str, Any] = value if sound == text else json.loads(sound)
    return repaired
