"""What tokens cost."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slop_qt.core.usage import Usage
from slop_qt.providers.pricing import Prices


@pytest.fixture(scope="module")
def prices():
    return Prices()


def test_a_price_has_input_output_and_both_sides_of_the_cache(prices):
    usage = Usage(
        requests=1,
        input_tokens=1_000_000,
        output_tokens=100_000,
        cache_read_tokens=400_000,
        cache_write_tokens=200_000,
        reasoning_tokens=50_000,
    )
    dollars = 0.4 * 5 + 0.4 * 0.5 + 0.2 * 6.25 + 0.1 * 25
    assert prices.cost_usd("anthropic", "claude-opus-4-5", usage) == pytest.approx(dollars)


@pytest.mark.parametrize(("provider", "model"), [("anthropic", "nonesuch"), ("scripted", "demo"), ("anthropic", "")])
def test_what_is_not_in_the_table_has_no_price_and_not_a_price_of_0(prices, provider, model):
    assert prices.cost_usd(provider, model, Usage(requests=1, input_tokens=5)) is None


MILLION = Usage(
    requests=1, input_tokens=1_000_000, output_tokens=100_000, cache_read_tokens=200_000, reasoning_tokens=9
)


def test_openai_is_known_by_its_address_and_reasoning_is_part_of_the_output(prices):
    dollars = 0.8 * 1.25 + 0.2 * 0.125 + 0.1 * 10
    assert prices.cost_at_usd("https://api.openai.com/v1", "gpt-5", MILLION) == pytest.approx(dollars)


def test_other_vendors_with_that_api_have_their_own_prices(prices):
    theirs = prices.cost_at_usd("https://api.deepseek.com/v1", "deepseek-chat", MILLION)
    assert theirs == prices.cost_usd("deepseek", "deepseek-chat", MILLION)
    assert theirs


@pytest.mark.parametrize(
    ("address", "model"),
    [
        ("http://localhost:11434/v1", "gpt-5"),
        ("http://127.0.0.1:8080/https://api.openai.com/v1", "gpt-5"),
        ("https://api.openai.com/v1", "my-own-model"),
        ("https://api.openai.com/v1", ""),
        ("", "gpt-5"),
    ],
)
def test_a_local_server_or_model_has_no_price(prices, address, model):
    assert prices.cost_at_usd(address, model, MILLION) is None


# Prices by hand: dollars for a million tokens of fresh input, read from the cache, written for five minutes and for an
# hour (None: the vendor writes for nothing), and of output.
TABLE = {
    ("anthropic", "claude-opus-4-5"): (5, 0.5, 6.25, 10, 25),
    ("anthropic", "claude-haiku-4-5"): (1, 0.1, 1.25, 2, 5),
    ("anthropic", "claude-sonnet-4-5"): (3, 0.3, 3.75, 6, 15),
    ("google", "gemini-2.5-flash"): (0.3, 0.03, 0.3, 0.3, 2.5),
    ("google", "gemini-2.5-pro"): (1.25, 0.125, 1.25, 1.25, 10),
    ("openai", "gpt-5"): (1.25, 0.125, 1.25, 1.25, 10),
}


@pytest.mark.parametrize("named", TABLE, ids=lambda named: named[1])
@given(parts=st.tuples(*[st.integers(0, 30_000)] * 5))
def test_any_usage_costs_what_its_parts_cost_by_hand(prices, named, parts):
    fresh, read, short, hour, output = parts
    usage = Usage(
        requests=1,
        input_tokens=fresh + read + short + hour,
        output_tokens=output,
        cache_read_tokens=read,
        cache_write_tokens=short + hour,
    )
    dollars = sum(tokens * price for tokens, price in zip(parts, TABLE[named], strict=True)) / 1e6
    cost = prices.cost_usd(*named, usage, cache_write_1h_tokens=hour)
    assert cost == pytest.approx(dollars, rel=1e-9, abs=1e-12)


def test_what_is_kept_for_an_hour_costs_more_to_write(prices):
    usage = Usage(requests=1, input_tokens=1_000_000, cache_write_tokens=1_000_000)
    assert prices.cost_usd("anthropic", "claude-opus-4-5", usage) == pytest.approx(6.25)
    assert prices.cost_usd("anthropic", "claude-opus-4-5", usage, cache_write_1h_tokens=1_000_000) == pytest.approx(10)


@pytest.mark.parametrize(("tokens", "price"), [(200_000, 1.25), (200_001, 2.5)])
def test_a_long_prompt_costs_more_where_the_table_says_so(prices, tokens, price):
    usage = Usage(requests=1, input_tokens=tokens)
    assert prices.cost_usd("google", "gemini-2.5-pro", usage) == pytest.approx(tokens * price / 1e6)


@pytest.mark.parametrize(
    ("usage", "hour"),
    [
        (Usage(requests=1, input_tokens=5, cache_read_tokens=6), 0),
        (Usage(requests=1, input_tokens=5, cache_read_tokens=3, cache_write_tokens=3), 0),
        (Usage(requests=1, input_tokens=5, cache_write_tokens=3), 4),
        (Usage(requests=1, input_tokens=5, cache_write_tokens=3), -1),
    ],
)
def test_counts_that_contradict_each_other_have_no_price(prices, usage, hour):
    assert prices.cost_usd("anthropic", "claude-opus-4-5", usage, cache_write_1h_tokens=hour) is None
