"""The one retry layer: sends the identical request again, visibly, and watches that something comes."""

import asyncio
import math
import random
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing
from types import TracebackType

from slop_qt.core.conversation import CacheWritten, Finished, ModelRequest, ProviderEvent, RetryNotice, UsageUpdate
from slop_qt.core.errors import ProviderError
from slop_qt.core.ports import ProviderSession, Reservation, SendThrottle
from slop_qt.core.usage import NO_USAGE
from slop_qt.providers.backoff import wait_s

__all__ = ["stream_with_retries"]


async def stream_with_retries(
    session: ProviderSession,
    request: ModelRequest,
    *,
    throttle: SendThrottle,
    sends: int,
    no_progress_s: float,
    jitter: Callable[[], float] = random.random,
    reserve: Callable[[], Awaitable[Reservation]] | None = None,
) -> AsyncGenerator[ProviderEvent, None]:
    """What one request comes to, in at most `sends` sends; a RetryNotice before each but the first.

    reserve sets aside what a send can come to, before it asks for admission: who waits for the budget keeps nobody from
    sending. throttle admits each send; where it makes the first one wait, there is a notice of attempt 1 before that.
    no_progress_s is how long nothing may come before a send counts as failed; neither those waits nor the time that the
    consumer takes for an event count. jitter gives numbers from 0 to 1 that spread the waits. Close the generator
    (`aclosing`).

    Raises:
        ProviderError: an error that is not retryable, or the last send failed too.
        BudgetError: a send was not made, as `reserve` said.
    """
    for send in range(1, sends + 1):
        reservation = await reserve() if reserve is not None else None
        with _Spending(reservation) as spending, throttle.ask() as admission:
            if not admission.start():
                if send == 1:
                    yield _queued(throttle)
                await admission.wait()
            try:
                async with aclosing(_watched(session, request, no_progress_s)) as events:
                    async for event in events:
                        spending.see(event)
                        if isinstance(event, Finished):
                            admission.answered()
                        yield event
                return
            except ProviderError as error:
                pause_s = admission.refused(error) if error.rate_limited else 0.0
                if not error.retryable or sends == 1:
                    raise
                if send == sends:
                    raise ProviderError(f"{error.message} It was sent {sends} times.", error.hint) from error
                failure = error
        own_s = 0.0 if failure.rate_limited else wait_s(send, failure.retry_after_s, jitter)
        yield RetryNotice(failure.message, max(own_s, pause_s, throttle.state().pause_s), send + 1)
        await asyncio.sleep(own_s)


def _queued(throttle: SendThrottle) -> RetryNotice:
    """Before a first send that has to wait for others, or for the end of the pause that they were asked for."""
    state = throttle.state()
    return RetryNotice(f"{state.reason} Requests to {state.provider} take turns.", state.pause_s, 1)


class _Spending:
    """Tells a reservation what its send has cost so far: the answer, and what was sent beside it."""

    def __init__(self, reservation: Reservation | None) -> None:
        self._reservation = reservation
        self._beside = NO_USAGE
        self._answer = NO_USAGE

    def __enter__(self) -> "_Spending":
        if self._reservation is not None:
            self._reservation.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._reservation is not None:
            self._reservation.__exit__(kind, error, trace)

    def see(self, event: ProviderEvent) -> None:
        """An event that came of the send."""
        if isinstance(event, CacheWritten):
            self._beside += event.usage
        elif isinstance(event, UsageUpdate):
            self._answer = event.usage
        else:
            return
        if self._reservation is not None:
            self._reservation.spent(self._beside + self._answer)


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
            raise ProviderError(
                f"Nothing came from the provider for {self._limit_s:g} s.",
                "Where the model may need longer to begin, set no_progress_s under [limits] in your settings higher.",
                retryable=True,
            ) from error

    def close(self) -> None:
        """Take the timer back."""
        if self._timer is not None:
            self._timer.cancel()
