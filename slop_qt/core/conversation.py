"""What goes to a model and what comes back, in no vendor's words.

Everything here is a frozen dataclass: it never leaves the process, and is made once per token burst.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from slop_qt.core.prompt import PromptPart
from slop_qt.core.usage import Usage

__all__ = [
    "Block",
    "CacheHeld",
    "CacheReach",
    "CacheTtl",
    "CacheWritten",
    "Caller",
    "Finished",
    "Message",
    "ModelRequest",
    "ProviderEvent",
    "RetryNotice",
    "StopReason",
    "TextBlock",
    "TextDelta",
    "ThinkingBlock",
    "ThinkingDelta",
    "ThinkingDone",
    "ToolCallGrowing",
    "ToolCallReceived",
    "ToolResultBlock",
    "ToolSpec",
    "ToolUseBlock",
    "UsageUpdate",
]

StopReason = Literal["end_turn", "tool_use", "max_tokens", "refusal", "pause"]

# How long a provider keeps what it has cached after it was last used, where that can be chosen.
CacheTtl = Literal["5m", "1h"]

# How far into a request that reaches which a provider is asked to keep: nowhere, to the end of the stable messages, or
# as far as the request begins like the one before.
CacheReach = Literal["nothing", "stable", "before"]


@dataclass(frozen=True, slots=True)
class TextBlock:
    """Words. signature is the vendor's own and travels back unchanged.

    parts is what a prompt's text is made of: their texts, one after the other, are the text. No vendor sees them.
    """

    text: str
    signature: str | None = None
    parts: tuple[PromptPart, ...] = ()


@dataclass(frozen=True, slots=True)
class ThinkingBlock:
    """A model's thinking. signature and redacted are the vendor's own and travel back unchanged.

    Without either of them it does not travel back. Where a vendor signs nothing and wants its thinking back all the
    same, signature is the name that it has there.
    """

    text: str
    signature: str | None = None
    redacted: str | None = None


@dataclass(frozen=True, slots=True)
class ToolUseBlock:
    """A tool call as the model made it. arguments is whatever strict JSON it sent ({} where that was broken).

    signature is the vendor's own and travels back unchanged.
    """

    call_id: str
    name: str
    arguments: Any
    signature: str | None = None


@dataclass(frozen=True, slots=True)
class ToolResultBlock:
    """What a tool call came to; ok is False for a mistake that the model should repair.

    had_tokens is 0 for the result itself; else output is the line that stands for a result of about so many tokens.
    """

    call_id: str
    output: str
    ok: bool = True
    had_tokens: int = 0


Block = TextBlock | ThinkingBlock | ToolUseBlock | ToolResultBlock


@dataclass(frozen=True, slots=True)
class Message:
    """One turn of the conversation."""

    role: Literal["user", "assistant"]
    blocks: tuple[Block, ...]


@dataclass(frozen=True, slots=True)
class ToolSpec:
    """A tool as a model is told of it; schema is JSON Schema of an object."""

    name: str
    description: str
    schema: Mapping[str, Any] = field(hash=False)


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks. The scripted provider matches on this and on nothing else; the others ignore it.

    track is the track's title; turn is the n-th request of this agent, from 1; a retry has the same turn.
    """

    tier: int
    track: str | None = None
    ticket: str | None = None
    attempt: int = 1
    turn: int = 1


@dataclass(frozen=True, slots=True)
class ModelRequest:
    """One request, complete: a session sends this and adds nothing of its own.

    thinking_tokens is how many of max_output_tokens the model may think with before it answers; 0 asks for no thinking.
    stable_messages is how many messages, from the first one, are the same in every request of this agent: with system
    prompt and tools they are the context that is worth caching. cache_ttl is for how long.
    """

    model: str
    system: str
    messages: tuple[Message, ...]
    tools: tuple[ToolSpec, ...] = ()
    max_output_tokens: int = 16_000
    thinking_tokens: int = 0
    stable_messages: int = 1
    cache_ttl: CacheTtl = "5m"
    caller: Caller = Caller(tier=1)


@dataclass(frozen=True, slots=True)
class TextDelta:
    """The next characters of the answer; with a signature they are a block of their own, and may be none."""

    text: str
    signature: str | None = None


@dataclass(frozen=True, slots=True)
class ThinkingDelta:
    """The next characters of the thinking."""

    text: str


@dataclass(frozen=True, slots=True)
class ThinkingDone:
    """A block of thinking is complete, with what must travel back."""

    block: ThinkingBlock


@dataclass(frozen=True, slots=True)
class ToolCallGrowing:
    """More of a tool call has come, which is handed on when all of it is there. Until then this is all that comes."""


@dataclass(frozen=True, slots=True)
class ToolCallReceived:
    """A complete tool call. arguments_json is raw: who receives it parses it strictly.

    signature is the vendor's own, to travel back with the call.
    """

    call_id: str
    name: str
    arguments_json: str
    signature: str | None = None


@dataclass(frozen=True, slots=True)
class UsageUpdate:
    """What the provider has counted for this response so far; the last one of a response is the one that counts."""

    usage: Usage


@dataclass(frozen=True, slots=True)
class CacheWritten:
    """A cache was made before this answer by a request of its own, which cost this; it is no part of the answer."""

    usage: Usage


@dataclass(frozen=True, slots=True)
class CacheHeld:
    """The server has a cache of its own for what this request begins with, and keeps it for so long, seconds."""

    left_s: float


@dataclass(frozen=True, slots=True)
class Finished:
    """The vendor's terminal event came: the answer is complete. Without it nothing of the answer may be acted on."""

    stop: StopReason


@dataclass(frozen=True, slots=True)
class RetryNotice:
    """The answer so far is void and the identical request will be sent again after wait_s seconds.

    attempt is the number of the send that is about to come. Before the first one nothing has come that could be void:
    it has to wait because requests to the provider are too many, for wait_s seconds and until it is its turn.
    """

    reason: str
    wait_s: float
    attempt: int


ProviderEvent = (
    TextDelta
    | ThinkingDelta
    | ThinkingDone
    | ToolCallGrowing
    | ToolCallReceived
    | UsageUpdate
    | CacheWritten
    | CacheHeld
    | Finished
    | RetryNotice
)
