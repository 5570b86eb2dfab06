"""Numbers, times and durations as a person reads them."""

from datetime import datetime

from slop_qt.core.usage import Usage

__all__ = ["clock", "cost", "count", "duration", "plural"]


def count(number: int) -> str:
    """12,345."""
    return f"{number:,}"


def plural(number: int, noun: str) -> str:
    """`1 file`, `2 files`."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def cost(usage: Usage) -> str:
    """In US dollars: `0.42`, `0.0013` below a cent, `unknown` where a price is not known."""
    if usage.cost_usd is None:
        return "unknown"
    return f"{usage.cost_usd:.2f}" if usage.cost_usd >= 0.01 or usage.cost_usd == 0 else f"{usage.cost_usd:.4f}"


def duration(seconds: float) -> str:
    """`12 s`, `3 min`, `2 h 5 min`."""
    whole = max(0, int(seconds))
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min"
    return f"{whole // 3600} h {whole % 3600 // 60} min"


def clock(moment: str | datetime) -> str:
    """The local time of day, to the second; empty where there is none."""
    if not moment:
        return ""
    parsed = datetime.fromisoformat(moment) if isinstance(moment, str) else moment
    return parsed.astimezone().strftime("%H:%M:%S")
