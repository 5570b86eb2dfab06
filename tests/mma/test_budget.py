"""The budget's door: waits in any loop, cancelled at any moment, and what was set aside comes back."""

import asyncio
import threading
from collections.abc import AsyncIterator
from typing import Any

import pytest
from agent_support import WAIT_S, RecordingSink, Threads

from slop_qt.core.approvals import Mode
from slop_qt.core.budgets import BudgetLimits, BudgetScope, SpendAsk, WorstCase
from slop_qt.core.errors import BudgetError
from slop_qt.core.state import RunState, UsageKey
from slop_qt.core.usage import Usage
from slop_qt.mma.budget import Budget, spent_by_day, today


def ask(tokens: int, run: str = "R", stream: str = "Tier 3: A") -> SpendAsk:
    return SpendAsk(run, stream, "A", "anthropic", "claude", tokens, 0)


def cents(wanted: SpendAsk) -> WorstCase:
    """A hundredth of a dollar for each token."""
    return WorstCase(wanted.input_tokens / 100, wanted.input_tokens)


class Limited:
    """A budget of one run, with what it says."""

    def __init__(self, offload: Threads) -> None:
        self.sink = RecordingSink()
        self.limits = BudgetLimits()
        self.day = "2026-11-27"
        self.budget = Budget(
            sink=self.sink,
            offload=offload,
            worst_case=cents,
            limits=lambda: self.limits,
            spent={},
            day=lambda: self.day,
        )
        self._changed = asyncio.Event()
        loop = asyncio.get_running_loop()
        self.budget.listen(lambda: loop.call_soon_threadsafe(self._changed.set))

    def begin(self, usd: float | None = None, tokens: int | None = None) -> None:
        self.budget.begin("R", usd, tokens)

    @property
    def run(self) -> BudgetScope:
        scope = self.budget.run_scope("R")
        assert scope is not None
        return scope

    async def until_waiting(self, count: int) -> None:
        async with asyncio.timeout(WAIT_S):
            while len(self.budget.waiting("R")) != count:
                self._changed.clear()
                if len(self.budget.waiting("R")) != count:
                    await self._changed.wait()

    def wait_for(self, tokens: int) -> "asyncio.Task[Any]":
        return asyncio.create_task(self.budget.reserve(ask(tokens)))


@pytest.fixture
async def limited() -> AsyncIterator[Limited]:
    offload = Threads()
    yield Limited(offload)
    offload.close()


async def test_what_was_reported_last_is_spent_and_the_rest_comes_back(limited: Limited) -> None:
    limited.begin(usd=1.0)
    with await limited.budget.reserve(ask(60)) as reservation:
        assert (limited.run.reserved_usd, limited.run.spent_usd) == (0.6, 0.0)
        reservation.spent(Usage(requests=1, input_tokens=5, cost_usd=0.05))
        reservation.spent(Usage(requests=1, input_tokens=5, output_tokens=2, cost_usd=0.07))
    assert (limited.run.reserved_usd, limited.run.spent_usd, limited.run.spent_tokens) == (0.0, 0.07, 7)
    with pytest.raises(RuntimeError), await limited.budget.reserve(ask(60)):
        raise RuntimeError("nothing was sent")
    assert (limited.run.reserved_usd, limited.run.spent_usd) == (0.0, 0.07)


async def test_who_waits_is_let_through_when_something_comes_back(limited: Limited) -> None:
    limited.begin(tokens=100)
    first = await limited.budget.reserve(ask(60))
    second = limited.wait_for(60)
    await limited.until_waiting(1)
    assert limited.budget.stuck("R") is None, "the first may leave something"
    with first:
        first.spent(Usage(requests=1, input_tokens=40))
    with await second:
        assert (limited.run.spent_tokens, limited.run.reserved_tokens) == (40, 60)


async def test_who_waits_in_vain_is_stuck_until_the_limit_is_raised(limited: Limited) -> None:
    limited.begin(tokens=50)
    task = limited.wait_for(60)
    await limited.until_waiting(1)
    stuck = limited.budget.stuck("R")
    assert stuck is not None and stuck.shortage is not None and stuck.shortage.hopeless
    limited.budget.limit("R", None, 60)
    with await task:
        assert limited.budget.waiting("R") == []


async def test_a_cancelled_wait_leaves_nothing_behind_and_lets_the_next_one_through(limited: Limited) -> None:
    limited.begin(tokens=100)
    with await limited.budget.reserve(ask(60)):
        large = limited.wait_for(90)
        await limited.until_waiting(1)
        small = limited.wait_for(30)
        await limited.until_waiting(2)
        large.cancel()
        with pytest.raises(asyncio.CancelledError):
            await large
        with await small:
            assert limited.run.reserved_tokens == 90
    assert limited.run.reserved_tokens == 0


