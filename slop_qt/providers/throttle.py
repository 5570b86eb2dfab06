"""What all agents share that send to one provider with one key: a common pause, and how many may send at once."""

import asyncio
import contextlib
import math
import random
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable

from slop_qt.core.errors import ProviderError
from slop_qt.core.ports import ThrottleState
from slop_qt.providers.backoff import wait_s

__all__ = ["Throttle"]

# Vendors count requests and tokens by the minute: after one without a refusal, the last one says nothing any more.
_FORGOTTEN_S = 60.0
# With fewer for each step, a small limit would be above what the provider takes with every second send.
_LEAST_ANSWERS = 8


class Throttle:
    """Admits sends in the order in which they ask. From any thread; each admission lives in the loop that asked.

    Unlimited until the provider first says that requests are too many. Then nobody starts a send for as long as it
    asks, or for a time that doubles; from then on half as many as were in flight may be in flight, and one may be
    tried however many are left of those before. All refusals of one burst, requests that were sent before the pause
    began, halve that once. After as many answers as may be in flight, and no fewer than eight, one more may be, until
    nobody has to wait and more are allowed than were refused.
    """

    def __init__(
        self,
        provider: str,
        *,
        clock: Callable[[], float] = time.monotonic,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        """provider is a name for people. clock is in seconds; jitter gives numbers from 0 to 1 that spread pauses."""
        self._provider = provider
        self._clock = clock
        self._jitter = jitter
        self._lock = threading.Lock()
        self._queue: deque[_Admission] = deque()
        self._in_flight: set[_Admission] = set()
        self._limit: int | None = None
        self._asked = 0
        self._paused_until = -math.inf
        self._pauses = 0  # bursts of refusals since the last answer
        self._bursts = 0
        self._refused_at = 0  # the most that were in flight when the provider refused
        self._answers = 0  # since the limit was changed last
        self._reason = ""

    def ask(self) -> "_Admission":
        """A place in the queue. Called in the loop of the task that will send."""
        loop = asyncio.get_running_loop()
        with self._lock:
            self._asked += 1
            admission = _Admission(self, loop, self._asked)
            self._forget()
            self._queue.append(admission)
        return admission

    def state(self) -> ThrottleState:
        """How it stands now."""
        with self._lock:
            self._forget()
            return ThrottleState(
                provider=self._provider,
                limit=self._limit,
                in_flight=len(self._in_flight),
                waiting=len(self._queue),
                pause_s=self._pause_left(),
                reason=self._reason,
            )

    def start(self, admission: "_Admission") -> bool:
        """Whether it may send, and does from now on."""
        with self._lock:
            admitted = self._admit()
            if admission.granted:
                admission.started = True
        _wake(other for other in admitted if other is not admission)
        return admission.started

    def leave(self, admission: "_Admission") -> None:
        """It sends no longer, or not at all; safe to call twice."""
        with self._lock:
            self._in_flight.discard(admission)
            with contextlib.suppress(ValueError):
                self._queue.remove(admission)
            admitted = self._admit()
        _wake(admitted)

    def answered(self, admission: "_Admission") -> None:
        """Its answer is complete."""
        with self._lock:
            # What was sent before the last pause says nothing of what the provider takes now.
            if self._limit is None or admission.burst != self._bursts:
                return
            self._pauses = 0
            self._answers += 1
            if self._answers >= max(self._limit, _LEAST_ANSWERS):
                self._limit += 1
                self._answers = 0
            if self._limit > self._refused_at and not self._queue and not self._pause_left():
                self._lift()

    def refused(self, admission: "_Admission", error: ProviderError) -> float:
        """The provider said that requests are too many. Returns for how long nobody sends, seconds."""
        with self._lock:
            self._recall()
            if self._limit is None or admission.burst == self._bursts:
                self._cut()
            pause_s = wait_s(max(self._pauses, 1), error.retry_after_s, self._jitter)
            due = self._clock() + pause_s
            if due > self._paused_until:
                self._paused_until = due
                self._reason = error.message if error.message.endswith(".") else f"{error.message}."
            else:
                pause_s = self._pause_left()
            waiting = list(self._queue)
        _wake(waiting)  # to wait until the new end of the pause
        return pause_s

    def pause_left(self) -> float:
        """Seconds until the next send may begin; 0 where there is no pause."""
        with self._lock:
            return self._pause_left()

    def _pause_left(self) -> float:
        return max(self._paused_until - self._clock(), 0.0)

    def _admit(self) -> list["_Admission"]:
        """Let those go ahead whose turn it is. Returns them, to be woken without the lock."""
        admitted: list[_Admission] = []
        while self._queue and not self._pause_left() and self._has_room():
            admission = self._queue.popleft()
            admission.granted = True
            admission.burst = self._bursts
            self._in_flight.add(admission)
            admitted.append(admission)
        return admitted

    def _recall(self) -> None:
        """Put those back to where they were in the queue that may send and do not yet."""
        recalled = [admission for admission in self._in_flight if not admission.started]
        for admission in sorted(recalled, key=lambda admission: admission.number, reverse=True):
            admission.granted = False
            self._in_flight.discard(admission)
            self._queue.appendleft(admission)

    def _has_room(self) -> bool:
        if self._limit is None or len(self._in_flight) < self._limit:
            return True
        self._in_flight = {admission for admission in self._in_flight if not admission.orphaned}
        # Answers that were taken before may go on for minutes, or be stuck: the pause over, one is tried beside them.
        probing = any(admission.burst == self._bursts for admission in self._in_flight)
        return len(self._in_flight) < self._limit or not probing

    def _cut(self) -> None:
        """A new burst of refusals has begun."""
        self._bursts += 1
        self._pauses += 1
        self._answers = 0
        self._refused_at = max(self._refused_at, len(self._in_flight))
        self._limit = max(len(self._in_flight) // 2, 1)

    def _forget(self) -> None:
        """Lift a limit that is out of date and stops nobody."""
        if self._limit is not None and not self._queue and self._clock() - self._paused_until > _FORGOTTEN_S:
            self._lift()

    def _lift(self) -> None:
        self._limit = None
        self._refused_at = self._answers = self._pauses = 0


class _Admission:
    """One send's place: in the queue, then among those in flight. Belongs to one task of one loop.

    number, granted, started and burst are the throttle's, under its lock.
    """

    def __init__(self, throttle: Throttle, loop: asyncio.AbstractEventLoop, number: int) -> None:
        self.number = number
        self.granted = False
        self.started = False
        self.burst = 0
        self._throttle = throttle
        self._loop = loop
        self._called: asyncio.Future[None] | None = None

    def __enter__(self) -> "_Admission":
        return self

    def __exit__(self, *_: object) -> None:
        self._throttle.leave(self)

    @property
    def orphaned(self) -> bool:
        """Whether its loop was closed: it will neither send nor give its place back."""
        return self._loop.is_closed()

    def start(self) -> bool:
        """Begin the send, if it may begin at once: then it is in flight."""
        return self._throttle.start(self)

    async def wait(self) -> None:
        """Return when the send may begin, and has begun."""
        while True:
            self._called = self._loop.create_future()
            # Before it tries to start: a pause that ended in between would leave nobody to wake it.
            pause_s = self._throttle.pause_left()
            if self.start():
                return
            timer = self._loop.call_later(pause_s, self._call) if pause_s else None
            try:
                await self._called
            finally:
                if timer is not None:
                    timer.cancel()

    def answered(self) -> None:
        """The answer is complete: the provider takes what it is sent."""
        self._throttle.answered(self)

    def refused(self, error: ProviderError) -> float:
        """The provider said that requests are too many. Returns for how long nobody sends, seconds."""
        return self._throttle.refused(self, error)

    def wake(self) -> None:
        """Have `wait` look again. From any thread."""
        try:
            self._loop.call_soon_threadsafe(self._call)
        except RuntimeError:  # its loop was closed meanwhile
            self._throttle.leave(self)

    def _call(self) -> None:
        if self._called is not None and not self._called.done():
            self._called.set_result(None)


def _wake(admissions: Iterable[_Admission]) -> None:
    for admission in admissions:
        admission.wake()
