"""Recorded runs are found and read without a trace, also while another process writes."""

import hashlib
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from slop_qt.core import events as ev
from slop_qt.core.errors import StoreError
from slop_qt.store.journal import Journal
from slop_qt.store.recordings import RunNote, journals_in, newest_run, read_run, runs_beginning

WAIT_S = 30.0


def a_run(run_id: str) -> list[ev.Event]:
    return [
        ev.RunStarted(run_id=run_id, track_id="t", mode="ask", workers=1),
        ev.StreamText(run_id=run_id, stream_id="s", text="word"),
        ev.RunEnded(run_id=run_id, status="done"),
    ]


def numbered(*events: ev.Event) -> list[ev.Event]:
    return [event.model_copy(update={"seq": seq}) for seq, event in enumerate(events, 1 << 32)]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "projects" / "p-1" / "journal.sqlite3"


@pytest.fixture
def journal(path: Path) -> Iterator[Journal]:
    """An open one: two runs one in the other, a fault of the application before, in, and after the first."""
    path.parent.mkdir(parents=True)
    journal = Journal(path)
    journal.open()
    first, second = a_run("20261122-1"), a_run("20261122-2")
    fault = ev.Fault(where="window", message="No.")
    for event in numbered(fault, first[0], second[0], fault, first[1], second[1], first[2], fault, second[2]):
        journal.append(event)
    yield journal
    journal.close(WAIT_S)


def state_of(folder: Path) -> dict[str, str]:
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.iterdir()}


def test_a_closed_journal_is_read_without_a_trace(journal: Journal, path: Path) -> None:
    journal.close(WAIT_S)
    before = state_of(path.parent)
    assert set(before) == {"journal.sqlite3"}
    assert journals_in(path.parents[2]) == [path]
    assert newest_run(path) == RunNote("20261122-2", path)
    assert [note.run_id for note in runs_beginning(path, "20261122")] == ["20261122-1", "20261122-2"]
    assert [note.run_id for note in runs_beginning(path, "20261122-1")] == ["20261122-1"]
    assert not runs_beginning(path, "2026-")
    kinds = [event.kind for event in read_run(RunNote("20261122-1", path))]
    assert kinds == ["run_started", "fault", "stream_text", "run_ended"]
    assert state_of(path.parent) == before


def test_a_closed_journal_is_read_in_a_folder_that_nobody_may_write_to(journal: Journal, path: Path) -> None:
    journal.close(WAIT_S)
    path.parent.chmod(0o500)
    try:
        assert len(read_run(RunNote("20261122-2", path))) == 5
    finally:
        path.parent.chmod(0o700)


def test_what_is_committed_is_read_while_somebody_writes(journal: Journal, path: Path) -> None:
    connection = sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)
    with closing(connection):
        while connection.execute("SELECT count(*) FROM events").fetchone()[0] < 9:
            pass  # the writer commits within 50 ms; pytest's timeout ends a wait for nothing
        assert path.with_name("journal.sqlite3-wal").exists()
        assert len(read_run(RunNote("20261122-1", path))) == 4
        assert newest_run(path) == RunNote("20261122-2", path)


def test_where_nothing_is_recorded_nothing_is_found(tmp_path: Path) -> None:
    assert not journals_in(tmp_path / "nowhere")
    assert newest_run(tmp_path / "journal.sqlite3") is None and not runs_beginning(tmp_path / "journal.sqlite3", "")
    assert not list(tmp_path.iterdir())


def test_what_is_no_journal_or_too_new_a_one_is_refused_and_left_alone(journal: Journal, path: Path) -> None:
    journal.close(WAIT_S)
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA user_version = 99")
        connection.execute("PRAGMA journal_mode = WAL")
    before = state_of(path.parent)
    with pytest.raises(StoreError, match=r"of version 99; .* Use the newer slop_qt"):
        runs_beginning(path, "")
    assert state_of(path.parent) == before
    path.write_bytes(b"This is no database, but long enough to be taken for one. " * 40)
    with pytest.raises(StoreError, match=f"{path} could not be read"):
        newest_run(path)
    path.write_bytes(b"")
    with pytest.raises(StoreError, match="is no journal of slop_qt's"):
        newest_run(path)


def test_a_run_whose_beginning_is_lost_is_refused(journal: Journal, path: Path) -> None:
    journal.close(WAIT_S)
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("DELETE FROM events WHERE kind = 'run_started'")
    with pytest.raises(StoreError, match="no beginning of run 20261122-1"):
        read_run(RunNote("20261122-1", path))


def test_an_event_that_cannot_be_read_is_named(journal: Journal, path: Path) -> None:
    journal.close(WAIT_S)
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("UPDATE events SET body = '{}' WHERE run_id = '20261122-1' AND kind = 'run_ended'")
    with pytest.raises(StoreError, match=f"cannot be read: seq {(1 << 32) + 6}"):
        read_run(RunNote("20261122-1", path))
