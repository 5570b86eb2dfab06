"""The journal: what it promises about disk, order, failure, and files that are not its own."""

import random
import resource
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from slop_qt.core.errors import StoreError
from slop_qt.core.events import Event, Fault, StreamText
from slop_qt.store.journal import Journal
from slop_qt.store.journal_schema import SCHEMA_VERSION

WAIT_S = 20.0


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "journal.sqlite3"


@pytest.fixture
def journal(path: Path) -> Iterator[Journal]:
    journal = Journal(path)
    journal.open()
    yield journal
    journal.close(WAIT_S)


def text(seq: int, words: str = "word", run_id: str | None = "R-1") -> StreamText:
    return StreamText(seq=seq, run_id=run_id, stream_id="Tier 1", text=words)


class Outcomes:
    """Collects what `committed` callbacks are told, and waits for them."""

    def __init__(self) -> None:
        self.told: list[tuple[int, Exception | None]] = []
        self.threads: set[str] = set()
        self._changed = threading.Condition()

    def of(self, seq: int):
        def committed(error: Exception | None) -> None:
            with self._changed:
                self.told.append((seq, error))
                self.threads.add(threading.current_thread().name)
                self._changed.notify_all()

        return committed

    def wait(self, count: int) -> list[tuple[int, Exception | None]]:
        with self._changed:
            assert self._changed.wait_for(lambda: len(self.told) >= count, WAIT_S), self.told
            return list(self.told)


def append_durably(journal: Journal, event: Event) -> Exception | None:
    outcomes = Outcomes()
    journal.append(event, outcomes.of(event.seq))
    return outcomes.wait(1)[0][1]


def test_a_committed_event_is_read_back_equal(journal: Journal) -> None:
    event = text(1, "Grüße, 世界 \U0001f600\n\0")
    assert append_durably(journal, event) is None
    assert list(journal.read()) == [event]


def test_half_a_surrogate_pair_survives_the_disk(journal: Journal) -> None:
    event = text(1, "\ud83d")
    assert append_durably(journal, event) is None
    assert [stored.text for stored in journal.read()] == ["\ud83d"]


def test_events_that_nobody_waits_for_are_committed_soon(journal: Journal) -> None:
    arrived = threading.Event()
    journal.on_committed = lambda events: arrived.set()
    journal.append(text(1))
    assert arrived.wait(WAIT_S)
    assert [event.seq for event in journal.read()] == [1]


def test_batches_are_announced_in_order_and_before_those_who_wait(journal: Journal) -> None:
    seen: list[object] = []
    done = threading.Event()
    journal.on_committed = lambda events: seen.extend(event.seq for event in events)

    def committed(error: Exception | None) -> None:
        seen.append(error)
        done.set()

    for seq in range(1, 10_000):
        journal.append(text(seq))
    journal.append(text(10_000), committed)
    assert done.wait(WAIT_S)
    assert seen == [*range(1, 10_001), None]


def test_a_committed_event_is_on_disk_when_its_waiter_is_told(journal: Journal) -> None:
    found: list[list[int]] = []
    done = threading.Event()

    def committed(error: Exception | None) -> None:
        found.append([event.seq for event in journal.read()])
        done.set()

    journal.append(text(1), committed)
    assert done.wait(WAIT_S)
    assert found == [[1]]


