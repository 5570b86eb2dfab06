"""Files beneath one folder, and nothing else: the door between what a model names and the disk.

Every name is opened relative to the open directory before it and never through a symbolic link that the kernel would
follow by itself, so what was checked is what is used, even while somebody renames things. It is what Linux'
`openat2(RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS)` does, for every system that has `openat`.
"""

import contextlib
import errno
import os
import secrets
import stat
import unicodedata
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from slop_qt.core.errors import ToolError

__all__ = ["Confined", "Entry", "FileBytes"]

_MAX_LINKS = 40
_DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_FILE = os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NOCTTY


@dataclass(frozen=True, slots=True)
class FileBytes:
    """The beginning of a file, and how many bytes the whole has."""

    data: bytes
    size: int


@dataclass(frozen=True, slots=True)
class Entry:
    """What a directory holds under one name; target is where a symbolic link points to."""

    name: str
    is_directory: bool
    size: int
    target: str | None = None


@dataclass(slots=True)
class _Walk:
    """Open directories from the root down to where the walk stands, their names, and what is still to go."""

    open: list[int]
    todo: deque[str]
    names: list[str] = field(default_factory=list)
    links: int = 0

    def close(self) -> None:
        while self.open:
            os.close(self.open.pop())


class Confined:
    """Reads, lists and writes beneath a root. Blocking, stateless; for the helper pool.

    Reading follows symbolic links that stay beneath the root; writing follows none, and leaves `conductor/` alone.
    `.git` is nobody's to read or write here. Every method raises ToolError in words for the model.
    """

    def __init__(self, root: Path) -> None:
        self._root = root

    def relative(self, path: str) -> str:
        """The path as it is written plainly: `a/b.py`, or `.` for the root itself. Touches no disk."""
        if not path.strip() or "\0" in path or not path.isprintable():
            raise ToolError(f"{path!r} is not a path.", "Name a file by its path relative to the root, like src/a.py.")
        if path.startswith(("/", "~")) or "\\" in path:
            raise ToolError(f"The path {path} is not relative.", "Use '/' and a path relative to the root: src/a.py.")
        parts: list[str] = []
        for part in path.split("/"):
            if part == "..":
                if not parts:
                    raise _outside(path)
                parts.pop()
            elif part not in {"", "."}:
                parts.append(part)
        return "/".join(parts) or "."

    def resolve(self, path: str) -> str:
        """The relative path of what `path` names, with no symbolic link in it. It must be there."""
        with self._translated(path), self._reached(path) as (directory, name, place):
            os.stat(name, dir_fd=directory, follow_symlinks=False)
            return place

    def read(self, path: str, limit: int) -> FileBytes:
        """The first `limit` bytes of a regular file."""
        with self._translated(path), self._reached(path) as (directory, name, _):
            info = os.stat(name, dir_fd=directory, follow_symlinks=False)
            _require_regular(path, info)
            with os.fdopen(os.open(name, _FILE, dir_fd=directory), "rb") as file:
                _require_regular(path, os.fstat(file.fileno()))
                return FileBytes(file.read(limit), max(os.fstat(file.fileno()).st_size, 0))

    def read_if_there(self, path: str, limit: int) -> FileBytes | None:
        """As `read`, or None where neither the file nor anything else has that name."""
        with contextlib.suppress(FileNotFoundError), self._translated(path, absent_too=False):
            with self._reached(path, writing=True) as (directory, name, _):
                os.stat(name, dir_fd=directory, follow_symlinks=False)
            return self.read(path, limit)
        return None

    def entries(self, path: str) -> list[Entry]:
        """What a directory holds, by name; `.git` is left out."""
        with self._translated(path), self._reached(path) as (parent, name, _):
            directory = os.open(name, _DIRECTORY, dir_fd=parent)
            try:
                with os.scandir(directory) as found:
                    entries = [_entry(item, directory) for item in found if not _is_git(item.name)]
            finally:
                os.close(directory)
        return sorted(entries, key=lambda entry: entry.name)

    def write(self, path: str, data: bytes) -> None:
        """Put `data` in place of the file at once, whole or not at all; parents are made, permissions kept."""
        with self._translated(path), self._reached(path, writing=True, create=True) as (directory, name, _):
            mode = _mode(path, directory, name)
            beside = f".{secrets.token_hex(8)}.slop"
            flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
            try:
                with os.fdopen(os.open(beside, flags, 0o666, dir_fd=directory), "wb") as file:
                    file.write(data)
                    if mode is not None:
                        os.fchmod(file.fileno(), mode)
                os.rename(beside, name, src_dir_fd=directory, dst_dir_fd=directory)
            except BaseException:
                with contextlib.suppress(FileNotFoundError):
                    os.unlink(beside, dir_fd=directory)
                raise

    @contextlib.contextmanager
    def _translated(self, path: str, *, absent_too: bool = True) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            if isinstance(error, FileNotFoundError):
                if not absent_too:
                    raise
                raise ToolError(f"There is no {path}.", "list_directory shows what there is.") from None
            if error.errno in {errno.ELOOP, errno.EXDEV}:
                raise _outside(path) from None
            if isinstance(error, NotADirectoryError):
                raise ToolError(f"{path} is, or lies beneath, something that is not a directory.") from None
            raise ToolError(f"{path} cannot be used: {error.strerror}.") from None

    @contextlib.contextmanager
    def _reached(self, path: str, *, writing: bool = False, create: bool = False) -> Iterator[tuple[int, str, str]]:
        """The open directory that really holds what `path` names, its name there, and its path without links."""
        parts = self.relative(path) if writing else path
        self.relative(path)
        walk = _Walk([os.open(self._root, _DIRECTORY & ~os.O_NOFOLLOW)], deque(parts.split("/")))
        try:
            name = "."
            while walk.todo:
                name = self._step(walk, path, writing=writing, create=create)
            yield walk.open[-1], name, "/".join([*walk.names, *([name] if name != "." else [])]) or "."
        finally:
            walk.close()

    def _step(self, walk: _Walk, path: str, *, writing: bool, create: bool) -> str:
        """Go on by one name. Returns the last name of the path when it is reached, `.` until then."""
        part = walk.todo.popleft()
        if part in {"", "."}:
            return "."
        if part == "..":
            if not walk.names:
                raise _outside(path)
            walk.names.pop()
            os.close(walk.open.pop())
            return "."
        _require_allowed(walk.names, part, writing=writing)
        here = walk.open[-1]
        if create and walk.todo:
            with contextlib.suppress(FileExistsError):
                os.mkdir(part, dir_fd=here)
        if _is_link(here, part):
            self._follow(walk, part, path, writing=writing)
        elif any(rest not in {"", "."} for rest in walk.todo):
            walk.open.append(os.open(part, _DIRECTORY, dir_fd=here))
            walk.names.append(part)
        else:
            walk.todo.clear()
            return part
        return "."

    def _follow(self, walk: _Walk, part: str, path: str, *, writing: bool) -> None:
        if writing:
            place = "/".join([*walk.names, part])
            raise ToolError(f"{place} is a symbolic link; nothing is written through one.", "Name the file itself.")
        walk.links += 1
        target = os.readlink(part, dir_fd=walk.open[-1])
        if walk.links > _MAX_LINKS or target.startswith("/"):
            raise _outside(path)
        walk.todo.extendleft(reversed(target.split("/")))


