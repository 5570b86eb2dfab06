"""How late the window's thread is: what a person feels as a stutter."""

import time
from dataclasses import dataclass

from slop_qt.qt.stalls import StallWatch

__all__ = ["Lateness", "LatenessProbe"]

_INTERVAL_MS = 5


@dataclass(frozen=True, slots=True)
class Lateness:
    """Milliseconds that ticks came late, and the process's CPU seconds a second meanwhile."""

    p99_ms: float
    max_ms: float
    cpu: float
    seconds: float


class LatenessProbe:
    """Watches the thread that it is made in, every 5 ms between `start` and `stop`."""

    def __init__(self) -> None:
        self._watch = StallWatch(interval_ms=_INTERVAL_MS)
        self._begin = self._cpu = 0.0

    def start(self) -> None:
        """Begin anew."""
        self._watch.taken(reset=True)
        self._begin, self._cpu = time.perf_counter(), time.process_time()
        self._watch.start()

    def stop(self) -> Lateness:
        """What was seen since `start`."""
        self._watch.stop()
        seconds = time.perf_counter() - self._begin
        cpu = (time.process_time() - self._cpu) / seconds
        late = sorted(self._watch.taken())
        return Lateness(late[int(0.99 * (len(late) - 1))], late[-1], cpu, seconds)
