"""Our request as the body of Gemini's `streamGenerateContent`."""

import re
from collections.abc import Mapping
from typing import Any

from slop_qt.core.conversation import (
    Block,
    Message,
    ModelRequest,
    TextBlock,
    ThinkingBlock,
    ToolResultBlock,
    ToolUseBlock,
)
from slop_qt.core.errors import ProviderError

__all__ = ["check_model", "count_body", "made_up_id", "request_body", "stable_body"]

_MODEL = re.compile(r"[A-Za-z0-9][\w.:@-]*(/[\w:@-][\w.:@-]*)*", re.ASCII)
_MADE_UP = "unnamed-"
_LEAST_THINKING = 512  # of the models whose thinking has a least budget, the highest
# The models whose thinking is on unless it is switched off, and that let it be switched off; asking it of another is
# an error, or means something else.
_CAN_STOP_THINKING = re.compile(r"(models/)?gemini-2\.5-flash")
# Those that think anyhow. What they think is asked for as words: else nothing comes for minutes, as from a dead server.
_ALWAYS_THINKS = re.compile(r"(models/)?gemini-(2\.5-pro|[3-9]|\d\d)")


def check_model(model: str) -> None:
    """Raises ProviderError where that cannot be the name of a model: it is a part of the address."""
    if not _MODEL.fullmatch(model) or ".." in model:
        raise ProviderError(f"{model!r} cannot be the name of a Gemini model.", "Write it like gemini-2.5-flash.")


def made_up_id(number: int) -> str:
    """The id of a call to which the model gave none, the number-th of its answer. It is never sent."""
    return f"{_MADE_UP}{number}"


def request_body(request: ModelRequest, *, cache: str = "") -> dict[str, Any]:
    """All of the body, as the API documents it; schemas and conversation are shared with the request, not copied.

    With the name of a cache that holds `stable_body`, all but that: the API takes no system prompt and no tools then.
    """
    messages, token = _paused(request.messages)
    if cache:
        body: dict[str, Any] = {
            "cachedContent": cache,
            "contents": _contents(request, messages[request.stable_messages :]),
        }
    else:
        body = {"contents": _contents(request, messages), **_instructions(request)}
    body["generationConfig"] = _generation(request)
    if token is not None:
        body["continuationToken"] = token
    return body


def stable_body(request: ModelRequest) -> dict[str, Any]:
    """What is the same in every request of an agent, in the same words: system prompt, tools and stable messages."""
    return {
        "contents": _contents(request, request.messages[: request.stable_messages]),
        **_instructions(request),
    }


def _instructions(request: ModelRequest) -> dict[str, Any]:
    instructions: dict[str, Any] = {}
    if request.system:
        instructions["systemInstruction"] = {"parts": [{"text": request.system}]}
    if request.tools:
        # parametersJsonSchema takes JSON Schema as it is; the older `parameters` refuses much of it.
        declarations = [
            {"name": tool.name, "description": tool.description, "parametersJsonSchema": dict(tool.schema)}
            for tool in request.tools
        ]
        instructions["tools"] = [{"functionDeclarations": declarations}]
    return instructions


def _contents(request: ModelRequest, messages: tuple[Message, ...]) -> list[dict[str, Any]]:
    """Those of the request's messages that have something to send."""
    blocks = (block for message in request.messages for block in message.blocks)
    names = {block.call_id: block.name for block in blocks if isinstance(block, ToolUseBlock)}
    contents = [{"role": _ROLES[message.role], "parts": _parts(message, names)} for message in messages]
    return [content for content in contents if content["parts"]]


def count_body(request: ModelRequest) -> dict[str, Any]:
    """The body of `countTokens`: the whole request, so that system prompt and tools are counted too."""
    body = request_body(request)
    body.pop("continuationToken", None)
    model = request.model if "/" in request.model else f"models/{request.model}"
    # What stands beside the request must be empty: the API takes one or the other.
    return {"contents": [], "generateContentRequest": {"model": model, **body}}


_ROLES = {"user": "user", "assistant": "model"}


def _generation(request: ModelRequest) -> dict[str, Any]:
    generation: dict[str, Any] = {"maxOutputTokens": request.max_output_tokens}
    if request.thinking_tokens:
        # What is thought counts towards maxOutputTokens.
        budget = max(_LEAST_THINKING, min(request.thinking_tokens, request.max_output_tokens - 1))
        generation["thinkingConfig"] = {"includeThoughts": True, "thinkingBudget": budget}
        generation["maxOutputTokens"] = max(request.max_output_tokens, budget + 1)
    elif _CAN_STOP_THINKING.match(request.model):
        generation["thinkingConfig"] = {"thinkingBudget": 0}
    elif _ALWAYS_THINKS.match(request.model):
        generation["thinkingConfig"] = {"includeThoughts": True}
    return generation


def _paused(messages: tuple[Message, ...]) -> tuple[tuple[Message, ...], str | None]:
    """Where the last answer was divided by the server: the request that it answered, and the token to go on with."""
    if messages and messages[-1].role == "assistant":
        for block in messages[-1].blocks:
            if isinstance(block, ThinkingBlock) and block.redacted is not None:
                return messages[:-1], block.redacted
    return messages, None


def _parts(message: Message, names: Mapping[str, str]) -> list[dict[str, Any]]:
    parts = (_part(block, names) for block in message.blocks)
    return [part for part in parts if part is not None]


def _part(block: Block, names: Mapping[str, str]) -> dict[str, Any] | None:
    """None for what the API refuses or has no use for: empty text, and thinking that it has not signed."""
    if isinstance(block, TextBlock):
        return _signed({"text": block.text}, block.signature) if block.text or block.signature else None
    if isinstance(block, ThinkingBlock):
        return _signed({"text": block.text, "thought": True}, block.signature) if block.signature else None
    if isinstance(block, ToolUseBlock):
        arguments = block.arguments if isinstance(block.arguments, dict) else {}
        return _signed({"functionCall": {**_id(block.call_id), "name": block.name, "args": arguments}}, block.signature)
    return {"functionResponse": _response(block, names)}


def _response(block: ToolResultBlock, names: Mapping[str, str]) -> dict[str, Any]:
    """A result is told apart by its name too; the keys of `response` are the API's own."""
    outcome = {"output": block.output} if block.ok else {"error": block.output}
    return {**_id(block.call_id), "name": names.get(block.call_id, block.call_id), "response": outcome}


def _id(call_id: str) -> dict[str, str]:
    return {} if call_id.startswith(_MADE_UP) else {"id": call_id}


def _signed(part: dict[str, Any], signature: str | None) -> dict[str, Any]:
    return part if signature is None else {**part, "thoughtSignature": signature}
