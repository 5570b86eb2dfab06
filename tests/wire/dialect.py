"""What the conformance suite says, in no vendor's words, and what a vendor's dialect must make of it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from loopback import Answer, Received

from slop_qt.core.conversation import Message, ModelRequest, StopReason, TextBlock
from slop_qt.core.ports import Offload, Provider

__all__ = ["CANARY_KEY", "Call", "Counts", "Dialect", "Reply", "Wire", "question"]

# What no message, log line or file may ever contain.
CANARY_KEY = "sk-canary-0123456789"


@dataclass(frozen=True)
class Call:
    """A tool call; its arguments, JSON, in the pieces in which they are sent (a vendor that cannot joins them)."""

    name: str
    pieces: tuple[str, ...]
    call_id: str = "call_1"

    @property
    def arguments(self) -> str:
        return "".join(self.pieces)


@dataclass(frozen=True)
class Counts:
    """Tokens as we count them: input includes both sides of the cache, output includes reasoning.

    cache_write_1h is how many of those written are to be kept for an hour, where the vendor tells.
    """

    input: int = 10
    output: int = 20
    cache_read: int = 0
    cache_write: int = 0
    reasoning: int = 0
    cache_write_1h: int = 0


@dataclass(frozen=True)
class Reply:
    """A model's answer: thinking, text and calls, in this order, text and thinking delta by delta.

    stop is the vendor's own word, None the one that fits. counts is None where the server counts nothing.
    """

    text: tuple[str, ...] = ()
    thinking: tuple[str, ...] = ()
    calls: tuple[Call, ...] = ()
    stop: str | None = None
    counts: Counts | None = Counts()


@dataclass(frozen=True)
class Wire:
    """A reply on the wire: its events, and how many of them make it complete."""

    events: tuple[bytes, ...]
    needed: int

    @property
    def whole(self) -> bytes:
        return b"".join(self.events)


class Dialect(Protocol):
    """One vendor's way to say things. All of it is data or pure.

    Attributes:
        name: the provider's.
        model: one that the price table knows.
        address_variable: where the person sets the address.
        stops: every reason of the vendor's to end an answer well, and ours for it.
        bad_stops: those that are an error of their own, and a word of its message; one that is not known among them.
        cache_writes: whether the vendor counts what it writes to the cache.
        streams_arguments: whether arguments come as raw JSON in pieces, so that they can be broken.
        signature: what comes back with a block of thinking, so that it may be sent back.
        keep_alive: what servers send while they think.
        unknown: an event that must be passed over.
        nonsense: events that no server may send, each by itself, after the beginning of an answer.
    """

    name: str
    model: str
    address_variable: str
    stops: Mapping[str, StopReason]
    bad_stops: Mapping[str, str]
    cache_writes: bool
    streams_arguments: bool
    signature: str | None
    keep_alive: bytes
    unknown: bytes
    nonsense: tuple[bytes, ...]

    def provider(self, base_url: str, offload: Offload, key: str = CANARY_KEY) -> Provider:
        """The adapter, for a server at that address."""
        ...

    def carries_key(self, request: Received) -> bool:
        """Whether the request came with CANARY_KEY, in the vendor's place for it."""
        ...

    def wire(self, reply: Reply) -> Wire:
        """The reply as a stream."""
        ...

    def error_event(self, message: str, *, passing: bool) -> bytes:
        """An error in the middle of an answer; a passing one may be gone at the next try."""
        ...

    def refusal(self, status: int, message: str, **headers: str) -> Answer:
        """An HTTP error as the vendor words it; headers' underscores become dashes."""
        ...

    def overflow(self) -> Answer:
        """The refusal of a conversation that is too long for the model."""
        ...

    def bad_key(self, message: str) -> Answer:
        """The refusal of a key."""
        ...


def question(dialect: Dialect, *, model: str = "") -> ModelRequest:
    """A short request."""
    return ModelRequest(model or dialect.model, "Be brief.", (Message("user", (TextBlock("Hello?"),)),))
