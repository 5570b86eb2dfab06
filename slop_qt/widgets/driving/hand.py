"""Does what a hand does, at the event loop's pace: each gesture in a turn of its own, outside every coroutine.

What a gesture sets off may run an event loop of its own, as a menu does: inside a coroutine that would lose the
wake-ups of others. So a gesture is an event that the hand sends to itself, and it counts as done when the next one has
come: after the gesture, or from within what it opened.
"""

import asyncio
from collections.abc import Callable

from PySide6.QtCore import QCoreApplication, QEvent, QObject, Qt

__all__ = ["Hand"]

_GESTURE = QEvent.Type(QEvent.registerEventType())
_DONE = QEvent.Type(QEvent.registerEventType())


class _Gesture(QEvent):
    """Something to do, and where to tell that it is done."""

    def __init__(self, do: Callable[[], object], done: asyncio.Future[None]) -> None:
        super().__init__(_GESTURE)
        self.do = do
        self.done = done


class _Done(QEvent):
    """Comes after a gesture."""

    def __init__(self, done: asyncio.Future[None]) -> None:
        super().__init__(_DONE)
        self.done = done


class Hand(QObject):
    """Carries gestures out one after another. Lives in the GUI thread."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        # Events that Python made are Python's: they are kept until they have come.
        self._sent: set[QEvent] = set()

    async def do(self, gesture: Callable[[], object]) -> None:
        """Do it, and return when it is done or has opened something that waits. Raises what it raises."""
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._post(_Gesture(gesture, done))
        await done

    def customEvent(self, event: QEvent) -> None:
        self._sent.discard(event)
        if isinstance(event, _Gesture):
            self._post(_Done(event.done))
            try:
                event.do()
            except Exception as error:  # noqa: BLE001 — it is raised where somebody waits for it
                _tell(event.done, error)
        elif isinstance(event, _Done):
            _tell(event.done, None)

    def _post(self, event: QEvent) -> None:
        self._sent.add(event)
        QCoreApplication.postEvent(self, event, Qt.EventPriority.LowEventPriority.value)


def _tell(done: asyncio.Future[None], error: Exception | None) -> None:
    if done.done():
        return
    if error is None:
        done.set_result(None)
    else:
        done.set_exception(error)
