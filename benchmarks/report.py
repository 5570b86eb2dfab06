"""What a bench found, as a line to read and as an entry of results.json."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from statistics import median

__all__ = ["Line", "exponent", "lateness_line", "ratio_line"]


@dataclass(frozen=True, slots=True)
class Line:
    """One line of `make bench`.

    value is what is held against goal: the ratio, or what was measured where the goal is no ratio (is_ratio).
    """

    name: str
    ours: float
    floor: float
    unit: str
    value: float
    goal: float
    is_ratio: bool
    note: str = ""

    @property
    def met(self) -> bool:
        """Whether the goal is reached."""
        return self.value <= self.goal

    def __str__(self) -> str:
        ratio = self.value if self.is_ratio else self.ours / self.floor
        goal = f"{self.goal:g}" if self.is_ratio else f"{self.goal:g} {self.unit}"
        missed = "" if self.met else ", missed"
        note = f"  [{self.note}]" if self.note else ""
        times = f"{self.ours:.3g} {self.unit} / {self.floor:.3g} {self.unit}"
        return f"{self.name}: {times} = {ratio:.2f} (goal ≤ {goal}{missed}){note}"

    def as_json(self) -> dict[str, object]:
        """For results.json."""
        return {**asdict(self), "met": self.met}


def ratio_line(name: str, pairs: Sequence[tuple[float, float]], goal: float, note: str = "") -> Line:
    """Medians of the pairs (seconds of ours, seconds of the floor), and of their ratios: a pair was taken at once."""
    ours, floor = (median(times) for times in zip(*pairs, strict=True))
    return Line(name, ours, floor, "s", median(mine / bare for mine, bare in pairs), goal, is_ratio=True, note=note)


def lateness_line(name: str, late_ms: float, idle_ms: float, goal_ms: float, note: str = "") -> Line:
    """Milliseconds; the floor is the idle window's lateness in the same process, and only for comparison."""
    return Line(name, late_ms, idle_ms, "ms", late_ms, goal_ms, is_ratio=False, note=note)


def exponent(points: Iterable[tuple[float, float]]) -> float:
    """The k of cost ~ size^k through (size, cost), by least squares of the logarithms: 1 is linear."""
    logs = [(math.log(size), math.log(cost)) for size, cost in points]
    mean_size = sum(size for size, _ in logs) / len(logs)
    mean_cost = sum(cost for _, cost in logs) / len(logs)
    above = sum((size - mean_size) * (cost - mean_cost) for size, cost in logs)
    return above / sum((size - mean_size) ** 2 for size, _ in logs)
