"""What tokens cost, by the table that comes with genai-prices; nothing is fetched."""

import importlib

from slop_qt.core.usage import NO_USAGE, Usage

__all__ = ["Prices"]


class Prices:
    """The price table. Making one takes most of a second: do it in the helper pool. For any thread."""

    def __init__(self) -> None:
        self._library = importlib.import_module("genai_prices")
        self.cost_usd("anthropic", "", NO_USAGE)  # the first question loads the table

    def cost_usd(self, provider: str, model: str, usage: Usage, *, cache_write_1h_tokens: int = 0) -> float | None:
        """What the usage of one response costs, or None where the provider or the model is not in the table.

        cache_write_1h_tokens is how many of the tokens written to the cache are to be kept for an hour, which has a
        price of its own. Counts that contradict each other have no price either. It must be one response: some models
        cost more from so many tokens of input on.
        """
        return self._cost_usd(model, usage, cache_write_1h_tokens, provider_id=provider)

    def cost_at_usd(self, base_url: str, model: str, usage: Usage, *, cache_write_1h_tokens: int = 0) -> float | None:
        """The same for an API that many offer: the address says whose prices hold, and a local one has none."""
        return self._cost_usd(model, usage, cache_write_1h_tokens, provider_api_url=base_url)

    def _cost_usd(self, model: str, usage: Usage, cache_write_1h_tokens: int, **where: str) -> float | None:
        try:
            counts = self._library.Usage(
                input_tokens=usage.input_tokens,
                output_tokens=usage.output_tokens,
                cache_read_tokens=usage.cache_read_tokens,
                cache_write_tokens=usage.cache_write_tokens,
                cache_write_1h_tokens=cache_write_1h_tokens,
            )
            return float(self._library.calc_price(counts, model, **where).total_price)
        except (LookupError, ValueError):
            return None
