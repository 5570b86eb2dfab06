"""Tokens that providers reported, and their sums (shape: Usage in the automation protocol)."""

from collections.abc import Iterable

from pydantic import NonNegativeInt

from slop_qt.core.shape import Shape

__all__ = ["NO_USAGE", "Usage", "total_usage"]


class Usage(Shape):
    """What one or more responses cost.

    input_tokens is all input, cached or not; output_tokens is all output, reasoning included.
    cost_usd is None where a price is not known: an unknown price is never counted as nothing.
    """

    requests: NonNegativeInt = 0
    input_tokens: NonNegativeInt = 0
    output_tokens: NonNegativeInt = 0
    cache_read_tokens: NonNegativeInt = 0
    cache_write_tokens: NonNegativeInt = 0
    reasoning_tokens: NonNegativeInt = 0
    cost_usd: float | None = None

    def __add__(self, other: "Usage") -> "Usage":
        if not self.requests:
            return other
        if not other.requests:
            return self
        known = self.cost_usd is not None and other.cost_usd is not None
        return Usage(
            requests=self.requests + other.requests,
            input_tokens=self.input_tokens + other.input_tokens,
            output_tokens=self.output_tokens + other.output_tokens,
            cache_read_tokens=self.cache_read_tokens + other.cache_read_tokens,
            cache_write_tokens=self.cache_write_tokens + other.cache_write_tokens,
            reasoning_tokens=self.reasoning_tokens + other.reasoning_tokens,
            cost_usd=(self.cost_usd or 0.0) + (other.cost_usd or 0.0) if known else None,
        )


NO_USAGE = Usage(cost_usd=0.0)


def total_usage(usages: Iterable[Usage]) -> Usage:
    """The sum; NO_USAGE (a known cost of 0) of nothing."""
    total = NO_USAGE
    for usage in usages:
        total += usage
    return total
