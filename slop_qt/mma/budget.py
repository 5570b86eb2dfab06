"""Admission by reservation: before each send the most that it can come to is set aside, or it is not sent."""

import asyncio
import contextlib
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from types import TracebackType

from slop_qt.core.budgets import BudgetLimits, BudgetScope, SpendAsk, WorstCase
from slop_qt.core.errors import BudgetError
from slop_qt.core.events import Fault
from slop_qt.core.ports import EventSink, Offload
from slop_qt.core.state import RunState
from slop_qt.core.usage import Usage
from slop_qt.mma.budget_ledger import BudgetLedger, Claim, Shortage, Spending
from slop_qt.mma.budget_words import overrun_sentence, refusal, what_helps

__all__ = ["Budget", "Reserved", "Waiting", "spent_by_day", "today"]


def today() -> str:
    """The day of the local calendar, as in `2026-11-27`."""
    return datetime.now(UTC).astimezone().date().isoformat()


def spent_by_day(runs: Iterable[RunState]) -> dict[str, Spending]:
    """What these runs have spent, by day: what an earlier process has left in the journal counts on."""
    days: dict[str, Spending] = {}
    for run in runs:
        for key, usage in run.usage.items():
            spending = days.setdefault(key.day, Spending())
            spending.usd += usage.cost_usd or 0.0
            spending.tokens += usage.input_tokens + usage.output_tokens
            spending.unpriced += usage.requests if usage.cost_usd is None else 0
    return days


@dataclass(frozen=True, slots=True)
class Waiting:
    """A request that waits, and why it is not covered now; None: it would be, and others were there before it."""

    ask: SpendAsk
    shortage: Shortage | None


@dataclass(slots=True, eq=False)
class _Waiter:
    loop: asyncio.AbstractEventLoop
    turn: asyncio.Future[None]


