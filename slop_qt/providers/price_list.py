"""What a tier's model costs now, by the rules that its adapter goes by."""

import threading
from collections.abc import Callable, Mapping

from slop_qt.core.errors import ConfigurationError
from slop_qt.core.settings import ModelChoice, Server
from slop_qt.core.usage import Usage
from slop_qt.providers.pricing import Prices
from slop_qt.providers.servers import PRICED_AS, place_of

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
        try:
            place = place_of(choice.provider, self._environment, self._servers())
        except ConfigurationError:
            return None
        model = choice.model.removeprefix("models/")
        if place.server or place.api == "openai":  # which many offer: the address says whose prices hold
            return self._table().cost_at_usd(place.base_url, model, usage)
        return self._table().cost_usd(PRICED_AS[place.api], model, usage)

    def _table(self) -> Prices:
        with self._lock:
            if self._prices is None:
                self._prices = Prices()
            return self._prices
