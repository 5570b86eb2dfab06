"""What each ticket would take, as a table: when it could go, tokens and cost with their range."""

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, Qt

from slop_qt.core.forecast import Estimate, Forecast, TicketForecast
from slop_qt.qt.roles import AnyIndex, Role, column_alignment
from slop_qt.qt.words import count

__all__ = ["ForecastModel", "money_range", "tokens_range"]

_ROOT = QModelIndex()
_COLUMNS = ("Ticket", "Stage", "Input\ntokens", "Output\ntokens", "Cost\nUSD")
_UNKNOWN = "unknown"


def tokens_range(estimate: Estimate) -> str:
    """`12,300 (8,100 to 20,400)`; three digits count, the rest is noise."""
    middle, low, high = (_three_digits(value) for value in (estimate.middle, estimate.low, estimate.high))
    return middle if low == high else f"{middle} ({low} to {high})"


def money_range(estimate: Estimate) -> str:
    """US dollars: `0.42 (0.30 to 0.81)`."""
    middle, low, high = (_money(value) for value in (estimate.middle, estimate.low, estimate.high))
    return middle if low == high else f"{middle} ({low} to {high})"


class ForecastModel(QAbstractTableModel):
    """One row a ticket, in the order in which they could go. Lives in the GUI thread."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._rows: tuple[TicketForecast, ...] = ()
        self._critical: frozenset[str] = frozenset()

    def show(self, forecast: Forecast) -> None:
        """Take over the figures."""
        self.beginResetModel()
        self._rows = tuple(sorted(forecast.tickets, key=lambda ticket: ticket.stage))
        self._critical = frozenset(forecast.critical_path)
        self.endResetModel()

    def rowCount(self, parent: AnyIndex = _ROOT) -> int:
        return 0 if parent.isValid() else len(self._rows)

    def columnCount(self, parent: AnyIndex = _ROOT) -> int:
        return 0 if parent.isValid() else len(_COLUMNS)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        if orientation is Qt.Orientation.Horizontal:
            if role == Qt.ItemDataRole.DisplayRole:
                return _COLUMNS[section]
            if role == Qt.ItemDataRole.TextAlignmentRole:
                return column_alignment(section)
        return None

    def data(self, index: AnyIndex, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        if not index.isValid() or index.row() >= len(self._rows):
            return None
        row = self._rows[index.row()]
        if role == Qt.ItemDataRole.DisplayRole:
            return _cells(row)[index.column()]
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return column_alignment(index.column())
        if role == Role.ID:
            return row.ticket_id
        if role == Role.VALUE:
            return row
        if role in {Qt.ItemDataRole.ToolTipRole, Qt.ItemDataRole.AccessibleTextRole}:
            chain = " It is on the longest chain." if row.ticket_id in self._critical else ""
            return f"{row.ticket_id}: {', '.join(_cells(row)[1:])}. {row.basis}{chain}"
        return None


def _cells(row: TicketForecast) -> tuple[str, ...]:
    tokens = [tokens_range(each) if each is not None else _UNKNOWN for each in (row.input_tokens, row.output_tokens)]
    cost = money_range(row.cost_usd) if row.cost_usd is not None else _UNKNOWN
    return (row.ticket_id, str(row.stage + 1), *tokens, cost)


def _three_digits(value: float) -> str:
    whole = round(value)
    return count(round(whole, 3 - len(str(whole))) if whole >= 1000 else whole)


def _money(value: float) -> str:
    return f"{value:.2f}" if value >= 0.01 or value == 0 else f"{value:.4f}"
