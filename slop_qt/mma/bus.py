"""The one door through which every event goes, and the queues in which its readers find them."""

import logging
import threading
from collections import deque
from collections.abc import Callable, Sequence

from slop_qt.core.errors import StoreError
from slop_qt.core.events import Event
from slop_qt.core.ports import Committed
from slop_qt.store.journal import Journal

__all__ = ["Bus", "Consumer"]

logger = logging.getLogger(__name__)

CommittedListener = Callable[[Sequence[Event]], None]


class Consumer:
    """One reader's queue. Filled from any thread, drained by one.

    `wake` was called once when the first event came in; it is called again only after a `drain` has found the queue
    empty. So there is never more than one wake-up under way, and none is missing.
    """

    def __init__(self, lock: threading.Lock, wake: Callable[[], None]) -> None:
        self.wake = wake
        self._lock = lock  # the bus's: held while `offer` is called
        self._queue: deque[Event] = deque()
        self._awake = False

    def offer(self, event: Event) -> bool:
        """For the bus, with the lock held: queue the event. True if the reader must be woken."""
        self._queue.append(event)
        must_wake, self._awake = not self._awake, True
        return must_wake

    def drain(self, handle: Callable[[Event], None], expired: Callable[[], bool]) -> bool:
        """Hand waiting events over in order, at least one, until none is left or the time has expired.

        Returns:
            True if events are left: call again, no wake-up will come for them. An exception of `handle` gets out and
            means the same; the event that it was raised for is gone.
        """
        while True:
            if not self._queue:
                with self._lock:
                    if not self._queue:
                        self._awake = False
                        return False
            handle(self._queue.popleft())
            if expired():
                return True

    def clear(self) -> None:
        """For the bus, with the lock held: forget what waits."""
        self._queue.clear()


class Bus:
    """Numbers events, hands them to the journal and to every consumer, in the same order to all.

    Any thread publishes. A seq is (epoch << 32) + n, with n from 1: it is never used again, in no later process.
    """

    def __init__(self, journal: Journal) -> None:
        """`journal` is open; its on_committed is the bus's from now on."""
        self._journal = journal
        self._lock = threading.Lock()
        self._first_seq = (journal.epoch << 32) + 1
        self._last_seq = self._first_seq - 1
        self._consumers: tuple[Consumer, ...] = ()
        self._committed_listeners: tuple[CommittedListener, ...] = ()
        self._closed = False
        journal.on_committed = self._tell_committed

    @property
    def first_seq(self) -> int:
        """The seq of the first event of this process; stored events below it are of earlier ones."""
        return self._first_seq

    @property
    def last_seq(self) -> int:
        """The seq that was given last; first_seq - 1 before any."""
        return self._last_seq

    def publish(self, event: Event, committed: Committed | None = None) -> int:
        """Number the event, and hand it to the journal and every consumer. Returns its seq.

        After `close` nothing happens: the result is 0, and `committed` is called here with a StoreError.
        """
        with self._lock:
            if not self._closed:
                self._last_seq = seq = self._last_seq + 1
                numbered = event.model_copy(update={"seq": seq})
                self._journal.append(numbered, committed)
                to_wake = [consumer for consumer in self._consumers if consumer.offer(numbered)]
            else:
                seq, to_wake = 0, []
        for consumer in to_wake:
            consumer.wake()
        if not seq and committed is not None:
            committed(StoreError("The session is closing: nothing more is recorded."))
        return seq

    def subscribe(self, wake: Callable[[], None]) -> Consumer:
        """A queue of every event from now on.

        `wake` is called in the publisher's thread: it must be quick, and not raise.
        """
        consumer = Consumer(self._lock, wake)
        with self._lock:
            self._consumers = (*self._consumers, consumer)
        return consumer

    def unsubscribe(self, consumer: Consumer) -> None:
        """Drop the queue and what is in it, in the thread that drains it. A wake-up under way may still come."""
        with self._lock:
            self._consumers = tuple(other for other in self._consumers if other is not consumer)
            consumer.clear()

    def subscribe_committed(self, listener: CommittedListener) -> None:
        """Have `listener` called in the journal's thread with each batch that is on disk, in order.

        It must be quick: nothing is written meanwhile.
        """
        with self._lock:
            self._committed_listeners = (*self._committed_listeners, listener)

    def unsubscribe_committed(self, listener: CommittedListener) -> None:
        """Stop that. A call that is under way may still come."""
        with self._lock:
            self._committed_listeners = tuple(other for other in self._committed_listeners if other != listener)

    def close(self) -> None:
        """Take nothing more. What was published stays in the queues; the journal is closed by its owner, after this."""
        with self._lock:
            self._closed = True

    def _tell_committed(self, events: Sequence[Event]) -> None:
        for listener in self._committed_listeners:
            try:
                listener(events)
            except Exception:  # the edge of the journal's thread: one listener's mistake must not reach the others
                logger.exception("A listener of committed events failed")
