"""What a tier's model costs, by provider and model."""

import pytest

from slop_qt.core.settings import ModelChoice, Server
from slop_qt.core.usage import Usage
from slop_qt.providers.price_list import PriceList

MILLION = Usage(requests=1, input_tokens=1_000_000)
DEEPSEEK = Server(base_url="https://api.deepseek.com")


@pytest.fixture(scope="module")
def prices() -> PriceList:
    return PriceList({}, lambda: {"mine": DEEPSEEK, "local": Server(base_url="http://127.0.0.1:9999/v1")})


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
