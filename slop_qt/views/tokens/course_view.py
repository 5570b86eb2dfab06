"""How a run has spent over time: tokens per second and cost, as two small curves."""

from PySide6.QtWidgets import QHBoxLayout, QWidget

from slop_qt.core.course import Course
from slop_qt.core.state import RunState
from slop_qt.qt.theme import Theme
from slop_qt.qt.words import count, dollars, duration, plural, short_count
from slop_qt.widgets.sparkline import Sparkline

__all__ = ["CourseView"]


class CourseView(QWidget):
    """Shows the run that it was last given. Lives in the GUI thread."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._speed = Sparkline(theme, "tokens.speed", "Tokens/s")
        self._cost = Sparkline(theme, "tokens.cost", "Cost")
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(16)
        row.addWidget(self._speed)
        row.addWidget(self._cost)

    def show_run(self, run: RunState | None) -> None:
        """Show how that run has spent so far; None is no run."""
        if run is None or not run.course.duration_s:
            for curve in (self._speed, self._cost):
                curve.show_nothing("no run yet" if run is None else "no response yet")
            return
        self._show_speed(run.course)
        self._show_cost(run.course)

    def _show_speed(self, course: Course) -> None:
        speeds = course.tokens_per_second()
        figures = (speeds[-1], max(speeds), course.tokens_so_far()[-1] / course.duration_s)
        last, most, mean = (count(round(figure)) for figure in figures)
        sentence = (
            f"input and output tokens by when their response was complete, over {duration(course.duration_s)}. "
            f"Last {last} a second, most {most}, on average {mean}; each point is {duration(course.stretch_s)}."
        )
        self._speed.show_values("Tokens/s", speeds, last, sentence)

    def _show_cost(self, course: Course) -> None:
        costs, tokens = course.cost_so_far(), course.tokens_so_far()
        if costs is not None:
            sentence = f"{dollars(costs[-1])} in {duration(course.duration_s)}."
            self._cost.show_values("Cost", costs, dollars(costs[-1]), sentence)
            return
        sentence = (
            f"cost unknown: the price of {plural(course.unpriced, 'response')} is not known, so the curve is of "
            f"tokens: {count(tokens[-1])} in {duration(course.duration_s)}."
        )
        self._cost.show_values("Tokens", tokens, short_count(tokens[-1]), sentence)
