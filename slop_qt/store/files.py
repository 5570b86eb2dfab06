"""Writing a file so that a crash leaves either the old one or the new one, whole."""

import contextlib
import os
import stat
import tempfile
from pathlib import Path

from slop_qt.core.errors import StoreError

__all__ = ["make_private_folder", "read_text", "write_atomically"]

_NEW_FILE_MODE = 0o644


def read_text(path: Path) -> str:
    """The text of a regular UTF-8 file, line ends as they are.

    Raises:
        FileNotFoundError: it does not exist.
        StoreError: it cannot be read, is no regular file, or not UTF-8.
    """
    try:
        if not stat.S_ISREG(path.stat().st_mode):  # reading a FIFO would wait for ever
            raise StoreError(f"{path} is not a regular file.", "Move it away, or put a file in its place.")
        return path.read_bytes().decode("utf-8")
    except (FileNotFoundError, NotADirectoryError):
        raise FileNotFoundError(path) from None
    except OSError as error:
        raise StoreError(f"{path} cannot be read: {error.strerror}.", "Check its permissions.") from error
    except UnicodeDecodeError as error:
        raise StoreError(
            f"{path} is not UTF-8: byte {error.start} cannot be read.", "Save it as UTF-8, then try again."
        ) from error


def write_atomically(path: Path, text: str) -> None:
    """Put `text` in the place of the file, on disk when this returns; the file's mode stays as it was.

    Raises:
        StoreError: it could not be written; the file is as it was.
    """
    temporary: str | None = None
    try:
        mode = stat.S_IMODE(path.stat().st_mode) if path.exists() else _NEW_FILE_MODE
        descriptor, temporary = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".tmp", dir=path.parent)
        with os.fdopen(descriptor, "wb") as file:
            file.write(text.encode("utf-8"))
            file.flush()
            os.fchmod(file.fileno(), mode)
            os.fsync(file.fileno())
        Path(temporary).replace(path)
        temporary = None
        _sync_folder(path.parent)
    except (OSError, UnicodeEncodeError) as error:
        raise StoreError(
            f"{path} could not be written: {error}.", "Check permissions and free space, then try again."
        ) from error
    finally:
        if temporary is not None:
            with contextlib.suppress(OSError):
                Path(temporary).unlink()


def make_private_folder(path: Path) -> None:
    """Create the folder and those above it that are missing, for this user alone. Raises OSError."""
    for folder in (*reversed(path.parents), path):
        if not folder.exists():
            folder.mkdir(mode=0o700, exist_ok=True)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
