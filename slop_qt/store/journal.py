"""The append-only record of every event, from which all views can be computed again."""

import logging
import sqlite3
import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from pathlib import Path

from pydantic import ValidationError

from slop_qt.core.errors import StoreError
from slop_qt.core.events import Event, dump_event, parse_event
from slop_qt.core.ports import Committed
from slop_qt.store.journal_schema import connect_reader, connect_writer, store_error

__all__ = ["Journal"]

logger = logging.getLogger(__name__)

_Entry = tuple[Event, Committed | None]

_LINGER_S = 0.05
_BATCH = 4096
_READ_CHUNK = 1000
_INSERT = "INSERT INTO events (seq, run_id, kind, body) VALUES (?, ?, ?, ?)"
_SELECT = "SELECT seq, body FROM events WHERE seq >= ?1 ORDER BY seq LIMIT ?2"
_SELECT_RUN = "SELECT seq, body FROM events WHERE run_id = ?3 AND seq >= ?1 ORDER BY seq LIMIT ?2"


class Journal:
    """Writes events to SQLite in batches, in a thread of its own, and reads them back.

    `append` never waits for the disk. A batch in which somebody waits for durability is committed at once, any other
    gathers for at most 50 ms. After a failed write nothing more is written before `close`, which tries once again: the
    events are kept in memory until then, and whoever waits for one of them is told.

    Attributes:
        epoch: the number of this opening, never given twice; 0 before `open`.
        on_committed: called in the writer thread with each committed batch, in order, before its `committed` callbacks.
        on_failure: called in the writer thread, once, when writing failed.
    """

    def __init__(self, path: Path) -> None:
        self.epoch = 0
        self.on_committed: Callable[[Sequence[Event]], None] | None = None
        self.on_failure: Callable[[StoreError], None] | None = None
        self._path = path
        self._thread: threading.Thread | None = None
        self._wake = threading.Condition()  # guards the five below
        self._queue: deque[_Entry] = deque()
        self._waiting = 0  # entries of the queue that somebody waits for
        self._idle = False
        self._closing = False
        self._failure: StoreError | None = None
        self._unwritten: list[Event] = []  # the writer thread's own until it has ended

    @property
    def failure(self) -> StoreError | None:
        """Why nothing is written any more; None while all is well."""
        return self._failure

    def open(self) -> None:
        """Open or create the file, take the next epoch durably, and start the writer thread.

        Raises:
            StoreError: not a journal, damaged, of a newer version, or not writable; it is left as it was.
        """
        connection, self.epoch = connect_writer(self._path)
        # A daemon, so that a crash elsewhere does not keep the process alive: the orderly way out is `close`.
        self._thread = threading.Thread(target=self._write_all, args=(connection,), name="journal", daemon=True)
        self._thread.start()

    def append(self, event: Event, committed: Committed | None = None) -> None:
        """Queue a numbered event, seqs rising. From any thread; does not wait for the disk.

        `committed` is called in the writer thread; if the journal is not open, here and now with a StoreError.
        """
        with self._wake:
            is_open = self._thread is not None and not self._closing
            if is_open:
                self._queue.append((event, committed))
                if committed is not None:
                    self._waiting += 1
                if self._idle or committed is not None or len(self._queue) == _BATCH:
                    self._wake.notify()
        if not is_open and committed is not None:
            committed(StoreError(f"The journal {self._path} is closed."))

    def read(self, from_seq: int = 0, run_id: str | None = None) -> Iterator[Event]:
        """Committed events with seq >= from_seq, in order, of one run or of all.

        Reads in chunks, over a connection of its own: for a helper thread, one `next` at a time.

        Raises:
            StoreError: the file cannot be read; the message says where.
        """
        query, of_run = (_SELECT, ()) if run_id is None else (_SELECT_RUN, (run_id,))
        try:
            with closing(connect_reader(self._path)) as connection:
                while True:
                    rows = connection.execute(query, (from_seq, _READ_CHUNK, *of_run)).fetchall()
                    for seq, body in rows:
                        yield self._parse(seq, body)
                    if len(rows) < _READ_CHUNK:
                        return
                    from_seq = rows[-1][0] + 1
        except sqlite3.Error as error:
            raise store_error(self._path, "read", error) from error

    def close(self, timeout_s: float) -> None:
        """Write what is queued, and end the thread. Safe to call twice.

        Raises:
            StoreError: something is not on disk, because writing failed or took longer than timeout_s.
        """
        with self._wake:
            self._closing = True
            self._wake.notify()
        if self._thread is None:
            return
        self._thread.join(timeout_s)
        if self._thread.is_alive():
            raise StoreError(f"The journal {self._path} was not written within {timeout_s:g} s.", "Check the disk.")
        if self._unwritten and self._failure is not None:
            raise StoreError(
                f"{self._failure.message} {len(self._unwritten)} events are not on disk.", self._failure.hint
            )

    def _parse(self, seq: int, body: str) -> Event:
        try:
            return parse_event(body)
        except ValidationError as error:
            raise StoreError(
                f"The journal {self._path} has an event that cannot be read: seq {seq}: {error.errors()[0]['msg']}.",
                "Move the file away to start a new journal, or use the slop_qt that wrote it.",
            ) from error

    def _write_all(self, connection: sqlite3.Connection) -> None:
        with closing(connection):
            while entries := self._next_batch():
                self._write(connection, entries)
            if self._unwritten:
                self._write_again(connection)

    def _next_batch(self) -> list[_Entry]:
        """The next entries; nothing when the journal closes and all are taken."""
        with self._wake:
            self._idle = True
            self._wake.wait_for(lambda: self._queue or self._closing)
            self._idle = False
            if not self._waiting and not self._closing:
                self._wake.wait_for(lambda: self._waiting or self._closing or len(self._queue) >= _BATCH, _LINGER_S)
            entries = [self._queue.popleft() for _ in range(min(len(self._queue), _BATCH))]
            self._waiting -= sum(committed is not None for _, committed in entries)
        return entries

    def _write(self, connection: sqlite3.Connection, entries: list[_Entry]) -> None:
        events = [event for event, _ in entries]
        if self._failure is None:
            try:
                self._commit(connection, events)
            except (sqlite3.Error, ValueError, RecursionError, MemoryError) as error:
                self._fail(error)
        if self._failure is None:
            self._announce(events)
        else:
            self._unwritten.extend(events)
        for _, committed in entries:
            if committed is not None:
                self._call(committed, self._failure)

    def _write_again(self, connection: sqlite3.Connection) -> None:
        try:
            self._commit(connection, self._unwritten)
        except (sqlite3.Error, ValueError, RecursionError, MemoryError):
            logger.exception("The journal %s still cannot be written", self._path)
            return
        self._announce(self._unwritten)
        self._unwritten = []

    def _commit(self, connection: sqlite3.Connection, events: Sequence[Event]) -> None:
        rows = [(event.seq, event.run_id, event.kind, dump_event(event)) for event in events]
        connection.execute("BEGIN IMMEDIATE")
        try:
            connection.executemany(_INSERT, rows)
            connection.execute("COMMIT")
        except sqlite3.Error:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise

    def _fail(self, error: Exception) -> None:
        self._failure = store_error(self._path, "written", error)
        if self.on_failure is not None:
            self._call(self.on_failure, self._failure)

    def _announce(self, events: Sequence[Event]) -> None:
        if self.on_committed is not None:
            self._call(self.on_committed, events)

    @staticmethod
    def _call(callback: Callable[..., None], argument: object) -> None:
        try:
            callback(argument)
        except Exception:  # the edge of the thread: whoever listens badly must not stop the writing
            logger.exception("A listener of the journal failed")
