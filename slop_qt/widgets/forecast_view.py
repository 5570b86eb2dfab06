"""Shows what a run would look like before it runs: a few sentences, and each ticket's figures."""

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHeaderView, QLabel, QTableView, QVBoxLayout, QWidget

from slop_qt.core.errors import SlopError
from slop_qt.core.forecast import Forecast
from slop_qt.qt.forecast_model import ForecastModel, money_range, tokens_range
from slop_qt.qt.status import Look
from slop_qt.qt.theme import Theme
from slop_qt.qt.words import plural
from slop_qt.widgets.notice import Notice
from slop_qt.widgets.row_table import row_table

__all__ = ["ForecastView", "forecast_sentences"]

_OVERLAP = Look("waiting", "Overlap", "waiting")
_FAILED = Look("failed", "No forecast", "failed")
_NAMED = 3
_LEAST_WIDTH = 64


def forecast_sentences(forecast: Forecast) -> tuple[str, ...]:
    """Order, how many at once, the longest chain, tokens and cost; each a sentence."""
    at_once = (
        f"{plural(len(forecast.tickets), 'ticket')} in {plural(len(forecast.stages), 'stage')}; "
        f"at most {forecast.at_once} at once with {plural(forecast.workers, 'worker')}."
    )
    chain = f"Longest chain: {' → '.join(forecast.critical_path)}."
    return (at_once, chain if len(forecast.critical_path) > 1 else "No ticket waits for another.", _figures(forecast))


def _figures(forecast: Forecast) -> str:
    if forecast.tokens is None:
        return "Tokens and cost: unknown, since nothing like it has been worked in this project yet."
    left_out = []
    if forecast.unknown:
        left_out.append(f"{plural(forecast.unknown, 'ticket')} without figures")
    if forecast.unpriced:
        left_out.append(f"{plural(forecast.unpriced, 'ticket')} without a price")
    without = f", not counting {' and '.join(left_out)}" if left_out else ""
    cost = f" and {money_range(forecast.cost_usd)} USD" if forecast.cost_usd is not None else ", at an unknown price"
    return f"About {tokens_range(forecast.tokens)} tokens{cost}{without}."


class ForecastView(QWidget):
    """Empty until something is shown. Lives in the GUI thread."""

    def __init__(self, theme: Theme, name: str = "forecast") -> None:
        super().__init__()
        self.setObjectName(name)
        self._model = ForecastModel(self)
        self._words = QLabel()
        self._words.setObjectName(f"{name}.words")
        self._words.setTextFormat(Qt.TextFormat.PlainText)
        self._words.setWordWrap(True)
        self._words.setTextInteractionFlags(
            Qt.TextInteractionFlag.TextSelectableByMouse | Qt.TextInteractionFlag.TextSelectableByKeyboard
        )
        self._notice = Notice(theme, f"{name}.overlaps")
        self._table = self._make_table(theme, f"{name}.table")
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(8)
        column.addWidget(self._words)
        column.addWidget(self._notice)
        column.addWidget(self._table, 1)
        self._words.setText("Looking ahead…")

    def show_forecast(self, forecast: Forecast) -> None:
        """Show these figures in place of those before."""
        self._model.show(forecast)
        self._table.show()
        self._words.setText("\n".join(forecast_sentences(forecast)))
        self._words.setAccessibleName(self._words.text())
        if forecast.overlaps:
            named = [f"{each.first} and {each.second} ({each.path})" for each in forecast.overlaps[:_NAMED]]
            more = len(forecast.overlaps) - len(named)
            rest = f", and {more} more" if more else ""
            self._notice.say(
                _OVERLAP, f"They change the same files, so they run one after the other: {', '.join(named)}{rest}."
            )
        else:
            self._notice.clear()

    def show_error(self, error: SlopError) -> None:
        """Say why there are no figures."""
        self._words.clear()
        self._table.hide()
        self._notice.say(_FAILED, error.message, error.hint)

    def _make_table(self, theme: Theme, name: str) -> QTableView:
        table = row_table(theme, name, "Tickets in the order in which they could go", self._model)
        header = table.horizontalHeader()
        header.setMinimumSectionSize(_LEAST_WIDTH)
        header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        header.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        return table
