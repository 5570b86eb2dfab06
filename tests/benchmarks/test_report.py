"""What the benches say of what they measured."""

import pytest

from benchmarks.report import exponent, lateness_line, rate_line, ratio_line


def test_a_ratio_is_the_median_of_pairs_taken_at_once() -> None:
    line = ratio_line("answer", [(2.0, 1.0), (9.0, 3.0), (4.0, 4.0)], goal=2.5)
    assert (line.ours, line.floor, line.value, line.met) == (4.0, 3.0, 2.0, True)
    assert str(line) == "answer: 4 s / 3 s = 2.00 (goal ≤ 2.5)"


def test_a_missed_goal_says_so() -> None:
    line = ratio_line("start", [(0.6, 0.2)], goal=2, note="9 pairs")
    assert not line.met
    assert str(line) == "start: 0.6 s / 0.2 s = 3.00 (goal ≤ 2, missed)  [9 pairs]"
    assert line.as_json()["met"] is False


def test_lateness_is_held_against_milliseconds_and_not_against_the_idle_window() -> None:
    line = lateness_line("p99", 6.0, 0.5, goal_ms=8)
    assert line.met
    assert str(line) == "p99: 6 ms / 0.5 ms = 12.00 (goal ≤ 8 ms)"


@pytest.mark.parametrize(("ours", "goal"), [(30_000.0, "goal ≥ 2"), (15_000.0, "goal ≥ 2, missed")])
def test_of_a_rate_more_is_better(ours: float, goal: str) -> None:
    line = rate_line("adapter", [(ours, 10_000.0)], goal=2)
    assert line.met is ("missed" not in goal)
    assert str(line) == f"adapter: {ours:,.0f} events/s / 10,000 events/s = {ours / 10_000:.2f} ({goal})"


@pytest.mark.parametrize("power", [0.0, 1.0, 2.0])
def test_the_exponent_is_found(power: float) -> None:
    assert exponent((size, 3 * size**power) for size in (10, 100, 1000)) == pytest.approx(power)
