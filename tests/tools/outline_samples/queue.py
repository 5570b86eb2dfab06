#!/usr/bin/env python3
# Licence: MIT
"""A queue that remembers.

Second paragraph.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Generic, TypeVar, overload

T = TypeVar("T")
LIMIT: int = 64
_TABLE = {
    "a": 1,
    "b": 2,
}
type Pair[A] = tuple[A, A]


def register(name: str) -> Callable[[type], type]:
    # why this is here
    """Keep a class by its name."""

    def keep(kind: type) -> type:
        """The class itself."""
        return kind

    return keep


@register("queue")
class Queue(Generic[T]):
    """First in, first out."""

    size: int = 0
    _waiting: list[T]

    class Full(Exception):
        """No room is left."""

    def __init__(
        self,
        *,
        size: int = LIMIT,
        on_full: Callable[[T], None] | None = None,
    ) -> None:  # never raises
        self.size = size
        self.on_full = on_full

    @overload
    def take(self) -> T: ...

    @overload
    def take(self, count: int) -> list[T]: ...

    def take(self, count=None):
        r'''Take one, or as many as are asked for.'''
        return self._waiting.pop()

    @property
    async def waiting(self) -> int:
        if self.size:
            def late() -> int:
                return 1
        return len(self._waiting)


class Nothing: pass


async def drain(queue: Queue[int], *, over=lambda q: q.size) -> None: await asyncio.sleep(0)
