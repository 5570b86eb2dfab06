"""What is about to be sent to a model, part by part (shape: Context report in the automation protocol)."""

from datetime import datetime
from typing import Literal

from pydantic import NonNegativeInt

from slop_qt.core.shape import Shape

__all__ = ["CacheReport", "CacheState", "ContextPart", "ContextReport", "Measured", "PartKind", "Trimming"]

Measured = Literal["provider", "estimate"]
PartKind = Literal[
    "system", "prompt", "tools", "docs", "ticket", "file", "outline", "range", "dependency", "history", "tool_result"
]
CacheState = Literal["warm", "cold", "expired", "none", "unknown"]


class ContextPart(Shape):
    """One part of a request. cached: it lies inside the prefix that the provider is asked to keep."""

    kind: PartKind
    label: str
    tokens: NonNegativeInt
    cached: bool


class Trimming(Shape):
    """What a request leaves out that the one before still had, or the next one would: how much that saves, and why."""

    label: str
    tokens: NonNegativeInt
    reason: str


class CacheReport(Shape):
    """Where the provider's cache of the prefix stands. prefix_tokens is how long that prefix is."""

    state: CacheState
    prefix_tokens: NonNegativeInt = 0
    expires_at: datetime | None = None
    broken_by: str | None = None


class ContextReport(Shape):
    """A request's composition. The tokens of the parts sum exactly to used_tokens.

    limit_tokens is the model's context window, or less where the tier may have less; 0 where nobody has said how large
    it is. measured says who counted used_tokens: the provider, or our estimate.
    """

    model: str
    limit_tokens: NonNegativeInt
    used_tokens: NonNegativeInt
    measured: Measured
    parts: tuple[ContextPart, ...]
    would_trim: tuple[Trimming, ...] = ()
    cache: CacheReport
