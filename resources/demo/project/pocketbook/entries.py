"""Reading a journal: text to entries."""

from __future__ import annotations

import datetime
import re
from dataclasses import dataclass

from pocketbook.money import Money

_HEAD = re.compile(r"(?P<date>\d{4}-\d{2}-\d{2}) (?P<title>.+)")
_POSTING = re.compile(r"\s+(?P<account>\S+)\s\s+(?P<amount>.+)")


@dataclass(frozen=True)
class Posting:
    """What one entry does to one account."""

    account: str
    amount: Money


@dataclass(frozen=True)
class Entry:
    """Something that happened on a day; its amounts sum up to zero."""

    date: datetime.date
    title: str
    postings: tuple[Posting, ...]


def parse_journal(text: str) -> list[Entry]:
    """The entries of a journal, in its order. What cannot be understood is a ValueError."""
    entries: list[Entry] = []
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip() or line.startswith(";"):
            continue
        if head := _HEAD.fullmatch(line):
            day = datetime.date.fromisoformat(head["date"])
            entries.append(Entry(day, head["title"], ()))
        elif entries and (found := _POSTING.fullmatch(line)):
            posting = Posting(found["account"], Money.parse(found["amount"].strip()))
            last = entries[-1]
            entries[-1] = Entry(last.date, last.title, (*last.postings, posting))
        else:
            raise ValueError(f"line {number}: neither an entry nor a posting: {line!r}")
    return entries
