"""How late the GUI thread is: what a person feels as a stutter."""

from array import array

from PySide6.QtCore import QElapsedTimer, QObject, Qt, QTimer

__all__ = ["StallWatch"]

# Ten minutes of ticks, one every 10 ms: older ones make room.
_KEPT = 60_000


class StallWatch(QObject):
    """A timer that notes how late it comes. Lives in the thread that it watches.

    A tick that comes late by several intervals stands for those that it kept from coming: each counts with its own
    lateness, or a second of standing still would be one sample among hundreds.
    """

    def __init__(self, parent: QObject | None = None, *, interval_ms: int = 10) -> None:
        super().__init__(parent)
        self._interval_ms = interval_ms
        self._late_ms = array("d")
        self._clock = QElapsedTimer()
        self._timer = QTimer(self)
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.setInterval(interval_ms)
        self._timer.timeout.connect(self._tick)

    def start(self) -> None:
        """Measure from now on."""
        self._clock.start()
        self._timer.start()

    def stop(self) -> None:
        """Measure no more, after what is late by now."""
        self._tick()
        self._timer.stop()

    def taken(self, *, reset: bool = False) -> list[float]:
        """The latenesses so far, in milliseconds, in the order in which they came; reset forgets them."""
        late = list(self._late_ms)
        if reset:
            del self._late_ms[:]
        return late

    def _tick(self) -> None:
        late = max(self._clock.nsecsElapsed() / 1e6 - self._interval_ms, 0.0)
        self._clock.restart()
        kept = self._late_ms
        kept.append(late)
        while (late := late - self._interval_ms) > 0 and len(kept) <= _KEPT:
            kept.append(late)
        if len(kept) > _KEPT:
            del kept[: _KEPT // 10]
