"""Python's cyclic garbage collection, in the GUI thread only and only while nothing else is to be done there.

A collection in a worker thread could destroy Qt objects there, and a full one holds every thread up for 100 ms.
"""

import gc
import sys

from PySide6.QtCore import QObject, Qt, QTimer, Slot

__all__ = ["Collector"]

_SWITCH_INTERVAL_S = 0.0005
_QUIET_TURNS = 20


class Collector(QObject):
    """Takes collection over from the interpreter between `start` and `close`. Lives in the GUI thread.

    Every interval_ms it waits for a turn in which Qt has no event left, and collects the young generations that have
    grown past the interpreter's own thresholds. The old one is collected only after so long a time without growth that
    no agent can be at work.
    """

    def __init__(self, *, interval_ms: int = 250, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._was_enabled = gc.isenabled()
        self._switch_interval_s = sys.getswitchinterval()
        self._started = False
        self._quiet_turns = 0
        self._due = QTimer(self)
        self._due.setInterval(interval_ms)
        self._due.setTimerType(Qt.TimerType.CoarseTimer)
        self._idle = QTimer(self)
        self._idle.setSingleShot(True)
        self._idle.setInterval(0)  # Qt fires it when its queue is empty
        self._due.timeout.connect(self._idle.start)
        self._idle.timeout.connect(self._collect)

    def start(self) -> None:
        """Switch automatic collection off, and let threads take turns every half millisecond."""
        if self._started:
            return
        self._started = True
        self._was_enabled = gc.isenabled()
        self._switch_interval_s = sys.getswitchinterval()
        gc.disable()
        sys.setswitchinterval(_SWITCH_INTERVAL_S)
        self._due.start()

    def close(self) -> None:
        """Put everything back as it was found. What was frozen, large libraries once they are imported, stays so."""
        if not self._started:
            return
        self._started = False
        self._due.stop()
        self._idle.stop()
        sys.setswitchinterval(self._switch_interval_s)
        if self._was_enabled:
            gc.enable()

    @Slot()
    def _collect(self) -> None:
        young, middle, old = gc.get_count()
        young_limit, middle_limit, old_limit = gc.get_threshold()
        self._quiet_turns = 0 if young > young_limit else self._quiet_turns + 1
        if old > old_limit and self._quiet_turns >= _QUIET_TURNS:
            gc.collect()
            self._quiet_turns = 0
        elif middle > middle_limit:
            gc.collect(1)
        elif young > young_limit:
            gc.collect(0)
