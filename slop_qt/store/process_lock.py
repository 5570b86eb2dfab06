"""One process per project and data directory, and how a second one learns of the first."""

import fcntl
import json
import os
from pathlib import Path
from types import TracebackType
from typing import Any

from slop_qt.core.errors import ConfigurationError, HeldError

__all__ = ["ProcessLock"]

_READ_AT_MOST = 4096


class ProcessLock:
    """An advisory lock (flock) on a file that says who holds it: {"pid": int, "socket": str | null}.

    The kernel lets go of it when the process ends, however it ends; the file itself stays, for removing it would let
    two processes hold locks on two files of one name.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._descriptor: int | None = None

    def __enter__(self) -> "ProcessLock":
        self.acquire()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()

    def acquire(self) -> None:
        """Take the lock and hold it until `release` or the end of the process.

        Raises:
            HeldError: another process holds it, named with its socket.
            ConfigurationError: the file cannot be opened.
        """
        try:
            descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        except OSError as error:
            raise ConfigurationError(
                f"The lock {self._path} cannot be opened: {error.strerror}.", "Choose another --data-dir."
            ) from error
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = _read_holder(descriptor)
            os.close(descriptor)
            raise HeldError(
                f"slop_qt already works on this project: {holder}.", "Use that one, or quit it first."
            ) from None
        except OSError as error:
            os.close(descriptor)
            raise ConfigurationError(
                f"The file system of {self._path} cannot lock: {error.strerror}.", "Choose another --data-dir."
            ) from error
        self._descriptor = descriptor
        self.set_socket(None)

    def set_socket(self, socket: Path | None) -> None:
        """Say where the automation socket of this process is. The lock is held."""
        assert self._descriptor is not None, "the lock is not held"
        content = json.dumps({"pid": os.getpid(), "socket": None if socket is None else str(socket)}).encode()
        os.pwrite(self._descriptor, content, 0)
        os.ftruncate(self._descriptor, len(content))

    def release(self) -> None:
        """Let go. Safe to call twice."""
        descriptor, self._descriptor = self._descriptor, None
        if descriptor is not None:
            os.ftruncate(descriptor, 0)
            os.close(descriptor)


def _read_holder(descriptor: int) -> str:
    try:
        holder: Any = json.loads(os.pread(descriptor, _READ_AT_MOST, 0))
        pid, socket = int(holder["pid"]), holder["socket"]
    except (OSError, ValueError, KeyError, TypeError):  # it is being written, or not by us
        return "another process, which has not yet said more"
    return f"process {pid}, " + (f"automation socket {socket}" if socket else "without an automation socket")
