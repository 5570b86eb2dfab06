"""Who may send: no limit is ever exceeded, all that is set aside comes back, and nobody is passed over for ever."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slop_qt.core.budgets import BudgetLimits, SpendAsk, WorstCase
from slop_qt.core.usage import Usage
from slop_qt.mma.budget_ledger import BudgetLedger, Claim, Overrun, Spending

DAY = "2026-11-27"


def claim(usd: float | None = 0.0, tokens: int = 0, run: str = "R") -> Claim:
    ask = SpendAsk(run, "Tier 3: A", "A", "anthropic", "m", tokens, 0)
    return Claim(ask, WorstCase(usd, tokens))


def used(usd: float | None, tokens: int = 0) -> Usage:
    return Usage(requests=1, input_tokens=tokens, cost_usd=usd)


def ledger(usd: float | None = None, tokens: int | None = None, **day: Any) -> BudgetLedger:
    made = BudgetLedger(lambda: BudgetLimits(**day), lambda: DAY, {})
    made.begin("R", usd, tokens)
    return made


def wants(budget: BudgetLedger, *claims: Claim) -> list[Claim]:
    budget.waiting.extend(claims)
    return budget.serve()


def test_what_fits_is_set_aside_and_what_does_not_waits_for_it() -> None:
    budget = ledger(usd=1.0)
    first, second = claim(0.6), claim(0.5)
    assert wants(budget, first, second) == [first]
    assert budget.settle(first, used(0.5)) == ()
    assert budget.serve() == [second], "0.5 of 1.0 is left, which is just enough"
    scope = budget.run_scope("R")
    assert scope is not None and (scope.spent_usd, scope.reserved_usd) == (0.5, 0.5)


def test_a_large_one_is_not_passed_while_what_is_set_aside_can_help_it() -> None:
    budget = ledger(usd=1.0)
    under_way, large, small = claim(0.5), claim(0.9), claim(0.1)
    assert wants(budget, under_way, large, small) == [under_way]
    budget.settle(under_way, used(0.05))
    assert budget.serve() == [large], "it came first"
    budget.settle(large, used(0.2))
    assert budget.serve() == [small]


def test_one_that_no_return_can_help_stands_in_nobodys_way() -> None:
    budget = ledger(usd=1.0)
    under_way, large, small, unknown = claim(0.5), claim(0.9), claim(0.1), claim(None)
    assert wants(budget, under_way) == [under_way]
    budget.settle(under_way, used(0.2))
    assert wants(budget, unknown, large, small) == [small]
    shortage = budget.shortage(large)
    assert shortage is not None and shortage.hopeless and (shortage.wanted, shortage.limit) == (0.9, 1.0)
    assert shortage.left == pytest.approx(0.7)


@pytest.mark.parametrize(
    ("limits", "whose", "unit"),
    [
        ({"usd": 0.5}, "this run", "USD"),
        ({"tokens": 99}, "this run", "tokens"),
        ({"day_usd": 0.5}, "today", "USD"),
        ({"day_tokens": 99}, "today", "tokens"),
        ({"usd": 5.0, "tokens": 500, "day_usd": 5.0, "day_tokens": 99}, "today", "tokens"),
    ],
)
def test_every_limit_is_held(limits: dict[str, Any], whose: str, unit: str) -> None:
    budget = ledger(**limits)
    shortage = budget.shortage(claim(0.6, 100))
    assert shortage is not None and (shortage.whose, shortage.unit, shortage.hopeless) == (whose, unit, True)


def test_the_day_counts_all_runs_and_what_was_spent_before_this_process() -> None:
    budget = BudgetLedger(lambda: BudgetLimits(day_usd=1.0), lambda: DAY, {DAY: Spending(0.5, 10, 2)})
    for run in ("R", "S"):
        budget.begin(run, None, None)
    assert len(wants(budget, claim(0.2, run="R"), claim(0.2, run="S"), claim(0.2, run="S"))) == 2
    day = budget.day_scope()
    assert (day.spent_usd, day.reserved_usd, day.unpriced) == (0.5, 0.4, 2)


def test_a_price_that_is_not_known_matters_only_under_a_limit_in_money() -> None:
    assert ledger(tokens=100).shortage(claim(None, 100)) is None
    shortage = ledger(usd=100.0).shortage(claim(None, 100))
    assert shortage is not None and (shortage.wanted, shortage.hopeless) == (None, True)
    assert ledger(usd=0.01).shortage(claim(0.0, 10**9)) is None, "nobody is paid"


def test_what_came_to_more_is_counted_in_full_and_said() -> None:
    budget = ledger(usd=1.0)
    one = claim(0.1, 100)
    wants(budget, one)
    assert budget.settle(one, used(0.3, 500)) == (Overrun("USD", 0.3, 0.1),), "tokens are not limited"
    scope = budget.run_scope("R")
    assert scope is not None and (scope.spent_usd, scope.spent_tokens, scope.reserved_usd) == (0.3, 500, 0.0)


def test_counts_without_a_price_cost_what_was_set_aside_where_the_model_has_one() -> None:
    budget = ledger(usd=1.0)
    priced, free = claim(0.1), claim(0.0)
    wants(budget, priced, free)
    budget.settle(priced, used(None))
    budget.settle(free, used(None))
    scope = budget.run_scope("R")
    assert scope is not None and (scope.spent_usd, scope.unpriced) == (0.1, 1)


def all_in_vain(budget: BudgetLedger) -> bool:
    shortages = [budget.shortage(one) for one in budget.waiting]
    return all(shortage is not None and shortage.hopeless for shortage in shortages)


amounts = st.floats(0.001, 1.0)
tokens = st.integers(1, 1000)
steps = st.one_of(
    st.tuples(st.just("ask"), amounts, tokens),
    st.tuples(st.just("settle"), st.floats(0, 1), st.integers(0, 30)),
    st.tuples(st.just("drop"), st.just(0.0), st.integers(0, 30)),
    st.tuples(st.just("raise"), amounts, tokens),
)


@given(st.floats(0.1, 3.0), st.integers(100, 3000), st.lists(steps, max_size=40))
def test_whatever_happens_no_limit_is_exceeded_and_all_comes_back(
    usd: float, most: int, happening: list[tuple[str, float, int]]
) -> None:
    budget = ledger(usd, most, day_usd=2.0, day_tokens=2500)
    for what, amount, number in happening:
        if what == "ask":
            wants(budget, claim(amount, number))
        elif what == "settle" and budget.active:
            one = budget.active[number % len(budget.active)]
            assert one.worst.usd is not None
            share = used(one.worst.usd * amount, int(one.worst.tokens * amount))
            assert budget.settle(one, share) == ()
            budget.serve()
        elif what == "drop" and budget.waiting:
            budget.waiting.pop(number % len(budget.waiting))
            budget.serve()
        elif what == "raise":
            usd, most = usd + amount, most + number
            budget.limit("R", usd, most)
            budget.serve()
        for scope in (budget.run_scope("R"), budget.day_scope()):
            assert scope is not None and scope.limit_usd is not None and scope.limit_tokens is not None
            assert scope.spent_usd + scope.reserved_usd <= scope.limit_usd + 1e-9
            assert scope.spent_tokens + scope.reserved_tokens <= scope.limit_tokens
        if not budget.active:
            assert all_in_vain(budget), "nobody waits who could be let through"
    while budget.active:
        budget.settle(budget.active[0], None)
        budget.serve()
    assert all_in_vain(budget)
    scope = budget.run_scope("R")
    assert scope is not None and (scope.reserved_usd, scope.reserved_tokens) == (0.0, 0)
