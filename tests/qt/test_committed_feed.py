"""The feed of committed events where past and present meet, step by step."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Sequence
from typing import TypeVar

import orjson
import pytest

from slop_qt.core.events import EVENT_KINDS, Event, Fault
from slop_qt.qt.committed_feed import CommittedFeed, CommittedListener

T = TypeVar("T")
ALL_KINDS = frozenset(EVENT_KINDS)


class Committed:
    """A journal in a list: `commit` puts events in it and tells the listeners, or keeps that for later."""

    def __init__(self, last_seq: int = 0) -> None:
        self.last_seq = last_seq
        self.stored: list[Event] = []
        self.listeners: list[CommittedListener] = []
        self.reads: list[int] = []
        self._untold: list[Event] = []

    def subscribe_committed(self, listener: CommittedListener) -> None:
        self.listeners.append(listener)

    def unsubscribe_committed(self, listener: CommittedListener) -> None:
        self.listeners.remove(listener)

    def read(self, from_seq: int) -> Iterator[Event]:
        self.reads.append(from_seq)
        yield from [event for event in self.stored if event.seq >= from_seq]

    def commit(self, seqs: Sequence[int], *, tell: bool = True) -> None:
        events: list[Event] = [Fault(seq=seq, where="here", message=str(seq)) for seq in seqs]
        self.stored.extend(events)
        self._untold.extend(events)
        if tell:
            self.tell()

    def tell(self) -> None:
        events, self._untold = self._untold, []
        for listener in self.listeners:
            listener(events)


class Helper:
    """An Offload without a thread, which lets something happen after a job and before its result arrives."""

    def __init__(self) -> None:
        self.meanwhile: list[Callable[[], None]] = []

    async def run(self, job: Callable[[], T]) -> T:
        result = job()
        for action in self.meanwhile:
            action()
        self.meanwhile.clear()
        await turns()
        return result


class Reader:
    """A subscriber: what it was sent, and whether it has room."""

    def __init__(self) -> None:
        self.seqs: list[int] = []
        self.has_room = asyncio.Event()
        self.has_room.set()
        self.failure: Exception | None = None

    def send(self, lines: bytes) -> None:
        self.seqs.extend(orjson.loads(line)["params"]["seq"] for line in lines.splitlines())

    def room(self) -> Awaitable[object]:
        return self.has_room.wait()

    def fail(self, why: Exception) -> None:
        self.failure = why


async def turns(count: int = 20) -> None:
    for _ in range(count):
        await asyncio.sleep(0)


@pytest.fixture
def helper() -> Helper:
    return Helper()


@pytest.fixture
def reader() -> Reader:
    return Reader()


def feed_of(journal: Committed, helper: Helper) -> CommittedFeed:
    return CommittedFeed(journal, journal.read, helper)


async def test_what_was_given_a_seq_before_is_past_even_if_it_is_committed_later(
    helper: Helper, reader: Reader
) -> None:
    journal = Committed(last_seq=5)
    feed = feed_of(journal, helper)
    _, newest = feed.subscribe(reader, ALL_KINDS, None)
    journal.commit([4, 5, 6, 7])
    await turns()
    assert (newest, reader.seqs) == (5, [6, 7])


async def test_what_is_handed_on_while_the_past_is_being_read_is_not_lost(helper: Helper, reader: Reader) -> None:
    journal = Committed()
    feed = feed_of(journal, helper)
    journal.commit([1, 2])
    helper.meanwhile.append(lambda: journal.commit([3, 4]))  # after the read, handed on before its result arrives
    subscription, _ = feed.subscribe(reader, ALL_KINDS, 1)
    await turns(100)
    assert reader.seqs == [1, 2, 3, 4]
    assert subscription.live
    journal.commit([5])
    await turns()
    assert reader.seqs == [1, 2, 3, 4, 5]


async def test_what_is_read_before_it_is_handed_on_is_not_sent_twice(helper: Helper, reader: Reader) -> None:
    journal = Committed()
    feed = feed_of(journal, helper)
    journal.commit([1, 2], tell=False)
    subscription, _ = feed.subscribe(reader, ALL_KINDS, 1)
    await turns(100)
    assert subscription.live
    journal.commit([3])
    await turns()
    assert reader.seqs == [1, 2, 3]


async def test_a_from_seq_in_the_future_is_waited_for(helper: Helper, reader: Reader) -> None:
    journal = Committed()
    feed = feed_of(journal, helper)
    feed.subscribe(reader, ALL_KINDS, 3)
    await turns(100)
    journal.commit([1, 2, 3, 4])
    await turns()
    assert reader.seqs == [3, 4]


async def test_the_past_is_read_only_while_there_is_room(helper: Helper, reader: Reader) -> None:
    journal = Committed()
    feed = feed_of(journal, helper)
    journal.commit(range(1, 2_501))
    reader.has_room.clear()
    feed.subscribe(reader, ALL_KINDS, 1)
    await turns(100)
    assert journal.reads == []
    reader.has_room.set()
    await turns(200)
    assert reader.seqs == list(range(1, 2_501))
    assert journal.reads == [1, 1_001, 2_001]


async def test_after_unsubscribing_nothing_comes_and_nothing_is_read(helper: Helper, reader: Reader) -> None:
    journal = Committed()
    feed = feed_of(journal, helper)
    journal.commit([1])
    reader.has_room.clear()
    subscription, _ = feed.subscribe(reader, ALL_KINDS, 1)
    feed.unsubscribe(subscription)
    reader.has_room.set()
    journal.commit([2])
    await turns(100)
    assert (reader.seqs, journal.reads) == ([], [])


async def test_closing_hands_on_what_is_committed_and_lets_go_of_the_journal(helper: Helper, reader: Reader) -> None:
    journal = Committed()
    feed = feed_of(journal, helper)
    feed.subscribe(reader, ALL_KINDS, None)
    journal.commit([1, 2, 3])
    feed.close()
    assert reader.seqs == [1, 2, 3]
    assert journal.listeners == []
    await turns()
    assert reader.seqs == [1, 2, 3]


async def test_a_long_batch_does_not_keep_the_loop(helper: Helper, reader: Reader) -> None:
    journal = Committed()
    feed = feed_of(journal, helper)
    feed.subscribe(reader, ALL_KINDS, None)
    journal.commit(range(1, 20_001))
    longest = 0.0
    loop = asyncio.get_running_loop()
    while len(reader.seqs) < 20_000:
        before = loop.time()
        await asyncio.sleep(0)
        longest = max(longest, loop.time() - before)
    assert reader.seqs == list(range(1, 20_001))
    assert longest < 0.1  # 4 ms each; all at once would be several times this
