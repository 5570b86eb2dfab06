"""Sixteen workers in four threads, random answers and faults: no limit is exceeded at any moment."""

import asyncio
import random
import threading
from dataclasses import dataclass, field

import pytest
from agent_support import WAIT_S, RecordingSink

from slop_qt.core.budgets import BudgetLimits, BudgetScope, SpendAsk, WorstCase
from slop_qt.core.errors import BudgetError
from slop_qt.core.usage import Usage
from slop_qt.mma.budget import Budget

LANES, WORKERS, TURNS = 4, 4, 80
DAY = "2026-11-27"


class AtOnce:
    """core.ports.Offload for what is quick."""

    async def run(self, job):
        return job()


def worst(ask: SpendAsk) -> WorstCase:
    tokens = ask.input_tokens + ask.output_tokens
    return WorstCase(tokens / 1000, tokens)


@dataclass
class Simulation:
    """One run with both limits under a day with both; each scope is looked at after each step, in whatever thread."""

    seed: int
    usd: float
    tokens: int
    sink: RecordingSink = field(default_factory=RecordingSink)
    spent: list[Usage] = field(default_factory=list)
    sends: int = 0
    raises: int = 0
    cancelled: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)
    raising: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        self.limits = BudgetLimits(day_usd=self.usd * 1.5, day_tokens=self.tokens * 2)
        self.budget = Budget(
            sink=self.sink,
            offload=AtOnce(),
            worst_case=worst,
            limits=lambda: self.limits,
            spent={},
            day=lambda: DAY,
        )
        self.budget.begin("R", self.usd, self.tokens)
        self.budget.listen(self.look)
        self.wrong: list[BudgetScope] = []

    def look(self) -> None:
        """What Runs does: where all wait in vain somebody raises what is short, a little."""
        self.check()
        with self.lock:
            if self.budget.stuck("R") is None:
                return
            self.raises += 1
            day = self.limits
            assert day.day_usd is not None and day.day_tokens is not None
            self.limits = BudgetLimits(day_usd=day.day_usd + 2.0, day_tokens=day.day_tokens + 2000)
        threading.Thread(target=self.raise_run).start()

    def raise_run(self) -> None:
        """One after another, each from where the limit stands by then: a late one would lower it again."""
        with self.raising:
            run = self.budget.run_scope("R")
            assert run is not None and run.limit_usd is not None and run.limit_tokens is not None
            self.budget.limit("R", run.limit_usd + 2.0, run.limit_tokens + 2000)

    def check(self) -> None:
        for scope in (self.budget.run_scope("R"), self.budget.day_scope()):
            assert scope is not None and scope.limit_usd is not None and scope.limit_tokens is not None
            over_usd = scope.spent_usd + scope.reserved_usd > scope.limit_usd + 1e-9
            if over_usd or scope.spent_tokens + scope.reserved_tokens > scope.limit_tokens:
                self.wrong.append(scope)

    async def lane(self, number: int) -> None:
        async with asyncio.TaskGroup() as group:
            for worker in range(WORKERS):
                group.create_task(self.worker(number * WORKERS + worker))

    async def worker(self, number: int) -> None:
        chance = random.Random(f"{self.seed} {number}")
        for _turn in range(TURNS):
            ask = SpendAsk("R", f"Tier 3: {number}", f"T-{number}", "p", "m", chance.randint(1, 400), 100)
            for _ in range(5):  # sends
                if chance.random() < 0.1:
                    if await self.cancelled_send(ask, chance):
                        continue
                    break
                if await self.send(ask, chance):
                    break

    async def send(self, ask: SpendAsk, chance: random.Random) -> bool:
        """One send; whether it came to its end."""
        with await self.budget.reserve(ask) as reservation:
            self.check()
            used = Usage()
            fate = chance.random()
            for _ in range(chance.randint(0, 3)):
                await asyncio.sleep(0)
            if fate > 0.15:  # else refused before anything was counted
                share = chance.random()
                tokens = (round(ask.input_tokens * share), round(ask.output_tokens * share * share))
                cost = sum(tokens) / 1000
                used = Usage(requests=1, input_tokens=tokens[0], output_tokens=tokens[1], cost_usd=cost)
                reservation.spent(used)
                await asyncio.sleep(0)
            with self.lock:
                self.sends += 1
                if used.requests:
                    self.spent.append(used)
        self.check()
        return fate > 0.3  # else cut, or refused: it is sent again

    async def cancelled_send(self, ask: SpendAsk, chance: random.Random) -> bool:
        """A send whose task is cancelled at some moment: waiting, being woken, or under way. True if it was."""
        task = asyncio.create_task(self.send(ask, chance))
        for _ in range(chance.randint(0, 4)):
            await asyncio.sleep(0)
        task.cancel()
        await asyncio.wait({task})
        with self.lock:
            self.cancelled += task.cancelled()
        return task.cancelled()


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_no_limit_is_exceeded_and_all_reservations_are_returned(seed: int) -> None:
    simulation = Simulation(seed, usd=80.0, tokens=70_000)
    failures: list[BaseException] = []

    def lane(number: int) -> None:
        try:
            asyncio.run(asyncio.wait_for(simulation.lane(number), WAIT_S))
        except BaseException as error:  # noqa: BLE001  # the edge of a thread: told below
            failures.append(error)

    threads = [threading.Thread(target=lane, args=(number,)) for number in range(LANES)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(WAIT_S)
    assert not failures, failures
    assert simulation.wrong == []
    assert simulation.sink.of("fault") == []
    scope, day = simulation.budget.run_scope("R"), simulation.budget.day_scope()
    assert scope is not None
    assert (scope.reserved_usd, scope.reserved_tokens, day.reserved_usd, day.reserved_tokens) == (0.0, 0, 0.0, 0)
    assert simulation.budget.waiting("R") == []
    assert simulation.sends > LANES * WORKERS * TURNS, "faults were sent again"
    assert simulation.raises and simulation.cancelled, "it had to be raised, and some were cancelled"


async def test_without_anybody_to_raise_it_the_limit_stands_and_all_wait() -> None:
    budget = Budget(
        sink=RecordingSink(), offload=AtOnce(), worst_case=worst, limits=BudgetLimits, spent={}, day=lambda: DAY
    )
    budget.begin("R", 5.0, None)
    chance = random.Random(7)
    stuck = asyncio.Event()
    budget.listen(lambda: stuck.set() if budget.stuck("R") and len(budget.waiting("R")) == 16 else None)

    async def worker(number: int) -> None:
        while True:
            ask = SpendAsk("R", f"Tier 3: {number}", f"T-{number}", "p", "m", chance.randint(100, 400), 100)
            with await budget.reserve(ask) as reservation:
                await asyncio.sleep(0)
                reservation.spent(Usage(requests=1, input_tokens=50, cost_usd=0.05))

    tasks = [asyncio.create_task(worker(number)) for number in range(16)]
    await asyncio.wait_for(stuck.wait(), WAIT_S)
    scope = budget.run_scope("R")
    assert scope is not None and 4.5 < scope.spent_usd <= 5.0 and scope.reserved_usd == 0.0
    budget.end("R")
    ends = await asyncio.gather(*tasks, return_exceptions=True)
    assert all(isinstance(end, BudgetError) for end in ends)
