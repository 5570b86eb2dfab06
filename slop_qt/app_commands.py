"""The commands that concern the application itself, and what is said where there is no window."""

import os
from pathlib import Path
from typing import Any

from slop_qt import __version__
from slop_qt.core.approvals import DecidedBy
from slop_qt.core.errors import NotPossibleError
from slop_qt.core.shape import Shape
from slop_qt.mma import commands, shapes
from slop_qt.mma.command_registry import CommandRegistry
from slop_qt.qt.main_loop import MainLoop

__all__ = ["AppCommands"]


class AppCommands:
    """app.info and app.quit; refusals of what a window carries out, until one takes their place. Main thread."""

    def __init__(self, project: Path, main_loop: MainLoop, *, headless: bool) -> None:
        self._project = project
        self._main_loop = main_loop
        self._headless = headless

    def register(self, registry: CommandRegistry) -> None:
        """Attach app.info and app.quit."""
        registry.register(commands.APP_INFO, self._info)
        registry.register(commands.APP_QUIT, self._quit)

    def refuse_window(self, registry: CommandRegistry) -> None:
        """Attach the refusals."""
        registry.register(commands.PROJECT_OPEN, self._stay)
        for command in commands.GUI_COMMANDS:
            registry.register(command, self._refuse)

    async def _info(self, _params: shapes.Nothing, _: DecidedBy) -> shapes.AppInfo:
        return shapes.AppInfo(version=__version__, pid=os.getpid(), project=str(self._project), headless=self._headless)

    async def _quit(self, _params: shapes.Nothing, _: DecidedBy) -> shapes.Nothing:
        self._main_loop.loop.call_soon(self._main_loop.request_quit, 0)
        return shapes.Nothing()

    async def _stay(self, _params: shapes.OpenProject, _: DecidedBy) -> shapes.ProjectOpened:
        if not self._headless:
            raise NotPossibleError("The window does not stand yet.", "Ask again in a moment.")
        raise NotPossibleError(
            f"There is no window: this slop-qt has one job, in {self._project}.",
            "Start another one for the other project, with --automation.",
        )

    async def _refuse(self, _params: Shape, _: DecidedBy) -> Any:
        raise NotPossibleError("There is no window.", "gui.* needs slop-qt with a window.")
