"""Tokens that providers reported, and their sums (shape: Usage in the automation protocol)."""

from collections.abc import Iterable

from pydantic import NonNegativeInt

from slop_qt.core.shape import Shape

__all__ = ["NO_USAGE", "Usage", "UsageSum", "total_usage"]


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


class UsageSum:
    """A sum that grows: what `+` gives, without a shape for each step. What had no request is nothing."""

    __slots__ = ("_cost", "_input", "_known", "_output", "_read", "_reasoning", "_requests", "_written")

    def __init__(self) -> None:
        self._requests = self._input = self._output = self._read = self._written = self._reasoning = 0
        self._cost = 0.0
        self._known = True

    def add(self, usage: Usage) -> None:
        """Let it grow by that."""
        if not usage.requests:
            return
        self._requests += usage.requests
        self._input += usage.input_tokens
        self._output += usage.output_tokens
        self._read += usage.cache_read_tokens
        self._written += usage.cache_write_tokens
        self._reasoning += usage.reasoning_tokens
        self._known = self._known and usage.cost_usd is not None
        self._cost += usage.cost_usd or 0.0

    @property
    def usage(self) -> Usage:
        """What it comes to so far."""
        return Usage(
            requests=self._requests,
            input_tokens=self._input,
            output_tokens=self._output,
            cache_read_tokens=self._read,
            cache_write_tokens=self._written,
            reasoning_tokens=self._reasoning,
            cost_usd=self._cost if self._known else None,
        )


def total_usage(usages: Iterable[Usage]) -> Usage:
    """The sum; NO_USAGE (a known cost of 0) of nothing."""
    total = UsageSum()
    for usage in usages:
        total.add(usage)
    return total.usage
