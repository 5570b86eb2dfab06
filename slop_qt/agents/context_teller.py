"""Says what each request of an agent is made of: counted before it is sent, and as its answer reported it."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial

from slop_qt.agents.request import AgentRequest, AgentServices
from slop_qt.core.context import CacheReport, CacheState, ContextPart, ContextReport, PartKind
from slop_qt.core.conversation import ModelRequest
from slop_qt.core.events import ContextReported
from slop_qt.core.ports import ProviderSession
from slop_qt.core.usage import Usage
from slop_qt.providers.request_meter import MeasuredPart, MeasuredRequest, RequestMeter
from slop_qt.providers.token_counter import TokenCount

__all__ = ["ContextTeller", "shares"]

# Results of tools that have a part each, the last ones: a report goes out twice a turn.
_RESULTS_SHOWN = 100
# Characters that are measured in the lane; more take more than some milliseconds, and go to the helper pool.
_AT_ONCE = 50_000


@dataclass(frozen=True, slots=True)
class _Share:
    """A part of the report, and what it would be by itself."""

    kind: PartKind
    label: str
    cached: bool
    weight: float


class ContextTeller:
    """Publishes `ContextReported` for one agent, and lets its model's counter learn. Lives in the agent's task.

    caches is whether the provider has a cache.
    """

    def __init__(self, request: AgentRequest, services: AgentServices, *, caches: bool) -> None:
        self._request = request
        self._services = services
        self._counter = services.counters.of(request.choice.provider, request.choice.model)
        self._meter = RequestMeter()
        self._caches = caches
        self._cache: CacheState = "unknown" if caches else "none"
        self._measured: MeasuredRequest | None = None

    async def before(self, session: ProviderSession, request: ModelRequest) -> None:
        """The request is about to be sent: say what it is made of."""
        if self._meter.new_characters(request) > _AT_ONCE:
            measured = await self._services.offload.run(partial(self._meter.measure, request))
        else:
            measured = self._meter.measure(request)
        self._measured = measured
        self._publish(await self._counter.count(session, measured, ask=self._request.limits.count_tokens))

    def at_most(self) -> int:
        """An upper bound of the input of the request that is about to be sent, tokens."""
        assert self._measured is not None, "before was called"
        return self._counter.at_most(self._measured)

    def after(self, usage: Usage | None) -> None:
        """The answer is complete. usage is what it reported; where that has no count there is nothing to say."""
        if self._measured is None or usage is None or not usage.input_tokens:
            return
        self._counter.learn(self._measured, usage.input_tokens)
        if self._caches:
            self._cache = "warm" if usage.cache_read_tokens else "cold"
        self._publish(TokenCount(usage.input_tokens, "provider"))

    def _publish(self, count: TokenCount) -> None:
        assert self._measured is not None
        weighed = list(_gathered(self._measured.parts, self._counter.weigh(self._measured), caches=self._caches))
        tokens = shares(count.tokens, [share.weight for share in weighed])
        parts = tuple(
            ContextPart(kind=share.kind, label=share.label, tokens=number, cached=share.cached)
            for share, number in zip(weighed, tokens, strict=True)
        )
        request, choice = self._request, self._request.choice
        report = ContextReport(
            model=choice.model,
            limit_tokens=self._services.limit_tokens(choice.provider, choice.model) or 0,
            used_tokens=count.tokens,
            measured=count.measured,
            parts=parts,
            cache=CacheReport(state=self._cache, prefix_tokens=sum(part.tokens for part in parts if part.cached)),
        )
        self._services.sink.publish(ContextReported(run_id=request.run_id, stream_id=request.stream_id, report=report))


def _gathered(parts: Sequence[MeasuredPart], weights: Sequence[float], *, caches: bool) -> Iterator[_Share]:
    """Parts as they are told: what was said is one, and so are the results of tools but for the last ones."""
    results = sum(part.kind == "tool_result" for part in parts)
    earlier = max(0, results - _RESULTS_SHOWN)
    older, said = 0.0, 0.0
    messages = 0
    shown: list[_Share] = []
    for part, weight in zip(parts, weights, strict=True):
        if part.kind == "history":
            messages, said = messages + 1, said + weight
        elif part.kind == "tool_result" and earlier:
            earlier, older = earlier - 1, older + weight
        else:
            share = _Share(part.kind, part.label, caches and part.stable, weight)
            if part.kind == "tool_result":
                shown.append(share)
            else:
                yield share
    if messages:
        yield _Share("history", "1 message" if messages == 1 else f"{messages} messages", cached=False, weight=said)
    if results > _RESULTS_SHOWN:
        yield _Share("tool_result", f"{results - _RESULTS_SHOWN} earlier results", cached=False, weight=older)
    yield from shown


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
