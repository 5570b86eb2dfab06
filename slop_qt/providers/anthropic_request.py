"""Our request as a body of Anthropic's Messages API, with the marks that say what is worth caching."""

import itertools
from collections.abc import Iterator
from typing import Any

from slop_qt.core.conversation import (
    Block,
    CacheTtl,
    Message,
    ModelRequest,
    TextBlock,
    ThinkingBlock,
    ToolUseBlock,
)
from slop_qt.providers.anthropic_thinking import thinking_fields

__all__ = ["count_body", "request_body"]

# The API refuses the mark on thinking, and on text that is empty, which is never sent.
_MARKABLE = frozenset({"text", "tool_use", "tool_result"})


def request_body(request: ModelRequest) -> dict[str, Any]:
    """The arguments of `messages.create`, with at most the four marks that the API takes.

    Everything before a mark is cached with it. One stands after tools and system prompt, which are the same for all
    agents of a tier; one after the stable messages, the same in every request of the agent; one at the end of the
    conversation, for the next turn; one where the request before had its end, since from a mark the API looks back no
    further than 20 blocks, and a turn with many tool calls has more. All have the same lifetime: longer ones would have
    to come first. A mark costs nothing, and the API passes it over where what it ends is too short to be cached.
    """
    body: dict[str, Any] = {
        "model": request.model,
        **thinking_fields(request),
        "messages": [_message(message) for message in request.messages],
    }
    if request.tools:
        body["tools"] = [
            {"name": tool.name, "description": tool.description, "input_schema": dict(tool.schema)}
            for tool in request.tools
        ]
    if request.system:
        body["system"] = [{"type": "text", "text": request.system}]
    # Tools come before the system prompt in what the API caches: one mark is enough for both.
    ends = [*(body.get("system") or body.get("tools") or ())[-1:], *_ends(request, body["messages"])]
    for block in ends:
        block["cache_control"] = _mark(request.cache_ttl)
    return body


def count_body(request: ModelRequest) -> dict[str, Any]:
    """The arguments of `messages.count_tokens`: the same request, without what is about its answer."""
    body = request_body(request)
    del body["max_tokens"]
    return body


def _mark(ttl: CacheTtl) -> dict[str, str]:
    """Five minutes is what the API keeps a cache for where nothing is said: what older servers know too."""
    return {"type": "ephemeral"} if ttl == "5m" else {"type": "ephemeral", "ttl": ttl}


def _ends(request: ModelRequest, messages: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """The blocks of the conversation that get a mark; one may come twice."""
    answers = [index for index, message in enumerate(messages) if message["role"] == "assistant"]
    before = answers[-1] if answers else 0
    for length in (request.stable_messages, before, len(messages)):
        blocks = (block for message in reversed(messages[:length]) for block in reversed(message["content"]))
        yield from itertools.islice((block for block in blocks if block["type"] in _MARKABLE), 1)


def _message(message: Message) -> dict[str, Any]:
    blocks = (_block(block) for block in message.blocks)
    return {"role": message.role, "content": [block for block in blocks if block is not None]}


def _block(block: Block) -> dict[str, Any] | None:
    """None for what the API refuses: empty text, and thinking that it has not signed."""
    if isinstance(block, TextBlock):
        return {"type": "text", "text": block.text} if block.text else None
    if isinstance(block, ThinkingBlock):
        if block.redacted is not None:
            return {"type": "redacted_thinking", "data": block.redacted}
        if block.signature is None:
            return None
        return {"type": "thinking", "thinking": block.text, "signature": block.signature}
    if isinstance(block, ToolUseBlock):
        arguments = block.arguments if isinstance(block.arguments, dict) else {}
        return {"type": "tool_use", "id": block.call_id, "name": block.name, "input": arguments}
    result = {"type": "tool_result", "tool_use_id": block.call_id, "content": block.output}
    return result if block.ok else {**result, "is_error": True}
