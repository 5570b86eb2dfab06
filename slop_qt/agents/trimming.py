"""What is left out of a request that would be too large for its model: which, in which order, and what stands there.

The order: results of tools, the oldest first; then outlines of the prompt, the last first. Each makes place for a line
that says what was there and how to read it again. Never: the system prompt, all else of the prompt, what the model and
the person said, and the last two turns. Calls stay with their results, since only what a result says is replaced.

A provider's cache has what a request begins with, and what comes after the first change is read anew. Three things keep
that late and rare. What is left out stays out, so that what came before the next change is the same as ever: the oldest
results are the ones next to those that are lines already. Outlines are a part of the first message: before any of them
everything else goes, and the last one breaks the least. And once something must go, as much goes as makes the next time
far: down to LOW_WATER of the room. With 2,000 tokens a turn and room for 150,000, a turn's input costs 71,000 tokens'
worth where only what must goes (its prefix breaks every second turn, cache reads at a tenth of the price, writes at
five quarters), 22,000 with 0.8, 16,800 with 0.6 (it breaks every 22 turns) and 15,600 with 0.5: below 0.6 more is
forgotten than is saved.
"""

import json
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from slop_qt.core.conversation import Block, Message, TextBlock, ToolResultBlock, ToolUseBlock
from slop_qt.core.prompt import PromptPart
from slop_qt.providers.request_meter import Place

__all__ = ["LOW_WATER", "LeftOut", "Trimmed", "Weights", "trim"]

LOW_WATER = 0.6

_TURNS_KEPT = 2
# What a person said cannot be read again.
_NEVER = frozenset({"ask_user"})
# Calls that only read: to make them again shows the same.
_READS = frozenset({"read_file", "list_directory", "search_text"})
_WORDS = 160  # characters of a call's arguments that a line repeats


