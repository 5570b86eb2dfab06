"""The one retry layer: sends the identical request again, visibly, and watches that something comes."""

import asyncio
import math
import random
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from types import TracebackType

from slop_qt.core.conversation import ModelRequest, ProviderEvent, RetryNotice
from slop_qt.core.errors import ProviderError
from slop_qt.core.ports import ProviderSession

__all__ = ["stream_with_retries"]

_FIRST_WAIT_S = 0.5
_LONGEST_WAIT_S = 30.0
# A server that asks for more than this is asked again earlier.
_LONGEST_RETRY_AFTER_S = 120.0


async def stream_with_retries(
    session: ProviderSession,
    request: ModelRequest,
    *,
    sends: int,
    no_progress_s: float,
    jitter: Callable[[], float] = random.random,
) -> AsyncGenerator[ProviderEvent, None]:
    """What one request comes to, in at most `sends` sends; a RetryNotice before each but the first.

    no_progress_s is how long nothing may come before a send counts as failed; the time that the consumer takes for an
    event does not count. jitter gives numbers from 0 to 1 that spread the waits. Close the generator (`aclosing`).

    Raises:
        ProviderError: an error that is not retryable, or the last send failed too.
    """
    for send in range(1, sends + 1):
        try:
            async with aclosing(_watched(session, request, no_progress_s)) as events:
                async for event in events:
                    yield event
            return
        except ProviderError as error:
            if not error.retryable or sends == 1:
                raise
            if send == sends:
                raise ProviderError(f"{error.message} It was sent {sends} times.", error.hint) from error
            notice = RetryNotice(error.message, _wait_s(error, send, jitter), send + 1)
        yield notice
        await asyncio.sleep(notice.wait_s)


def _wait_s(error: ProviderError, send: int, jitter: Callable[[], float]) -> float:
    """Seconds until the next send, after send number `send` failed."""
    if error.retry_after_s is not None:
        return min(max(error.retry_after_s, 0.0), _LONGEST_RETRY_AFTER_S)
    return min(_FIRST_WAIT_S * 2.0 ** (send - 1), _LONGEST_WAIT_S) * (0.5 + 0.5 * jitter())


async def _watched(
    session: ProviderSession, request: ModelRequest, no_progress_s: float
) -> AsyncGenerator[ProviderEvent, None]:
    """One send, with a watchdog on every wait for an event."""
    watchdog = _Watchdog(no_progress_s)
    try:
        async with aclosing(session.stream(request)) as events:
            while True:
                with watchdog:
                    event = await anext(events, None)
                if event is None:
                    return
                yield event
    finally:
        watchdog.close()


class _Watchdog:
    """Ends a wait in which nothing came: `with watchdog: await …`, again and again, in the task that made it.

    asyncio.timeout would set one timer for every wait, that is for every delta; this has one timer that looks
    whether the current wait is over its time, and sets itself again if not.
    """

    def __init__(self, limit_s: float) -> None:
        self._limit_s = limit_s
        self._loop = asyncio.get_running_loop()
        self._task = asyncio.current_task()
        self._cancels_before = 0
        self._due = math.inf
        self._timer: asyncio.TimerHandle | None = None
        self._struck = False

    def __enter__(self) -> None:
        assert self._task is not None, "streams are read by tasks"
        self._cancels_before = self._task.cancelling()
        self._due = self._loop.time() + self._limit_s
        if self._timer is None:
            self._timer = self._loop.call_at(self._due, self._look)

    def _look(self) -> None:
        self._timer = None
        if self._due == math.inf:
            return
        if self._loop.time() < self._due:
            self._timer = self._loop.call_at(self._due, self._look)
            return
        assert self._task is not None
        self._struck = True
        self._task.cancel()

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        """Raises ProviderError where the wait took too long and nobody else cancelled the task."""
        self._due = math.inf
        if not self._struck:
            return
        self._struck = False
        assert self._task is not None
        if self._task.uncancel() <= self._cancels_before and kind is asyncio.CancelledError:
            raise ProviderError(f"Nothing came from the provider for {self._limit_s:g} s.", retryable=True) from error

    def close(self) -> None:
        """Take the timer back."""
        if self._timer is not None:
            self._timer.cancel()
