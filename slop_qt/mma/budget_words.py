"""What the budget says: why a request waits or is not sent, and what the person can do."""

import math

from slop_qt.core.budgets import SpendAsk
from slop_qt.mma.budget_ledger import Overrun, Shortage

__all__ = ["overrun_sentence", "refusal", "waiting_reason", "what_helps"]

# Digits behind the point of an amount; smaller ones get as many as show two figures.
_CENTS = 2
_FIGURES = 2
_MOST_DIGITS = 8


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
    digits = _digits(overrun.unit, overrun.spent, overrun.reserved)
    spent, reserved = (_number(value, digits, up=True) for value in (overrun.spent, overrun.reserved))
    return (
        f"A response of {ask.model} to {ask.stream_id} came to {spent} {overrun.unit}, and {reserved} had been set "
        "aside for it. It is counted in full."
    )


def _no_price(ask: SpendAsk, shortage: Shortage) -> str:
    limit = _number(shortage.limit, _digits("USD", shortage.limit), up=False)
    unknown = f"no price is known for {ask.model} ({ask.provider})"
    return f"{unknown}, so the limit of {limit} USD for {shortage.whose} cannot cover it."


def _too_much(shortage: Shortage) -> str:
    assert shortage.wanted is not None
    unit, digits = shortage.unit, _digits(shortage.unit, shortage.wanted, shortage.limit)
    wanted = _number(shortage.wanted, digits, up=True)
    left, limit = (_number(value, digits, up=False) for value in (shortage.left, shortage.limit))
    verb = "cost" if unit == "USD" else "take"
    return f"this request may {verb} up to {wanted} {unit}, and {left} of {limit} {unit} are left for {shortage.whose}."


def _name(shortage: Shortage) -> str:
    return "usd" if shortage.unit == "USD" else "tokens"


def _digits(unit: str, *values: float) -> int:
    """How many digits behind the point show two figures of the smallest: cents at least, and no parts of tokens."""
    if unit == "tokens":
        return 0
    smallest = min((value for value in values if value > 0), default=1.0)
    return min(max(_CENTS, _FIGURES - 1 - math.floor(math.log10(smallest))), _MOST_DIGITS)


def _number(value: float, digits: int, *, up: bool) -> str:
    """Rounded up for what is wanted and down for what is there: two that do not fit never read as if they did."""
    scaled = round(value * 10**digits, 6)  # 0.29 is 28.999999999999996 hundredths
    return f"{(math.ceil(scaled) if up else math.floor(scaled)) / 10**digits:,.{digits}f}"
