"""What each kind of a context's part, and each state of a provider's cache, looks like."""

from collections.abc import Mapping
from datetime import datetime

from slop_qt.core.context import CacheReport, CacheState, PartKind
from slop_qt.qt.status import Look

__all__ = ["PART_KINDS", "cache_look", "cache_now", "kind_words", "part_look"]

_PARTS: Mapping[PartKind, tuple[str, str, str]] = {
    "system": ("system", "System", "System prompt"),
    "prompt": ("prompt", "Prompt", "Prompt"),
    "tools": ("tool", "Tools", "Tools"),
    "docs": ("docs", "Docs", "Product docs"),
    "ticket": ("ticket", "Ticket", "Ticket"),
    "file": ("file", "File", "Files"),
    "outline": ("outline", "Outline", "Outlines"),
    "range": ("range", "Range", "Ranges"),
    "dependency": ("dependency", "Dependency", "Dependencies"),
    "history": ("history", "History", "History"),
    "tool_result": ("result", "Tool result", "Tool results"),
}

# In the order in which a request has them.
PART_KINDS: tuple[PartKind, ...] = tuple(_PARTS)

_CACHES: Mapping[CacheState, Look] = {
    "warm": Look("warm", "Warm", "done"),
    "cold": Look("cold", "Cold", "running"),
    "expired": Look("waiting", "Expired", "waiting"),
    "none": Look("minus", "No cache", "idle"),
    "unknown": Look("question", "Unknown", "idle"),
}
_BROKEN = Look("broken", "Broken", "waiting")


def part_look(kind: PartKind) -> Look:
    """How one part of that kind is shown."""
    icon, word, _ = _PARTS[kind]
    return Look(icon, word, f"part_{kind}")


def kind_words(kind: PartKind) -> str:
    """What all parts of that kind are called together."""
    return _PARTS[kind][2]


def cache_now(cache: CacheReport, now: datetime) -> CacheState:
    """The state at that moment: a warm cache whose time is over is expired, though nobody has reported that."""
    over = cache.expires_at is not None and cache.expires_at <= now
    return "expired" if cache.state == "warm" and over else cache.state


def cache_look(cache: CacheReport, now: datetime) -> Look:
    """How the cache is shown at that moment."""
    state = cache_now(cache, now)
    return _BROKEN if cache.broken_by and state != "expired" else _CACHES[state]
