"""From samples to a middle and a range: by hand, in proportion, and against what comes next."""

import math
import random
from statistics import mean

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slop_qt.core.forecast import Estimate
from slop_qt.mma.estimates import combined, estimate

AMOUNTS = st.lists(st.floats(0, 1e9), min_size=1, max_size=30)


def test_of_nothing_nothing_is_said() -> None:
    assert estimate([]) is None and combined([]) is None


def test_nine_samples_say_themselves_where_four_of_five_lie() -> None:
    assert estimate([5, 1, 9, 2, 8, 3, 7, 4, 6]) == Estimate(low=1, middle=5, high=9)
    ninety_nine = estimate(range(1, 100))
    assert ninety_nine == Estimate(low=10, middle=50, high=90)


def test_one_sample_is_its_own_middle_in_a_wide_range() -> None:
    found = estimate([1000])
    assert found is not None and found.middle == 1000
    # Student's t for two degrees of freedom, a spread of ln 2, and √(1 + 1/1).
    factor = math.exp(1.886 * math.log(2) * math.sqrt(2))
    assert found.low == pytest.approx(1000 / factor) and found.high == pytest.approx(1000 * factor)
    assert 6 < factor < 7


def test_two_samples_by_hand() -> None:
    found = estimate([1000, 4000])
    # Around 2000 in logarithms: each is ln 2 away; with two more expected at ln 2, (2 ln²2 + 2 ln²2) / 3 is the square.
    spread = math.sqrt(4 * math.log(2) ** 2 / 3)
    reach = math.exp(1.638 * spread * math.sqrt(1.5))
    assert found is not None and found.middle == 2500
    assert found.low == pytest.approx(2000 / reach) and found.high == pytest.approx(2000 * reach)


def test_the_more_samples_the_narrower() -> None:
    widths = [found.high / found.low for count in range(1, 9) if (found := estimate([1000.0] * count))]
    assert widths == sorted(widths, reverse=True) and widths[0] > 40 > 4 > widths[-1]


@pytest.mark.parametrize("zeros", [1, 3, 20])
def test_nothing_stays_nothing(zeros: int) -> None:
    assert estimate([0.0] * zeros) == Estimate(low=0, middle=0, high=0)


@given(AMOUNTS)
def test_the_middle_lies_in_the_range(samples: list[float]) -> None:
    found = estimate(samples)
    assert found is not None and 0 <= found.low <= found.middle <= found.high


@given(st.lists(st.floats(1, 1e6), min_size=1, max_size=20), st.floats(0.01, 100))
def test_it_goes_with_the_unit(samples: list[float], factor: float) -> None:
    one, other = estimate(samples), estimate([sample * factor for sample in samples])
    assert one is not None and other is not None
    for name in ("low", "middle", "high"):
        assert getattr(other, name) == pytest.approx(getattr(one, name) * factor, rel=1e-6)


def hits(count: int, spread: float) -> float:
    """How often the next one lies in the range, in a synthetic history of that many log-normal tickets."""
    chance = random.Random(f"{count} {spread}")
    inside = []
    for _ in range(2000):
        found = estimate([chance.lognormvariate(11, spread) for _ in range(count)])
        assert found is not None
        inside.append(found.low <= chance.lognormvariate(11, spread) <= found.high)
    return mean(inside)


@pytest.mark.parametrize("spread", [0.2, 0.7, 1.5])
@pytest.mark.parametrize("count", [9, 14, 29])
def test_four_of_five_come_to_lie_in_the_range_of_enough_samples(count: int, spread: float) -> None:
    assert 0.77 <= hits(count, spread) <= 0.86


@pytest.mark.parametrize("count", [1, 2, 4, 8])
def test_few_samples_promise_no_less_where_tickets_differ_as_is_expected(count: int) -> None:
    assert hits(count, math.log(2)) >= 0.8
    assert hits(count, 0.3) >= 0.8
    assert hits(count, 1.0) >= 0.65  # where they differ more than that, the first few cannot know


def test_sums_are_of_middles_and_of_squares() -> None:
    parts = [Estimate(low=7, middle=10, high=20), Estimate(low=6, middle=10, high=34)]
    assert combined(parts) == Estimate(low=15, middle=20, high=46)
    assert combined(parts[:1]) == parts[0]


@given(st.lists(AMOUNTS, min_size=1, max_size=6))
def test_a_sum_is_never_surer_than_nothing_nor_less_sure_than_all_at_their_worst(groups: list[list[float]]) -> None:
    parts = [found for group in groups if (found := estimate(group))]
    total = combined(parts)
    assert total is not None and 0 <= total.low <= total.middle <= total.high
    assert total.high <= sum(part.high for part in parts) * (1 + 1e-9)
    assert total.low >= sum(part.low for part in parts) * (1 - 1e-9) - 1e-6
