"""Committed events for those outside: each subscriber gets every one once, in order, from any point of the past on."""

import asyncio
import contextlib
import threading
import time
from collections import deque
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Protocol

from slop_qt.automation.protocol import encode_event
from slop_qt.core.events import Event, dump_event
from slop_qt.core.ports import Offload

__all__ = ["CommittedEvents", "CommittedFeed", "CommittedListener", "Subscriber", "Subscription"]

CommittedListener = Callable[[Sequence[Event]], None]

_TURN_S = 0.004
_CHUNK_EVENTS = 1000
_CHUNK_BYTES = 1 << 20


class CommittedEvents(Protocol):
    """Where committed events come from; `mma.bus.Bus` is one."""

    @property
    def last_seq(self) -> int:
        """The seq that was given last."""
        ...

    def subscribe_committed(self, listener: CommittedListener) -> None:
        """Have `listener` called, in any thread, with each batch that is on disk, in order."""
        ...

    def unsubscribe_committed(self, listener: CommittedListener) -> None:
        """Stop that."""
        ...


class Subscriber(Protocol):
    """Who gets the events. Main thread."""

    def send(self, lines: bytes) -> None:
        """Take notifications, newline-terminated."""
        ...

    def room(self) -> Awaitable[object]:
        """Completes when there is room for more history."""
        ...

    def fail(self, why: Exception) -> None:
        """The journal could not be read: nothing more will come."""
        ...


@dataclass(slots=True, eq=False)
class Subscription:
    """What one subscriber wants, and how far it has got. Main thread, but for `kinds`."""

    subscriber: Subscriber
    kinds: frozenset[str]
    next_seq: int
    replay: asyncio.Task[None] | None = None

    @property
    def live(self) -> bool:
        """Whether it has caught up with the journal."""
        return self.replay is None


@dataclass(frozen=True, slots=True)
class _Chunk:
    """A stretch of the journal. ended: there was no more when it was read."""

    lines: bytes
    next_seq: int
    ended: bool


class CommittedFeed:
    """Hands committed events to subscriptions, after the past that they asked for.

    Lives on the main thread's loop; only the listener runs elsewhere. The past is read from the journal in a helper
    thread, as fast as its reader takes it; a subscription is live once the journal holds nothing that it lacks.
    """

    def __init__(self, events: CommittedEvents, read: Callable[[int], Iterator[Event]], offload: Offload) -> None:
        """`read` gives the journal's events from a seq on; made while the loop runs."""
        self._loop = asyncio.get_running_loop()
        self._events = events
        self._read = read
        self._offload = offload
        self._lock = threading.Lock()  # guards the two below
        self._arrived: deque[Event] = deque()
        self._awake = False
        self._subscriptions: set[Subscription] = set()
        self._handed_on = 0
        events.subscribe_committed(self._on_committed)
        # Whatever has a higher seq is committed later, and so will be heard of.
        self._known = events.last_seq

    def subscribe(
        self, subscriber: Subscriber, kinds: frozenset[str], from_seq: int | None
    ) -> tuple[Subscription, int]:
        """A subscription, and the newest seq at this moment: without from_seq everything after that is sent.

        With from_seq, everything from that seq on is, the past first. Nothing is sent before this has returned.
        """
        newest = max(self._known, self._handed_on)
        subscription = Subscription(subscriber, kinds, newest + 1 if from_seq is None else from_seq)
        self._subscriptions.add(subscription)
        if from_seq is not None:
            subscription.replay = self._loop.create_task(self._replay(subscription), name="events.subscribe")
        return subscription, newest

    def unsubscribe(self, subscription: Subscription) -> None:
        """Send no more to it."""
        self._subscriptions.discard(subscription)
        if subscription.replay is not None:
            subscription.replay.cancel()

    async def finish(self, deadline_s: float) -> None:
        """Hand on what is committed by now, the past as well to who asked for it, for deadline_s seconds at most.

        Then send no more to anybody. The journal is closed: nothing is committed any more.
        """
        self._hand_on_the_last()
        if replays := [each.replay for each in self._subscriptions if each.replay is not None]:
            await asyncio.wait(replays, timeout=deadline_s)
        self.close()

    def close(self) -> None:
        """Hand on what is live and committed by now, then send no more to anybody."""
        self._hand_on_the_last()
        for subscription in tuple(self._subscriptions):
            self.unsubscribe(subscription)

    def _hand_on_the_last(self) -> None:
        self._events.unsubscribe_committed(self._on_committed)
        with self._lock:
            last_events, self._arrived = self._arrived, deque()
        for event in last_events:
            self._offer(event)

    def _on_committed(self, events: Sequence[Event]) -> None:
        with self._lock:
            self._arrived.extend(events)
            must_wake, self._awake = not self._awake, True
        if must_wake:
            with contextlib.suppress(RuntimeError):  # the loop has closed: nobody listens any more
                self._loop.call_soon_threadsafe(self._hand_on)

    def _hand_on(self) -> None:
        until = time.monotonic() + _TURN_S
        while time.monotonic() < until:
            with self._lock:
                if not self._arrived:
                    self._awake = False
                    return
                event = self._arrived.popleft()
            self._offer(event)
        self._loop.call_soon(self._hand_on)

    def _offer(self, event: Event) -> None:
        self._handed_on = event.seq
        line = b""
        for subscription in tuple(self._subscriptions):
            if not subscription.live or event.seq < subscription.next_seq or event.kind not in subscription.kinds:
                continue
            line = line or encode_event(dump_event(event))
            subscription.subscriber.send(line)

    async def _replay(self, subscription: Subscription) -> None:
        try:
            while True:
                await subscription.subscriber.room()
                read = partial(_read_chunk, self._read, subscription.next_seq, subscription.kinds)
                chunk = await self._offload.run(read)
                subscription.subscriber.send(chunk.lines)
                subscription.next_seq = chunk.next_seq
                # What is handed on after this is live; what was before it, the chunk may have been too early for.
                if chunk.ended and self._handed_on < max(subscription.next_seq, 1):
                    subscription.replay = None
                    return
        except Exception as error:  # noqa: BLE001 — the edge of a task: the subscriber is who must know
            self._subscriptions.discard(subscription)
            subscription.subscriber.fail(error)


def _read_chunk(read: Callable[[int], Iterator[Event]], from_seq: int, kinds: frozenset[str]) -> _Chunk:
    lines = bytearray()
    next_seq = from_seq
    for count, event in enumerate(read(from_seq)):
        if count == _CHUNK_EVENTS or len(lines) >= _CHUNK_BYTES:
            return _Chunk(bytes(lines), next_seq, ended=False)
        if event.kind in kinds:
            lines += encode_event(dump_event(event))
        next_seq = event.seq + 1
    return _Chunk(bytes(lines), next_seq, ended=True)
