"""The deterministic provider: it answers as a scenario file says, with its pace, its usage and its faults."""

import asyncio
import json
import random
import threading
import zlib
from collections import Counter
from collections.abc import AsyncGenerator, Collection, Iterator, Mapping
from dataclasses import asdict
from types import MappingProxyType
from typing import Any

from slop_qt.core.conversation import (
    Block,
    CacheReach,
    CacheTtl,
    Caller,
    Finished,
    ModelRequest,
    ProviderEvent,
    StopReason,
    TextBlock,
    TextDelta,
    ThinkingBlock,
    ThinkingDelta,
    ThinkingDone,
    ToolCallReceived,
    ToolUseBlock,
    UsageUpdate,
)
from slop_qt.core.errors import ProviderError
from slop_qt.core.models import ModelInfo
from slop_qt.core.usage import Usage
from slop_qt.providers.capabilities import Capabilities
from slop_qt.providers.scenario import FaultKind, Scenario, ScriptedFault, ScriptedTurn, ScriptedUsage, match_turn
from slop_qt.providers.throttle import Throttle

__all__ = ["ScriptedProvider", "ScriptedSession"]

# After so many chunks without a pause the loop gets a chance to do something else.
_BURST = 64
# The shortest sleep of a paced stream, seconds: what falls due meanwhile is sent in one burst.
_TICK_S = 0.02
# A slow stream waits between these before every chunk, seconds.
_SLOW_S = (0.05, 0.15)

# Faults after which the answer goes on nevertheless; all others end the send.
_SPOILING: frozenset[FaultKind] = frozenset({"bad_json", "bad_tool_input", "slow"})
# A scenario's words for its ends are ours; tool_use is said by having tools.
_STOPS: Mapping[str, StopReason] = MappingProxyType(
    {"end_turn": "end_turn", "tool_use": "tool_use", "max_tokens": "max_tokens", "refusal": "refusal"}
)
_CHUNKS = (TextDelta, ThinkingDelta, ToolCallReceived)


class ScriptedProvider:
    """Answers from one scenario. Its sessions may live in any threads at once.

    Faults are counted here, per caller: a second send, or a new agent that does the same turn again, finds them used
    up, and every other agent does not.
    """

    name = "scripted"
    capabilities = Capabilities(
        vendor=None,
        key_variables=(),
        keyless="always",
        streams_text=True,
        shows_thinking=True,
        thinking_asked=None,
        returns_thinking=None,
        parallel_calls=True,
        raw_arguments=True,
        stops=_STOPS,
        caching=None,
        cache_ttls=(),
        counts_before=None,
        cache_reads=True,
        cache_writes=True,
        reasoning=True,
        lists=(),
        prices=None,
    )

    def __init__(self, scenario: Scenario) -> None:
        self.throttle = Throttle(self.name, jitter=random.Random(scenario.seed).random)
        self._scenario = scenario
        self._strikes: Counter[Caller] = Counter()
        self._lock = threading.Lock()

    @property
    def caches(self) -> bool:
        """A scenario may say what was read from a cache."""
        return self.capabilities.cache_reads

    @property
    def cache_reach(self) -> CacheReach:
        """A cache that a scenario speaks of has what every request of an agent begins with."""
        return "stable"

    def cache_life_s(self, ttl: CacheTtl) -> float | None:
        """No scenario says how long its cache lives."""
        del ttl
        return None

    def as_sent(self, request: ModelRequest) -> str:
        """As the port says: nothing is sent, so the request in our own words."""
        return json.dumps(asdict(request, dict_factory=_without_parts), ensure_ascii=False, indent=2)

    async def models(self, chosen: Collection[str] = ()) -> tuple[ModelInfo, ...]:
        """As the port says: one, which answers whatever it is called."""
        del chosen
        return (ModelInfo(provider=self.name, name=self.name, source="provider"),)

    async def open(self) -> "ScriptedSession":
        """A new session; there is nothing that could be missing."""
        return ScriptedSession(self, self._scenario)

    def answer(self, caller: Caller) -> tuple[ScriptedTurn, ScriptedFault | None]:
        """The turn that a send gets, and the fault that strikes this send.

        Raises:
            ProviderError: no turn of the scenario matches.
        """
        turn = match_turn(self._scenario, caller)
        if turn is None:
            raise _no_match(self._scenario, caller)
        if turn.fault is None:
            return turn, None
        with self._lock:
            self._strikes[caller] += 1
            return turn, turn.fault if self._strikes[caller] <= turn.fault.times else None


class ScriptedSession:
    """One agent's session, in the loop of its lane."""

    def __init__(self, provider: ScriptedProvider, scenario: Scenario) -> None:
        self._provider = provider
        self._defaults = scenario.defaults
        self._seed = scenario.seed

    async def stream(self, request: ModelRequest) -> AsyncGenerator[ProviderEvent, None]:
        """As the port says. The fault `crash` raises RuntimeError, as a defect of an adapter would.

        Usage so far, thinking, text, tools, usage, the end. A fault after 0 chunks strikes before any of it; one after
        more chunks than there are strikes before the last usage.
        """
        turn, fault = self._provider.answer(request.caller)
        breaking = fault if fault and fault.kind not in _SPOILING else None
        usage = _usage(turn, request)
        pace = _Pace(self._defaults.chunks_per_s, fault, f"{self._seed} {request.caller}")
        chunks = 0
        for event in _events(turn, usage, fault, request.caller, self._defaults.chunk_chars):
            if breaking and chunks == breaking.after_chunks:
                break
            await pace.wait(chunks)
            yield event
            chunks += isinstance(event, _CHUNKS)
        if breaking:
            await _strike(breaking)
        yield UsageUpdate(usage)
        yield Finished(turn.stop_reason)

    async def count(self, _: ModelRequest) -> int | None:
        """Nobody is there to count."""
        return None

    async def aclose(self) -> None:
        """There is no connection to close."""


