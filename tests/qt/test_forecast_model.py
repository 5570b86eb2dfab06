"""Forecasts as a table, and their numbers as a person reads them."""

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QAbstractItemModelTester

from slop_qt.core.forecast import Estimate, Forecast, TicketForecast
from slop_qt.qt.forecast_model import ForecastModel, money_range, tokens_range


def estimate(low: float, middle: float, high: float) -> Estimate:
    return Estimate(low=low, middle=middle, high=high)


@pytest.mark.parametrize(
    ("numbers", "words"),
    [
        ((8_123.0, 12_345.6, 20_400.0), "12,300 (8,120 to 20,400)"),
        ((12.0, 12.0, 12.0), "12"),
        ((1_234_567.0, 1_234_567.0, 1_234_567.0), "1,230,000"),
        ((0.0, 999.6, 1_000.4), "1,000 (0 to 1,000)"),
    ],
)
def test_tokens_have_three_digits_that_count(numbers: tuple[float, float, float], words: str) -> None:
    assert tokens_range(estimate(*numbers)) == words


def test_money_below_a_cent_is_still_seen() -> None:
    assert money_range(estimate(0.0004, 0.0042, 0.31)) == "0.0042 (0.0004 to 0.31)"
    assert money_range(estimate(0.5, 0.5, 0.5)) == "0.50"


def test_rows_stand_in_the_order_in_which_they_could_go() -> None:
    model = ForecastModel()
    QAbstractItemModelTester(model, QAbstractItemModelTester.FailureReportingMode.Warning)
    later = TicketForecast(
        ticket_id="T-001", stage=1, input_tokens=None, output_tokens=None, cost_usd=None, basis="Nothing is known."
    )
    known = estimate(900, 1000, 1100)
    first = TicketForecast(
        ticket_id="T-002",
        stage=0,
        input_tokens=known,
        output_tokens=known,
        cost_usd=estimate(0.01, 0.02, 0.03),
        basis="From 4 tickets of m.",
    )
    model.show(
        Forecast(
            track_id="t",
            workers=2,
            stages=(("T-002",), ("T-001",)),
            at_once=1,
            critical_path=("T-002", "T-001"),
            overlaps=(),
            tickets=(later, first),
            tokens=known,
            cost_usd=None,
        )
    )
    shown = [[model.index(row, column).data() for column in range(model.columnCount())] for row in range(2)]
    assert shown == [
        ["T-002", "1", "1,000 (900 to 1,100)", "1,000 (900 to 1,100)", "0.02 (0.01 to 0.03)"],
        ["T-001", "2", "unknown", "unknown", "unknown"],
    ]
    spoken = model.index(0, 0).data(Qt.ItemDataRole.AccessibleTextRole)
    assert "From 4 tickets of m. It is on the longest chain." in spoken
