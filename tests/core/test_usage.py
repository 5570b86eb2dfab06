"""Sums of tokens, and the price that is not known."""

from itertools import permutations

from slop_qt.core.usage import NO_USAGE, Usage, total_usage

PRICED = Usage(
    requests=1,
    input_tokens=100,
    output_tokens=20,
    cache_read_tokens=60,
    cache_write_tokens=10,
    reasoning_tokens=5,
    cost_usd=0.5,
)
UNPRICED = Usage(requests=2, input_tokens=7)


def test_every_number_is_added() -> None:
    total = PRICED + PRICED
    assert total == Usage(
        requests=2,
        input_tokens=200,
        output_tokens=40,
        cache_read_tokens=120,
        cache_write_tokens=20,
        reasoning_tokens=10,
        cost_usd=1.0,
    )


def test_an_unknown_price_makes_the_sum_unknown_in_every_order() -> None:
    for order in permutations([PRICED, UNPRICED, PRICED]):
        total = total_usage(order)
        assert total.cost_usd is None
        assert (total.requests, total.input_tokens) == (4, 207)


def test_nothing_cost_nothing_and_changes_no_sum() -> None:
    assert total_usage([]) == NO_USAGE
    assert total_usage([]).cost_usd == 0.0
    assert total_usage([PRICED]) == PRICED
    assert total_usage([UNPRICED]) == UNPRICED
    assert PRICED + NO_USAGE == PRICED
