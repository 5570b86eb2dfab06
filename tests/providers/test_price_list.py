"""What a tier's model costs, by provider and model."""

import pytest

from slop_qt.core.budgets import SpendAsk
from slop_qt.core.settings import ModelChoice, Server
from slop_qt.core.usage import Usage
from slop_qt.providers.price_list import PriceList

MILLION = Usage(requests=1, input_tokens=1_000_000)
SERVERS = {
    "mine": Server(base_url="https://api.deepseek.com"),
    "local": Server(base_url="http://127.0.0.1:9999/v1"),
    "six": Server(base_url="http://[::1]:9999/v1"),
    "near": Server(base_url="http://192.168.1.7:9999/v1"),
}


@pytest.fixture(scope="module")
def prices() -> PriceList:
    return PriceList({}, lambda: SERVERS)


@pytest.mark.parametrize(
    ("provider", "model"),
    [
        ("anthropic", "claude-haiku-4-5"),
        ("gemini", "gemini-2.5-flash"),
        ("gemini", "models/gemini-2.5-flash"),
        ("openai", "gpt-5-mini"),
        ("mine", "deepseek-chat"),
    ],
)
def test_a_million_tokens_have_a_price(prices: PriceList, provider: str, model: str) -> None:
    cost = prices.cost_usd(ModelChoice(provider=provider, model=model), MILLION)
    assert cost is not None and 0.01 < cost < 100


@pytest.mark.parametrize(
    ("provider", "model"),
    [("scripted", "script-1"), ("local", "deepseek-chat"), ("anthropic", "nobody-knows-1"), ("gone", "deepseek-chat")],
)
def test_what_nobody_is_paid_for_or_nobody_knows_has_none(prices: PriceList, provider: str, model: str) -> None:
    assert prices.cost_usd(ModelChoice(provider=provider, model=model), MILLION) is None


def ask(provider: str, model: str, **fields: object) -> SpendAsk:
    given = {"input_tokens": 100_000, "output_tokens": 10_000, **fields}
    return SpendAsk("R", "Tier 3: A", "A", provider, model, **given)  # type: ignore[arg-type]


def spent(model: str, **counts: int) -> tuple[ModelChoice, Usage]:
    usage = Usage(requests=1, input_tokens=100_000, output_tokens=10_000, **counts)
    return ModelChoice(provider="anthropic", model=model), usage


def test_the_worst_case_is_all_input_at_its_dearest_and_the_longest_answer(prices: PriceList) -> None:
    haiku = "claude-haiku-4-5"
    worst = prices.worst_case(ask("anthropic", haiku))
    written = prices.cost_usd(*spent(haiku, cache_write_tokens=100_000))
    read = prices.cost_usd(*spent(haiku))
    assert read is not None and written is not None and worst.usd == written > read
    assert worst.tokens == 110_000
    hour = prices.worst_case(ask("anthropic", haiku, cache_ttl="1h"))
    assert hour.usd is not None and hour.usd > written, "an hour costs more to write"


def test_what_costs_more_from_so_much_input_on_is_priced_so(prices: PriceList) -> None:
    small, large = (
        prices.worst_case(ask("gemini", "gemini-2.5-pro", input_tokens=tokens, output_tokens=0)).usd
        for tokens in (100_000, 400_000)
    )
    assert small is not None and large is not None and large > 4.5 * small


def test_a_cache_that_gemini_may_be_asked_to_make_is_in_it(prices: PriceList) -> None:
    worst = prices.worst_case(ask("gemini", "gemini-2.5-flash"))
    plain = prices.cost_usd(ModelChoice(provider="gemini", model="gemini-2.5-flash"), spent("")[1])
    assert worst.tokens == 210_000
    assert worst.usd is not None and plain is not None and worst.usd > 1.3 * plain


@pytest.mark.parametrize(
    ("provider", "model", "usd"),
    [
        ("local", "qwen3", 0.0),
        ("ollama", "qwen3", 0.0),
        ("six", "qwen3", 0.0),
        ("near", "qwen3", None),
        ("scripted", "script-1", None),
        ("anthropic", "nobody-knows-1", None),
        ("gone", "deepseek-chat", None),
    ],
)
def test_a_server_of_this_machine_costs_nothing_and_what_nobody_knows_is_not_nothing(
    prices: PriceList, provider: str, model: str, usd: float | None
) -> None:
    worst = prices.worst_case(ask(provider, model))
    assert (worst.usd, worst.tokens) == (usd, 110_000)
