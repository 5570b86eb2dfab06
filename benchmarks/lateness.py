"""How late the window's thread is: what a person feels as a stutter."""

import time
from dataclasses import dataclass

from PySide6.QtCore import QObject, Qt, QTimer, Slot

__all__ = ["Lateness", "LatenessProbe"]

_INTERVAL_MS = 5


@dataclass(frozen=True, slots=True)
class Lateness:
    """Milliseconds that ticks came late, and the process's CPU seconds a second meanwhile."""

    p99_ms: float
    max_ms: float
    cpu: float
    seconds: float


class LatenessProbe(QObject):
    """Ticks every 5 ms in the thread that it is made in, between `start` and `stop`.

    A tick that comes late by several intervals stands for those that it kept from coming: each counts with its own
    lateness, or a second of standing still would be one sample among hundreds.
    """

    def __init__(self) -> None:
        super().__init__()
        self._late_s: list[float] = []
        self._timer = QTimer(self)
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.setInterval(_INTERVAL_MS)
        self._timer.timeout.connect(self._tick)
        self._begin = self._last = self._cpu = 0.0

    def start(self) -> None:
        """Begin anew."""
        self._late_s.clear()
        self._begin = self._last = time.perf_counter()
        self._cpu = time.process_time()
        self._timer.start()

    def stop(self) -> Lateness:
        """What was seen since `start`."""
        self._tick()
        self._timer.stop()
        seconds = time.perf_counter() - self._begin
        late = sorted(self._late_s)
        cpu = (time.process_time() - self._cpu) / seconds
        return Lateness(1e3 * late[int(0.99 * (len(late) - 1))], 1e3 * late[-1], cpu, seconds)

    @Slot()
    def _tick(self) -> None:
        now = time.perf_counter()
        late = now - self._last - _INTERVAL_MS / 1e3
        self._last = now
        self._late_s.append(max(late, 0.0))
        while (late := late - _INTERVAL_MS / 1e3) > 0:
            self._late_s.append(late)
