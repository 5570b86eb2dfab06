"""What a tier's model costs now, by the rules that its adapter goes by."""

import ipaddress
import threading
from collections.abc import Callable, Iterator, Mapping
from urllib.parse import urlsplit

from slop_qt.core.budgets import SpendAsk, WorstCase
from slop_qt.core.errors import ConfigurationError
from slop_qt.core.settings import ModelChoice, Server
from slop_qt.core.usage import Usage
from slop_qt.providers.pricing import Prices
from slop_qt.providers.servers import PRICED_AS, Place, place_of

__all__ = ["PriceList"]


class PriceList:
    """The price table, asked by provider and model. The first question takes most of a second: for helper threads.

    environment is where addresses of vendors are (os.environ); servers are those of the settings at the moment.
    """

    def __init__(self, environment: Mapping[str, str], servers: Callable[[], Mapping[str, Server]]) -> None:
        self._environment = environment
        self._servers = servers
        self._prices: Prices | None = None
        self._lock = threading.Lock()

    def cost_usd(self, choice: ModelChoice, usage: Usage) -> float | None:
        """What one response of that usage costs; None where no price is known, or where nobody is paid."""
        place = self._place(choice.provider)
        return None if place is None else self._priced(place, choice.model, usage)

    def worst_case(self, ask: SpendAsk) -> WorstCase:
        """The most that one send can come to.

        Its input may be read anew or written to a cache, whichever is dearer: all of it. Gemini's adapter may have a
        cache made first, by a request with the same input. A server on this machine whose price nobody knows is paid
        by nobody.
        """
        place = self._place(ask.provider)
        makes_caches = place is not None and place.api == "gemini"
        tokens = ask.input_tokens * (2 if makes_caches else 1) + ask.output_tokens
        if place is None:
            return WorstCase(None, tokens)
        costs = [self._priced(place, ask.model, usage, hour) for usage, hour in _ways(ask)]
        if makes_caches:
            making = Usage(requests=1, input_tokens=ask.input_tokens, cache_write_tokens=ask.input_tokens)
            made = self._priced(place, ask.model, making)
            costs = [None if cost is None or made is None else cost + made for cost in costs]
        known = [cost for cost in costs if cost is not None]
        if len(known) == len(costs):
            return WorstCase(max(known), tokens)
        return WorstCase(0.0 if _goes_by_address(place) and _is_here(place.base_url) else None, tokens)

    def _place(self, provider: str) -> Place | None:
        try:
            return place_of(provider, self._environment, self._servers())
        except ConfigurationError:
            return None

    def _priced(self, place: Place, name: str, usage: Usage, hour_tokens: int = 0) -> float | None:
        model, table = name.removeprefix("models/"), self._table()
        if _goes_by_address(place):
            return table.cost_at_usd(place.base_url, model, usage, cache_write_1h_tokens=hour_tokens)
        return table.cost_usd(PRICED_AS[place.api], model, usage, cache_write_1h_tokens=hour_tokens)

    def _table(self) -> Prices:
        with self._lock:
            if self._prices is None:
                self._prices = Prices()
            return self._prices


def _ways(ask: SpendAsk) -> Iterator[tuple[Usage, int]]:
    """How its input could be charged, and how much of it at the price of what is cached for an hour."""
    read = Usage(requests=1, input_tokens=ask.input_tokens, output_tokens=ask.output_tokens)
    yield read, 0
    written = read.model_copy(update={"cache_write_tokens": ask.input_tokens})
    yield written, ask.input_tokens if ask.cache_ttl == "1h" else 0


def _goes_by_address(place: Place) -> bool:
    """Whether many offer this API: the address says whose prices hold."""
    return place.server or place.api == "openai"


def _is_here(base_url: str) -> bool:
    """Whether the address is one of this machine itself."""
    try:
        host = urlsplit(base_url).hostname or ""
        return host == "localhost" or host.endswith(".localhost") or ipaddress.ip_address(host).is_loopback
    except ValueError:  # it is a name, or no address at all
        return False
