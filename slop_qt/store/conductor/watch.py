"""Notices that somebody changes conductor/ while the application is open: an editor, git, another program."""

import contextlib
import logging
import os
import threading
from collections.abc import Callable, Iterable
from pathlib import Path

__all__ = ["ConductorWatch"]

logger = logging.getLogger(__name__)

_FOLDER = "conductor"
_LOOK_AGAIN_S = 0.5  # how soon a conductor/ that appears, vanishes or is another one now is noticed
_STEP_MS = 100  # changes that follow each other that closely are told together; also how soon a stop is noticed
_GATHER_MS = 400  # but none waits for longer than that
_POLL_MS = 1000  # how often it is looked where the system cannot tell


class ConductorWatch:
    """Tells on_change which files of conductor/ were written, made or removed, our own writes among them.

    on_change is called in the watch's own thread with paths relative to the project. A folder stands for everything
    beneath it: `conductor` is told when watching has begun, when folders in it have come or gone, and when it has
    vanished itself. So whoever reads anew what it is told of has seen every change, whatever happened before or
    meanwhile.

    No folder but conductor/ and those in it is watched; symbolic links to folders are not followed, nor a conductor/
    that leads out of the project. Files elsewhere in the project, to which an index may link, are not noticed.
    """

    def __init__(self, project: Path, on_change: Callable[[frozenset[str]], None]) -> None:
        self._project = project
        self._on_change = on_change
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="conductor watch", daemon=False)

    def start(self) -> None:
        """Begin; returns at once, having looked at no file. Called once."""
        self._thread.start()

    def stop(self) -> None:
        """End it: when this returns, nothing more is told and the thread is gone. Safe to call twice."""
        self._stop.set()
        if self._thread.is_alive() and self._thread is not threading.current_thread():
            self._thread.join()

    def _run(self) -> None:
        known, polls = False, False
        while not self._stop.is_set():
            folders = self._folders()
            if not folders:
                if known:
                    self._tell({_FOLDER})
                self._stop.wait(_LOOK_AGAIN_S)
            else:
                polls = self._watch(folders, polls=polls)
            known = bool(folders)

    def _watch(self, folders: dict[Path, int], *, polls: bool) -> bool:
        """Tell what changes in these folders until they are others. Returns whether to poll from now on."""
        from watchfiles import Change, watch

        root = next(iter(folders))
        changes_of = watch(
            *folders,
            watch_filter=None,
            debounce=_GATHER_MS,
            step=_STEP_MS,
            stop_event=self._stop,
            rust_timeout=int(_LOOK_AGAIN_S * 1000),
            yield_on_timeout=True,
            raise_interrupt=False,
            force_polling=polls or None,
            poll_delay_ms=_POLL_MS,
            recursive=False,
            ignore_permission_denied=True,
        )
        told = {_FOLDER}
        try:
            with contextlib.closing(changes_of):
                for changes in changes_of:
                    self._tell(told | self._named(root, (path for _, path in changes)))
                    told = set()
                    gone = any(change is Change.deleted and Path(path) in folders for change, path in changes)
                    if gone or _identity(root) != folders[root] or (changes and self._folders() != folders):
                        break
        except FileNotFoundError:  # a folder went before it was watched
            pass
        except (OSError, RuntimeError) as error:
            logger.warning("conductor/ is looked at every %d ms: the system cannot tell: %s", _POLL_MS, error)
            self._stop.wait(_LOOK_AGAIN_S)
            return True
        return polls

    def _folders(self) -> dict[Path, int]:
        """conductor/ and every folder in it, with what tells each from another of its name. Empty where it is not."""
        try:
            project = self._project.resolve()
            root = (project / _FOLDER).resolve()
        except (OSError, RuntimeError):
            return {}
        if not root.is_relative_to(project):
            return {}
        found = {Path(above): _identity(Path(above)) for above, _, _ in os.walk(root)}
        return {path: identity for path, identity in found.items() if identity is not None}

    def _named(self, root: Path, paths: Iterable[str]) -> set[str]:
        """As on_change is told them, without the files that a write is made of."""
        inner = [Path(path) for path in paths]
        return {
            str(_FOLDER / path.relative_to(root))
            for path in inner
            if path.is_relative_to(root) and not (path.name.startswith(".") and path.suffix == ".tmp")
        }

    def _tell(self, paths: set[str]) -> None:
        if not paths or self._stop.is_set():
            return
        try:
            self._on_change(frozenset(paths))
        except Exception:  # the edge of a thread: whoever listens must not end the watch
            logger.exception("What conductor/ has become could not be told")


def _identity(path: Path) -> int | None:
    try:
        return path.stat().st_ino
    except OSError:
        return None