class _Pace:
    """When the next chunk is due. Times are computed from the start, so that lateness does not add up."""

    def __init__(self, chunks_per_s: float, fault: ScriptedFault | None, seed: str) -> None:
        self._loop = asyncio.get_running_loop()
        self._start = self._loop.time()
        self._period = 1 / chunks_per_s if chunks_per_s else 0.0
        self._slow_from = fault.after_chunks if fault and fault.kind == "slow" else None
        self._seed = seed

    async def wait(self, number: int) -> None:
        """Return when chunk `number` (from 0) may be sent."""
        if self._slow_from is not None and number >= self._slow_from:
            await asyncio.sleep(_slowness(self._seed, number))
            return
        early = self._start + number * self._period - self._loop.time()
        if early > 0:
            await asyncio.sleep(max(early, _TICK_S))
        elif number % _BURST == _BURST - 1:
            await asyncio.sleep(0)


def _slowness(seed: str, number: int) -> float:
    """Seconds of delay, spread evenly over _SLOW_S; the same seed and number always give the same."""
    shortest, longest = _SLOW_S
    return shortest + (longest - shortest) * zlib.crc32(f"{seed} {number}".encode()) / 0xFFFFFFFF


def _events(
    turn: ScriptedTurn, usage: Usage, fault: ScriptedFault | None, caller: Caller, chunk_chars: int
) -> Iterator[ProviderEvent]:
    """All but the end."""
    yield UsageUpdate(usage.model_copy(update={"output_tokens": 0, "reasoning_tokens": 0}))
    for start in range(0, len(turn.thinking), chunk_chars):
        yield ThinkingDelta(turn.thinking[start : start + chunk_chars])
    if turn.thinking:
        yield ThinkingDone(ThinkingBlock(turn.thinking))
    for start in range(0, len(turn.text), chunk_chars):
        yield TextDelta(turn.text[start : start + chunk_chars])
    spoiled = fault.kind if fault else None
    for number, tool in enumerate(turn.tools, 1):
        arguments = json.dumps(tool.input, ensure_ascii=False)
        if number == 1 and spoiled == "bad_json":
            arguments = arguments[:-1]
        elif number == 1 and spoiled == "bad_tool_input":
            arguments = json.dumps({**tool.input, "no_such_field": True}, ensure_ascii=False)
        yield ToolCallReceived(_call_id(caller, number), tool.name, arguments)


def _call_id(caller: Caller, number: int) -> str:
    parts = ("call", f"tier{caller.tier}", caller.ticket, caller.attempt, caller.turn, number)
    return "-".join(str(part) for part in parts if part is not None)


async def _strike(fault: ScriptedFault) -> None:
    """End the send as the fault says: never return."""
    if fault.kind == "hang":
        await asyncio.get_running_loop().create_future()
    failures = {
        "disconnect": "The connection broke before the answer was complete",
        "rate_limit": "The provider refused the request: too many of them (429)",
        "overloaded": "The provider is overloaded (529)",
        "server_error": "The provider failed (500)",
    }
    if fault.kind in failures:
        message = f"{failures[fault.kind]}, as the scenario says."
        raise ProviderError(
            message,
            retryable=True,
            retry_after_s=fault.retry_after_s,
            rate_limited=fault.kind in {"rate_limit", "overloaded"},
        )
    if fault.kind == "auth":
        raise ProviderError(
            "The provider refused the key (401), as the scenario says.", "With a real provider: set a valid key."
        )
    raise RuntimeError("The scripted provider crashed, as the scenario says.")


def _without_parts(fields: list[tuple[str, Any]]) -> dict[str, Any]:
    """What only we know of a prompt is no part of a request."""
    return {name: dict(value) if isinstance(value, Mapping) else value for name, value in fields if name != "parts"}


def _no_match(scenario: Scenario, caller: Caller) -> ProviderError:
    track = f"track {caller.track}, " if caller.track is not None else ""
    ticket = f"ticket {caller.ticket}" if caller.ticket is not None else "no ticket"
    turns = "; ".join(dict.fromkeys(turn.label for turn in scenario.turns))
    return ProviderError(
        f"The scenario has no turn for tier {caller.tier}, {track}{ticket}, attempt {caller.attempt}, "
        f"turn {caller.turn}.",
        f"It has turns for: {turns}. Add one that matches.",
    )


def _usage(turn: ScriptedTurn, request: ModelRequest) -> Usage:
    """As the scenario says, or estimated at four characters a token."""
    given = turn.usage or ScriptedUsage()
    if given.input_tokens is None:
        given = given.model_copy(update={"input_tokens": _tokens(_request_chars(request))})
    if given.output_tokens is None:
        calls = sum(len(tool.name) + len(json.dumps(tool.input)) for tool in turn.tools)
        reasoning = _tokens(len(turn.thinking))
        output = _tokens(len(turn.thinking) + len(turn.text) + calls)
        given = given.model_copy(update={"output_tokens": output, "reasoning_tokens": reasoning})
    return Usage(requests=1, **given.model_dump())


def _tokens(chars: int) -> int:
    return -(-chars // 4)


def _request_chars(request: ModelRequest) -> int:
    tools = sum(len(tool.name) + len(tool.description) + len(json.dumps(tool.schema)) for tool in request.tools)
    return len(request.system) + tools + sum(_block_chars(b) for message in request.messages for b in message.blocks)


def _block_chars(block: Block) -> int:
    if isinstance(block, TextBlock | ThinkingBlock):
        return len(block.text)
    if isinstance(block, ToolUseBlock):
        return len(block.name) + len(json.dumps(block.arguments))
    return len(block.output)