async def test_who_is_cancelled_in_the_moment_of_its_turn_gives_it_back(limited: Limited) -> None:
    limited.begin(tokens=100)
    first = await limited.budget.reserve(ask(100))
    second, third = limited.wait_for(100), limited.wait_for(100)
    await limited.until_waiting(2)
    with first:
        pass
    second.cancel()  # its turn has come, and it has not heard of it
    with pytest.raises(asyncio.CancelledError):
        await second
    with await third:
        assert limited.run.reserved_tokens == 100
    assert limited.run.reserved_tokens == 0


async def test_a_loop_that_has_closed_meanwhile_keeps_nothing(limited: Limited) -> None:
    limited.begin(tokens=100)
    first = await limited.budget.reserve(ask(100))
    waits = threading.Event()
    asking = limited.budget.reserve(ask(100))

    def lane() -> None:
        loop = asyncio.new_event_loop()
        task = loop.create_task(asking)
        while not limited.budget.waiting("R"):
            loop.run_until_complete(asyncio.wait({task}, timeout=0.001))
        task._log_destroy_pending = False  # type: ignore[attr-defined]  # what no lane does: it is left in the middle
        loop.close()
        waits.set()

    thread = threading.Thread(target=lane)
    thread.start()
    await asyncio.to_thread(waits.wait, WAIT_S)
    thread.join(WAIT_S)
    second = limited.wait_for(100)
    await limited.until_waiting(2)
    with first:
        pass
    with await asyncio.wait_for(second, WAIT_S):
        assert limited.run.reserved_tokens == 100
    asking.close()
    assert limited.run.reserved_tokens == 0


async def test_planning_does_not_wait(limited: Limited) -> None:
    limited.limits = BudgetLimits(day_tokens=100)
    limited.budget.begin("P", planning=True)
    with await limited.budget.reserve(ask(80, "P")), pytest.raises(BudgetError) as caught:
        await limited.budget.reserve(ask(30, "P", "Tier 1"))
    assert caught.value.message == (
        "The budget does not cover the next request of Tier 1: this request may take up to 30 tokens, and 20 of 100 "
        "tokens are left for today."
    )
    assert "day_tokens under [budget]" in caught.value.hint
    assert limited.budget.day_scope().reserved_tokens == 0


async def test_a_run_that_ends_lets_nobody_wait(limited: Limited) -> None:
    limited.begin(tokens=10)
    task = limited.wait_for(20)
    await limited.until_waiting(1)
    limited.budget.end("R")
    with pytest.raises(BudgetError, match="has ended"):
        await task


async def test_the_next_day_has_a_budget_of_its_own(limited: Limited) -> None:
    limited.limits = BudgetLimits(day_tokens=100)
    limited.begin()
    with await limited.budget.reserve(ask(70)) as reservation:
        reservation.spent(Usage(requests=1, input_tokens=70))
    task = limited.wait_for(70)
    await limited.until_waiting(1)
    limited.day = "2026-11-28"
    limited.budget.look_again()
    with await task:
        assert (limited.budget.day_scope().spent_tokens, limited.run.spent_tokens) == (0, 70)


async def test_a_response_that_costs_more_than_was_set_aside_is_counted_and_said(limited: Limited) -> None:
    limited.begin(tokens=100)
    with await limited.budget.reserve(ask(10)) as reservation:
        reservation.spent(Usage(requests=1, input_tokens=12))
    assert limited.run.spent_tokens == 12
    (fault,) = limited.sink.of("fault")
    assert (fault.run_id, fault.where) == ("R", "budget")
    assert fault.message == (
        "A response of claude to Tier 3: A came to 12 tokens, and 10 had been set aside for it. It is counted in full."
    )


def test_what_an_earlier_process_has_spent_is_told_by_day() -> None:
    run = RunState("R", "t", Mode.ASK, 1, None, "failed", "2026-11-27T00:00:00Z")
    run.usage = {
        UsageKey(3, "A", "m", "2026-11-26"): Usage(requests=1, input_tokens=5, cost_usd=0.5),
        UsageKey(3, "A", "m", "2026-11-27"): Usage(requests=1, input_tokens=5, output_tokens=1, cost_usd=0.25),
        UsageKey(4, "A", "n", "2026-11-27"): Usage(requests=3, input_tokens=7),
    }
    days = spent_by_day([run, run])
    assert (days["2026-11-26"].usd, days["2026-11-27"].usd) == (1.0, 0.5)
    assert (days["2026-11-27"].tokens, days["2026-11-27"].unpriced) == (26, 6)
    assert len(today()) == 10
