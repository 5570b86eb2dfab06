"""Writing a file so that a crash leaves either the old one or the new one, whole."""

import contextlib
import os
import stat
import tempfile
from pathlib import Path

from slop_qt.core.errors import StoreError

__all__ = ["make_private_folder", "read_bytes", "read_if_there", "read_text", "write_atomically"]

_NEW_FILE_MODE = 0o644


def read_bytes(path: Path) -> bytes:
    """What a regular file has.

    Raises:
        FileNotFoundError: it does not exist.
        StoreError: it cannot be read, or is no regular file.
    """
    try:
        if not stat.S_ISREG(path.stat().st_mode):  # reading a FIFO would wait for ever
            raise StoreError(f"{path} is not a regular file.", "Move it away, or put a file in its place.")
        return path.read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        raise FileNotFoundError(path) from None
    except OSError as error:
        raise StoreError(f"{path} cannot be read: {error.strerror}.", "Check its permissions.") from error


def read_if_there(path: Path) -> bytes | None:
    """What a regular file has, None where there is no file. Raises StoreError as `read_bytes`."""
    try:
        return read_bytes(path)
    except FileNotFoundError:
        return None


def read_text(path: Path) -> str:
    """The text of a regular UTF-8 file, line ends as they are.

    Raises:
        FileNotFoundError: it does not exist.
        StoreError: it cannot be read, is no regular file, or not UTF-8.
    """
    try:
        return read_bytes(path).decode("utf-8")
    except UnicodeDecodeError as error:
        raise StoreError(
            f"{path} is not UTF-8: byte {error.start} cannot be read.", "Save it as UTF-8, then try again."
        ) from error


def write_atomically(path: Path, content: str | bytes) -> None:
    """Put text, as UTF-8, or bytes in the place of the file, on disk when this returns; its mode stays as it was.

    Raises:
        StoreError: it could not be written; the file is as it was.
    """
    temporary: str | None = None
    try:
        mode = stat.S_IMODE(path.stat().st_mode) if path.exists() else _NEW_FILE_MODE
        descriptor, temporary = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".tmp", dir=path.parent)
        with os.fdopen(descriptor, "wb") as file:
            file.write(content.encode("utf-8") if isinstance(content, str) else content)
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