class Budget:
    """Implements core.ports.SpendGate for all runs of a session. For any thread.

    What was reported is what counts: an answer that was cut before it reported anything counts nothing. worst_case
    prices an ask, and is slow at first: it is asked in the helper pool. `listen` says when to look again.
    """

    def __init__(
        self,
        *,
        sink: EventSink,
        offload: Offload,
        worst_case: Callable[[SpendAsk], WorstCase],
        limits: Callable[[], BudgetLimits],
        spent: dict[str, Spending],
        day: Callable[[], str] = today,
    ) -> None:
        """limits are the settings' as they are now; spent is what earlier processes spent, by day."""
        self._sink = sink
        self._offload = offload
        self._worst_case = worst_case
        self._lock = threading.Lock()
        self._ledger = BudgetLedger(limits, day, spent)
        self._planning: set[str] = set()
        self._waiters: dict[Claim, _Waiter] = {}
        self._changed: Callable[[], None] = lambda: None

    def listen(self, changed: Callable[[], None]) -> None:
        """Have it called, in any thread, when somebody begins or ceases to wait, or may wait for nothing any more."""
        self._changed = changed

    def begin(
        self, run_id: str, usd: float | None = None, tokens: int | None = None, *, planning: bool = False
    ) -> None:
        """A run begins. Requests of a planning run never wait: they are covered, or refused."""
        with self._lock:
            self._ledger.begin(run_id, usd, tokens)
            if planning:
                self._planning.add(run_id)

    def end(self, run_id: str) -> None:
        """A run has ended, and its agents with it."""
        with self._lock:
            self._planning.discard(run_id)
            left = [self._waiters.pop(claim) for claim in self._ledger.end(run_id)]
        for waiter in left:
            _tell(waiter, BudgetError(f"Run {run_id} has ended: it sends nothing any more."))

    def limits(self, run_id: str) -> tuple[float | None, int | None] | None:
        """The limits of a run under way, in USD and tokens; None for any other."""
        with self._lock:
            return self._ledger.limits(run_id)

    def limit(self, run_id: str, usd: float | None, tokens: int | None) -> None:
        """Other limits for a run under way, and whoever waits is looked at again."""
        with self._lock:
            self._ledger.limit(run_id, usd, tokens)
        self.look_again()

    def look_again(self) -> None:
        """The limits, or the day, may be others now."""
        with self._lock:
            served = self._serve()
        self._wake(served)
        self._changed()

    async def reserve(self, ask: SpendAsk) -> "Reserved":
        """As the port says. Cancelled, it leaves nothing behind."""
        worst = await self._offload.run(partial(self._worst_case, ask))
        claim = Claim(ask, worst)
        loop = asyncio.get_running_loop()
        waiter = _Waiter(loop, loop.create_future())
        with self._lock:
            if ask.run_id in self._planning:
                if not self._ledger.take(claim):
                    shortage = self._ledger.shortage(claim)
                    assert shortage is not None
                    raise BudgetError(refusal(ask, shortage), what_helps(shortage))
                return Reserved(self._settle, claim)
            self._ledger.waiting.append(claim)
            self._waiters[claim] = waiter
            served = self._serve()
        self._wake(served)
        if (claim, waiter) in served:
            return Reserved(self._settle, claim)
        self._changed()
        try:
            await waiter.turn
        except BaseException:  # cancelled, or the run has ended: also in the moment in which it was served
            self._give_up(claim)
            raise
        self._changed()
        return Reserved(self._settle, claim)

    def waiting(self, run_id: str) -> list[Waiting]:
        """The requests of a run that wait, in their order, each with why it is not covered at this moment."""
        with self._lock:
            return self._waiting_of(run_id)

    def stuck(self, run_id: str) -> Waiting | None:
        """The first request of a run that waits while nothing is under way that could give anything back."""
        with self._lock:
            return None if self._ledger.active else next(iter(self._waiting_of(run_id)), None)

    def run_scope(self, run_id: str) -> BudgetScope | None:
        """Where a run under way stands."""
        with self._lock:
            return self._ledger.run_scope(run_id)

    def day_scope(self) -> BudgetScope:
        """Where today stands."""
        with self._lock:
            return self._ledger.day_scope()

    def _waiting_of(self, run_id: str) -> list[Waiting]:
        """Under the lock."""
        claims = [claim for claim in self._ledger.waiting if claim.ask.run_id == run_id]
        return [Waiting(claim.ask, self._ledger.shortage(claim)) for claim in claims]

    def _serve(self) -> list[tuple[Claim, _Waiter]]:
        """Under the lock."""
        return [(claim, self._waiters.pop(claim)) for claim in self._ledger.serve()]

    def _wake(self, served: list[tuple[Claim, _Waiter]]) -> None:
        for claim, waiter in served:
            if not _tell(waiter, None):
                self._give_up(claim)

    def _give_up(self, claim: Claim) -> None:
        """Nobody is there any more who would send it."""
        with self._lock:
            self._waiters.pop(claim, None)
            if claim in self._ledger.waiting:
                self._ledger.waiting.remove(claim)
            elif claim in self._ledger.active:
                self._ledger.settle(claim, None)
            served = self._serve()
        self._wake(served)
        self._changed()

    def _settle(self, claim: Claim, usage: Usage | None) -> None:
        with self._lock:
            overruns = self._ledger.settle(claim, usage)
            served = self._serve()
            anybody = bool(served or self._ledger.waiting)
        self._wake(served)
        for overrun in overruns:
            message = overrun_sentence(claim.ask, overrun)
            hint = "What is spent may be above the limit by that much; the next requests are held against it."
            self._sink.publish(Fault(run_id=claim.ask.run_id, where="budget", message=message, hint=hint))
        if anybody:
            self._changed()


class Reserved:
    """Implements core.ports.Reservation. Belongs to the task that asked."""

    def __init__(self, settle: Callable[[Claim, Usage | None], None], claim: Claim) -> None:
        self._settle = settle
        self._claim = claim
        self._usage: Usage | None = None

    def __enter__(self) -> "Reserved":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None, /
    ) -> None:
        self._settle(self._claim, self._usage)

    def spent(self, usage: Usage) -> None:
        """As the port says."""
        self._usage = usage


def _tell(waiter: _Waiter, error: BudgetError | None) -> bool:
    """Whether somebody may still hear it: not where its loop has closed."""

    def settle() -> None:
        if waiter.turn.done():
            return
        if error is None:
            waiter.turn.set_result(None)
        else:
            waiter.turn.set_exception(error)

    with contextlib.suppress(RuntimeError):
        waiter.loop.call_soon_threadsafe(settle)
        return True
    return False