def test_many_threads_that_wait_are_all_told_in_the_writers_thread(journal: Journal) -> None:
    outcomes = Outcomes()
    threads = [
        threading.Thread(
            target=lambda first=first: [
                journal.append(text(seq), outcomes.of(seq)) for seq in range(first, first + 100)
            ]
        )
        for first in range(1, 801, 100)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    told = outcomes.wait(800)
    assert sorted(seq for seq, _ in told) == list(range(1, 801))
    assert {error for _, error in told} == {None}
    assert outcomes.threads == {"journal"}


def test_reading_can_start_anywhere_and_be_of_one_run(journal: Journal) -> None:
    for seq in range(1, 3001):
        journal.append(text(seq, run_id=f"R-{seq % 2}"))
    assert append_durably(journal, Fault(seq=3001, where="x", message="no run")) is None
    assert [event.seq for event in journal.read(from_seq=2999)] == [2999, 3000, 3001]
    assert [event.seq for event in journal.read(run_id="R-1")] == list(range(1, 3001, 2))
    assert [event.seq for event in journal.read(from_seq=2998, run_id="R-1")] == [2999]
    assert list(journal.read(run_id="R-9")) == []


def test_reading_goes_on_while_events_are_written(journal: Journal) -> None:
    assert append_durably(journal, text(1)) is None
    reading = journal.read()
    assert next(reading).seq == 1
    assert append_durably(journal, text(2)) is None
    reading.close()
    assert [event.seq for event in journal.read()] == [1, 2]


def test_closing_writes_what_is_queued(path: Path) -> None:
    journal = Journal(path)
    journal.open()
    for seq in range(1, 20_001):
        journal.append(text(seq))
    journal.close(WAIT_S)
    assert [event.seq for event in journal.read()] == list(range(1, 20_001))
    journal.close(WAIT_S)


def test_a_closed_journal_tells_who_waits_that_it_is_closed(path: Path) -> None:
    journal = Journal(path)
    outcomes = Outcomes()
    journal.append(text(1), outcomes.of(1))
    journal.open()
    journal.close(WAIT_S)
    journal.append(text(2), outcomes.of(2))
    journal.append(text(3))
    assert [(seq, type(error)) for seq, error in outcomes.told] == [(1, StoreError), (2, StoreError)]
    assert list(journal.read()) == []


def test_every_opening_has_an_epoch_of_its_own(path: Path) -> None:
    epochs = []
    for _ in range(3):
        journal = Journal(path)
        journal.open()
        epochs.append(journal.epoch)
        journal.close(WAIT_S)
    assert epochs == [1, 2, 3]


def test_an_epoch_is_newer_than_every_stored_event(path: Path) -> None:
    journal = Journal(path)
    journal.open()
    journal.append(text((41 << 32) + 7))
    journal.close(WAIT_S)
    again = Journal(path)
    again.open()
    again.close(WAIT_S)
    assert again.epoch == 42


def test_a_listener_that_raises_does_not_stop_the_writing(journal: Journal, caplog: pytest.LogCaptureFixture) -> None:
    def listener(events: object) -> None:
        raise RuntimeError("a listener's mistake")

    journal.on_committed = listener
    assert append_durably(journal, text(1)) is None
    assert append_durably(journal, text(2)) is None
    assert journal.failure is None
    assert "a listener's mistake" in caplog.text


# --- files that are not, or no longer, a journal


@pytest.mark.parametrize(
    "content",
    [b"not a database at all, but a text of more than a hundred bytes" * 4, random.Random(1).randbytes(10_000)],
    ids=["text", "noise"],
)
def test_a_file_that_is_no_database_is_refused_and_left_alone(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    with pytest.raises(StoreError, match=r"journal\.sqlite3.*not a database") as caught:
        Journal(path).open()
    assert "Move the file away" in caught.value.hint
    assert path.read_bytes() == content


def test_another_programs_database_is_refused_and_left_alone(path: Path) -> None:
    with sqlite3.connect(path) as other:
        other.execute("CREATE TABLE notes (words TEXT)")
    other.close()
    before = path.read_bytes()
    with pytest.raises(StoreError, match="no journal of slop_qt's"):
        Journal(path).open()
    assert path.read_bytes() == before


def test_a_newer_journal_is_refused_with_what_to_do(path: Path) -> None:
    journal = Journal(path)
    journal.open()
    journal.append(text(1))
    journal.close(WAIT_S)
    with sqlite3.connect(path) as newer:
        newer.execute(f"PRAGMA user_version = {SCHEMA_VERSION + 1}")
    newer.close()
    with pytest.raises(StoreError, match=f"version {SCHEMA_VERSION + 1}") as caught:
        Journal(path).open()
    assert "newer slop_qt" in caught.value.hint
    assert [event.seq for event in journal.read()] == [1]


def test_a_journal_that_lost_its_head_is_refused_and_its_log_kept(path: Path) -> None:
    path.write_bytes(b"")
    log = path.with_name("journal.sqlite3-wal")
    log.write_bytes(b"what is left")
    with pytest.raises(StoreError, match=r"is empty, but journal\.sqlite3-wal beside it is not"):
        Journal(path).open()
    assert log.read_bytes() == b"what is left"


def test_a_damaged_page_is_an_error_and_not_a_shorter_history(path: Path) -> None:
    journal = Journal(path)
    journal.open()
    for seq in range(1, 5001):
        journal.append(text(seq, "w" * 100))
    journal.close(WAIT_S)
    content = bytearray(path.read_bytes())
    middle = len(content) // 8192 * 4096
    content[middle : middle + 4096] = b"\xff" * 4096
    path.write_bytes(content)
    with pytest.raises(StoreError, match="could not be read"):
        list(journal.read())


def test_an_event_of_an_unknown_kind_is_an_error_that_names_it(path: Path) -> None:
    journal = Journal(path)
    journal.open()
    journal.append(text(77))
    journal.close(WAIT_S)
    with sqlite3.connect(path) as other:
        other.execute("""UPDATE events SET body = '{"kind": "dance"}'""")
    other.close()
    with pytest.raises(StoreError, match="seq 77"):
        list(journal.read())


def test_a_folder_that_is_not_there_is_an_error_with_a_hint(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "nowhere" / "journal.sqlite3")
    with pytest.raises(StoreError, match="could not be opened") as caught:
        journal.open()
    assert "--data-dir" in caught.value.hint
    with pytest.raises(StoreError, match="could not be read"):
        list(journal.read())


# --- a disk that is full


@contextmanager
def full_disk(path: Path) -> Iterator[None]:
    """No file of this process can grow beyond what the journal's log has now, plus two pages."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    limit = path.with_name(path.name + "-wal").stat().st_size + 8192
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_full_disk_is_told_once_and_to_everybody_who_waits_and_nothing_is_lost(path: Path) -> None:
    journal = Journal(path)
    journal.open()
    failures: list[StoreError] = []
    committed: list[int] = []
    journal.on_failure = failures.append
    journal.on_committed = lambda events: committed.extend(event.seq for event in events)
    assert append_durably(journal, text(1)) is None

    with full_disk(path):
        first = append_durably(journal, text(2, "w" * 200_000))
        second = append_durably(journal, text(3))
        journal.append(text(4))

    assert isinstance(first, StoreError)
    assert "could not be written" in first.message
    assert "space" in first.hint
    assert second is first
    assert failures == [first]
    assert journal.failure is first
    assert [event.seq for event in journal.read()] == [1]
    assert committed == [1]

    journal.close(WAIT_S)  # there is space again: what was kept is written at last
    assert [event.seq for event in journal.read()] == [1, 2, 3, 4]
    assert committed == [1, 2, 3, 4]


def test_closing_says_how_much_is_not_on_disk(path: Path) -> None:
    journal = Journal(path)
    journal.open()
    assert append_durably(journal, text(1)) is None
    with full_disk(path):
        assert append_durably(journal, text(2, "w" * 200_000)) is not None
        journal.append(text(3))
        with pytest.raises(StoreError, match="2 events are not on disk"):
            journal.close(WAIT_S)
    assert [event.seq for event in journal.read()] == [1]


# --- power loss, or as near as a test comes to it

_CHILD = """
import os, sys, threading
from pathlib import Path
from slop_qt.core.events import StreamText
from slop_qt.mma.bus import Bus
from slop_qt.store.journal import Journal

journal = Journal(Path(sys.argv[1]))
journal.open()
bus = Bus(journal)
event = StreamText(run_id="R-1", stream_id="Tier 1", text="word " * 20)
while True:
    for _ in range(9):
        bus.publish(event)
    written = threading.Event()
    seq = bus.publish(event, lambda error: error is None and written.set())
    for _ in range(5):
        bus.publish(event)
    written.wait()
    os.write(1, f"{seq}\\n".encode())
"""


def test_after_sigkill_nothing_acknowledged_is_missing_and_no_seq_comes_again(path: Path) -> None:
    acknowledged: set[int] = set()
    for _ in range(3):
        child = subprocess.Popen([sys.executable, "-c", _CHILD, str(path)], stdout=subprocess.PIPE)
        assert child.stdout is not None
        now = [int(child.stdout.readline()) for _ in range(200)]
        child.kill()
        now += [int(line) for line in child.stdout.read().split(b"\n")[:-1] if line]
        child.stdout.close()
        child.wait()
        assert not acknowledged & set(now)
        assert min(now) > max(acknowledged, default=0)
        acknowledged.update(now)
    journal = Journal(path)
    journal.open()
    journal.close(WAIT_S)
    stored = [event.seq for event in journal.read()]
    assert acknowledged <= set(stored)
    assert stored == sorted(set(stored))
    assert journal.epoch << 32 > max(stored)
    # Within one process what is on disk has no hole: a prefix of what was published.
    for epoch in {seq >> 32 for seq in stored}:
        numbers = [seq & 0xFFFFFFFF for seq in stored if seq >> 32 == epoch]
        assert numbers == list(range(1, len(numbers) + 1))
