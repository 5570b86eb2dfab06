"""Each send has a reservation of its own: before its place in the queue, told what is reported, back at its end."""

import asyncio
from collections.abc import Sequence
from contextlib import aclosing
from typing import Any

import pytest
from agent_support import CannedProvider
from virtual_time import run_in_virtual_time

from slop_qt.core.conversation import (
    CacheWritten,
    Finished,
    ModelRequest,
    ProviderEvent,
    RetryNotice,
    TextDelta,
    UsageUpdate,
)
from slop_qt.core.errors import BudgetError, ProviderError
from slop_qt.core.usage import Usage
from slop_qt.providers.retry import stream_with_retries
from slop_qt.providers.throttle import Throttle

REQUEST = ModelRequest("m", "system", ())
BROKEN = ProviderError("It broke.", retryable=True)


def used(number: int) -> Usage:
    return Usage(requests=1, input_tokens=number, cost_usd=float(number))


class Kept:
    """A reservation that keeps what it is told."""

    def __init__(self) -> None:
        self.told: list[Usage] = []
        self.open: bool | None = None

    def __enter__(self) -> "Kept":
        self.open = True
        return self

    def __exit__(self, *_: object) -> None:
        self.open = False

    def spent(self, usage: Usage) -> None:
        assert self.open
        self.told.append(usage)


class Gate:
    """Hands out reservations, each after so many seconds, as long as there are some."""

    def __init__(self, *, after_s: float = 0.0, most: int = 9) -> None:
        self.after_s = after_s
        self.most = most
        self.given: list[Kept] = []

    async def reserve(self) -> Kept:
        await asyncio.sleep(self.after_s)
        if len(self.given) == self.most:
            raise BudgetError("Nothing is left.")
        self.given.append(Kept())
        return self.given[-1]


def sent(gate: Gate, *sends: Sequence[ProviderEvent | Exception], **more: Any) -> Any:
    provider = CannedProvider(*sends)
    throttle = more.pop("throttle", None) or Throttle("canned", clock=asyncio.get_running_loop().time)
    settings: dict[str, Any] = {"sends": 5, "no_progress_s": 10.0, "jitter": lambda: 1.0, **more}
    return stream_with_retries(provider, REQUEST, throttle=throttle, reserve=gate.reserve, **settings)


def test_every_send_sets_aside_anew_and_tells_what_it_reported_last() -> None:
    gate = Gate()

    async def consume() -> None:
        cut = (UsageUpdate(used(1)), TextDelta("a"), BROKEN)
        whole = (UsageUpdate(used(1)), UsageUpdate(used(3)), Finished("end_turn"))
        async with aclosing(sent(gate, cut, whole)) as events:
            async for event in events:
                if isinstance(event, RetryNotice):
                    assert [one.open for one in gate.given] == [False], "nothing is kept while it waits"
        assert [[one.input_tokens for one in kept.told] for kept in gate.given] == [[1], [1, 3]]
        assert [kept.open for kept in gate.given] == [False, False]

    run_in_virtual_time(consume())


def test_a_cache_that_was_made_for_it_is_added() -> None:
    gate = Gate()

    async def consume() -> None:
        events = sent(gate, (CacheWritten(used(100)), UsageUpdate(used(1)), UsageUpdate(used(5)), Finished("end_turn")))
        async with aclosing(events):
            assert [type(event) async for event in events][-1] is Finished
        (kept,) = gate.given
        assert [(one.requests, one.input_tokens) for one in kept.told] == [(1, 100), (2, 101), (2, 105)]

    run_in_virtual_time(consume())


def test_waiting_for_the_budget_is_no_lack_of_progress_and_keeps_nobody_from_sending() -> None:
    async def consume() -> None:
        loop = asyncio.get_running_loop()
        throttle = Throttle("canned", clock=loop.time)
        slow, quick = Gate(after_s=1000), Gate()
        answer = (UsageUpdate(used(1)), Finished("end_turn"))

        async def all_of(gate: Gate) -> list[ProviderEvent]:
            async with aclosing(sent(gate, answer, throttle=throttle)) as events:
                return [event async for event in events]

        waiting = asyncio.create_task(all_of(slow))
        await asyncio.sleep(1)
        assert (throttle.state().in_flight, throttle.state().waiting) == (0, 0)
        assert len(await all_of(quick)) == 2 and loop.time() == 1
        assert [type(event) for event in await waiting] == [UsageUpdate, Finished], "without a notice"

    run_in_virtual_time(consume())


def test_a_wait_for_the_budget_is_cancelled_at_once() -> None:
    async def consume() -> None:
        gate = Gate(after_s=1000)
        events = sent(gate, ())
        waiting = asyncio.create_task(anext(events))
        await asyncio.sleep(5)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        await events.aclose()
        assert asyncio.get_running_loop().time() == 5 and gate.given == []

    run_in_virtual_time(consume())


def test_an_answer_that_is_left_early_gives_back_the_rest() -> None:
    async def consume() -> None:
        gate = Gate()
        async with aclosing(sent(gate, (UsageUpdate(used(1)), TextDelta("a"), TextDelta("b")))) as events:
            await anext(events)
        (kept,) = gate.given
        assert (kept.open, [one.input_tokens for one in kept.told]) == (False, [1])

    run_in_virtual_time(consume())


def test_what_is_not_covered_is_not_sent_nor_sent_again() -> None:
    async def consume() -> None:
        gate = Gate(most=1)
        with pytest.raises(BudgetError, match="Nothing is left"):
            async with aclosing(sent(gate, (BROKEN,))) as events:
                async for _ in events:
                    pass
        assert [kept.open for kept in gate.given] == [False]

    run_in_virtual_time(consume())
