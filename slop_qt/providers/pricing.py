"""What tokens cost, by the table that comes with genai-prices; nothing is fetched."""

import importlib

from slop_qt.core.usage import NO_USAGE, Usage

__all__ = ["Prices"]


class Prices:
    """The price table. Making one takes most of a second: do it in the helper pool. For any thread."""

    def __init__(self) -> None:
        self._library = importlib.import_module("genai_prices")
        self.cost_usd("anthropic", "", NO_USAGE)  # the first question loads the table

    def cost_usd(self, provider: str, model: str, usage: Usage) -> float | None:
        """What the usage of one response costs, or None where the provider or the model is not in the table."""
        return self._cost_usd(model, usage, provider_id=provider)

    def cost_at_usd(self, base_url: str, model: str, usage: Usage) -> float | None:
        """The same for an API that many offer: the address says whose prices hold, and a local one has none."""
        return self._cost_usd(model, usage, provider_api_url=base_url)

    def _cost_usd(self, model: str, usage: Usage, **where: str) -> float | None:
        counts = self._library.Usage(
            input_tokens=usage.input_tokens,
            output_tokens=usage.output_tokens,
            cache_read_tokens=usage.cache_read_tokens,
            cache_write_tokens=usage.cache_write_tokens,
        )
        try:
            return float(self._library.calc_price(counts, model, **where).total_price)
        except LookupError:
            return None
