"""A process whose window says when it stands: slop_qt as its command line starts it, or an empty window as the floor.

`python -m benchmarks.start_child app ARGUMENTS…` is `slop-qt ARGUMENTS…`; `python -m benchmarks.start_child empty` is a
`QMainWindow` on a qasync loop. Both write the time at which their window was painted first, in seconds of the system's
monotonic clock.
"""

import sys
import time
from collections.abc import Callable

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication, QMainWindow

__all__: list[str] = []

_LOOK_EVERY_MS = 1


def _tell_when_shown(application: QApplication, then: Callable[[], object]) -> None:
    """Look for a main window that is exposed, which is to say painted: Qt paints before it goes on."""
    timer = QTimer(application)

    def look() -> None:
        for window in application.topLevelWidgets():
            handle = window.windowHandle()
            if isinstance(window, QMainWindow) and handle is not None and handle.isExposed():
                print(time.monotonic(), flush=True)
                timer.stop()
                then()

    timer.timeout.connect(look)
    timer.start(_LOOK_EVERY_MS)


def _empty(application: QApplication) -> None:
    import asyncio

    import qasync

    loop = qasync.QEventLoop(application)
    asyncio.set_event_loop(loop)
    shown = asyncio.Event()
    _tell_when_shown(application, shown.set)
    window = QMainWindow()
    window.resize(1440, 900)

    async def stay() -> None:
        window.show()
        await shown.wait()

    loop.run_until_complete(stay())


def _app(application: QApplication, arguments: list[str]) -> None:
    _tell_when_shown(application, lambda: None)
    from slop_qt.cli import main

    main(arguments)


if __name__ == "__main__":
    if sys.argv[1] == "empty":
        _empty(QApplication(["slop-qt"]))
    else:
        _app(QApplication(["slop-qt"]), sys.argv[2:])
