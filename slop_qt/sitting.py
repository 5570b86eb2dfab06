"""One project in its window: built on top of the engine, and taken down after it."""

import asyncio
import sys
from collections.abc import Awaitable, Callable, Coroutine
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QMetaObject, QProcess, QSettings

from slop_qt import __version__
from slop_qt.core.approvals import DecidedBy
from slop_qt.core.errors import SlopError
from slop_qt.engine import Engine
from slop_qt.mma import commands, shapes
from slop_qt.qt.main_loop import MainLoop
from slop_qt.qt.theme import Theme
from slop_qt.qt.window_context import WindowFacts, make_context

if TYPE_CHECKING:
    from slop_qt.window import MainWindow

__all__ = ["OpenProject", "Sitting", "open_beside"]

# What carries project.open out.
OpenProject = Callable[[shapes.OpenProject, DecidedBy], Awaitable[shapes.ProjectOpened]]


class Sitting:
    """A project that is open, with its window. Lives in the main thread: `open`, `show`, and at its end `close`."""

    def __init__(self, engine: Engine, main_loop: MainLoop, theme: Theme) -> None:
        self.engine = engine
        self._main_loop = main_loop
        self._theme = theme
        self._window: MainWindow | None = None
        self._saving: QMetaObject.Connection | None = None
        self._working: set[asyncio.Task[None]] = set()
        self._ending = False

    @property
    def window(self) -> "MainWindow":
        """The window; it stands after `open`."""
        assert self._window is not None
        return self._window

    async def open(self, open_project: OpenProject) -> None:
        """Start the engine, and build the window without showing it.

        Raises:
            SlopError: as Engine.start says. `close` is to be called all the same.
        """
        starting = asyncio.ensure_future(self.engine.start())
        await asyncio.sleep(0)
        import slop_qt.window  # noqa: F401  # while helpers ask git about the project

        await starting
        self.engine.registry.register(commands.PROJECT_OPEN, open_project)
        self.engine.registry.register(commands.PROJECT_OPEN_BESIDE, _open_beside)
        self._window = self._build()

    def show(self) -> None:
        """Show the window; from now on it can be used from outside, and hears of files that change."""
        self._saving = self._theme.choice_changed.connect(self.engine.preferences.save_theme)
        self._theme.dress()
        self.window.show()
        if self.engine.socket is not None:
            self._let_in()
        self.engine.watch_tracks(self.window.read_tracks)

    async def close(self, part: Callable[[], Awaitable[None]] | None = None) -> list[str]:
        """Keep what is not saved, and take down what was opened; part is what Engine.shutdown says.

        Returns the names of the threads that are still alive.
        """
        self._ending = True
        if self._window is not None:
            await self._window.keep_edits()
        alive = await self.engine.shutdown(part)
        if self._saving is not None:
            self._theme.choice_changed.disconnect(self._saving)
        if self._working:
            for task in self._working:
                task.cancel()
            await asyncio.wait(self._working)
        if self._window is not None:
            self._window.dispose()
        return alive

    def _start(self, work: Coroutine[Any, Any, None]) -> None:
        """Run what the window does in the background: to the end of this project, and no longer."""
        task = self._main_loop.start(work, self._refused_by_the_end)
        self._working.add(task)
        task.add_done_callback(self._working.discard)

    def _refused_by_the_end(self, error: BaseException) -> bool:
        """Whether it was refused because this project ends, which is no fault of the next one."""
        return self._ending and isinstance(error, SlopError)

    def _build(self) -> "MainWindow":
        from slop_qt.window import MainWindow

        engine, settings = self.engine, self.engine.settings
        return MainWindow(
            make_context(
                feed=engine.feed,
                registry=engine.registry,
                theme=self._theme,
                settings=QSettings(str(engine.options.data_folder / "window.ini"), QSettings.Format.IniFormat),
                facts=WindowFacts(
                    version=__version__,
                    project=engine.project.name,
                    socket=str(engine.socket) if engine.socket else None,
                    mode=settings.mode,
                    workers=settings.limits.workers,
                ),
                throttles=engine.throttles,
                editing=engine.editing,
                start=self._start,
                on_quit=self._main_loop.request_quit,
            )
        )

    def _let_in(self) -> None:
        """Whoever comes by the socket may use the window, too."""
        from slop_qt.widgets.driving.desk import GuiDesk

        GuiDesk(self.engine.offload, self.window.build_panels, self.window).register(self.engine.registry)


def open_beside(project: str) -> None:
    """Open a project in a process of its own: the person may want both."""
    QProcess.startDetached(sys.executable, ["-m", "slop_qt", project])


async def _open_beside(params: shapes.OpenProject, _: DecidedBy) -> shapes.ProjectOpened:
    open_beside(params.path)
    return shapes.ProjectOpened(project=params.path)
