"""The journal's file: how it is created, recognised and opened, apart from how it is written."""

import sqlite3
from pathlib import Path

from slop_qt.core.errors import StoreError

__all__ = ["SCHEMA_VERSION", "connect_reader", "connect_undisturbed", "connect_writer", "log_of", "store_error"]

SCHEMA_VERSION = 1
_BUSY_TIMEOUT_S = 5.0

# seq is the rowid; run_id's index therefore ends with it, and one run is read in order without sorting.
_CREATE = (
    "CREATE TABLE events (seq INTEGER PRIMARY KEY, run_id TEXT, kind TEXT NOT NULL, body TEXT NOT NULL)",
    "CREATE INDEX events_by_run ON events (run_id)",
    "CREATE TABLE epoch (number INTEGER NOT NULL)",
    "INSERT INTO epoch VALUES (0)",
    f"PRAGMA user_version = {SCHEMA_VERSION}",
)

_HINTS = {
    sqlite3.SQLITE_FULL: "Free some disk space, then start slop_qt again.",
    sqlite3.SQLITE_READONLY: "Make the file and its folder writable, or choose another --data-dir.",
    sqlite3.SQLITE_CANTOPEN: "Check that the folder exists and is writable, or choose another --data-dir.",
    sqlite3.SQLITE_BUSY: "Another program holds the file: close it, then start slop_qt again.",
    sqlite3.SQLITE_IOERR: "Check the disk and its free space, then start slop_qt again.",
}
_DAMAGED = "Nothing was changed. Move the file away to start a new journal, or choose another --data-dir."


def store_error(path: Path, doing: str, error: Exception) -> StoreError:
    """What SQLite refused, in a sentence: `doing` completes "The journal … could not be"."""
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    return StoreError(f"The journal {path} could not be {doing}: {error}.", _HINTS.get(code, _DAMAGED))


def connect_writer(path: Path) -> tuple[sqlite3.Connection, int]:
    """Open or create the journal, and take the next epoch, durably.

    Returns:
        A connection in autocommit mode, for one thread at a time, and the epoch, which no other opening ever got.

    Raises:
        StoreError: not a journal, damaged, of a newer version, or not writable; it is left as it was.
    """
    try:
        connection = _connect(f"{path.absolute().as_uri()}?mode=rwc")
    except sqlite3.Error as error:
        raise store_error(path, "opened", error) from error
    try:
        _refuse_lost_head(path)
        _prepare(connection, path)
        return connection, _next_epoch(connection)
    except sqlite3.Error as error:
        connection.close()
        raise store_error(path, "opened", error) from error
    except StoreError:
        connection.close()
        raise


def connect_reader(path: Path) -> sqlite3.Connection:
    """A connection that cannot write, for one thread at a time. Raises sqlite3.Error."""
    return _connect(f"{path.absolute().as_uri()}?mode=ro")


def connect_undisturbed(path: Path) -> sqlite3.Connection:
    """As connect_reader, and without a lock or a file beside it: for a journal that nobody writes meanwhile."""
    return _connect(f"{path.absolute().as_uri()}?mode=ro&immutable=1")


def log_of(path: Path) -> Path:
    """What is written to the journal and not yet in it; there while somebody has it open, or after a crash."""
    return path.with_name(path.name + "-wal")


def _connect(uri: str) -> sqlite3.Connection:
    return sqlite3.connect(uri, uri=True, timeout=_BUSY_TIMEOUT_S, isolation_level=None, check_same_thread=False)


def _refuse_lost_head(path: Path) -> None:
    # SQLite deletes the log of a database of no length: what is in there would be gone without a word.
    log = log_of(path)
    if path.stat().st_size == 0 and log.exists() and log.stat().st_size:
        raise StoreError(f"The journal {path} is empty, but {log.name} beside it is not.", _DAMAGED)


def _prepare(connection: sqlite3.Connection, path: Path) -> None:
    version = connection.execute("PRAGMA user_version").fetchone()[0]
    if version > SCHEMA_VERSION:
        raise StoreError(
            f"The journal {path} is of version {version}; this slop_qt knows versions up to {SCHEMA_VERSION}.",
            "Use the newer slop_qt that wrote it, or choose another --data-dir.",
        )
    if version == 0 and connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]:
        raise StoreError(f"{path} is a database, but no journal of slop_qt's.", _DAMAGED)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    if version == 0:
        connection.execute("BEGIN IMMEDIATE")
        for statement in _CREATE:
            connection.execute(statement)
        connection.execute("COMMIT")


def _next_epoch(connection: sqlite3.Connection) -> int:
    connection.execute("BEGIN IMMEDIATE")
    stored = connection.execute("SELECT number FROM epoch").fetchone()[0]
    newest = connection.execute("SELECT max(seq) FROM events").fetchone()[0] or 0
    epoch = int(max(stored, newest >> 32)) + 1
    connection.execute("UPDATE epoch SET number = ?", (epoch,))
    connection.execute("COMMIT")
    return epoch
