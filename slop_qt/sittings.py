"""The projects that one process shows in its window, one after the other (`project.open`)."""

import asyncio
import logging
from collections.abc import Callable, Coroutine
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from slop_qt.core.approvals import DecidedBy
from slop_qt.core.errors import (
    ConflictError,
    HeldError,
    InvalidInputError,
    NotFoundError,
    NotPossibleError,
    WorkspaceError,
)
from slop_qt.core.settings import Settings
from slop_qt.engine import Engine
from slop_qt.launch import LaunchOptions, settings_for
from slop_qt.mma import shapes
from slop_qt.qt.main_loop import MainLoop
from slop_qt.qt.theme import Theme
from slop_qt.sitting import Sitting
from slop_qt.workspace.repository import Repository

__all__ = ["Sittings"]


class Sittings:
    """Opens the first project and changes to others, until the end. Lives in the main thread.

    The next project is opened whole before anything of the one before is closed: what goes wrong until then leaves
    everything as it was.
    """

    def __init__(self, options: LaunchOptions, main_loop: MainLoop, theme: Theme, bound: str = "") -> None:
        """bound says why no other project can be opened in this process; empty where one can be."""
        self._options = options
        self._main_loop = main_loop
        self._theme = theme
        self._bound = bound
        self._now: Sitting | None = None
        self._coming: Sitting | None = None
        self._change: asyncio.Task[shapes.ProjectOpened] | None = None
        self._alive: list[str] = []
        self._undead: list[Sitting] = []  # Qt would wait for their threads if their pools were let go

    async def open(self, settings: Settings) -> Sitting:
        """Open the first project and show it.

        Raises:
            SlopError: it cannot be opened. `close` is to be called all the same.
        """
        self._now = now = self._sitting(self._options, settings)
        await now.open(self._open)
        now.show()
        return now

    async def close(self) -> list[str]:
        """Close what is open, after a change that is under way. Returns the names of threads that are still alive."""
        if self._change is not None:
            await asyncio.wait([self._change])
        if self._now is not None:
            self._alive += await self._now.close()
        return self._alive

    def emergency_close(self) -> None:
        """What can still be done for each open project when the loop itself is broken."""
        for sitting in (self._coming, self._now):
            if sitting is not None:
                sitting.engine.emergency_close()

    async def _open(self, params: shapes.OpenProject, _: DecidedBy) -> shapes.ProjectOpened:
        """project.open: to its end, also where its caller goes."""
        if self._change is not None:
            raise ConflictError("Another project is being opened already.", "Ask again when that has been answered.")
        opening = self._go_to(params.path, asyncio.current_task())
        self._change = change = asyncio.create_task(opening, name="project.open")
        change.add_done_callback(self._changed)
        return await asyncio.shield(change)

    def _changed(self, change: asyncio.Task[shapes.ProjectOpened]) -> None:
        self._change = None
        if not change.cancelled() and (error := change.exception()) is not None:
            logging.getLogger(__name__).info("project.open was refused: %s", error)

    async def _go_to(self, path: str, caller: asyncio.Task[Any] | None) -> shapes.ProjectOpened:
        assert self._now is not None
        here = self._now.engine
        project = await here.offload.run(partial(_folder, path))
        if project != here.project:
            if self._bound:
                raise NotPossibleError(f"{project} was not opened: {self._bound}", "Start slop-qt on that one.")
            self._require_idle(project)
            await here.offload.run(partial(_require_workable, project))
            await self._succeed(project, caller)
        return shapes.ProjectOpened(project=str(project))

    async def _succeed(self, project: Path, caller: asyncio.Task[Any] | None) -> None:
        assert self._now is not None
        before, server = self._now, self._now.engine.server
        options = replace(self._options, project=project)
        settings = await before.engine.offload.run(partial(settings_for, options))
        self._coming = coming = self._sitting(options, settings)
        try:
            await self._prepare(coming, project, caller)
        except BaseException:
            await self._bury(coming)
            self._coming = None
            self._main_loop.on_fault = before.engine.fault
            if server is not None:
                server.go_on()
            raise
        before.window.setEnabled(False)
        self._now, self._coming = coming, before
        try:
            await self._bury(before, partial(server.part, caller) if server is not None else None)
        finally:
            self._coming = None
            coming.engine.come_in()

    async def _prepare(self, coming: Sitting, project: Path, caller: asyncio.Task[Any] | None) -> None:
        """Everything that can go wrong, before anything is closed."""
        assert self._now is not None
        before = self._now
        try:
            await coming.open(self._open)
        except HeldError as error:
            raise ConflictError(error.message, error.hint) from error
        await coming.window.filled()  # or it would be empty for a moment
        await before.window.require_kept()
        if before.engine.server is not None:
            changing = await before.engine.server.withhold(caller)
            self._require_idle(project)
            if changing is not None:
                raise NotPossibleError(
                    f"{project} was not opened: {changing} is still being carried out.", "Ask again in a moment."
                )
        self._require_idle(project)
        before.window.remember()
        coming.show()
        coming.window.activateWindow()

    def _require_idle(self, project: Path) -> None:
        assert self._now is not None and self._now.engine.session is not None
        self._now.engine.session.require_idle(f"{project} was not opened")
        if self._main_loop.quitting:
            raise NotPossibleError(f"{project} was not opened: the application is quitting.")

    async def _bury(self, sitting: Sitting, part: Callable[[], Coroutine[Any, Any, None]] | None = None) -> None:
        alive = await sitting.close(part)
        if alive:
            self._alive += alive
            self._undead.append(sitting)

    def _sitting(self, options: LaunchOptions, settings: Settings) -> Sitting:
        server = self._now.engine.server if self._now is not None else None
        engine = Engine(options, settings, self._main_loop, headless=False, server=server)
        return Sitting(engine, self._main_loop, self._theme)


def _folder(path: str) -> Path:
    """The folder that is meant, its links followed. For helper threads."""
    try:
        folder = Path(path).expanduser()
        if not folder.is_absolute():
            raise InvalidInputError(f"{path} is not an absolute path.", "The application's folder is not the caller's.")
        folder = folder.resolve()
        if folder.is_dir():
            return folder
        what = "is not a folder" if folder.exists() else "does not exist"
    except (OSError, RuntimeError, ValueError) as error:  # no such home, a loop of links, a NUL, a name too long
        what = f"cannot be opened: {error}"
    raise NotFoundError(f"{path} {what}.", "Name the folder of a git repository.")


def _require_workable(project: Path) -> None:
    """For helper threads."""
    try:
        Repository(project).inspect()
    except WorkspaceError as error:
        raise NotPossibleError(error.message, error.hint) from error
