"""Our request as a body of the chat completions API."""

import hashlib
import json
import re
from collections.abc import Iterator
from typing import Any

from slop_qt.core.conversation import Message, ModelRequest, TextBlock, ThinkingBlock, ToolResultBlock, ToolUseBlock
from slop_qt.providers.effort import effort_for
from slop_qt.providers.openai_wire import THINKING_BACK

__all__ = ["request_body"]


# Since then OpenAI's own models refuse requests with tools in this API unless they are told not to think.
_GPT = re.compile(r"gpt-(\d{1,2})(?:\.(\d{1,2}))?(?![\d.])(?!.*chat)")
_NO_THINKING_WITH_TOOLS_SINCE = (5, 2)


def request_body(request: ModelRequest, *, official: bool) -> dict[str, Any]:
    """The arguments of `chat.completions.create`.

    official is whether OpenAI itself is asked: it takes no max_tokens for the models that think, and the servers that
    are compatible with it know nothing else.
    """
    body: dict[str, Any] = {
        "model": request.model,
        "messages": [wire for message in _conversation(request) for wire in message],
        "stream_options": {"include_usage": True},
        "max_completion_tokens" if official else "max_tokens": request.max_output_tokens,
    }
    if request.tools:
        body["tools"] = [
            {
                "type": "function",
                "function": {"name": tool.name, "description": tool.description, "parameters": dict(tool.schema)},
            }
            for tool in request.tools
        ]
    if official and request.tools and _refuses_to_think(request.model):
        body["reasoning_effort"] = "none"
    elif request.thinking_tokens:
        body["reasoning_effort"] = effort_for(request.thinking_tokens)
    if official:
        body["prompt_cache_key"] = _cache_key(request.system, body.get("tools"))
    return body


def _refuses_to_think(model: str) -> bool:
    match = _GPT.match(model)
    return match is not None and (int(match[1]), int(match[2] or 0)) >= _NO_THINKING_WITH_TOOLS_SINCE


def _cache_key(system: str, tools: list[dict[str, Any]] | None) -> str:
    """OpenAI caches by itself, and sends requests with the same key to where their beginning may be cached already.

    So it is the same for all agents that begin alike: those of one tier. It tells nothing of what they begin with.
    """
    beginning = json.dumps([system, tools], sort_keys=True)
    return hashlib.sha256(beginning.encode("ascii")).hexdigest()[:32]


def _conversation(request: ModelRequest) -> Iterator[Iterator[dict[str, Any]]]:
    if request.system:
        yield iter([{"role": "system", "content": request.system}])
    for message in request.messages:
        yield _answered(message) if message.role == "assistant" else _asked(message)


def _asked(message: Message) -> Iterator[dict[str, Any]]:
    """Results of tools first: they must follow the calls at once."""
    for block in message.blocks:
        if isinstance(block, ToolResultBlock):
            # The API has no mark for results that are errors.
            content = block.output if block.ok else f"Error: {block.output}"
            yield {"role": "tool", "tool_call_id": block.call_id, "content": content}
    words = _text(message)
    if words:
        yield {"role": "user", "content": words}


def _answered(message: Message) -> Iterator[dict[str, Any]]:
    """Thinking travels back where the server has called it so; the API itself takes none."""
    calls = [
        {
            "id": block.call_id,
            "type": "function",
            "function": {"name": block.name, "arguments": _arguments(block.arguments)},
        }
        for block in message.blocks
        if isinstance(block, ToolUseBlock)
    ]
    thoughts = [
        block.text for block in message.blocks if isinstance(block, ThinkingBlock) and block.signature == THINKING_BACK
    ]
    wire: dict[str, Any] = {"role": "assistant", "content": _text(message)}
    if thoughts:
        wire[THINKING_BACK] = "".join(thoughts)
    yield {**wire, "tool_calls": calls} if calls else wire


def _text(message: Message) -> str:
    return "\n\n".join(block.text for block in message.blocks if isinstance(block, TextBlock) and block.text)


def _arguments(arguments: Any) -> str:
    """JSON of an object: the templates of local servers read it again, and know nothing else."""
    return json.dumps(arguments if isinstance(arguments, dict) else {}, ensure_ascii=False, separators=(",", ":"))
