"""What is spent, set aside and wanted, against the limits of runs and of the day: who may send now, and who waits.

An ask is let through where its worst case fits into what is neither spent nor set aside, in every limit that it falls
under. Those that wait are served in the order in which they came, and the first holds up the others only while that can
help it: as long as it would fit if all that is set aside came back. So a large one does not starve behind small ones,
and one that no return can help stands in nobody's way.
"""

import math
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from slop_qt.core.budgets import BudgetLimits, BudgetScope, SpendAsk, WorstCase
from slop_qt.core.usage import Usage

__all__ = ["BudgetLedger", "Claim", "Overrun", "Shortage", "Spending"]


@dataclass(slots=True, eq=False)
class Claim:
    """An ask with the most that it can come to. Told apart by identity: an agent asks the same again and again."""

    ask: SpendAsk
    worst: WorstCase


@dataclass(slots=True)
class Spending:
    """What has been spent on something: usd is what is known of it, unpriced counts the responses without a price."""

    usd: float = 0.0
    tokens: int = 0
    unpriced: int = 0


@dataclass(frozen=True, slots=True)
class Shortage:
    """Why a claim is not covered: the first limit that it does not fit into. wanted None: its price is not known.

    left is what is neither spent nor set aside; hopeless is whether no return can help.
    """

    whose: str
    unit: str
    limit: float
    left: float
    wanted: float | None
    hopeless: bool


@dataclass(frozen=True, slots=True)
class Overrun:
    """A response that came to more than was set aside for it, in a unit that is limited."""

    unit: str
    spent: float
    reserved: float


@dataclass(frozen=True, slots=True)
class _Stand:
    """Where one limit's reach stands: looked at for each claim that waits, and so no more than numbers."""

    usd: float | None
    tokens: int | None
    spending: Spending
    reserved_usd: float
    reserved_tokens: int

    @classmethod
    def of(cls, usd: float | None, tokens: int | None, spending: Spending, active: list[Claim]) -> "_Stand":
        # Summed anew, and exactly: what is given back leaves nothing behind.
        reserved = math.fsum(claim.worst.usd or 0.0 for claim in active)
        return cls(usd, tokens, spending, reserved, sum(claim.worst.tokens for claim in active))

    def scope(self) -> BudgetScope:
        return BudgetScope(
            limit_usd=self.usd,
            limit_tokens=self.tokens,
            spent_usd=self.spending.usd,
            spent_tokens=self.spending.tokens,
            reserved_usd=self.reserved_usd,
            reserved_tokens=self.reserved_tokens,
            unpriced=self.spending.unpriced,
        )


@dataclass(slots=True)
class _Run:
    usd: float | None
    tokens: int | None
    spending: Spending = field(default_factory=Spending)


