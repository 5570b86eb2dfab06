"""The activity lines as a table, and the filter over it."""

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, QSortFilterProxyModel, Qt

from slop_qt.core.state import Changes
from slop_qt.qt.activity_log import ActivityEntry, ActivityKind, ActivityLog
from slop_qt.qt.event_bridge import EventBridge
from slop_qt.qt.roles import AnyIndex, Role
from slop_qt.qt.words import clock

__all__ = ["ActivityFilter", "ActivityModel"]

_ROOT = QModelIndex()
_HEADERS = ("Time", "What", "Who", "Message")
_KEPT = 20_000
_DROPPED_AT_ONCE = 2_000


class ActivityModel(QAbstractTableModel):
    """The newest 20,000 lines, oldest first. Lives in the GUI thread."""

    def __init__(self, bridge: EventBridge, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._bridge = bridge
        self._log = ActivityLog(bridge.now)
        self._entries = self._log.everything(bridge.state)[-_KEPT:]
        bridge.replaced.connect(self._reset)
        bridge.changed.connect(self._changed)

    def entry(self, row: int) -> ActivityEntry:
        """The line of that row."""
        return self._entries[row]

    def _reset(self) -> None:
        self.beginResetModel()
        self._log = ActivityLog(self._bridge.now)
        self._entries = self._log.everything(self._bridge.state)[-_KEPT:]
        self.endResetModel()

    def _changed(self, changes: Changes) -> None:
        new = self._log.lines(self._bridge.state, changes)[-_KEPT:]
        if not new:
            return
        first = len(self._entries)
        self.beginInsertRows(_ROOT, first, first + len(new) - 1)
        self._entries += new
        self.endInsertRows()
        if len(self._entries) > _KEPT:
            drop = len(self._entries) - _KEPT + _DROPPED_AT_ONCE
            self.beginRemoveRows(_ROOT, 0, drop - 1)
            del self._entries[:drop]
            self.endRemoveRows()

    def rowCount(self, parent: AnyIndex = _ROOT) -> int:
        return 0 if parent.isValid() else len(self._entries)

    def columnCount(self, parent: AnyIndex = _ROOT) -> int:
        return 0 if parent.isValid() else len(_HEADERS)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        if orientation is Qt.Orientation.Horizontal and role == Qt.ItemDataRole.DisplayRole:
            return _HEADERS[section]
        if orientation is Qt.Orientation.Horizontal and role == Qt.ItemDataRole.TextAlignmentRole:
            return Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
        return None

    def data(self, index: AnyIndex, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        if not index.isValid() or index.row() >= len(self._entries):
            return None
        entry = self._entries[index.row()]
        if role == Qt.ItemDataRole.DisplayRole:
            return (clock(entry.time), entry.look.word, entry.subject, " ".join(_sentence(entry).split()))[
                index.column()
            ]
        if role == Role.LOOK:
            return entry.look if index.column() == 1 else None
        if role == Role.VALUE:
            return entry
        if role in {Qt.ItemDataRole.ToolTipRole, Qt.ItemDataRole.AccessibleTextRole}:
            return _sentence(entry)
        return None


class ActivityFilter(QSortFilterProxyModel):
    """Only the lines of some kinds that contain some words, in the order in which they came."""

    def __init__(self, model: ActivityModel, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._model = model
        self._kinds: frozenset[ActivityKind] = frozenset()
        self._words = ""
        self.setSourceModel(model)

    def show_kinds(self, kinds: frozenset[ActivityKind]) -> None:
        """Show these kinds; none means all."""
        self._kinds = kinds
        self.invalidate()

    def show_words(self, words: str) -> None:
        """Show what contains these words, in any case."""
        self._words = words.casefold().strip()
        self.invalidate()

    def filterAcceptsRow(self, source_row: int, _source_parent: AnyIndex) -> bool:
        entry = self._model.entry(source_row)
        if self._kinds and entry.kind not in self._kinds:
            return False
        return not self._words or self._words in f"{entry.subject} {entry.look.word} {_sentence(entry)}".casefold()


def _sentence(entry: ActivityEntry) -> str:
    return f"{entry.text} {entry.hint}".strip()
