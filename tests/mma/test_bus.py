"""The bus: one order for all, every event to every reader, one wake-up at a time."""

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from slop_qt.core.errors import StoreError
from slop_qt.core.events import Event, StreamText
from slop_qt.mma.bus import Bus, Consumer
from slop_qt.store.journal import Journal

WAIT_S = 20.0


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    journal = Journal(tmp_path / "journal.sqlite3")
    journal.open()
    yield journal
    journal.close(WAIT_S)


@pytest.fixture
def bus(journal: Journal) -> Bus:
    return Bus(journal)


def text(words: str = "word") -> StreamText:
    return StreamText(run_id="R-1", stream_id="Tier 1", text=words)


def take_all(consumer: Consumer) -> list[Event]:
    events: list[Event] = []
    assert consumer.drain(events.append, lambda: False) is False
    return events


class Reader:
    """A thread that sleeps until it is woken, and takes a few events at a time, as a window does."""

    def __init__(self, bus: Bus, expected: int, slice_length: int) -> None:
        self.events: list[Event] = []
        self.wakes = 0
        self.most_at_once = 0
        self._pending = threading.Semaphore(0)
        self._waiting = 0
        self._lock = threading.Lock()
        self._expected = expected
        self._slice = slice_length
        self._consumer = bus.subscribe(self._wake)
        self._thread = threading.Thread(target=self._read)
        self._thread.start()

    def join(self) -> None:
        self._thread.join(WAIT_S)
        assert not self._thread.is_alive(), f"{len(self.events)} of {self._expected}: a wake-up was lost"

    def _wake(self) -> None:
        with self._lock:
            self.wakes += 1
            self._waiting += 1
            self.most_at_once = max(self.most_at_once, self._waiting)
        self._pending.release()

    def _read(self) -> None:
        while len(self.events) < self._expected:
            if not self._pending.acquire(timeout=WAIT_S):
                return
            with self._lock:
                self._waiting -= 1
            more = True
            while more:
                end = len(self.events) + self._slice
                more = self._consumer.drain(self.events.append, lambda end=end: len(self.events) >= end)


def test_seqs_begin_with_the_epoch_and_rise_by_one(bus: Bus, journal: Journal) -> None:
    first = (journal.epoch << 32) + 1
    assert bus.first_seq == first
    assert bus.last_seq == first - 1
    assert [bus.publish(text()) for _ in range(3)] == [first, first + 1, first + 2]
    assert bus.last_seq == first + 2


def test_a_published_event_is_not_changed_and_its_numbered_copy_is_delivered(bus: Bus) -> None:
    consumer = bus.subscribe(lambda: None)
    event = text()
    seq = bus.publish(event)
    assert event.seq == 0
    assert take_all(consumer) == [event.model_copy(update={"seq": seq})]


def test_a_consumer_is_woken_once_until_it_has_emptied_its_queue(bus: Bus) -> None:
    wakes: list[int] = []
    consumer = bus.subscribe(lambda: wakes.append(1))
    for _ in range(5):
        bus.publish(text())
    assert len(wakes) == 1
    taken: list[Event] = []
    assert consumer.drain(taken.append, lambda: len(taken) >= 2) is True
    bus.publish(text())
    assert len(wakes) == 1, "the consumer knows that it has to come back"
    assert consumer.drain(taken.append, lambda: False) is False
    assert len(taken) == 6
    bus.publish(text())
    assert len(wakes) == 2


def test_an_expired_drain_still_takes_one_event(bus: Bus) -> None:
    consumer = bus.subscribe(lambda: None)
    bus.publish(text("a"))
    bus.publish(text("b"))
    taken: list[Event] = []
    assert consumer.drain(taken.append, lambda: True) is True
    assert [event.text for event in taken] == ["a"]


