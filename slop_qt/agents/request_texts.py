"""The exact words of a request, part by part: what the model sees of each."""

import json
from collections.abc import Iterator

from slop_qt.core.conversation import Message, ModelRequest, TextBlock, ThinkingBlock, ToolResultBlock, ToolUseBlock
from slop_qt.providers.request_meter import HEAD, Place

__all__ = ["place_text"]


def place_text(request: ModelRequest, place: Place) -> str:
    """What stands at a place of the request, to the character; what a message says comes with its role before it."""
    message, block, part = place
    if message == HEAD:
        return request.system if not block else _tools(request)
    if block is None:
        said = request.messages[message]
        words = "\n".join(_said(said))
        return words if not message else f"{said.role}:\n{words}"
    found = request.messages[message].blocks[block]
    if isinstance(found, ToolResultBlock):
        return found.output
    assert isinstance(found, TextBlock)
    return found.text if part is None else found.parts[part].text


def _tools(request: ModelRequest) -> str:
    tools = [
        {"name": tool.name, "description": tool.description, "schema": dict(tool.schema)} for tool in request.tools
    ]
    return json.dumps(tools, ensure_ascii=False, indent=2)


def _said(message: Message) -> Iterator[str]:
    """All but results, which are parts of their own; thinking where it travels back."""
    for block in message.blocks:
        if isinstance(block, TextBlock):
            if not block.parts:
                yield block.text
        elif isinstance(block, ThinkingBlock):
            if block.redacted is not None:
                yield f"(thinking, sealed) {block.redacted}"
            elif block.signature is not None:
                yield f"(thinking) {block.text}"
        elif isinstance(block, ToolUseBlock):
            yield f"(call) {block.name} {json.dumps(block.arguments, ensure_ascii=False)}"
