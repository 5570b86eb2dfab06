"""How a run has spent over time: tokens and cost in stretches that grow with the run, so that it stays small."""

from dataclasses import dataclass, field
from itertools import accumulate, zip_longest
from typing import Any, TypeVar

from slop_qt.core.usage import Usage

__all__ = ["Course"]

N = TypeVar("N", int, float)

_MOST_STRETCHES = 120  # even: two neighbours become one when the run outgrows them


@dataclass(slots=True)
class Course:
    """The responses of one run, summed by stretches of stretch_s seconds from its beginning.

    There are never more than 120 stretches: when the run outgrows them they become twice as long. They end with the
    last response. input_tokens, output_tokens and cost_usd have an entry for each; cost_usd counts what is priced, and
    unpriced says how many responses are not. Only `add` changes it.
    """

    stretch_s: int = 1
    input_tokens: list[int] = field(default_factory=list)
    output_tokens: list[int] = field(default_factory=list)
    cost_usd: list[float] = field(default_factory=list)
    unpriced: int = 0

    def add(self, seconds: float, usage: Usage) -> None:
        """A response that ended so many seconds after the run began; what came before that counts to the beginning."""
        if not usage.requests:
            return
        at = self._stretch_at(max(0.0, seconds))
        self.input_tokens[at] += usage.input_tokens
        self.output_tokens[at] += usage.output_tokens
        self.cost_usd[at] += usage.cost_usd or 0.0
        self.unpriced += usage.requests if usage.cost_usd is None else 0

    @property
    def duration_s(self) -> int:
        """From the run's beginning to the end of the last stretch, seconds; 0 where nothing has been answered."""
        return len(self.input_tokens) * self.stretch_s

    def tokens_per_second(self) -> list[float]:
        """Input and output together, for each stretch."""
        pairs = zip(self.input_tokens, self.output_tokens, strict=True)
        return [(tokens_in + tokens_out) / self.stretch_s for tokens_in, tokens_out in pairs]

    def tokens_so_far(self) -> list[int]:
        """Input and output together, from the run's beginning to the end of each stretch."""
        pairs = zip(self.input_tokens, self.output_tokens, strict=True)
        return list(accumulate(tokens_in + tokens_out for tokens_in, tokens_out in pairs))

    def cost_so_far(self) -> list[float] | None:
        """US dollars from the run's beginning to the end of each stretch; None where a price is not known."""
        return None if self.unpriced else list(accumulate(self.cost_usd))

    def snapshot(self) -> tuple[Any, ...]:
        """All of it as plain data."""
        return (
            self.stretch_s,
            tuple(self.input_tokens),
            tuple(self.output_tokens),
            tuple(self.cost_usd),
            self.unpriced,
        )

    def _stretch_at(self, seconds: float) -> int:
        while (at := int(seconds // self.stretch_s)) >= _MOST_STRETCHES:
            self.stretch_s *= 2
            self.input_tokens = _joined(self.input_tokens)
            self.output_tokens = _joined(self.output_tokens)
            self.cost_usd = _joined(self.cost_usd)
        missing = at + 1 - len(self.input_tokens)
        if missing > 0:
            self.input_tokens.extend([0] * missing)
            self.output_tokens.extend([0] * missing)
            self.cost_usd.extend([0.0] * missing)
        return at


def _joined(values: list[N]) -> list[N]:
    """Each two neighbours as one."""
    evens, odds = values[::2], values[1::2]
    return [first + second for first, second in zip_longest(evens, odds, fillvalue=0)]
