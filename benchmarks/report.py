"""What a bench found, as a line to read and as an entry of results.json."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from statistics import median

__all__ = ["Line", "exponent", "lateness_line", "rate_line", "ratio_line"]


@dataclass(frozen=True, slots=True)
class Line:
    """One line of `make bench`.

    value is what is held against goal: the ratio, or what was measured where the goal is no ratio (is_ratio). It
    should not be more than the goal, or not less where it is a rate (is_rate).
    """

    name: str
    ours: float
    floor: float
    unit: str
    value: float
    goal: float
    is_ratio: bool
    note: str = ""
    is_rate: bool = False

    @property
    def met(self) -> bool:
        """Whether the goal is reached."""
        return self.value >= self.goal if self.is_rate else self.value <= self.goal

    def __str__(self) -> str:
        ratio = self.value if self.is_ratio else self.ours / self.floor
        goal = f"{self.goal:g}" if self.is_ratio else f"{self.goal:g} {self.unit}"
        missed = "" if self.met else ", missed"
        note = f"  [{self.note}]" if self.note else ""
        digits = ",.0f" if self.is_rate else ".3g"
        measured = f"{self.ours:{digits}} {self.unit} / {self.floor:{digits}} {self.unit}"
        return f"{self.name}: {measured} = {ratio:.2f} (goal {'≥' if self.is_rate else '≤'} {goal}{missed}){note}"

    def as_json(self) -> dict[str, object]:
        """For results.json."""
        return {**asdict(self), "met": self.met}


def ratio_line(name: str, pairs: Sequence[tuple[float, float]], goal: float, note: str = "") -> Line:
    """Medians of the pairs (seconds of ours, seconds of the floor), and of their ratios: a pair was taken at once."""
    ours, floor = (median(times) for times in zip(*pairs, strict=True))
    return Line(name, ours, floor, "s", median(mine / bare for mine, bare in pairs), goal, is_ratio=True, note=note)


def rate_line(name: str, pairs: Sequence[tuple[float, float]], goal: float, note: str = "") -> Line:
    """The same for events a second, of which more are better."""
    ours, floor = (median(rates) for rates in zip(*pairs, strict=True))
    value = median(mine / bare for mine, bare in pairs)
    return Line(name, ours, floor, "events/s", value, goal, is_ratio=True, note=note, is_rate=True)


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
