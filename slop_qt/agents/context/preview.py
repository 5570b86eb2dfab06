"""A request that nobody has sent: what it is made of, why, the exact texts, and what would be left out of it."""

from dataclasses import dataclass

from slop_qt.agents.cache_watch import CacheWatch
from slop_qt.agents.context_room import room_of
from slop_qt.agents.loop import first_message, model_request
from slop_qt.agents.request import AgentRequest
from slop_qt.agents.request_texts import place_text
from slop_qt.agents.told_parts import shares, told_parts
from slop_qt.agents.trimming import Weights, trim
from slop_qt.core.context import CacheReport, ContextPart, ContextReport, Trimming
from slop_qt.core.ports import Provider
from slop_qt.providers.request_meter import RequestMeter
from slop_qt.providers.token_counter import TokenCounter
from slop_qt.tools.registry import ToolRegistry

__all__ = ["Composition", "compose"]


@dataclass(frozen=True, slots=True)
class Composition:
    """The report, and for each of its parts, in their order, the reason and the text to the character.

    The parts are all that belongs to the request; would_trim of the report is what it would be sent without.
    """

    report: ContextReport
    reasons: tuple[str, ...]
    texts: tuple[str, ...]


def compose(
    request: AgentRequest,
    tools: ToolRegistry,
    counter: TokenCounter,
    *,
    limit_tokens: int | None,
    provider: Provider | None,
) -> Composition:
    """The agent's first request, counted without asking anybody. Takes some milliseconds: for the helper pool.

    limit_tokens is what its model takes, None where that is not known. provider is who would be asked, None where it
    cannot be used yet: what it caches is not known then.
    """
    room = room_of(limit_tokens, request.context_tokens, request.limits.max_output_tokens)
    asked = model_request(request, tools, [first_message(request)], room, turn=1)
    measured = RequestMeter().measure(asked)
    count, weights = counter.estimate(measured), counter.weigh(measured)
    cache, cached_messages = CacheReport(state="unknown"), None
    if provider is not None:
        watch = CacheWatch(provider, request.limits.cache_ttl)
        watch.composed(asked, ())
        cache, cached_messages = watch.report(0), watch.cached_messages
    told = told_parts(measured.parts, weights, tier=request.tier, cached_messages=cached_messages)
    parts = tuple(
        ContextPart(kind=part.kind, label=part.label, tokens=tokens, cached=part.cached)
        for part, tokens in zip(told, shares(count.tokens, [part.weight for part in told]), strict=True)
    )
    would_trim: tuple[Trimming, ...] = ()
    if room.input is not None and count.tokens > room.input:
        at = {part.place: weight for part, weight in zip(measured.parts, weights, strict=True)}
        trimmed = trim(asked.messages, count.tokens, room=room.input, weights=Weights(at, counter.weigh_text))
        why = f"Without that it would not fit: it may have {room.input:,} tokens."
        would_trim = tuple(Trimming(label=out.label, tokens=out.saved_tokens, reason=why) for out in trimmed.left_out)
    report = ContextReport(
        model=request.choice.model,
        limit_tokens=room.limit or 0,
        used_tokens=count.tokens,
        measured=count.measured,
        parts=parts,
        would_trim=would_trim,
        cache=cache.model_copy(update={"prefix_tokens": sum(part.tokens for part in parts if part.cached)}),
    )
    texts = tuple("".join(place_text(asked, place) for place in part.places) for part in told)
    return Composition(report, tuple(part.reason for part in told), texts)
