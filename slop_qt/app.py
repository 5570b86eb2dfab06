"""The window on a project: from the command line to the exit code."""

import sys
from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Any

from slop_qt.core.errors import SlopError
from slop_qt.engine import Engine
from slop_qt.headless.failures import CANNOT_START
from slop_qt.launch import LaunchOptions, settings_for
from slop_qt.qt.gui_application import gui_application
from slop_qt.qt.main_loop import MainLoop
from slop_qt.qt.theme import Theme
from slop_qt.sitting import open_beside
from slop_qt.sittings import Sittings
from slop_qt.store.resources import resource_path

if TYPE_CHECKING:
    from slop_qt.window import MainWindow

__all__ = ["Opened", "run_window"]

# Called in the background as soon as the first project's window stands.
Opened = Callable[[Engine, "MainWindow"], Coroutine[Any, Any, None]]


def run_window(options: LaunchOptions, opened: Opened | None = None, *, bound: str = "") -> int:
    """Open the project in a window and stay until it is quit. Returns the exit code.

    bound says why `project.open` cannot open another project in this process; empty where it can.

    Raises:
        SlopError: the settings or options do not hold.
    """
    settings = settings_for(options)
    application = gui_application()
    main_loop = MainLoop(application)
    theme = Theme(application, resource_path("icons"), settings.theme, dressed=False)
    sittings = Sittings(options, main_loop, theme, bound)

    async def begin() -> None:
        first = await sittings.open(settings)
        if opened is not None:
            main_loop.start(opened(first.engine, first.window))

    async def main() -> list[str]:
        try:
            await begin()  # by itself: here, the first project would be kept for as long as the process stays
            await main_loop.until_quit()
        except SlopError as error:
            theme.dress()
            await _show_failure(error, main_loop)
        return await sittings.close()

    code = main_loop.run(main, sittings.emergency_close)
    theme.retire()
    return code


async def _show_failure(error: SlopError, main_loop: MainLoop) -> None:
    """Say why the project cannot be opened, on standard error and in a dialog that offers another folder."""
    from slop_qt.views.start_failure import StartFailureDialog

    main_loop.exit_code = CANNOT_START
    print(f"slop-qt: {error}", file=sys.stderr)  # noqa: T201
    dialog = StartFailureDialog(error)
    dialog.done_with.connect(lambda: main_loop.request_quit(CANNOT_START))
    dialog.open_other.connect(open_beside)
    dialog.open()
    await main_loop.until_quit()
    dialog.deleteLater()
