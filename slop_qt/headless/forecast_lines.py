"""The dry run on a terminal: a few aligned lines after a plan, one line before a run."""

import math
from collections.abc import Callable

from slop_qt.core.forecast import Estimate, Forecast
from slop_qt.headless.words import one_line

__all__ = ["forecast_line", "forecast_lines"]

_NAMED = 12
_SHOWN = 4
_LABEL = 14


def forecast_lines(forecast: Forecast) -> list[str]:
    """What a run of the track would look like; nothing of a track without tickets."""
    if not forecast.tickets:
        return []
    rows = [
        ("Order", _order(forecast)),
        ("At once", _at_once(forecast)),
        ("Critical path", _critical_path(forecast)),
        *(("Same path", row) for row in _overlaps(forecast)),
        ("Tokens", _tokens(forecast)),
        ("Cost", _cost(forecast)),
        ("Basis", forecast.tickets[0].basis),
    ]
    return ["", *(f"    {label:{_LABEL}}{one_line(text)}" for label, text in rows), ""]


def forecast_line(forecast: Forecast) -> str:
    """The same in one line."""
    path = len(forecast.critical_path)
    parts = [f"{_counted(len(forecast.tickets), 'ticket')}, up to {forecast.at_once} at once, at least {path} in a row"]
    if forecast.tokens is None:
        parts.append("tokens and cost not known")
    else:
        parts += [_tokens(forecast), _cost(forecast) if forecast.cost_usd else "cost not known"]
    return f"Expected: {'; '.join(parts)}."


def _order(forecast: Forecast) -> str:
    if len(forecast.tickets) <= _NAMED:
        return " → ".join(", ".join(stage) for stage in forecast.stages)
    sizes = ", ".join(str(len(stage)) for stage in forecast.stages[:_NAMED])
    more = ", …" if len(forecast.stages) > _NAMED else ""
    return f"{_counted(len(forecast.stages), 'stage')} of {sizes}{more} tickets"


def _at_once(forecast: Forecast) -> str:
    return f"{forecast.at_once}, with {_counted(forecast.workers, 'worker')}"


def _critical_path(forecast: Forecast) -> str:
    path = forecast.critical_path
    shown = path if len(path) <= _NAMED else (*path[:_SHOWN], "…", path[-1])
    return f"{' → '.join(shown)} ({len(path)} of {_counted(len(forecast.tickets), 'ticket')})"


def _overlaps(forecast: Forecast) -> list[str]:
    pairs = forecast.overlaps
    rows = [f"{pair.first} and {pair.second}: {pair.path}" for pair in pairs[:_SHOWN]]
    return rows + ([f"and {_counted(len(pairs) - _SHOWN, 'more pair')}"] if len(pairs) > _SHOWN else [])


def _tokens(forecast: Forecast) -> str:
    return _range(forecast.tokens, "tokens", _number)


def _cost(forecast: Forecast) -> str:
    return _range(forecast.cost_usd, "USD", _money)


def _range(estimate: Estimate | None, unit: str, words: Callable[[float], str]) -> str:
    if estimate is None:
        return "not known"
    return f"{words(estimate.middle)} {unit} ({words(estimate.low)} to {words(estimate.high)})"


def _number(value: float) -> str:
    """With two digits that count: more is not known."""
    if value < 1:
        return "0"
    unit = 10 ** max(0, math.floor(math.log10(value)) - 1)
    return f"{round(value / unit) * unit:,}"


def _money(value: float) -> str:
    if value <= 0:
        return "0"
    decimals = max(0, 1 - math.floor(math.log10(value)))
    return f"{value:,.{decimals}f}"


def _counted(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"
