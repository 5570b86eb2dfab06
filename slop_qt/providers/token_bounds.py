"""How many tokens a request can be at most, whatever the tokenizer: each token holds a byte of its text at least."""

import json
from collections.abc import Iterator

from slop_qt.core.conversation import Block, ModelRequest, TextBlock, ThinkingBlock, ToolResultBlock

__all__ = ["most_input_tokens", "most_output_tokens"]

# What vendors put around the texts, generously: marks of messages and calls, and what they tell a model of tools
# (Anthropic documents some 300 to 800 tokens for that).
_REQUEST = 64
_TOOLS = 1024
_TOOL = 64
_MESSAGE = 32
_BLOCK = 64
# The least that an adapter lets a model think with, where it may think at all, and a token for the answer
# (anthropic_thinking has the highest of them).
_LEAST_WITH_THINKING = 1025


def most_input_tokens(request: ModelRequest) -> int:
    """An upper bound of its input: the UTF-8 bytes of all that is sent, and what is put around them."""
    tools = sum(
        _TOOL + _bytes(tool.name) + _bytes(tool.description) + _bytes(_json(dict(tool.schema)))
        for tool in request.tools
    )
    said = sum(_MESSAGE + sum(map(_block, message.blocks)) for message in request.messages)
    return _REQUEST + _bytes(request.system) + (tools + _TOOLS if request.tools else 0) + said


def most_output_tokens(request: ModelRequest) -> int:
    """An upper bound of its answer, thinking included: what the adapters ask for at most."""
    if not request.thinking_tokens:
        return request.max_output_tokens
    return max(request.max_output_tokens, _LEAST_WITH_THINKING)


def _block(block: Block) -> int:
    return _BLOCK + sum(map(_bytes, _texts(block)))


def _texts(block: Block) -> Iterator[str]:
    if isinstance(block, TextBlock):
        yield block.text
    elif isinstance(block, ThinkingBlock):
        yield from (block.text, block.signature or "", block.redacted or "")
    elif isinstance(block, ToolResultBlock):
        yield from (block.call_id, block.output)
    else:
        yield from (block.call_id, block.name, _json(block.arguments))


def _bytes(text: str) -> int:
    return len(text) if text.isascii() else len(text.encode("utf-8", "surrogatepass"))


def _json(value: object) -> str:
    return json.dumps(value)  # escaped: the longest of the ways in which it may be written out
