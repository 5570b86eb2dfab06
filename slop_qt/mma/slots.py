"""The worker limit of one run."""

import asyncio
from collections import deque

__all__ = ["Slots"]


class Slots:
    """A counter of free workers. A ticket on its way to another attempt goes before tickets that have not started.

    Lives in the main thread's loop.
    """

    def __init__(self, capacity: int) -> None:
        self.capacity = capacity
        self._free = capacity
        self._waiting: deque[asyncio.Future[None]] = deque()

    @property
    def free(self) -> int:
        """How many could start now."""
        return self._free

    def try_take(self) -> bool:
        """Take one if one is free."""
        if self._free:
            self._free -= 1
            return True
        return False

    async def take(self) -> None:
        """Take one as soon as there is one."""
        if self.try_take():
            return
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append(turn)
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():
                self.release()  # it was handed over in the same moment
            raise

    def release(self) -> None:
        """Give one back, to who waits first."""
        while self._waiting:
            turn = self._waiting.popleft()
            if not turn.done():
                turn.set_result(None)
                return
        self._free += 1
