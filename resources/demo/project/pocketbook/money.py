"""Amounts of money, exact to the cent."""

from __future__ import annotations

import re
from dataclasses import dataclass

_AMOUNT = re.compile(r"(?P<sign>-?)(?P<whole>\d+)\.(?P<cents>\d{2}) (?P<currency>[A-Z]{3})")


@dataclass(frozen=True)
class Money:
    """A number of cents in one currency. Two currencies are never added up."""

    cents: int
    currency: str = "EUR"

    @classmethod
    def parse(cls, text: str) -> Money:
        """Read an amount such as `-42.10 EUR`."""
        match = _AMOUNT.fullmatch(text)
        if match is None:
            raise ValueError(f"not an amount: {text!r}")
        cents = int(match["whole"]) * 100 + int(match["cents"])
        return cls(-cents if match["sign"] else cents, match["currency"])

    def __str__(self) -> str:
        sign = "-" if self.cents < 0 else ""
        whole, cents = divmod(abs(self.cents), 100)
        return f"{sign}{whole:,}.{cents:02d} {self.currency}"

    def __add__(self, other: Money) -> Money:
        if self.currency != other.currency:
            raise ValueError(f"cannot add {other.currency} to {self.currency}")
        return Money(self.cents + other.cents, self.currency)

    def __neg__(self) -> Money:
        return Money(-self.cents, self.currency)

    def split(self, parts: int) -> list[Money]:
        """Cut into shares that differ by a cent at most."""
        return [Money(self.cents // parts, self.currency)] * parts
