"""The dates of what happens every month: rent, salary, the subscription nobody remembers."""

from __future__ import annotations

import datetime


def monthly(start: datetime.date, count: int) -> list[datetime.date]:
    """The first `count` dates of something that happens on the same day of each month.

    In a month that is too short it happens on the last day.
    """
    dates = [start]
    while len(dates) < count:
        previous = dates[-1]
        year, month = previous.year + previous.month // 12, previous.month % 12 + 1
        dates.append(previous.replace(year=year, month=month))
    return dates[:count]
