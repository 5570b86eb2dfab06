"""What was learnt of models' tokens, kept from one start to the next in one file for all projects."""

from pathlib import Path

from slop_qt.providers.token_counter import TokenCounters
from slop_qt.store.calibration import read_calibration, write_calibration

__all__ = ["Calibrating"]


class Calibrating:
    """Reads at the start of a project, writes at its end. Blocking; for helper threads, one call at a time."""

    def __init__(self, counters: TokenCounters) -> None:
        self._counters = counters
        self._path: Path | None = None
        self._read = ""

    def restore(self, path: Path) -> None:
        """Begin with what is known."""
        self._read = read_calibration(path)
        if self._read:
            self._counters.restore(self._read)
        self._path = path

    def keep(self) -> None:
        """Write what is known now, if `restore` said where. Another process may have learnt more of some models."""
        if self._path is None:
            return
        others = read_calibration(self._path)
        if others and others != self._read:
            self._counters.restore(others)
        learnt = self._counters.export()
        if learnt not in {"", others}:
            write_calibration(self._path, learnt)