@dataclass(frozen=True, slots=True)
class Weights:
    """What things are in tokens, each by itself: results and parts of the prompt by their place, any text by itself."""

    at: Mapping[Place, float]
    of: Callable[[str], float]


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A result or outline that was left out: how many tokens it had, and how many fewer the request has for it."""

    place: Place
    label: str
    had_tokens: int
    saved_tokens: int


@dataclass(frozen=True, slots=True)
class Trimmed:
    """The messages that are sent instead, what was left out of them, and how many tokens the request has then."""

    messages: tuple[Message, ...]
    left_out: tuple[LeftOut, ...]
    tokens: int


@dataclass(frozen=True, slots=True)
class _Candidate:
    """Something that may be left out, and what stands there then."""

    left_out: LeftOut
    line: str


def trim(messages: Sequence[Message], tokens: int, *, room: int, weights: Weights) -> Trimmed:
    """Leave out what must be, of the messages of a request that has so many tokens, and may have as many as room.

    Nothing where it fits. Where all that may go is not enough, all of that goes, and tokens is still more than room.
    Takes time for every message, and for every line that is written.
    """
    if tokens <= room:
        return Trimmed(tuple(messages), (), tokens)
    low = int(room * LOW_WATER)
    chosen: list[_Candidate] = []
    # Outlines go only where the request would not fit at all: their end breaks the prefix where it begins.
    for candidates, enough in ((_results(messages, weights), low), (_outlines(messages, weights), room)):
        if tokens <= enough:
            continue
        for candidate in candidates:
            if tokens <= low:
                break
            chosen.append(candidate)
            tokens -= candidate.left_out.saved_tokens
    return Trimmed(_replaced(messages, chosen), tuple(candidate.left_out for candidate in chosen), tokens)


def _results(messages: Sequence[Message], weights: Weights) -> Iterator[_Candidate]:
    """Results of tools before the last two turns, the oldest first."""
    answers = [at for at, message in enumerate(messages) if message.role == "assistant"]
    if len(answers) <= _TURNS_KEPT:
        return
    uses: dict[str, ToolUseBlock] = {}
    for at, message in enumerate(messages[: answers[-_TURNS_KEPT]]):
        for number, block in enumerate(message.blocks):
            if isinstance(block, ToolUseBlock):
                uses[block.call_id] = block
            elif isinstance(block, ToolResultBlock) and not block.had_tokens:
                use = uses.get(block.call_id)
                if use is not None and use.name not in _NEVER:
                    label, again = _called(use)
                    what = f"the result of {label}"
                    yield from _candidate(Place(at, number), label, what, again, weights)


def _outlines(messages: Sequence[Message], weights: Weights) -> Iterator[_Candidate]:
    """Outlines in the prompt that the person does not want there in any case, the last first."""
    if not messages:
        return
    for number, block in enumerate(messages[0].blocks):
        parts = block.parts if isinstance(block, TextBlock) else ()
        for index in range(len(parts) - 1, -1, -1):
            part = parts[index]
            if part.kind == "outline" and part.again and not part.pinned:
                what = f"the outline of {part.label}"
                yield from _candidate(Place(0, number, index), part.label, what, part.again, weights)


def _candidate(place: Place, label: str, what: str, again: str, weights: Weights) -> Iterator[_Candidate]:
    """It, unless that would save nothing."""
    weight = weights.at.get(place, 0.0)
    had = round(weight)
    line = f"(Left out to make room: {what}, about {had:,} tokens. {again})"
    saved = int(weight - weights.of(line))
    if saved > 0:
        yield _Candidate(LeftOut(place, label, had, saved), line)


def _called(use: ToolUseBlock) -> tuple[str, str]:
    """What a call is called, and how the model would see again what it said."""
    arguments = use.arguments if isinstance(use.arguments, dict) else {}
    words = ", ".join(f"{name} {_word(value)}" for name, value in arguments.items() if value is not None)
    subject = next((str(arguments[name]) for name in ("path", "command", "pattern") if name in arguments), "")
    label = f"{use.name} {subject}".strip()
    plain = len(words) <= _WORDS and words.isprintable()
    label = label if len(label) <= _WORDS and label.isprintable() else use.name
    if use.name in _READS and plain:
        return label, f"Call {use.name} with {words} to see it again." if words else f"Call {use.name} to see it again."
    if use.name in _READS:
        return label, "Make the same call again to see it."
    return label, "Make the same call again only where it may be done twice."


def _word(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _replaced(messages: Sequence[Message], chosen: Iterable[_Candidate]) -> tuple[Message, ...]:
    """The messages with the lines; those in which nothing changed are the same objects."""
    by_block: defaultdict[int, defaultdict[int, list[_Candidate]]] = defaultdict(lambda: defaultdict(list))
    for candidate in chosen:
        message, block, _ = candidate.left_out.place
        by_block[message][block or 0].append(candidate)
    kept = list(messages)
    for at, candidates in by_block.items():
        blocks = list(kept[at].blocks)
        for number, here in candidates.items():
            blocks[number] = _without(blocks[number], here)
        kept[at] = replace(kept[at], blocks=tuple(blocks))
    return tuple(kept)


def _without(block: Block, candidates: Sequence[_Candidate]) -> Block:
    if isinstance(block, ToolResultBlock):
        [candidate] = candidates
        return replace(block, output=candidate.line, had_tokens=candidate.left_out.had_tokens)
    assert isinstance(block, TextBlock)
    parts = list(block.parts)
    for candidate in candidates:
        index = candidate.left_out.place.part
        assert index is not None
        parts[index] = _short(parts[index], candidate)
    return replace(block, text="".join(part.text for part in parts), parts=tuple(parts))


def _short(part: PromptPart, candidate: _Candidate) -> PromptPart:
    """The line in the part's place, with the blank lines around it; it is never left out a second time."""
    text = part.text
    before = text[: len(text) - len(text.lstrip("\n"))]
    after = text[len(text.rstrip("\n")) :]
    reason = f"Left out to make room: it had about {candidate.left_out.had_tokens:,} tokens."
    return replace(part, text=f"{before}{candidate.line}{after}", reason=reason, again="")
