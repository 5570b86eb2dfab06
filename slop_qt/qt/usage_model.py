"""Tokens and cost by run, track, ticket, tier, model or day, with their total."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, Qt

from slop_qt.core.ledger import Dimension, Group, grouped, ledger_rows
from slop_qt.core.state import RunState
from slop_qt.core.streams import TIERS
from slop_qt.core.usage import Usage, UsageSum
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
_FIRST_ORDERS = (Qt.SortOrder.AscendingOrder, Qt.SortOrder.DescendingOrder)  # of names, and of numbers
# What a person looks for first among these is the newest.
_NEWEST_FIRST = frozenset({"run", "day"})


@dataclass(frozen=True, slots=True)
class _Row:
    """A group, or the total: its name, what it came to, and the how manieth group was spent on first."""

    group: Group
    name: str
    usage: Usage
    place: int = field(default=0, compare=False)
    is_total: bool = False

    @property
    def key(self) -> tuple[bool, Group]:
        """What the row is, whatever it says."""
        return (self.is_total, self.group)


@dataclass(frozen=True, slots=True)
class _OfRun:
    """One run's groups and total, kept until the run changes."""

    groups: dict[Group, Usage]
    total: Usage


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
        self._kept: dict[str, _OfRun] = {}
        self._rows: list[_Row] = self._compute()
        self._throttle = Throttle(self.refresh, _REFRESH_MS, self)
        bridge.usage_changed.connect(self._changed)
        bridge.runs_changed.connect(self._changed)

    @property
    def dimension(self) -> Dimension:
        """What the rows are."""
        return self._dimension

    def group_by(self, dimension: Dimension) -> None:
        """Show these groups."""
        self._dimension = dimension
        self._kept.clear()
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

    def refresh_soon(self) -> None:
        """Count again when it is time to, and is seen: what the groups are called may have changed."""
        self._throttle.ask()

    def sort(self, column: int, order: Qt.SortOrder = Qt.SortOrder.AscendingOrder) -> None:
        """Sort by that column, the total last all the same; -1 is the order of the groups themselves."""
        self._column, self._descending = column, order == Qt.SortOrder.DescendingOrder
        self._rearrange(self._sorted(self._rows[:-1]) + self._rows[-1:])

    def refresh(self) -> None:
        """Count again, saying only which rows are new, moved or changed."""
        rows = self._compute()
        new, old = {row.key: row for row in rows}, {row.key for row in self._rows}
        if not old <= new.keys():
            self._reset()
            return
        added = [row for key, row in new.items() if key not in old]
        if added:
            at = len(self._rows) - 1
            self.beginInsertRows(_ROOT, at, at + len(added) - 1)
            self._rows[at:at] = added
            self.endInsertRows()
        if [row.key for row in rows] != [row.key for row in self._rows]:
            before = {row.key: row for row in self._rows}
            self._rearrange([before[row.key] for row in rows])
        changed = [at for at, row in enumerate(rows) if row != self._rows[at]]
        self._rows = rows
        for at in changed:
            self.dataChanged.emit(self.index(at, 0), self.index(at, len(_COLUMNS)))

    def _changed(self, run_ids: Iterable[str]) -> None:
        for run_id in run_ids:
            self._kept.pop(run_id, None)
        self._throttle.ask()

    def _rearrange(self, rows: list[_Row]) -> None:
        """The same rows in another order: what is selected stays so."""
        self.layoutAboutToBeChanged.emit()
        before = self.persistentIndexList()
        keys = [self._rows[index.row()].key for index in before]
        places = {row.key: at for at, row in enumerate(rows)}
        self._rows = rows
        now = [self.index(places[key], index.column()) for key, index in zip(keys, before, strict=True)]
        self.changePersistentIndexList(before, now)
        self.layoutChanged.emit()

    def _reset(self) -> None:
        self.beginResetModel()
        self._rows = self._compute()
        self.endResetModel()

    def _compute(self) -> list[_Row]:
        sums: dict[Group, UsageSum] = {}
        if self._dimension == "tier":
            sums = {tier: UsageSum() for tier in TIERS}
        everything = UsageSum()
        for run in self.runs():
            of_run = self._of_run(run)
            everything.add(of_run.total)
            for group, usage in of_run.groups.items():
                if group not in sums:
                    sums[group] = UsageSum()
                sums[group].add(usage)
        names = group_names(sums, self._dimension, self._bridge.state, self._track_title)
        rows = [_Row(group, names[group], total.usage, place) for place, (group, total) in enumerate(sums.items())]
        return [*self._sorted(rows), _Row(None, "Total", everything.usage, is_total=True)]

    def _of_run(self, run: RunState) -> _OfRun:
        kept = self._kept.get(run.run_id)
        if kept is None:
            kept = _OfRun(grouped(ledger_rows([run]), self._dimension), run.usage_total())
            self._kept[run.run_id] = kept
        return kept

    def _sorted(self, rows: list[_Row]) -> list[_Row]:
        """The groups in the order that was asked for; equal ones in their own order."""
        own = sorted(rows, key=self._place, reverse=self._dimension in _NEWEST_FIRST)
        if self._column < 0:
            return own
        if self._column > 0:
            return sorted(own, key=lambda row: _numbers(row.usage)[self._column - 1], reverse=self._descending)
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


def _numbers(usage: Usage) -> tuple[float, ...]:
    """What is shown, to sort by; an unknown cost is more than any that is known."""
    return (
        usage.requests,
        usage.input_tokens,
        usage.cache_read_tokens,
        usage.cache_write_tokens,
        usage.output_tokens,
        usage.reasoning_tokens,
        float("inf") if usage.cost_usd is None else usage.cost_usd,
    )


def _cell(usage: Usage, column: int) -> str:
    return cost(usage) if column == len(_COLUMNS) else count(int(_numbers(usage)[column - 1]))
