"""Waiting for what has no signal of its own, outside of what is measured."""

import asyncio
from collections.abc import Callable

__all__ = ["until"]

_EVERY_S = 0.1
_DEADLINE_S = 30


async def until(condition: Callable[[], bool], what: str) -> None:
    """Return when the condition holds. Raises AssertionError, with `what` should hold, after 30 s."""
    for _ in range(round(_DEADLINE_S / _EVERY_S)):
        if condition():
            return
        await asyncio.sleep(_EVERY_S)
    raise AssertionError(f"After {_DEADLINE_S} s not yet: {what}")
