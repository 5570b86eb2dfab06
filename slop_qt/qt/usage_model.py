"""Tokens and cost by run, track, ticket, tier, model or day, with their total."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, Qt

from slop_qt.core.ledger import Dimension, Group, LedgerSums
from slop_qt.core.state import RunState
from slop_qt.core.streams import TIERS
from slop_qt.core.usage import NO_USAGE, Usage
from slop_qt.qt.event_bridge import EventBridge
from slop_qt.qt.ledger_names import TrackTitle, group_names
from slop_qt.qt.roles import AnyIndex, Role, column_alignment
from slop_qt.qt.throttle import Throttle
from slop_qt.qt.words import cost, count

__all__ = ["UsageModel"]

_ROOT = QModelIndex()
_REFRESH_MS = 250
_COLUMNS = (
    "Requests",
    "Input\ntokens",
    "Cache read\ntokens",
    "Cache write\ntokens",
    "Output\ntokens",
    "Reasoning\ntokens",
    "Cost\nUSD",
)
# What is shown in each, to sort by; an unknown cost is more than any that is known.
_NUMBERS: tuple[Callable[[Usage], float], ...] = (
    lambda usage: usage.requests,
    lambda usage: usage.input_tokens,
    lambda usage: usage.cache_read_tokens,
    lambda usage: usage.cache_write_tokens,
    lambda usage: usage.output_tokens,
    lambda usage: usage.reasoning_tokens,
    lambda usage: float("inf") if usage.cost_usd is None else usage.cost_usd,
)
_FIRST_ORDERS = (Qt.SortOrder.AscendingOrder, Qt.SortOrder.DescendingOrder)  # of names, and of numbers
# What a person looks for first among these is the newest.
_NEWEST_FIRST = frozenset({"run", "day"})


@dataclass(frozen=True, slots=True)
class _Row:
    """A group, or the total: its name, what it came to, and which of the groups it is in the order of their coming."""

    group: Group
    name: str
    usage: Usage
    place: int = 0
    is_total: bool = False


class UsageModel(QAbstractTableModel):
    """One row a group, sorted by any column; the last one is always the total. Lives in the GUI thread.

    Refreshed at most four times a second, and then only the rows that changed.
    """

    def __init__(
        self, bridge: EventBridge, parent: QObject | None = None, track_title: TrackTitle | None = None
    ) -> None:
        super().__init__(parent)
        self._bridge = bridge
        self._track_title: TrackTitle = track_title or (lambda _: None)
        self._dimension: Dimension = "tier"
        self._run_id: str | None = None
        self._column, self._descending = -1, False
        self._stale: set[str] = set()
        self._names: Mapping[Group, str] = {}
        self._by_group: dict[Group, _Row] = {}
        self._begin()
        self._rows: list[_Row] = self._counted()
        self._throttle = Throttle(self.refresh, _REFRESH_MS, self)
        bridge.replaced.connect(self._reset)
        bridge.usage_changed.connect(self._spent)
        bridge.runs_changed.connect(self._renamed)

    @property
    def dimension(self) -> Dimension:
        """What the rows are."""
        return self._dimension

    def group_by(self, dimension: Dimension) -> None:
        """Show these groups."""
        self._dimension = dimension
        self._reset()
        self.headerDataChanged.emit(Qt.Orientation.Horizontal, 0, 0)

    def show_run(self, run_id: str | None) -> None:
        """Count one run only; None counts them all."""
        if run_id != self._run_id:
            self._run_id = run_id
            self._reset()

    def runs(self) -> Iterable[RunState]:
        """The runs that are counted."""
        runs = self._bridge.state.runs
        if self._run_id is None:
            return runs.values()
        return [runs[self._run_id]] if self._run_id in runs else []

    def hold(self, held: bool) -> None:
        """Leave the rows as they are while nobody sees them."""
        if held:
            self._throttle.hold()
        else:
            self._throttle.let_go()

    def rename_soon(self) -> None:
        """What the groups are called may have changed."""
        self._names = {}
        self._throttle.ask()

    def sort(self, column: int, order: Qt.SortOrder = Qt.SortOrder.AscendingOrder) -> None:
        """Sort by that column, the total last all the same; -1 is the order of the groups themselves."""
        self._column, self._descending = column, order == Qt.SortOrder.DescendingOrder
        self._rearrange([*self._sorted(self._rows[:-1]), self._rows[-1]])

    def refresh(self) -> None:
        """Count again, saying only which rows are new, moved or changed."""
        rows = self._counted()
        before = {row.group: row for row in self._rows[:-1]}
        now = {row.group for row in rows[:-1]}
        if not before.keys() <= now:
            self._reset()
            return
        added = [row for row in rows[:-1] if row.group not in before]
        if added:
            at = len(self._rows) - 1
            self.beginInsertRows(_ROOT, at, at + len(added) - 1)
            self._rows[at:at] = added
            self.endInsertRows()
        if any(row.group != shown.group for row, shown in zip(rows, self._rows, strict=True)):
            known = before | {row.group: row for row in added}
            self._rearrange([*(known[row.group] for row in rows[:-1]), self._rows[-1]])
        changed = [at for at, row in enumerate(rows) if row is not self._rows[at] and row != self._rows[at]]
        self._rows = rows
        for at in changed:
            self.dataChanged.emit(self.index(at, 0), self.index(at, len(_COLUMNS)))

    def _spent(self, run_ids: Iterable[str]) -> None:
        self._stale.update(run_ids)
        self._throttle.ask()

    def _renamed(self, run_ids: Iterable[str]) -> None:
        self._names = {}
        self._spent(run_ids)

    def _rearrange(self, rows: list[_Row]) -> None:
        """The same rows in another order: what is selected stays so."""
        self.layoutAboutToBeChanged.emit()
        before = self.persistentIndexList()
        last = len(rows) - 1
        groups = [self._rows[index.row()].group for index in before]
        places = {row.group: at for at, row in enumerate(rows[:-1])}
        now = [
            self.index(last if index.row() == last else places[group], index.column())
            for group, index in zip(groups, before, strict=True)
        ]
        self._rows = rows
        self.changePersistentIndexList(before, now)
        self.layoutChanged.emit()

    def _reset(self) -> None:
        self.beginResetModel()
        self._begin()
        self._rows = self._counted()
        self.endResetModel()

    def _begin(self) -> None:
        """Forget what was counted, and what it was called."""
        self._sums = LedgerSums(self._dimension)
        self._names, self._by_group = {}, {}

    def _counted(self) -> list[_Row]:
        """The rows as they are now; those that did not change are the same objects."""
        touched = self._sums.count(
            run for run in self.runs() if run.run_id in self._stale or run.run_id not in self._sums
        )
        self._stale.clear()
        groups = self._groups()
        if groups.keys() != self._names.keys():
            self._names = group_names(groups, self._dimension, self._bridge.state, self._track_title)
            touched |= groups.keys()
        before, self._by_group = self._by_group, {}
        for place, (group, usage) in enumerate(groups.items()):
            fresh = group in touched or group not in before
            self._by_group[group] = _Row(group, self._names[group], usage, place) if fresh else before[group]
        rows = self._sorted(list(self._by_group.values()))
        return [*rows, _Row(None, "Total", self._sums.total, is_total=True)]

    def _groups(self) -> Mapping[Group, Usage]:
        """All tiers are there, whether they have spent or not."""
        if self._dimension != "tier":
            return self._sums.groups
        return {tier: self._sums.groups.get(tier, NO_USAGE) for tier in TIERS}

    def _sorted(self, rows: list[_Row]) -> list[_Row]:
        """The groups in the order that was asked for; equal ones in their own order."""
        own = sorted(rows, key=self._place, reverse=self._dimension in _NEWEST_FIRST)
        if self._column < 0:
            return own
        if self._column > 0:
            number = _NUMBERS[self._column - 1]
            return sorted(own, key=lambda row: number(row.usage), reverse=self._descending)
        if self._dimension in {"run", "day", "tier"}:
            return sorted(rows, key=self._place, reverse=self._descending)
        return sorted(own, key=lambda row: row.name.casefold(), reverse=self._descending)

    def _place(self, row: _Row) -> tuple[str, int]:
        """Tiers by number, runs and days as they came, the rest as they were first spent on."""
        if self._dimension == "run":
            run = self._bridge.state.runs.get(str(row.group))
            return (run.started_at if run is not None else "", row.place)
        return (str(row.group) if self._dimension in {"day", "tier"} else "", row.place)

    def rowCount(self, parent: AnyIndex = _ROOT) -> int:
        return 0 if parent.isValid() else len(self._rows)

    def columnCount(self, parent: AnyIndex = _ROOT) -> int:
        return 0 if parent.isValid() else 1 + len(_COLUMNS)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        if orientation is not Qt.Orientation.Horizontal:
            return None
        if role == Qt.ItemDataRole.DisplayRole:
            return self._dimension.capitalize() if section == 0 else _COLUMNS[section - 1]
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return column_alignment(section)
        if role == Qt.ItemDataRole.InitialSortOrderRole:
            return _FIRST_ORDERS[section > 0]
        return None

    def data(self, index: AnyIndex, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        if not index.isValid() or index.row() >= len(self._rows):
            return None
        row = self._rows[index.row()]
        if role == Qt.ItemDataRole.DisplayRole:
            return row.name if index.column() == 0 else _cell(row.usage, index.column())
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return column_alignment(index.column())
        if role == Role.STRONG:
            return row.is_total
        if role == Role.VALUE:
            return row.usage
        if role == Role.ID:
            return row.group
        if role == Qt.ItemDataRole.ToolTipRole:
            return _tip(row, index.column())
        return None


def _tip(row: _Row, column: int) -> str | None:
    if column == 0:
        return row.name
    if column == len(_COLUMNS) and row.usage.cost_usd is None:
        return "The price of at least one model is not known, so neither is the sum."
    return None


def _cell(usage: Usage, column: int) -> str:
    return cost(usage) if column == len(_COLUMNS) else count(int(_NUMBERS[column - 1](usage)))
