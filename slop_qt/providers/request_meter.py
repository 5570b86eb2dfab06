"""A request as parts that are measured once: their features, and hashes by which requests are told apart."""

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from slop_qt.core.context import PartKind
from slop_qt.core.conversation import (
    Block,
    Message,
    ModelRequest,
    TextBlock,
    ThinkingBlock,
    ToolResultBlock,
    ToolSpec,
    ToolUseBlock,
)
from slop_qt.providers.token_features import NOTHING, Features, added, structure, text_features

__all__ = ["HEAD", "MeasuredPart", "MeasuredRequest", "Place", "RequestMeter"]

_PER_MESSAGE = structure("messages")
_PER_CALL = structure("tool calls and results")
_PER_TOOL = structure("tools")
_PER_REQUEST = structure("requests")
# Of a tool's arguments, which says best what it was used on.
_SUBJECTS = ("path", "command", "pattern", "query", "name")
_LABEL = 80  # characters
HEAD = -1  # where system prompt and tools are, before the first message


class Place(NamedTuple):
    """Where a part is: in which message, and there in which block.

    block is None for what a message says by itself, and part the place among a prompt's parts. Of what comes before the
    first message, block 0 is the system prompt and 1 the tools.
    """

    message: int
    block: int | None = None
    part: int | None = None


@dataclass(frozen=True, slots=True)
class MeasuredPart:
    """A part of a request.

    turn is the agent's answer that it is, or came after, from 1; 0 is what comes before the first one. reason says why
    a prompt's part is there. had_tokens is as a ToolResultBlock has it.
    """

    kind: PartKind
    label: str
    features: Features
    place: Place
    turn: int = 0
    reason: str = ""
    had_tokens: int = 0


@dataclass(frozen=True, slots=True)
class MeasuredRequest:
    """A request with its parts, in their order.

    digests and totals have an entry for the request without messages, and one for each message with all before it:
    the hash and the sum of the features so far.
    """

    request: ModelRequest
    parts: tuple[MeasuredPart, ...]
    digests: tuple[bytes, ...]
    totals: tuple[Features, ...]

    @property
    def digest(self) -> bytes:
        """The hash of all of it."""
        return self.digests[-1]

    @property
    def features(self) -> Features:
        """The features of all of it."""
        return self.totals[-1]


@dataclass(frozen=True, slots=True)
class _Measured:
    """Something that was measured, and is not measured again while it is the same object."""

    parts: tuple[MeasuredPart, ...]
    digest: bytes
    total: Features
    turn: int = 0


class RequestMeter:
    """Measures the requests of one agent, each message once however often it is sent. Lives in the agent's task."""

    def __init__(self) -> None:
        self._head_of: tuple[str, str, int, tuple[ToolSpec, ...]] | None = None
        self._head = _Measured((), b"", NOTHING)
        self._messages: list[Message] = []
        self._measured: list[_Measured] = []
        self._used_on: dict[str, str] = {}
        self._put_aside: dict[int, tuple[Message, _Measured]] = {}

    def new_characters(self, request: ModelRequest) -> int:
        """How much `measure` would have to read, but for system prompt and tools."""
        return sum(map(_characters, request.messages[_same(self._messages, request.messages) :]))

    def measure(self, request: ModelRequest) -> MeasuredRequest:
        """The request in parts. Costs what is new in it."""
        head_of = (request.model, request.system, request.thinking_tokens, request.tools)
        if head_of != self._head_of:
            self._head_of, self._head = head_of, _measure_head(request)
            self._forget_from(0)
        same = _same(self._messages, request.messages)
        self._forget_from(same)
        for message in request.messages[same:]:
            self._add(message)
        self._put_aside.clear()
        chain = (self._head, *self._measured)
        return MeasuredRequest(
            request,
            tuple(part for measured in chain for part in measured.parts),
            tuple(measured.digest for measured in chain),
            tuple(measured.total for measured in chain),
        )

    def _forget_from(self, index: int) -> None:
        """What comes after something that changed has another hash, and what it is made of is measured already."""
        for at in range(index, len(self._messages)):
            self._put_aside[id(self._messages[at])] = self._messages[at], self._measured[at]
        del self._messages[index:], self._measured[index:]

    def _add(self, message: Message) -> None:
        before = self._measured[-1] if self._measured else self._head
        turn = before.turn + (message.role == "assistant")
        known = self._put_aside.get(id(message))
        if known is not None and known[1].turn == turn and known[1].parts[0].place.message == len(self._messages):
            parts = known[1].parts
        else:
            parts = tuple(self._parts(message, len(self._messages), turn))
        digest = hashlib.sha256(before.digest)
        for piece in _rendered(message):
            digest.update(piece)
        total = added((before.total, *(part.features for part in parts)))
        self._messages.append(message)
        self._measured.append(_Measured(parts, digest.digest(), total, turn))

    def _parts(self, message: Message, at: int, turn: int) -> Iterator[MeasuredPart]:
        """What is said is one part, but for a prompt that has parts of its own, and every result another."""
        words: list[Features] = [_PER_MESSAGE]
        results: list[MeasuredPart] = []
        prompt: list[MeasuredPart] = []
        for number, block in enumerate(message.blocks):
            if isinstance(block, ToolUseBlock):
                self._used_on[block.call_id] = _label(block)
            if isinstance(block, ToolResultBlock):
                label = self._used_on.get(block.call_id, block.call_id)
                features = added((_PER_CALL, text_features(block.output)))
                place = Place(at, number)
                part = MeasuredPart("tool_result", label, features, place, turn, had_tokens=block.had_tokens)
                results.append(part)
            elif isinstance(block, TextBlock) and block.parts:
                prompt.extend(_prompt_parts(block, at, number, turn))
            else:
                words.append(_block_features(block))
        others = [*prompt, *results]
        if len(words) == 1 and others:
            others[0] = replace(others[0], features=added((others[0].features, _PER_MESSAGE)))
        elif not at:
            yield MeasuredPart("prompt", "First message", added(words), Place(at), turn)
        elif message.role == "assistant":
            yield MeasuredPart("history", "Answer", added(words), Place(at), turn)
        else:
            yield MeasuredPart("history", "Message", added(words), Place(at), turn)
        yield from others


