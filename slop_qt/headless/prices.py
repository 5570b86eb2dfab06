"""Whether it is known what a tier's model costs."""

from collections.abc import Mapping, Sequence

from slop_qt.core.settings import ModelChoice, Server
from slop_qt.core.usage import NO_USAGE
from slop_qt.providers.price_list import PriceList

__all__ = ["known_prices"]


def known_prices(
    choices: Sequence[ModelChoice], environment: Mapping[str, str], servers: Mapping[str, Server]
) -> dict[ModelChoice, bool]:
    """For each choice whether its price is in the table. For a helper thread."""
    prices = PriceList(environment, lambda: servers)
    return {choice: prices.cost_usd(choice, NO_USAGE) is not None for choice in choices}
