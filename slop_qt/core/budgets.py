"""Limits in money and tokens, and what a request could come to at worst."""

from dataclasses import dataclass
from typing import Annotated

from pydantic import Field, NonNegativeInt

from slop_qt.core.conversation import CacheTtl
from slop_qt.core.shape import Shape

__all__ = ["BudgetLimits", "BudgetScope", "BudgetStanding", "SpendAsk", "WorstCase", "no_price_known"]

Money = Annotated[float, Field(gt=0)]
Tokens = Annotated[int, Field(gt=0)]


class BudgetLimits(Shape):
    """What may be spent, in US dollars and in tokens (input and output together); None: no limit.

    A day is one of the local calendar, and counts all runs of the project, planning included.
    """

    run_usd: Money | None = None
    run_tokens: Tokens | None = None
    day_usd: Money | None = None
    day_tokens: Tokens | None = None


class BudgetScope(Shape):
    """One limit's reach, a run or a day: what has been spent, and what is set aside for requests under way.

    spent_usd is what is known to have been spent; unpriced how many responses had no price.
    """

    limit_usd: float | None = None
    limit_tokens: int | None = None
    spent_usd: float = 0.0
    spent_tokens: NonNegativeInt = 0
    reserved_usd: float = 0.0
    reserved_tokens: NonNegativeInt = 0
    unpriced: NonNegativeInt = 0


class BudgetStanding(Shape):
    """Where the budget stands. run is None for a session without a run; waiting has the streams that wait, and why."""

    run_id: str | None = None
    run: BudgetScope | None = None
    day: BudgetScope = BudgetScope()
    waiting: dict[str, str] = Field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class SpendAsk:
    """A request that is about to be sent: who asks, and the most that it can come to.

    input_tokens is an upper bound of its input, output_tokens of its answer. cache_ttl is for how long what it writes
    to a cache would be kept, which has prices of its own.
    """

    run_id: str
    stream_id: str
    ticket_id: str | None
    provider: str
    model: str
    input_tokens: int
    output_tokens: int
    cache_ttl: CacheTtl = "5m"


@dataclass(frozen=True, slots=True)
class WorstCase:
    """The most that one send can come to, with all that is sent on its account.

    usd is None where no price is known, and 0 where nobody is paid. tokens are input and output together.
    """

    usd: float | None
    tokens: int


def no_price_known(ask: SpendAsk) -> WorstCase:
    """The worst case by a list of prices that is empty."""
    return WorstCase(None, ask.input_tokens + ask.output_tokens)
