"""Numbers, times and durations as a person reads them."""

from datetime import date, datetime

from slop_qt.core.usage import Usage

__all__ = ["calendar_day", "clock", "cost", "count", "dollars", "duration", "moment", "plural", "short_count"]

# Not strftime's: Qt sets the locale of the C library, and the window speaks English.
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


def count(number: int) -> str:
    """12,345."""
    return f"{number:,}"


def short_count(number: int) -> str:
    """`950`, `12.3k`, `480k`, `1.25M`: three digits, rounded."""
    if number < 1000:
        return str(number)
    scaled, unit = (number / 1000, "k") if number < 999_500 else (number / 1_000_000, "M")
    return f"{scaled:,.0f}{unit}" if scaled >= 99.95 else f"{scaled:.3g}{unit}"


def plural(number: int, noun: str) -> str:
    """`1 file`, `2 files`."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def cost(usage: Usage) -> str:
    """In US dollars: `0.42`, `0.0013` below a cent, `unknown` where a price is not known."""
    return "unknown" if usage.cost_usd is None else _amount(usage.cost_usd)


def dollars(amount: float) -> str:
    """`$1,234.50`, `$0.0013` below a cent."""
    return f"${_amount(amount)}" if amount < 1000 else f"${amount:,.2f}"


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


def moment(of: str | datetime) -> str:
    """Local day and minute: `27 Nov 21:15`, with the year where it is not this one."""
    parsed = (datetime.fromisoformat(of) if isinstance(of, str) else of).astimezone()
    year = f" {parsed.year}" if parsed.year != datetime.now().astimezone().year else ""
    return f"{parsed.day} {_MONTHS[parsed.month - 1]}{year} {parsed:%H:%M}"


def calendar_day(day: str) -> str:
    """`Fri 27 Nov 2026`, of a day as in `2026-11-27`."""
    parsed = date.fromisoformat(day)
    return f"{_WEEKDAYS[parsed.weekday()]} {parsed.day} {_MONTHS[parsed.month - 1]} {parsed.year}"


def _amount(usd: float) -> str:
    return f"{usd:.2f}" if usd >= 0.01 or usd == 0 else f"{usd:.4f}"
