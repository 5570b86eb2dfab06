"""What tokens cost."""

import pytest

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
