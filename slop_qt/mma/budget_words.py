"""What the budget says: why a request waits or is not sent, and what the person can do."""

import math

from slop_qt.core.budgets import SpendAsk
from slop_qt.mma.budget_ledger import Overrun, Shortage

__all__ = ["overrun_sentence", "refusal", "waiting_reason", "what_helps"]

# Digits behind the point of an amount; smaller ones get as many as show two figures.
_CENTS = 2
_FIGURES = 2


def waiting_reason(ask: SpendAsk, shortage: Shortage | None) -> str:
    """Why a ticket does not go on, for the board."""
    if shortage is None:
        return "Waits for the budget: requests that came before this one have their turn first."
    if shortage.wanted is None:
        return f"Waits for the budget: {_no_price(ask, shortage)}"
    return f"Waits for the budget: {_too_much(shortage)}"


def refusal(ask: SpendAsk, shortage: Shortage) -> str:
    """Why a request was not sent."""
    why = _no_price(ask, shortage) if shortage.wanted is None else _too_much(shortage)
    return f"The budget does not cover the next request of {ask.stream_id}: {why}"


def what_helps(shortage: Shortage) -> str:
    """What the person can do about it."""
    if shortage.whose == "today":
        raising = f"Raise day_{_name(shortage)} under [budget] in your settings, or wait for tomorrow"
    else:
        option = "--budget-usd" if shortage.unit == "USD" else "--budget-tokens"
        raising = f"Raise the run's limit (run.resume with budget_usd, the Tokens panel, or {option}), or cancel it"
    if shortage.wanted is not None:
        return f"{raising}."
    in_tokens = "day_tokens under [budget]" if shortage.whose == "today" else "--budget-tokens"
    return f"Set a limit in tokens instead ({in_tokens}), or none, or choose a model whose price is known."


def overrun_sentence(ask: SpendAsk, overrun: Overrun) -> str:
    """A response came to more than was set aside."""
    spent, reserved = (_amount(value, overrun.unit, up=True) for value in (overrun.spent, overrun.reserved))
    return (
        f"A response of {ask.model} to {ask.stream_id} came to {spent}, and {reserved} had been set aside for it. "
        "It is counted in full."
    )


def _no_price(ask: SpendAsk, shortage: Shortage) -> str:
    limit = _amount(shortage.limit, "USD", up=False)
    unknown = f"no price is known for {ask.model} ({ask.provider})"
    return f"{unknown}, so the limit of {limit} for {shortage.whose} cannot cover it."


def _too_much(shortage: Shortage) -> str:
    assert shortage.wanted is not None
    wanted = _amount(shortage.wanted, shortage.unit, up=True)
    left, limit = (_number(value, shortage.unit, up=False) for value in (shortage.left, shortage.limit))
    return f"this request may cost up to {wanted}, and {left} of {limit} {shortage.unit} are left for {shortage.whose}."


def _name(shortage: Shortage) -> str:
    return "usd" if shortage.unit == "USD" else "tokens"


def _amount(value: float, unit: str, *, up: bool) -> str:
    return f"{_number(value, unit, up=up)} {unit}"


def _number(value: float, unit: str, *, up: bool) -> str:
    """Rounded up for what is wanted and down for what is there: two that differ never read as if they fitted."""
    if unit == "tokens":
        return f"{round(value):,}"
    digits = _CENTS
    if 0 < value < 1:
        digits = max(_CENTS, _FIGURES - 1 - math.floor(math.log10(value)))
    scaled = round(value * 10**digits, 6)  # 0.29 is 28.999999999999996 hundredths
    return f"{(math.ceil(scaled) if up else math.floor(scaled)) / 10**digits:.{digits}f}"
