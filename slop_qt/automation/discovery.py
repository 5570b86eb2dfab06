"""Where an application's socket and token lie, and which socket a client means."""

import os
import secrets
import socket
import stat
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from slop_qt.core.errors import ConfigurationError, ConflictError

__all__ = [
    "check_platform",
    "check_socket_path",
    "connectable",
    "default_socket_path",
    "find_socket",
    "prepare_socket_path",
    "read_token",
    "token_path",
    "write_token",
]

_FOLDER = "slop-qt"
_SUFFIX = ".sock"
_LOGIN_FOLDERS = Path("/run/user")
_MAX_PATH_BYTES = 100
_PROBE_S = 2.0
_CHOOSE_ANOTHER = "Choose another path with --automation=PATH."
_HOW_TO_START = "Start slop-qt with --automation, or name its socket with --socket or SLOP_QT_SOCKET."


def check_platform() -> None:
    """Refuse where there are no Unix sockets.

    Raises:
        ConfigurationError: this platform has none.
    """
    if not hasattr(socket, "AF_UNIX"):
        raise ConfigurationError(
            "The automation socket does not work on this platform yet.", "Use it on Linux or macOS."
        )


def default_socket_path(pid: int, environ: Mapping[str, str] = os.environ) -> Path:
    """`$XDG_RUNTIME_DIR/slop-qt/<pid>.sock`; where that is not set, in a folder of this user's under the temp dir."""
    return _runtime_folder(environ) / f"{pid}{_SUFFIX}"


def token_path(socket_path: Path) -> Path:
    """The token's file, beside the socket."""
    return socket_path.with_name(f"{socket_path.name}.token")


def check_socket_path(path: Path) -> None:
    """Refuse what no socket can be made of.

    Raises:
        ConfigurationError: the path has more bytes than every platform's socket addresses can hold.
    """
    length = len(os.fsencode(path))
    if length > _MAX_PATH_BYTES:
        raise ConfigurationError(
            f"The socket path {path} has {length} bytes; at most {_MAX_PATH_BYTES} are possible.",
            "Choose a shorter one with --automation=PATH.",
        )


def prepare_socket_path(path: Path, environ: Mapping[str, str] = os.environ) -> None:
    """Make the place for a new socket: its folder (0700 if it has to be made), with no dead socket in it.

    Raises:
        ConfigurationError: the folder cannot be made, or others could replace files in it.
        ConflictError: somebody listens there, or it is no socket.
    """
    check_platform()
    check_socket_path(path)
    _prepare_folder(path.parent, environ)
    try:
        mode = path.lstat().st_mode
    except FileNotFoundError:
        return
    if not stat.S_ISSOCK(mode):
        raise ConflictError(f"{path} exists and is no socket.", _CHOOSE_ANOTHER)
    if connectable(path):
        raise ConflictError(
            f"Another application is listening on {path}.", "Close it, or choose another path with --automation=PATH."
        )
    path.unlink(missing_ok=True)


def write_token(socket_path: Path) -> str:
    """A new token, in its file (0600). Returns it.

    Raises:
        ConfigurationError: the file cannot be written.
    """
    token, path = secrets.token_urlsafe(32), token_path(socket_path)
    try:
        path.unlink(missing_ok=True)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            os.fchmod(descriptor, 0o600)
            file.write(token)
    except OSError as error:
        raise ConfigurationError(
            f"The token file {path} cannot be written: {error.strerror}.", _CHOOSE_ANOTHER
        ) from error
    return token


def read_token(socket_path: Path, environ: Mapping[str, str] = os.environ) -> str:
    """SLOP_QT_TOKEN, else what stands in the token file.

    Raises:
        ConfigurationError: there is neither; where there is no socket either, that is what it says.
    """
    if token := environ.get("SLOP_QT_TOKEN"):
        return token
    path = token_path(socket_path)
    try:
        return path.read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError) as error:
        if not os.path.lexists(socket_path):
            said = f"No application answers at {socket_path}: no socket is there."
            raise ConfigurationError(said, _HOW_TO_START) from None
        raise ConfigurationError(
            f"The token file {path} cannot be read: {error}.", "Set SLOP_QT_TOKEN to the application's token."
        ) from None


def find_socket(named: str | Path | None = None, environ: Mapping[str, str] = os.environ) -> Path:
    """The socket that was named, else SLOP_QT_SOCKET, else the newest one on which somebody listens.

    Raises:
        ConfigurationError: nobody listens anywhere; the hint says how to change that.
    """
    check_platform()
    if chosen := named or environ.get("SLOP_QT_SOCKET"):
        return Path(chosen)
    folders = _folders_to_look_in(environ)
    ages: list[tuple[int, Path]] = []
    for path in (found for folder in folders for found in folder.glob(f"*{_SUFFIX}")):
        with suppress(FileNotFoundError):  # its application has just ended
            ages.append((path.stat().st_mtime_ns, path))
    for _, path in sorted(ages, reverse=True):
        if connectable(path):
            return path
    where = " or ".join(map(str, folders))
    raise ConfigurationError(f"No running slop_qt was found in {where}.", _HOW_TO_START)


def connectable(path: Path) -> bool:
    """Whether somebody listens there; also if they are too busy to answer."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.settimeout(_PROBE_S)
        try:
            probe.connect(os.fspath(path))
        except (FileNotFoundError, ConnectionRefusedError, NotADirectoryError):
            return False
        except (TimeoutError, BlockingIOError):
            return True
        except OSError:
            return False
        return True


def _runtime_folder(environ: Mapping[str, str]) -> Path:
    runtime = environ.get("XDG_RUNTIME_DIR", "")
    if Path(runtime).is_absolute():
        return Path(runtime) / _FOLDER
    user = os.getuid() if hasattr(os, "getuid") else "user"
    return Path(tempfile.gettempdir()) / f"{_FOLDER}-{user}"


def _folders_to_look_in(environ: Mapping[str, str]) -> list[Path]:
    folders = [_runtime_folder(environ)]
    # MCP clients hand on few variables, and not this one; where a login sets it, it names this folder.
    if not environ.get("XDG_RUNTIME_DIR") and (login := _LOGIN_FOLDERS / str(os.getuid())).is_dir():
        folders.append(login / _FOLDER)
    return folders


def _prepare_folder(folder: Path, environ: Mapping[str, str]) -> None:
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        # The default folder may lie in a temp dir, where anybody could have put a link of that name.
        facts = folder.lstat() if folder == _runtime_folder(environ) else folder.stat()
        safe = stat.S_ISDIR(facts.st_mode) and not _others_may_replace(facts)
        if safe and folder == _runtime_folder(environ):
            folder.chmod(0o700)
    except OSError as error:
        raise ConfigurationError(
            f"The socket's folder {folder} cannot be used: {error.strerror}.", _CHOOSE_ANOTHER
        ) from error
    if not safe:
        raise ConfigurationError(f"Other users could replace files in the socket's folder {folder}.", _CHOOSE_ANOTHER)


def _others_may_replace(facts: os.stat_result) -> bool:
    shared = facts.st_mode & (stat.S_IWGRP | stat.S_IWOTH) and not facts.st_mode & stat.S_ISVTX
    return bool(shared) or facts.st_uid not in {os.getuid(), 0}
