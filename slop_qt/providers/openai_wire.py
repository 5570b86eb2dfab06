"""Chat completions as they are on the wire, at OpenAI and whoever is compatible with it: chunks as our events."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

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
from slop_qt.providers.http_failures import OVERFLOW_HINT, is_rate_limit, says_overflow

__all__ = ["OPENAI", "STOPS", "THINKING_BACK", "ChunkDecoder"]

# Servers that call thinking so take it back, and DeepSeek's refuse a conversation with tools without it. Of the other
# names that it has, nobody can be sure.
THINKING_BACK = "reasoning_content"

OPENAI = Vendor(
    label="OpenAI",
    api="the chat completions API",
    key_variable="OPENAI_API_KEY",
    address_variable="OPENAI_BASE_URL",
    base_url="https://api.openai.com/v1",
    local_example="http://localhost:11434/v1",
    no_key="Set OPENAI_API_KEY, enter a key in the settings, or set OPENAI_BASE_URL to a server that asks for no key.",
)

STOPS: dict[str, StopReason] = {
    "stop": "end_turn",
    "tool_calls": "tool_use",
    "function_call": "tool_use",
    "length": "max_tokens",
    "content_filter": "refusal",
}

# Errors in an answer that has begun, after which the same request would fail again; statuses stand for themselves.
_LASTING_ERRORS = frozenset(
    {"invalid_request_error", "authentication_error", "permission_error", "not_found_error", "insufficient_quota"}
)
_PASSING_STATUSES = frozenset({408, 409, 429})
# Those after which all who send should slow down, in the words of several servers.
_RATE_ERRORS = frozenset({"rate_limit_error", "rate_limit_exceeded", "slow_down", "server_is_overloaded"})

# More calls than this in one answer are a server's mistake.
_MOST_CALLS = 256


@dataclass(slots=True)
class _Call:
    """A tool call that is being received."""

    call_id: str = ""
    name: str = ""
    pieces: list[str] = field(default_factory=list)


class ChunkDecoder(AnswerDecoder):
    """One answer of the chat completions API.

    It is complete with its finish_reason: counts and [DONE] come after that, and not from every server. Tool calls
    are handed on at the end, when all of their pieces are there.
    """

    def __init__(self, cost_usd: Callable[[Usage], float | None], vendor: Vendor = OPENAI) -> None:
        super().__init__(vendor)
        self._cost_usd = cost_usd
        self._thoughts: list[str] = []
        self._thoughts_are: str | None = None  # THINKING_BACK, where they came by that name
        self._calls: list[_Call] = []
        self._places: dict[int, _Call] = {}  # the call that a server's index means
        self._stop: str | None = None
        self._refused = False

    def _read(self, events: list[bytes]) -> None:
        for data in events:
            if self.finished:
                return
            if data == b"[DONE]":
                if self.complete:
                    self._conclude()
                continue
            self._reading = "a chunk"
            chunk = orjson.loads(data)
            if chunk.get("error") or chunk.get("object") == "error":
                self._error(chunk)
            choices = chunk.get("choices")
            if choices:
                self._begin()
                if len(choices) > 1 or choices[0].get("index", 0) != 0:
                    raise self._nonsense("a second answer, where one was asked for")
                self._choice(choices[0])
            elif choices is not None and not isinstance(choices, list):
                raise TypeError("choices that are no list")
            if chunk.get("usage"):
                self._reading = "usage"
                self._begin()
                self._count(chunk["usage"])

    def _begin(self) -> None:
        """From here on this is a request that may cost something: how much is not known, until the server says it."""
        if not self.begun:
            self.begun = True
            self._emit(UsageUpdate(Usage(requests=1)))

    def _choice(self, choice: dict[str, Any]) -> None:
        delta = choice.get("delta") or {}
        returned = delta.get(THINKING_BACK)
        thinking = returned or delta.get("reasoning")
        if thinking:
            self._reading = "thinking"
            self._say(ThinkingDelta, thinking)
            self._thoughts.append(thinking)
            self._thoughts_are = THINKING_BACK if returned else None
        words = delta.get("content") or delta.get("refusal")
        if words:
            self._reading = "text"
            self._close_thinking()
            self._say(TextDelta, words)
            self._refused = self._refused or bool(delta.get("refusal"))
        for piece in delta.get("tool_calls") or ():
            self._reading = "a tool call"
            self._close_thinking()
            self._grow(self._call(piece), piece)
        if choice.get("finish_reason"):
            self._reading = "finish_reason"
            self._finish(choice["finish_reason"])

    def _close_thinking(self) -> None:
        if self._thoughts:
            self._emit(ThinkingDone(ThinkingBlock("".join(self._thoughts), signature=self._thoughts_are)))
            self._thoughts.clear()

    def _call(self, piece: dict[str, Any]) -> _Call:
        """The call that a piece belongs to: by its index, where the server gives one that tells calls apart."""
        call_id, named = piece.get("id"), bool((piece.get("function") or {}).get("name"))
        index = piece.get("index")
        if index is None:
            known = None if named or not self._calls else self._calls[-1]
        elif not isinstance(index, int) or not 0 <= index < _MOST_CALLS:
            raise self._nonsense(f"a tool call with the index {str(index)[:20]}")
        else:
            known = self._places.get(index)
            if known is not None and named and call_id and known.call_id and call_id != known.call_id:
                known = None  # every call has the index 0 there
        if known is None:
            known = _Call()
            self._calls.append(known)
            if len(self._calls) > _MOST_CALLS:
                raise self._nonsense(f"more than {_MOST_CALLS} tool calls")
        if index is not None:
            self._places[index] = known
        return known

    def _grow(self, call: _Call, piece: dict[str, Any]) -> None:
        call_id, function = piece.get("id"), piece.get("function") or {}
        name, arguments = function.get("name") or "", function.get("arguments") or ""
        if isinstance(arguments, dict):
            arguments = orjson.dumps(arguments).decode()
        if not (isinstance(call_id, str | None) and isinstance(name, str) and isinstance(arguments, str)):
            raise TypeError("a tool call whose parts are no strings")
        call.call_id = call.call_id or call_id or ""
        if name != call.name:  # some servers repeat the name with every piece
            call.name += name
        self._grow_call(call.pieces, arguments)

    def _finish(self, reason: str) -> None:
        if reason not in STOPS:
            retryable = reason in {"error", "insufficient_system_resource"}
            raise ProviderError(
                f"The model stopped for the reason {reason!r}, which is not known here."
                if not retryable
                else f"The provider broke off its answer ({reason}).",
                retryable=retryable,
            )
        if any(not call.name for call in self._calls):
            raise self._nonsense("a tool call without a name")
        self._stop = reason
        self.complete = True

    def _conclude(self) -> None:
        self._close_thinking()
        stop = STOPS[self._stop or "stop"]
        if stop == "end_turn":
            # Some servers say `stop` where they call tools; a refusal in words is none of the words it could be.
            stop = "refusal" if self._refused else "tool_use" if self._calls else stop
        if stop == "tool_use":
            self._hand_on_calls()
        self.finished = True
        self._emit(Finished(stop))

    def _hand_on_calls(self) -> None:
        """Each under an id of its own: local servers leave ids out, or give the same one to all."""
        used: set[str] = set()
        for number, call in enumerate(self._calls, 1):
            call_id = call.call_id
            if not call_id or call_id in used:
                call_id = f"call_{number}"
                while call_id in used or any(call_id == other.call_id for other in self._calls):
                    call_id += "_"
            used.add(call_id)
            self._emit(ToolCallReceived(call_id, call.name, "".join(call.pieces) or "{}"))

    def _count(self, usage: dict[str, Any]) -> None:
        """prompt_tokens is all input; a server that counts with every chunk counts up."""
        prompt = usage.get("prompt_tokens_details") or {}
        completion = usage.get("completion_tokens_details") or {}
        read = prompt.get("cached_tokens")
        total = Usage(
            requests=1,
            input_tokens=usage.get("prompt_tokens") or 0,
            output_tokens=usage.get("completion_tokens") or 0,
            cache_read_tokens=(usage.get("prompt_cache_hit_tokens") if read is None else read) or 0,
            cache_write_tokens=prompt.get("cache_write_tokens") or 0,
            reasoning_tokens=completion.get("reasoning_tokens") or 0,
        )
        self._emit(UsageUpdate(total.model_copy(update={"cost_usd": self._cost_usd(total)})))

    def _error(self, chunk: dict[str, Any]) -> None:
        error = chunk.get("error") or chunk
        if not isinstance(error, dict):
            error = {"message": str(error)}
        code, kind, message = (str(error.get(key) or "") for key in ("code", "type", "message"))
        if says_overflow(f"{code} {kind} {message}"):
            raise ProviderError(
                f"The conversation has outgrown the model's context window: {message}", OVERFLOW_HINT, overflow=True
            )
        status = int(code) if code.isdecimal() else 500
        lasting = {kind, code} & _LASTING_ERRORS or (status < 500 and status not in _PASSING_STATUSES)
        raise ProviderError(
            f"The provider broke off its answer: {message} ({kind or code or 'error'}).",
            retryable=not lasting,
            rate_limited=not lasting and (is_rate_limit(status, None) or bool({kind, code} & _RATE_ERRORS)),
        )
