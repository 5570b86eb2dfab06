"""Whether it is known what a tier's model costs."""

from collections.abc import Mapping, Sequence

from slop_qt.core.errors import ConfigurationError
from slop_qt.core.settings import ModelChoice, Server
from slop_qt.core.usage import NO_USAGE
from slop_qt.providers.pricing import Prices
from slop_qt.providers.servers import PRICED_AS, place_of

__all__ = ["known_prices"]


def known_prices(
    choices: Sequence[ModelChoice], environment: Mapping[str, str], servers: Mapping[str, Server]
) -> dict[ModelChoice, bool]:
    """For each choice whether its price is in the table, by the rules that its adapter goes by. For a helper thread."""
    prices = Prices()
    return {choice: _is_known(prices, choice, environment, servers) for choice in choices}


def _is_known(
    prices: Prices, choice: ModelChoice, environment: Mapping[str, str], servers: Mapping[str, Server]
) -> bool:
    try:
        place = place_of(choice.provider, environment, servers)
    except ConfigurationError:
        return False
    model = choice.model.removeprefix("models/")
    if place.server or place.api == "openai":  # which many offer: the address says whose prices hold
        return prices.cost_at_usd(place.base_url, model, NO_USAGE) is not None
    return prices.cost_usd(PRICED_AS[place.api], model, NO_USAGE) is not None
