"""How hard a model is asked to think, where that is said in a word and not in tokens."""

from typing import Literal

__all__ = ["Effort", "effort_for"]

Effort = Literal["low", "medium", "high"]

# Tokens to think with, and the word for as much; what is more is "high".
_EFFORTS: tuple[tuple[int, Effort], ...] = ((2_048, "low"), (8_192, "medium"))


def effort_for(tokens: int) -> Effort:
    """The word that comes nearest to so many tokens of thinking."""
    return next((effort for most, effort in _EFFORTS if tokens <= most), "high")
