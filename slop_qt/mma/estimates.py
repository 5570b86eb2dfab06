"""From what was seen to what is to be expected: a middle, and the range in which four of five come to lie."""

import math
from collections.abc import Iterable, Sequence
from statistics import median, quantiles

from slop_qt.core.forecast import Estimate

__all__ = ["ENOUGH", "combined", "estimate"]

# From so many samples on, their own order says where 10 % and 90 % of what is to come lie.
ENOUGH = 9
# With fewer: that tickets of one project differ by a factor of two, as if two more had been seen to.
_EXPECTED_SPREAD = math.log(2)
_EXPECTED_WEIGHT = 2
# The 90 % quantiles of Student's t, by degrees of freedom from 2 to 9.
_STUDENT_90 = {2: 1.886, 3: 1.638, 4: 1.533, 5: 1.476, 6: 1.440, 7: 1.415, 8: 1.397, 9: 1.383}


def estimate(samples: Sequence[float]) -> Estimate | None:
    """What the next one of the same kind comes to; None of no samples. None of them is negative.

    The middle is the median. From nine samples on the range lies between their 10 % and 90 % quantiles at the places
    (n + 1)/10 and 9(n + 1)/10 of their order: whatever the distribution, the next one falls between them in four cases
    of five. With fewer it is that of a log-normal distribution around the median, whose spread is estimated from them
    and from what is expected of any project's tickets, and is wider for the few that there are (Student's t); but at
    least from the smallest sample to the largest.
    """
    if not samples:
        return None
    middle = median(samples)
    if len(samples) >= ENOUGH:
        low, *_, high = quantiles(samples, n=10)
    else:
        low, high = _range_of_few(samples)
    return Estimate(low=max(0.0, min(low, middle)), middle=middle, high=max(high, middle))


def _range_of_few(samples: Sequence[float]) -> tuple[float, float]:
    smallest, largest = min(samples), max(samples)
    logs = [math.log(sample) for sample in samples if sample > 0]
    if not logs:
        return smallest, largest
    centre = median(logs)
    freedom = _EXPECTED_WEIGHT + len(logs) - 1
    squares = sum((log - centre) ** 2 for log in logs)
    spread = math.sqrt((_EXPECTED_WEIGHT * _EXPECTED_SPREAD**2 + squares) / freedom)
    reach = _STUDENT_90[freedom] * spread * math.sqrt(1 + 1 / len(logs))
    return min(smallest, math.exp(centre - reach)), max(largest, math.exp(centre + reach))


def combined(estimates: Iterable[Estimate]) -> Estimate | None:
    """The sum; None of nothing.

    Its middle is the sum of the middles. They are taken as independent: the distances from the middle to each end of
    the range add up as the root of the sum of their squares.
    """
    parts = tuple(estimates)
    if not parts:
        return None
    middle = sum(part.middle for part in parts)
    below = math.hypot(*(part.middle - part.low for part in parts))
    above = math.hypot(*(part.high - part.middle for part in parts))
    return Estimate(low=max(0.0, middle - below), middle=middle, high=middle + above)
