"""Doing something at once, and then at most every so often, however often it is asked for."""

from collections.abc import Callable

from PySide6.QtCore import QObject, QTimer, Slot

__all__ = ["Throttle"]


class Throttle(QObject):
    """Calls `action` in the GUI thread: at the next turn of the loop, then at most once every interval_ms.

    What is asked for while it rests is done once, at the end of the rest. While `held`, nothing is done until let go.
    """

    def __init__(self, action: Callable[[], None], interval_ms: int, parent: QObject) -> None:
        super().__init__(parent)
        self._action = action
        self._asked = False
        self._held = False
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self._due)
        self._interval_ms = interval_ms

    def ask(self) -> None:
        """Have it done soon."""
        self._asked = True
        if not self._held and not self._timer.isActive():
            self._timer.start(0)

    def hold(self) -> None:
        """Do nothing until `let_go`: what would be refreshed is hidden."""
        self._held = True

    def let_go(self) -> None:
        """Go on, and catch up at once."""
        self._held = False
        if self._asked:
            self._due()

    @Slot()
    def _due(self) -> None:
        if self._asked and not self._held:
            self._asked = False
            self._timer.start(self._interval_ms)
            self._action()