def _outside(path: str) -> ToolError:
    return ToolError(f"{path} leads outside the folder you work in.", "Only what lies beneath it can be used.")


def _is_link(directory: int, name: str) -> bool:
    try:
        return stat.S_ISLNK(os.stat(name, dir_fd=directory, follow_symlinks=False).st_mode)
    except FileNotFoundError:
        return False


def _require_allowed(names: list[str], part: str, *, writing: bool) -> None:
    if _is_git(part):
        raise ToolError(f"{'/'.join([*names, part])} is git's own; it can be neither read nor written with this tool.")
    if writing and not names and _plain(part) == "conductor":
        raise ToolError("conductor/ holds the plan and is not yours to write.", "Say in your summary what to change.")


def _require_regular(path: str, info: os.stat_result) -> None:
    if stat.S_ISDIR(info.st_mode):
        raise ToolError(f"{path} is a directory.", "Use list_directory.")
    if not stat.S_ISREG(info.st_mode):
        raise ToolError(f"{path} is not a regular file but a pipe, socket or device.", "Use another file.")


def _mode(path: str, directory: int, name: str) -> int | None:
    """The permissions of the file that is about to be replaced, None where there is none."""
    if name == ".":
        raise ToolError(f"{path} is a directory.", "Name a file.")
    try:
        info = os.stat(name, dir_fd=directory, follow_symlinks=False)
    except FileNotFoundError:
        return None
    _require_regular(path, info)
    return stat.S_IMODE(info.st_mode) & 0o777


def _plain(name: str) -> str:
    """A name as a file system that ignores case, Unicode forms, invisible characters, and dots at the end sees it."""
    visible = "".join(char for char in unicodedata.normalize("NFKC", name) if unicodedata.category(char) != "Cf")
    return visible.casefold().rstrip(". ").partition(":")[0]


def _is_git(name: str) -> bool:
    return _plain(name) in {".git", "git~1"}


def _entry(item: os.DirEntry[str], directory: int) -> Entry:
    target = os.readlink(item.name, dir_fd=directory) if item.is_symlink() else None
    return Entry(item.name, item.is_dir(follow_symlinks=False), item.stat(follow_symlinks=False).st_size, target)
