"""How late the GUI thread is: what a person feels as a stutter."""

from array import array

from PySide6.QtCore import QElapsedTimer, QObject, Qt, QTimer

__all__ = ["INTERVAL_MS", "StallWatch"]

INTERVAL_MS = 10
# Ten minutes of ticks: older ones make room.
_KEPT = 60_000


class StallWatch(QObject):
    """A timer that notes how late it comes. Lives in the thread that it watches.

    A tick that comes late by several intervals stands for those that it kept from coming: each counts with its own
    lateness, or a second of standing still would be one sample among hundreds.
    """

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._late_ms = array("d")
        self._clock = QElapsedTimer()
        self._timer = QTimer(self)
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.setInterval(INTERVAL_MS)
        self._timer.timeout.connect(self._tick)

    def start(self) -> None:
        """Measure from now on."""
        self._clock.start()
        self._timer.start()

    def taken(self, *, reset: bool = False) -> list[float]:
        """The latenesses so far, in milliseconds, in the order in which they came; reset forgets them."""
        late = list(self._late_ms)
        if reset:
            del self._late_ms[:]
        return late

    def _tick(self) -> None:
        late = max(self._clock.nsecsElapsed() / 1e6 - INTERVAL_MS, 0.0)
        self._clock.restart()
        kept = self._late_ms
        kept.append(late)
        while (late := late - INTERVAL_MS) > 0 and len(kept) <= _KEPT:
            kept.append(late)
        if len(kept) > _KEPT:
            del kept[: _KEPT // 10]