def test_an_event_that_cannot_be_handled_does_not_lose_the_others(bus: Bus) -> None:
    consumer = bus.subscribe(lambda: None)
    for words in ("bad", "good"):
        bus.publish(text(words))

    def handle(event: Event) -> None:
        if event.text == "bad":
            raise ValueError(event.text)
        taken.append(event.text)

    taken: list[str] = []
    with pytest.raises(ValueError, match="bad"):
        consumer.drain(handle, lambda: False)
    assert consumer.drain(handle, lambda: False) is False
    assert taken == ["good"]


def test_every_event_of_many_threads_reaches_every_reader_in_one_order(bus: Bus, journal: Journal) -> None:
    threads, each = 8, 1500
    readers = [Reader(bus, threads * each, slice_length) for slice_length in (1, 7, 100_000)]

    def publish(name: str) -> None:
        for number in range(each):
            bus.publish(text(f"{name}:{number}"))

    publishers = [threading.Thread(target=publish, args=(str(number),)) for number in range(threads)]
    for thread in publishers:
        thread.start()
    for thread in publishers:
        thread.join()
    for reader in readers:
        reader.join()
    written = threading.Event()
    bus.publish(text("end"), lambda error: written.set())
    assert written.wait(WAIT_S)

    stored = list(journal.read())[:-1]
    assert [event.seq for event in stored] == list(range(bus.first_seq, bus.first_seq + threads * each))
    for reader in readers:
        assert reader.events == stored
        assert reader.most_at_once == 1, "two wake-ups were under way at once"
    for name in range(threads):
        own = [event.text for event in stored if event.text.startswith(f"{name}:")]
        assert own == [f"{name}:{number}" for number in range(each)]


def test_an_unsubscribed_consumer_gets_nothing_more(bus: Bus) -> None:
    wakes: list[int] = []
    consumer = bus.subscribe(lambda: wakes.append(1))
    other = bus.subscribe(lambda: None)
    bus.publish(text())
    bus.unsubscribe(consumer)
    bus.publish(text())
    assert take_all(consumer) == []
    assert len(wakes) == 1
    assert len(take_all(other)) == 2


def test_committed_events_are_told_in_order_when_they_can_be_read(bus: Bus, journal: Journal) -> None:
    told: list[int] = []
    found: list[bool] = []
    done = threading.Event()

    def listener(events: list[Event]) -> None:
        told.extend(event.seq for event in events)
        found.append([event.seq for event in journal.read()] == told)
        if len(told) == 500:
            done.set()

    bus.subscribe_committed(listener)
    seqs = [bus.publish(text()) for _ in range(500)]
    assert done.wait(WAIT_S)
    assert told == seqs
    assert all(found)


def test_a_bad_committed_listener_does_not_stop_the_others(bus: Bus, caplog: pytest.LogCaptureFixture) -> None:
    def bad(events: list[Event]) -> None:
        raise RuntimeError("a listener's mistake")

    told, done = [], threading.Event()
    good = told.extend
    bus.subscribe_committed(bad)
    bus.subscribe_committed(good)
    bus.publish(text("a"), lambda error: done.set())
    assert done.wait(WAIT_S)
    assert [event.text for event in told] == ["a"]
    assert "a listener's mistake" in caplog.text

    done.clear()
    bus.unsubscribe_committed(good)
    bus.publish(text("b"), lambda error: done.set())
    assert done.wait(WAIT_S)
    assert [event.text for event in told] == ["a"]


def test_publishing_from_a_committed_callback_does_not_deadlock(bus: Bus) -> None:
    done = threading.Event()
    bus.publish(text("a"), lambda error: bus.publish(text("b"), lambda error: done.set()) and None)
    assert done.wait(WAIT_S)


def test_a_closed_bus_takes_nothing_and_tells_who_waits(bus: Bus, journal: Journal) -> None:
    consumer = bus.subscribe(lambda: None)
    kept = bus.publish(text("kept"))
    bus.close()
    errors: list[Exception | None] = []
    assert bus.publish(text("late"), errors.append) == 0
    assert bus.publish(text("late")) == 0
    assert [type(error) for error in errors] == [StoreError]
    assert [event.seq for event in take_all(consumer)] == [kept]
    journal.close(WAIT_S)
    assert [event.seq for event in journal.read()] == [kept]
