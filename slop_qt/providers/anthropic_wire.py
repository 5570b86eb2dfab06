"""Anthropic's Messages API as it is on the wire: its events as ours."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Protocol

import orjson

from slop_qt.core.conversation import (
    Finished,
    StopReason,
    TextDelta,
    ThinkingBlock,
    ThinkingDelta,
    ThinkingDone,
    ToolCallReceived,
    UsageUpdate,
)
from slop_qt.core.errors import ProviderError
from slop_qt.core.usage import Usage
from slop_qt.providers.decoding import AnswerDecoder
from slop_qt.providers.endpoint import Vendor
from slop_qt.providers.http_failures import OVERFLOW_HINT

__all__ = ["ANTHROPIC", "STOPS", "MessageDecoder"]

ANTHROPIC = Vendor(
    label="Anthropic",
    api="the Messages API",
    key_variable="ANTHROPIC_API_KEY",
    address_variable="ANTHROPIC_BASE_URL",
    base_url="https://api.anthropic.com",
    local_example="http://localhost:8080",
    no_key="Set ANTHROPIC_API_KEY, or enter a key in the settings (for a local server any word will do).",
)

STOPS: dict[str, StopReason] = {
    "end_turn": "end_turn",
    "stop_sequence": "end_turn",
    "tool_use": "tool_use",
    "max_tokens": "max_tokens",
    "refusal": "refusal",
    "pause_turn": "pause",
}

# Errors in an answer that has begun, after which the same request may well succeed.
_PASSING_ERRORS = frozenset({"overloaded_error", "api_error", "rate_limit_error", "timeout_error"})
# Those of them that are for all who send to slow down.
_RATE_ERRORS = frozenset({"overloaded_error", "rate_limit_error"})

# The block that each kind of delta belongs to; other deltas and blocks (citations, server tools) are passed over.
_GROWS_BY = {
    "text_delta": "text",
    "thinking_delta": "thinking",
    "signature_delta": "thinking",
    "input_json_delta": "tool_use",
}


class _Pricing(Protocol):
    """What an answer costs; of the tokens written to the cache some are to be kept for an hour."""

    def __call__(self, usage: Usage, *, cache_write_1h_tokens: int) -> float | None: ...


@dataclass(slots=True)
class _OpenBlock:
    """A content block that is being received: what it started as, and its pieces since."""

    kind: str
    start: dict[str, Any]
    pieces: list[str] = field(default_factory=list)
    signature: list[str] = field(default_factory=list)


class MessageDecoder(AnswerDecoder):
    """One answer of the Messages API."""

    def __init__(self, cost_usd: _Pricing, vendor: Vendor = ANTHROPIC) -> None:
        super().__init__(vendor)
        self._cost_usd = cost_usd
        self._speaking: int | None = None  # the open text block that _words are of
        self._open: dict[int, _OpenBlock] = {}
        self._seen: set[int] = set()
        self._counts: dict[str, int] = {}
        self._stop: str | None = None
        self._handlers: dict[str, Callable[[dict[str, Any]], None]] = {
            "message_start": self._message_start,
            "content_block_start": self._block_start,
            "content_block_delta": self._block_delta,
            "content_block_stop": self._block_stop,
            "message_delta": self._message_delta,
            "message_stop": self._message_stop,
            "error": self._error,
        }

    def _read(self, events: list[bytes]) -> None:
        for data in events:
            if self.finished:
                return
            self._reading = "event"
            event = orjson.loads(data)
            kind = event["type"]
            self._reading = str(kind)
            if kind == "content_block_delta" and event["index"] == self._speaking:
                # Nearly all events are these, and a handler's calls would cost as much as the parsing.
                delta = event["delta"]
                if delta["type"] == "text_delta" and isinstance(delta["text"], str):
                    self._words.append(delta["text"])
                    continue
            handler = self._handlers.get(kind)
            if handler is not None:
                handler(event)

    def _conclude(self) -> None:
        """Never needed: only message_stop makes an answer complete, and that is its end too."""

    def _message_start(self, event: dict[str, Any]) -> None:
        self.begun = True
        self._count(event["message"].get("usage"))

    def _block_start(self, event: dict[str, Any]) -> None:
        index, start = event["index"], event["content_block"]
        if index in self._seen or not isinstance(index, int):
            raise self._nonsense(f"content block {index!r} begins twice")
        self._seen.add(index)
        self.begun = True
        block = self._open[index] = _OpenBlock(start["type"], start)
        if block.kind == "text":
            self._say(TextDelta, start.get("text", ""))
            self._speaking = index
        elif block.kind == "thinking":
            self._grow_thinking(block, start.get("thinking", ""))
            block.signature.append(start.get("signature", ""))

    def _block_delta(self, event: dict[str, Any]) -> None:
        block = self._block(event["index"])
        delta = event["delta"]
        kind = delta["type"]
        if _GROWS_BY.get(kind) != block.kind:
            if kind in _GROWS_BY and block.kind in _GROWS_BY.values():
                raise self._nonsense(f"a {kind} for a block of {block.kind}")
        elif kind == "text_delta":
            self._say(TextDelta, delta["text"])
        elif kind == "input_json_delta":
            self._grow_call(block.pieces, delta["partial_json"])
        elif kind == "thinking_delta":
            self._grow_thinking(block, delta["thinking"])
        else:
            block.signature.append(delta["signature"])

    def _grow_thinking(self, block: _OpenBlock, words: str) -> None:
        self._speaking = None
        self._say(ThinkingDelta, words)
        block.pieces.append(words)

    def _block_stop(self, event: dict[str, Any]) -> None:
        block = self._block(event["index"])
        del self._open[event["index"]]
        self._speaking = None
        whole = "".join(block.pieces)
        if block.kind == "thinking":
            self._emit(ThinkingDone(ThinkingBlock(whole, signature="".join(block.signature) or None)))
        elif block.kind == "redacted_thinking":
            self._emit(ThinkingDone(ThinkingBlock("", redacted=block.start["data"])))
        elif block.kind == "tool_use":
            # No piece at all: what the block began with, which is {} for a tool called without arguments.
            arguments = whole or orjson.dumps(block.start.get("input") or {}).decode()
            call_id, name = block.start["id"], block.start["name"]
            if not (isinstance(call_id, str) and isinstance(name, str)):
                raise self._nonsense("a tool call without id or name")
            self._emit(ToolCallReceived(call_id, name, arguments))

    def _block(self, index: int) -> _OpenBlock:
        block = self._open.get(index)
        if block is None:
            raise self._nonsense(f"content block {index!r} was not begun")
        return block

    def _message_delta(self, event: dict[str, Any]) -> None:
        self._stop = event["delta"].get("stop_reason") or self._stop
        self._count(event.get("usage"))

    def _count(self, usage: dict[str, Any] | None) -> None:
        """The counts are cumulative; input_tokens is without what was read from and written to the cache."""
        given = usage or {}
        self._counts |= {key: value for key, value in given.items() if key in _COUNTED and value is not None}
        for group, key in _COUNTED_APART:
            value = (given.get(group) or {}).get(key)
            if value is not None:
                self._counts[key] = value
        count = self._counts.get
        read, hour = count("cache_read_input_tokens", 0), count("ephemeral_1h_input_tokens", 0)
        written = count("cache_creation_input_tokens", count("ephemeral_5m_input_tokens", 0) + hour)
        total = Usage(
            requests=1,
            input_tokens=count("input_tokens", 0) + read + written,
            output_tokens=count("output_tokens", 0),
            cache_read_tokens=read,
            cache_write_tokens=written,
            reasoning_tokens=count("thinking_tokens", 0),
        )
        # Tokens that nobody counted have no known price.
        cost = self._cost_usd(total, cache_write_1h_tokens=hour) if self._counts else None
        self._emit(UsageUpdate(total.model_copy(update={"cost_usd": cost})))

    def _message_stop(self, _: dict[str, Any]) -> None:
        if self._open:
            raise self._nonsense("it ends inside a content block")
        if self._stop == "model_context_window_exceeded":
            raise ProviderError(
                "The conversation has outgrown the model's context window.", OVERFLOW_HINT, overflow=True
            )
        if self._stop is None:
            raise self._nonsense("it ends without a stop reason")
        if self._stop not in STOPS:
            raise ProviderError(f"The model stopped for the reason {self._stop!r}, which is not known here.")
        self.finished = True
        self._emit(Finished(STOPS[self._stop]))

    def _error(self, event: dict[str, Any]) -> None:
        error = event["error"]
        kind = error.get("type", "error")
        raise ProviderError(
            f"The provider broke off its answer: {error.get('message', '')} ({kind}).",
            retryable=kind in _PASSING_ERRORS,
            rate_limited=kind in _RATE_ERRORS,
        )


_COUNTED = frozenset({"input_tokens", "output_tokens", "cache_read_input_tokens", "cache_creation_input_tokens"})
# Those in an object of their own: what was written to the cache by how long it is kept, and what was thought.
_COUNTED_APART = (
    ("cache_creation", "ephemeral_5m_input_tokens"),
    ("cache_creation", "ephemeral_1h_input_tokens"),
    ("output_tokens_details", "thinking_tokens"),
)
