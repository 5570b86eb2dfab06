"""Reading a stream in bursts: so that wake-ups grow with streams and not with tokens."""

import asyncio

__all__ = ["ReadPacer"]

_PERIOD_S = 0.02
# A stream that brings as much in a period is not a trickle of tokens: pauses would only make it wait.
_FAST_BYTES = 16 * 1024


class ReadPacer:
    """Says when a stream may be read again: at most once in 20 ms, unless it is fast. Lives in one loop.

    The first read is never late: the pause comes after it.
    """

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._start = self._loop.time()
        self._bytes = 0
        self._bytes_before = 0

    async def pause(self, size: int) -> None:
        """Wait out the period in which `size` bytes were read, unless the stream is fast."""
        now = self._loop.time()
        if now - self._start >= _PERIOD_S:
            self._begin_period(now)
        self._bytes += size
        if self._bytes + self._bytes_before < _FAST_BYTES:
            await asyncio.sleep(self._start + _PERIOD_S - now)
            self._begin_period(self._loop.time())

    def _begin_period(self, now: float) -> None:
        """Start counting anew; what came in a period long ago says nothing of the speed now."""
        self._bytes_before = self._bytes if now - self._start < 2 * _PERIOD_S else 0
        self._bytes = 0
        self._start = now