def _prompt_parts(block: TextBlock, at: int, number: int, turn: int) -> Iterator[MeasuredPart]:
    for index, part in enumerate(block.parts):
        place = Place(at, number, index)
        yield MeasuredPart(part.kind, part.label, text_features(part.text), place, turn, part.reason)


def _same(known: Sequence[Message], given: Sequence[Message]) -> int:
    """How many messages from the first one are the same objects; an agent's history only grows."""
    for index, (one, other) in enumerate(zip(known, given, strict=False)):
        if one is not other:
            return index
    return min(len(known), len(given))


def _measure_head(request: ModelRequest) -> _Measured:
    digest = hashlib.sha256(_bytes(json.dumps([request.model, request.thinking_tokens, request.system])))
    system = added((_PER_REQUEST, text_features(request.system)))
    parts = [MeasuredPart("system", "System prompt", system, Place(HEAD, 0))]
    tools = []
    for tool in request.tools:
        rendered = f"{tool.name}\n{tool.description}\n{_json(dict(tool.schema))}"
        digest.update(_framed(rendered))
        tools.append(added((_PER_TOOL, structure("characters of tools", float(len(rendered))))))
    if tools:
        parts.append(MeasuredPart("tools", f"{len(tools)} tools", added(tools), Place(HEAD, 1)))
    return _Measured(tuple(parts), digest.digest(), added(part.features for part in parts))


def _block_features(block: TextBlock | ThinkingBlock | ToolUseBlock) -> Features:
    if isinstance(block, TextBlock):
        return text_features(block.text)
    if isinstance(block, ToolUseBlock):
        return added((_PER_CALL, text_features(f"{block.name}\n{_json(block.arguments)}")))
    # Thinking without a vendor's mark stays here; how much of the rest is counted, its answers will tell.
    if block.signature is None and block.redacted is None:
        return NOTHING
    return structure("characters of thinking", float(len(block.text) + len(block.redacted or "")))


def _characters(message: Message) -> int:
    return sum(
        len(block.output) if isinstance(block, ToolResultBlock) else len(block.text)
        for block in message.blocks
        if not isinstance(block, ToolUseBlock)
    )


def _label(block: ToolUseBlock) -> str:
    """The tool, and what it was used on."""
    given = block.arguments if isinstance(block.arguments, dict) else {}
    subject = next((given[name] for name in _SUBJECTS if isinstance(given.get(name), str)), "")
    label = " ".join(f"{block.name} {subject}".split())
    return label if len(label) <= _LABEL else f"{label[: _LABEL - 1]}…"


def _rendered(message: Message) -> Iterator[bytes]:
    """Everything of it that is sent, so that no two messages give the same."""
    yield _framed(message.role)
    for block in message.blocks:
        yield from map(_framed, _fields(block))


def _fields(block: Block) -> tuple[str, ...]:
    if isinstance(block, TextBlock):
        return "text", block.text, block.signature or ""
    if isinstance(block, ThinkingBlock):
        return "thinking", block.text, block.signature or "", block.redacted or ""
    if isinstance(block, ToolUseBlock):
        return "use", block.call_id, block.name, _json(block.arguments), block.signature or ""
    return "result", block.call_id, block.output, str(block.ok)


def _framed(text: str) -> bytes:
    data = _bytes(text)
    return b"%d:%b" % (len(data), data)


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, sort_keys=True)
