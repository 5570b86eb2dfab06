"""The window on a project: builds it on top of the engine, and takes it down after the engine."""

import asyncio
import sys
from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QProcess, QSettings
from PySide6.QtWidgets import QApplication

from slop_qt import __version__
from slop_qt.core.approvals import DecidedBy
from slop_qt.core.errors import SlopError
from slop_qt.engine import Engine
from slop_qt.headless.failures import CANNOT_START
from slop_qt.launch import LaunchOptions, settings_for
from slop_qt.mma import commands, shapes
from slop_qt.qt.main_loop import MainLoop
from slop_qt.qt.theme import Theme
from slop_qt.qt.window_context import WindowFacts, make_context
from slop_qt.store.resources import resource_path

if TYPE_CHECKING:
    from slop_qt.window import MainWindow

__all__ = ["Opened", "run_window"]

# Called in the background as soon as the window stands.
Opened = Callable[[Engine, "MainWindow"], Coroutine[Any, Any, None]]


def run_window(options: LaunchOptions, opened: Opened | None = None) -> int:
    """Open the project in a window and stay until it is quit. Returns the exit code.

    Raises:
        SlopError: the settings or options do not hold.
    """
    settings = settings_for(options)
    application = QApplication.instance()
    if not isinstance(application, QApplication):
        application = QApplication(["slop-qt"])
    application.setApplicationName("slop_qt")
    application.setQuitOnLastWindowClosed(False)
    main_loop = MainLoop(application)
    theme = Theme(application, resource_path("icons"), settings.theme, dressed=False)
    engine = Engine(options, settings, main_loop, headless=False)

    async def main() -> list[str]:
        window: MainWindow | None = None
        try:
            await _start(engine)
            engine.registry.register(commands.PROJECT_OPEN, _open_project)
            window = _window(engine, main_loop, theme)
            theme.dress()
            window.show()
            if engine.socket is not None:
                _let_in(engine, window)
            engine.watch_tracks(window.read_tracks)
            if opened is not None:
                main_loop.start(opened(engine, window))
            await main_loop.until_quit()
            await window.keep_edits()
        except SlopError as error:
            theme.dress()
            await _show_failure(error, main_loop)
        alive = await engine.shutdown()
        if window is not None:
            window.dispose()
        return alive

    code = main_loop.run(main, engine.emergency_close)
    theme.retire()
    return code


async def _start(engine: Engine) -> None:
    """Start the engine, and meanwhile, while helpers ask git about the project, import the window."""
    starting = asyncio.ensure_future(engine.start())
    await asyncio.sleep(0)
    import slop_qt.window  # noqa: F401

    await starting


def _window(engine: Engine, main_loop: MainLoop, theme: Theme) -> "MainWindow":
    from slop_qt.window import MainWindow

    options, settings = engine.options, engine.settings
    theme.choice_changed.connect(engine.preferences.save_theme)
    return MainWindow(
        make_context(
            feed=engine.feed,
            registry=engine.registry,
            theme=theme,
            settings=QSettings(str(options.data_folder / "window.ini"), QSettings.Format.IniFormat),
            facts=WindowFacts(
                version=__version__,
                project=engine.project.name,
                socket=str(engine.socket) if engine.socket else None,
                mode=settings.mode,
                workers=settings.limits.workers,
            ),
            throttles=engine.throttles,
            editing=engine.editing,
            start=main_loop.start,
            on_quit=main_loop.request_quit,
        )
    )


def _let_in(engine: Engine, window: "MainWindow") -> None:
    """Whoever comes by the socket may use the window, too."""
    from slop_qt.widgets.driving.desk import GuiDesk

    GuiDesk(engine.offload, window.build_panels, window).register(engine.registry)


async def _show_failure(error: SlopError, main_loop: MainLoop) -> None:
    """Say why the project cannot be opened, on standard error and in a dialog that offers another folder."""
    from slop_qt.views.start_failure import StartFailureDialog

    main_loop.exit_code = CANNOT_START
    print(f"slop-qt: {error}", file=sys.stderr)  # noqa: T201
    dialog = StartFailureDialog(error)
    dialog.done_with.connect(lambda: main_loop.request_quit(CANNOT_START))
    dialog.open_other.connect(_open_elsewhere)
    dialog.open()
    await main_loop.until_quit()
    dialog.deleteLater()


async def _open_project(params: shapes.OpenProject, _: DecidedBy) -> shapes.ProjectOpened:
    """Open another project beside this one, in a process of its own: there is one for each."""
    _open_elsewhere(params.path)
    return shapes.ProjectOpened(project=params.path)


def _open_elsewhere(project: str) -> None:
    QProcess.startDetached(sys.executable, ["-m", "slop_qt", project])