class BudgetLedger:
    """The figures, without threads and without waiting: whoever uses it does so under a lock.

    day_limits are those of the day as they are now, of which only day_usd and day_tokens count; today names the day.
    spent is what was spent on days before this process, by the day's name.
    """

    def __init__(
        self, day_limits: Callable[[], BudgetLimits], today: Callable[[], str], spent: dict[str, Spending]
    ) -> None:
        self._day_limits = day_limits
        self._today = today
        self._days: defaultdict[str, Spending] = defaultdict(Spending, spent)
        self._runs: dict[str, _Run] = {}
        self.active: list[Claim] = []
        self.waiting: list[Claim] = []

    def begin(self, run_id: str, usd: float | None, tokens: int | None) -> None:
        """Count what a run spends, under these limits."""
        self._runs[run_id] = _Run(usd, tokens)

    def limit(self, run_id: str, usd: float | None, tokens: int | None) -> None:
        """Other limits for a run from now on."""
        run = self._runs[run_id]
        run.usd, run.tokens = usd, tokens

    def limits(self, run_id: str) -> tuple[float | None, int | None] | None:
        """A run's limits in USD and tokens; None for one that has not begun here or has ended."""
        run = self._runs.get(run_id)
        return (run.usd, run.tokens) if run is not None else None

    def end(self, run_id: str) -> list[Claim]:
        """Forget a run. Returns the claims of it that still waited."""
        self._runs.pop(run_id, None)
        left = [claim for claim in self.waiting if claim.ask.run_id == run_id]
        self.waiting = [claim for claim in self.waiting if claim.ask.run_id != run_id]
        return left

    def take(self, claim: Claim) -> bool:
        """Set it aside if it is covered now, whoever waits."""
        if self.shortage(claim) is not None:
            return False
        self.active.append(claim)
        return True

    def serve(self) -> list[Claim]:
        """Set aside what is covered of those that wait, in their order. Returns them: they wait no more."""
        served: list[Claim] = []
        for claim in self.waiting:
            shortage = self.shortage(claim)
            if shortage is None:
                self.active.append(claim)
                served.append(claim)
            elif not shortage.hopeless:
                break  # it is its turn
        self.waiting = [claim for claim in self.waiting if claim not in served]
        return served

    def settle(self, claim: Claim, usage: Usage | None) -> tuple[Overrun, ...]:
        """Give back what was set aside and count what was spent: nothing where there is no usage.

        A response whose counts have no price, at a model that has one, counts as what was set aside for it.
        """
        self.active.remove(claim)
        if usage is None:
            return ()
        free, tokens = claim.worst.usd == 0.0, usage.input_tokens + usage.output_tokens
        usd = usage.cost_usd if usage.cost_usd is not None else claim.worst.usd or 0.0
        run = self._runs.get(claim.ask.run_id)
        for spending in (self._days[self._today()], run.spending if run is not None else Spending()):
            spending.usd += usd
            spending.tokens += tokens
            spending.unpriced += usage.requests if usage.cost_usd is None and not free else 0
        return tuple(self._overruns(claim, usd, tokens))

    def shortage(self, claim: Claim) -> Shortage | None:
        """Why the claim is not covered now; None: it is. One that no return can help says that first."""
        found = list(self._shortages(claim))
        return next((shortage for shortage in found if shortage.hopeless), found[0] if found else None)

    def run_scope(self, run_id: str) -> BudgetScope | None:
        """Where a run stands that has begun here and not ended."""
        stand = self._run_stand(run_id)
        return stand.scope() if stand is not None else None

    def day_scope(self) -> BudgetScope:
        """Where today stands, all runs together."""
        return self._day_stand().scope()

    def _run_stand(self, run_id: str) -> _Stand | None:
        run = self._runs.get(run_id)
        if run is None:
            return None
        return _Stand.of(run.usd, run.tokens, run.spending, [one for one in self.active if one.ask.run_id == run_id])

    def _day_stand(self) -> _Stand:
        limits = self._day_limits()
        return _Stand.of(limits.day_usd, limits.day_tokens, self._days[self._today()], self.active)

    def _stands(self, run_id: str) -> Iterator[tuple[str, _Stand]]:
        of_run = self._run_stand(run_id)
        if of_run is not None:
            yield "this run", of_run
        yield "today", self._day_stand()

    def _shortages(self, claim: Claim) -> Iterator[Shortage]:
        usd, tokens = claim.worst.usd, claim.worst.tokens
        for whose, stand in self._stands(claim.ask.run_id):
            if stand.usd is not None:
                unspent = stand.usd - stand.spending.usd
                left = unspent - stand.reserved_usd
                if usd is None or usd > left:
                    yield Shortage(whose, "USD", stand.usd, max(left, 0.0), usd, usd is None or usd > unspent)
            if stand.tokens is not None:
                unspent = stand.tokens - stand.spending.tokens
                left = unspent - stand.reserved_tokens
                if tokens > left:
                    yield Shortage(whose, "tokens", stand.tokens, max(left, 0), tokens, tokens > unspent)

    def _overruns(self, claim: Claim, usd: float, tokens: int) -> Iterator[Overrun]:
        stands = [stand for _, stand in self._stands(claim.ask.run_id)]
        if usd > (claim.worst.usd or 0.0) and any(stand.usd is not None for stand in stands):
            yield Overrun("USD", usd, claim.worst.usd or 0.0)
        if tokens > claim.worst.tokens and any(stand.tokens is not None for stand in stands):
            yield Overrun("tokens", tokens, claim.worst.tokens)
