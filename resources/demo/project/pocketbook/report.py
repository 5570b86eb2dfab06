"""A journal's balances, to be read by a person."""

from __future__ import annotations


def balance_report(journal: str) -> str:
    """A table of all accounts; an account inside of another one is indented below it."""
    raise NotImplementedError
