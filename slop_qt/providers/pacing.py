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
        self._period_start = self._loop.time()
        self._bytes = 0
        self._bytes_before = 0

    async def pause(self, size: int) -> None:
        """Wait out the period in which `size` bytes were read, if the stream is slow enough for that to be wise."""
        now = self._loop.time()
        if now - self._period_start >= _PERIOD_S:
            # After a long silence the last period says nothing any more.
            recent = now - self._period_start < 2 * _PERIOD_S
            self._bytes_before = self._bytes if recent else 0
            self._bytes = 0
            self._period_start = now
        self._bytes += size
        if self._bytes + self._bytes_before < _FAST_BYTES:
            await asyncio.sleep(self._period_start + _PERIOD_S - now)
