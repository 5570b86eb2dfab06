"""What each account holds."""

from __future__ import annotations

from collections.abc import Iterable

from pocketbook.entries import Entry
from pocketbook.money import Money


def balances(entries: Iterable[Entry]) -> dict[str, Money]:
    """The balance of each account, sorted by name.

    `expenses:food` is an account inside of `expenses`, and what it holds, `expenses` holds too.
    """
    totals: dict[str, Money] = {}
    for entry in entries:
        for posting in entry.postings:
            before = totals.get(posting.account, Money(0, posting.amount.currency))
            totals[posting.account] = before + posting.amount
    return dict(sorted(totals.items()))
