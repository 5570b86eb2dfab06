"""Amounts that a person compares: as many digits as tell them apart, and never as if what is short did fit."""

import pytest

from slop_qt.core.budgets import SpendAsk
from slop_qt.mma.budget_ledger import Shortage
from slop_qt.mma.budget_words import refusal, waiting_reason, what_helps

ASK = SpendAsk("R", "Tier 3: A", "A", "anthropic", "claude", 1, 1)


def short(wanted: float | None, left: float, limit: float, unit: str = "USD", whose: str = "this run") -> Shortage:
    return Shortage(whose, unit, limit, left, wanted, hopeless=True)


@pytest.mark.parametrize(
    ("shortage", "said"),
    [
        (short(0.12, 0.03, 1.0), "cost up to 0.12 USD, and 0.03 of 1.00 USD are left for this run."),
        (short(0.121, 0.12, 1.0), "cost up to 0.13 USD, and 0.12 of 1.00 USD are left for this run."),
        (short(0.29, 0.0, 0.29), "cost up to 0.29 USD, and 0.00 of 0.29 USD are left for this run."),
        (short(0.000123, 0.0, 0.0000001), "cost up to 0.00012300 USD, and 0.00000000 of 0.00000010 USD are left"),
        (short(1234.5, 1000, 2000), "cost up to 1,234.50 USD, and 1,000.00 of 2,000.00 USD are left"),
        (short(20_000, 5000, 100_000, "tokens", "today"), "take up to 20,000 tokens, and 5,000 of 100,000 tokens"),
        (short(None, 0.5, 1.0), "no price is known for claude (anthropic), so the limit of 1.00 USD for this run"),
    ],
)
def test_a_reason_has_the_figures(shortage: Shortage, said: str) -> None:
    assert said in waiting_reason(ASK, shortage)
    assert said in refusal(ASK, shortage)


def test_who_is_not_first_says_so() -> None:
    assert waiting_reason(ASK, None).startswith("Waits for the budget: requests that came before this one")


@pytest.mark.parametrize(
    ("shortage", "names"),
    [
        (short(1.0, 0, 1), ("--budget-usd", "run.resume with budget_usd")),
        (short(1.0, 0, 1, "tokens"), ("--budget-tokens",)),
        (short(1.0, 0, 1, whose="today"), ("day_usd under [budget]", "tomorrow")),
        (short(1.0, 0, 1, "tokens", "today"), ("day_tokens under [budget]", "tomorrow")),
        (short(None, 0, 1), ("a limit in tokens instead (--budget-tokens)",)),
        (short(None, 0, 1, whose="today"), ("day_tokens under [budget]",)),
    ],
)
def test_what_helps_is_named(shortage: Shortage, names: tuple[str, ...]) -> None:
    assert all(name in what_helps(shortage) for name in names)
