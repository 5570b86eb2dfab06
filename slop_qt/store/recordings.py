"""Finds recorded runs in journals and reads them, and leaves journals and their folders as they are."""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from pydantic import ValidationError

from slop_qt.core.errors import StoreError
from slop_qt.core.events import Event, RunStarted, parse_event
from slop_qt.store.journal_schema import SCHEMA_VERSION, connect_reader, connect_undisturbed, log_of, store_error

__all__ = ["RunNote", "journals_in", "newest_run", "read_run", "runs_beginning"]

T = TypeVar("T")

_TRIES = 5
_NEWEST = "SELECT run_id FROM events WHERE kind = 'run_started' AND run_id IS NOT NULL ORDER BY seq DESC LIMIT 1"
# A range, so that the index by run answers it; what run ids are made of sorts before U+10FFFF.
_BEGINNING = "SELECT DISTINCT run_id FROM events WHERE run_id >= ?1 AND run_id < ?2 ORDER BY run_id"
_OF_RUN = "SELECT seq, body FROM events WHERE run_id = ?1 ORDER BY seq"
# Faults of the application itself belong to no run: those of the run's time are part of what was seen.
_FAULTS = "SELECT seq, body FROM events WHERE run_id IS NULL AND kind = 'fault' AND seq BETWEEN ?1 AND ?2 ORDER BY seq"


@dataclass(frozen=True, slots=True)
class RunNote:
    """A recorded run: its id, and the journal that has it."""

    run_id: str
    journal: Path


def journals_in(data_dir: Path) -> list[Path]:
    """The journals of all projects of a data directory; none where there is no such directory."""
    return sorted(data_dir.glob("projects/*/journal.sqlite3"))


def newest_run(journal: Path) -> RunNote | None:
    """The run that started last; None where there is no journal, or no run in it. Raises StoreError."""
    if not journal.exists():
        return None
    row = _read(journal, lambda connection: connection.execute(_NEWEST).fetchone())
    return RunNote(row[0], journal) if row is not None else None


def runs_beginning(journal: Path, beginning: str) -> list[RunNote]:
    """The runs whose ids begin so; none where there is no journal. Raises StoreError."""
    if not journal.exists():
        return []
    bounds = (beginning, f"{beginning}\U0010ffff")
    rows = _read(journal, lambda connection: connection.execute(_BEGINNING, bounds).fetchall())
    return [RunNote(run_id, journal) for (run_id,) in rows]


def read_run(note: RunNote) -> tuple[Event, ...]:
    """The committed events of a run, in order, with the application's own faults of its time.

    They begin with run_started: what is recorded of a run before that changes no state. For a helper thread.

    Raises:
        StoreError: the journal cannot be read, or has nothing that began the run.
    """

    def rows_of(connection: sqlite3.Connection) -> list[tuple[int, str]]:
        rows: list[tuple[int, str]] = connection.execute(_OF_RUN, (note.run_id,)).fetchall()
        if rows:
            rows += connection.execute(_FAULTS, (rows[0][0], rows[-1][0])).fetchall()
        return sorted(rows)

    events = [_parse(note.journal, seq, body) for seq, body in _read(note.journal, rows_of)]
    first = next((at for at, event in enumerate(events) if isinstance(event, RunStarted)), None)
    if first is None:
        raise StoreError(f"The journal {note.journal} has no beginning of run {note.run_id}.", "Choose another run.")
    return tuple(events[first:])


def _parse(journal: Path, seq: int, body: str) -> Event:
    try:
        return parse_event(body)
    except ValidationError as error:
        raise StoreError(
            f"The journal {journal} has an event that cannot be read: seq {seq}: {error.errors()[0]['msg']}.",
            "Use the slop_qt that wrote it.",
        ) from error


def _read(journal: Path, job: Callable[[sqlite3.Connection], T]) -> T:
    """What the job reads, without a trace.

    SQLite makes a log and an index of it beside a journal of which there is none, also for who only reads. A journal
    that nobody has open is therefore read as a file that does not change; if it did, what was read counts for nothing.
    """
    for _ in range(_TRIES):
        quiet, before = not log_of(journal).exists(), _state_of(journal)
        try:
            with closing(connect_undisturbed(journal) if quiet else connect_reader(journal)) as connection:
                _require_known(journal, connection)
                found = job(connection)
        except sqlite3.Error as error:
            if quiet and (log_of(journal).exists() or _state_of(journal) != before):
                continue
            raise store_error(journal, "read", error) from error
        if not quiet or (not log_of(journal).exists() and _state_of(journal) == before):
            return found
    raise StoreError(f"The journal {journal} is opened and closed all the time.", "Try again when its project rests.")


def _state_of(journal: Path) -> tuple[int, int, int]:
    try:
        state = journal.stat()
    except OSError as error:
        raise StoreError(f"The journal {journal} could not be read: {error.strerror}.", "Check its folder.") from error
    return state.st_ino, state.st_size, state.st_mtime_ns


def _require_known(journal: Path, connection: sqlite3.Connection) -> None:
    version = connection.execute("PRAGMA user_version").fetchone()[0]
    if version > SCHEMA_VERSION:
        raise StoreError(
            f"The journal {journal} is of version {version}; this slop_qt knows versions up to {SCHEMA_VERSION}.",
            "Use the newer slop_qt that wrote it, or choose another --data-dir.",
        )
    if version == 0:
        raise StoreError(f"{journal} is no journal of slop_qt's.", "Choose another --data-dir.")
