"""How the parts of a request are told to a person: what belongs together as one, each with why it is there."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

from slop_qt.core.context import PartKind
from slop_qt.core.streams import tier_name
from slop_qt.providers.request_meter import HEAD, MeasuredPart, Place

__all__ = ["ToldPart", "shares", "told_parts"]

# Results of tools that have a part each, the last ones: a report goes out twice a turn.
_RESULTS_SHOWN = 100


@dataclass(slots=True)
class ToldPart:
    """A part of the report: what it would be by itself in tokens, and all the places in the request that it is of."""

    kind: PartKind
    label: str
    cached: bool
    reason: str
    weight: float = 0.0
    places: list[Place] = field(default_factory=list)
    turns: list[int] = field(default_factory=list)

    def add(self, part: MeasuredPart, weight: float) -> None:
        """Let it tell of one more."""
        self.weight += weight
        self.places.append(part.place)
        self.turns.append(part.turn)


def told_parts(
    parts: Sequence[MeasuredPart], weights: Sequence[float], *, tier: int, cached_messages: int | None
) -> list[ToldPart]:
    """What was said is one part, and so are the results of tools but for the last hundred.

    cached_messages is how many messages lie inside what the provider is asked to keep, None where it keeps nothing.
    Of what is told as one, that which lies inside is told apart from the rest.
    """
    results = sum(part.kind == "tool_result" for part in parts)
    earlier = max(0, results - _RESULTS_SHOWN)
    first: list[ToldPart] = []
    said: dict[bool, ToldPart] = {}
    older: dict[bool, ToldPart] = {}
    shown: list[ToldPart] = []
    for part, weight in zip(parts, weights, strict=True):
        cached = cached_messages is not None and part.place.message < cached_messages
        if part.kind == "history":
            told = said.setdefault(cached, ToldPart("history", "", cached, ""))
        elif part.kind == "tool_result" and earlier:
            earlier -= 1
            told = older.setdefault(cached, ToldPart("tool_result", "", cached, ""))
        else:
            told = ToldPart(part.kind, part.label, cached, _reason(part, tier))
            (shown if part.kind == "tool_result" else first).append(told)
        told.add(part, weight)
    for told in said.values():
        told.label = _counted(len(told.places), "message")
        told.reason = f"What was said in {_turns(told.turns)}: the agent goes on from there."
    for told in older.values():
        told.label = _counted(len(told.places), "earlier result")
        told.reason = f"Results of {_turns(told.turns)}, read by the agent."
    return [*first, *said.values(), *older.values(), *shown]


def _reason(part: MeasuredPart, tier: int) -> str:
    if part.place.message == HEAD:
        return f"{'Tools' if part.kind == 'tools' else 'System prompt'} of {tier_name(tier)}."
    if part.had_tokens:
        return f"Result of turn {part.turn}, left out to make room: it had about {part.had_tokens:,} tokens."
    if part.kind == "tool_result":
        return f"Result of turn {part.turn}, read by the agent."
    return part.reason or "It is the agent's first message."


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _turns(turns: Sequence[int]) -> str:
    first, last = max(1, min(turns)), max(1, *turns)
    return f"turn {first}" if first == last else f"turns {first} to {last}"


def shares(total: int, weights: Sequence[float]) -> list[int]:
    """The total in whole parts that are proportional to the weights and sum exactly to it (largest remainders)."""
    if not weights:
        return []
    whole = sum(weights)
    exact = [total * weight / whole for weight in weights] if whole > 0 else [total / len(weights)] * len(weights)
    floors = [math.floor(part) for part in exact]
    missing = total - sum(floors)
    by_remainder = sorted(range(len(exact)), key=lambda index: floors[index] - exact[index])
    for index in by_remainder[:missing]:
        floors[index] += 1
    return floors
