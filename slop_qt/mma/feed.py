"""Brings events from any thread to the session state on the main thread, a little at a time."""

import asyncio
import contextlib
import time
from collections.abc import Callable, Iterable
from itertools import islice

from slop_qt.core.errors import NotPossibleError
from slop_qt.core.events import Event
from slop_qt.core.ports import Offload
from slop_qt.core.state import Changes, SessionState
from slop_qt.mma.bus import Bus

__all__ = ["Listener", "StateFeed"]

Listener = Callable[[Changes], None]

_SLICE_S = 0.004
_READ_AHEAD = 1000


class StateFeed:
    """Folds events into the session state for at most 4 ms a turn of the loop, then says what changed.

    Lives on the main thread's loop; everything but the wake-up is called there. Live events wait until `load` has
    folded in the stored ones, of which there may be none.

    Attributes:
        state: the session's state; read it on the loop's thread only, and only the feed changes it.
    """

    def __init__(self, bus: Bus, loop: asyncio.AbstractEventLoop) -> None:
        self.state = SessionState()
        self._bus = bus
        self._loop = loop
        self._listeners: tuple[Listener, ...] = ()
        self._waiters: list[tuple[int, asyncio.Future[None]]] = []
        self._loaded = False
        self._closed = False
        self._consumer = bus.subscribe(self._wake)

    def subscribe(self, listener: Listener) -> None:
        """Have `listener` called after each turn, with what the turn changed."""
        self._listeners = (*self._listeners, listener)

    def unsubscribe(self, listener: Listener) -> None:
        """Stop that, at once."""
        self._listeners = tuple(other for other in self._listeners if other != listener)

    async def caught_up(self, seq: int) -> None:
        """Return once every event up to `seq` is folded in.

        Raises:
            NotPossibleError: the feed was closed before.
        """
        if self.state.last_seq >= seq:
            return
        if self._closed:
            raise _closed_error()
        waiter: asyncio.Future[None] = self._loop.create_future()
        self._waiters.append((seq, waiter))
        await waiter

    async def load(self, events: Iterable[Event], offload: Offload) -> None:
        """Fold in the stored events of earlier processes, then begin with this one's. To be called once.

        `events` is read in a helper thread, a thousand at a time, and left where this process's own events begin.

        Raises:
            StoreError: as reading `events` does; what came before is folded in, and so is what is live.
        """
        source = iter(events)
        try:
            while chunk := await offload.run(lambda: list(islice(source, _READ_AHEAD))):
                stored = [event for event in chunk if event.seq < self._bus.first_seq]
                await self._fold_slowly(stored)
                if len(stored) < len(chunk) or self._closed:
                    return
        finally:
            self._loaded = True
            self._loop.call_soon(self._turn)  # the wake-up for what came in meanwhile has been and gone

    async def settle(self) -> None:
        """Return once everything that was published before this call is folded in; at once if `load` never ran."""
        published = self._bus.last_seq >= self._bus.first_seq
        if published and self._loaded and not self._closed:
            await self.caught_up(self._bus.last_seq)

    def close(self) -> None:
        """Stop folding and listening; whoever waits in `caught_up` is told.

        Safe to call twice, and after the loop has ended.
        """
        self._closed = True
        self._bus.unsubscribe(self._consumer)
        self._listeners = ()
        waiters, self._waiters = self._waiters, []
        if self._loop.is_closed():
            return
        for _, waiter in waiters:
            if not waiter.done():
                waiter.set_exception(_closed_error())

    def _wake(self) -> None:
        with contextlib.suppress(RuntimeError):  # the loop has ended: nobody is there to see the event
            self._loop.call_soon_threadsafe(self._turn)

    def _turn(self) -> None:
        if self._closed or not self._loaded:
            return
        changes, more = Changes(), True
        try:
            more = self._consumer.drain(lambda event: self.state.apply(event, changes), _expires())
        finally:  # an event that cannot be folded goes to the loop's exception handler, and does not stop the rest
            if more:
                self._loop.call_soon(self._turn)
            self._tell(changes)

    async def _fold_slowly(self, events: list[Event]) -> None:
        waiting = iter(events)
        while not self._closed:
            changes, expired = Changes(), _expires()
            for event in waiting:
                self.state.apply(event, changes)
                if expired():
                    break
            else:
                self._tell(changes)
                return
            self._tell(changes)
            await asyncio.sleep(0)

    def _tell(self, changes: Changes) -> None:
        if not changes.last_seq:
            return
        for listener in self._listeners:
            try:
                listener(changes)
            except Exception as error:  # noqa: BLE001 - reported, and the other listeners still have to hear
                self._loop.call_exception_handler({"message": "A listener of the state failed", "exception": error})
        waiters, self._waiters = self._waiters, []
        for seq, waiter in waiters:
            if seq > self.state.last_seq:
                self._waiters.append((seq, waiter))
            elif not waiter.done():
                waiter.set_result(None)


def _expires() -> Callable[[], bool]:
    deadline = time.perf_counter() + _SLICE_S
    return lambda: time.perf_counter() >= deadline


def _closed_error() -> NotPossibleError:
    return NotPossibleError("The session is closing: its state changes no more.")
