"""Tokens and cost by tier, by ticket or by model, with their total."""

from collections.abc import Iterable
from typing import Literal

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, Qt

from slop_qt.core.state import RunState
from slop_qt.core.streams import TIER_ROLES, TIERS, tier_name
from slop_qt.core.usage import Usage, total_usage
from slop_qt.qt.event_bridge import EventBridge
from slop_qt.qt.roles import AnyIndex, Role, column_alignment
from slop_qt.qt.throttle import Throttle
from slop_qt.qt.words import cost, count

__all__ = ["Grouping", "UsageModel"]

Grouping = Literal["tier", "ticket", "model"]

_ROOT = QModelIndex()
_REFRESH_MS = 250
_HEADERS = {
    "tier": "Tier",
    "ticket": "Ticket",
    "model": "Model",
}
_COLUMNS = (
    "Requests",
    "Input\ntokens",
    "Cache read\ntokens",
    "Cache write\ntokens",
    "Output\ntokens",
    "Reasoning\ntokens",
    "Cost\nUSD",
)
_Row = tuple[str, Usage]


class UsageModel(QAbstractTableModel):
    """One row a group, the last one the total. Refreshed at most four times a second. Lives in the GUI thread."""

    def __init__(self, bridge: EventBridge, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._bridge = bridge
        self._grouping: Grouping = "tier"
        self._run_id: str | None = None
        self._rows: list[_Row] = self._compute()
        self._throttle = Throttle(self.refresh, _REFRESH_MS, self)
        bridge.usage_changed.connect(self._throttle.ask)
        bridge.runs_changed.connect(self._throttle.ask)

    def group_by(self, grouping: Grouping) -> None:
        """Show these groups."""
        self._grouping = grouping
        self._reset()

    def show_run(self, run_id: str | None) -> None:
        """Count one run only; None counts them all."""
        if run_id != self._run_id:
            self._run_id = run_id
            self._reset()

    def hold(self, held: bool) -> None:
        """Leave the rows as they are while nobody sees them."""
        if held:
            self._throttle.hold()
        else:
            self._throttle.let_go()

    def refresh(self) -> None:
        """Count again, saying only which rows changed."""
        rows = self._compute()
        if [name for name, _ in rows] != [name for name, _ in self._rows]:
            self._reset()
            return
        changed = [at for at, row in enumerate(rows) if row != self._rows[at]]
        self._rows = rows
        for at in changed:
            self.dataChanged.emit(self.index(at, 1), self.index(at, len(_COLUMNS)))

    def _reset(self) -> None:
        self.beginResetModel()
        self._rows = self._compute()
        self.endResetModel()

    def _runs(self) -> Iterable[RunState]:
        runs = self._bridge.state.runs
        if self._run_id is None:
            return runs.values()
        return [runs[self._run_id]] if self._run_id in runs else []

    def _compute(self) -> list[_Row]:
        groups: dict[str, Usage] = {}
        if self._grouping == "tier":
            groups = {f"{tier_name(tier)} {TIER_ROLES[tier]}": total_usage(()) for tier in TIERS}
        everything = total_usage(())
        for run in self._runs():
            for key, usage in run.usage.items():
                name = {
                    "tier": f"{tier_name(key.tier)} {TIER_ROLES[key.tier]}",
                    "ticket": key.ticket_id or "Planning",
                    "model": key.model,
                }[self._grouping]
                groups[name] = groups[name] + usage if name in groups else usage
                everything += usage
        return [*groups.items(), ("Total", everything)]

    def rowCount(self, parent: AnyIndex = _ROOT) -> int:
        return 0 if parent.isValid() else len(self._rows)

    def columnCount(self, parent: AnyIndex = _ROOT) -> int:
        return 0 if parent.isValid() else 1 + len(_COLUMNS)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        if orientation is not Qt.Orientation.Horizontal:
            return None
        if role == Qt.ItemDataRole.DisplayRole:
            return _HEADERS[self._grouping] if section == 0 else _COLUMNS[section - 1]
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return column_alignment(section)
        return None

    def data(self, index: AnyIndex, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        if not index.isValid() or index.row() >= len(self._rows):
            return None
        name, usage = self._rows[index.row()]
        if role == Qt.ItemDataRole.DisplayRole:
            return name if index.column() == 0 else _cells(usage)[index.column() - 1]
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return column_alignment(index.column())
        if role == Role.STRONG:
            return index.row() == len(self._rows) - 1
        if role == Role.VALUE:
            return usage
        if role == Qt.ItemDataRole.ToolTipRole and index.column() == len(_COLUMNS) and usage.cost_usd is None:
            return "The price of at least one model is not known, so neither is the sum."
        return None


def _cells(usage: Usage) -> tuple[str, ...]:
    return (
        count(usage.requests),
        count(usage.input_tokens),
        count(usage.cache_read_tokens),
        count(usage.cache_write_tokens),
        count(usage.output_tokens),
        count(usage.reasoning_tokens),
        cost(usage),
    )
