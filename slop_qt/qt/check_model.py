"""Things of which any number can be chosen, as rows with a check box."""

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QAbstractListModel, QModelIndex, QObject, Qt, Signal

from slop_qt.qt.roles import AnyIndex, Role

__all__ = ["CheckModel", "CheckRow"]

_ROOT = QModelIndex()


@dataclass(frozen=True, slots=True)
class CheckRow:
    """One thing. missing says in a few words that it is chosen and not there; empty where it is."""

    id: str
    words: str
    checked: bool
    missing: str = ""


class CheckModel(QAbstractListModel):
    """Shows what it is told to, and only asks for changes: its owner answers with other rows. Lives in the GUI thread.

    Signals:
        wanted(str, bool): somebody wants that one to be chosen, or not.
    """

    wanted = Signal(str, bool)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.rows: tuple[CheckRow, ...] = ()
        self.editable = True

    def show(self, rows: Sequence[CheckRow], *, editable: bool) -> None:
        """Show these."""
        if [row.id for row in rows] != [row.id for row in self.rows]:
            self.beginResetModel()
            self.rows, self.editable = tuple(rows), editable
            self.endResetModel()
            return
        changed = range(len(rows)) if editable != self.editable else _changed(rows, self.rows)
        self.rows, self.editable = tuple(rows), editable
        for at in changed:
            self.dataChanged.emit(self.index(at), self.index(at))

    def rowCount(self, parent: AnyIndex = _ROOT) -> int:
        return 0 if parent.isValid() else len(self.rows)

    def flags(self, index: AnyIndex) -> Qt.ItemFlag:
        if not index.isValid():
            return Qt.ItemFlag.NoItemFlags
        flags = Qt.ItemFlag.ItemIsSelectable | Qt.ItemFlag.ItemIsEnabled
        return flags | Qt.ItemFlag.ItemIsUserCheckable if self.editable else flags

    def data(self, index: AnyIndex, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        if not index.isValid() or index.row() >= len(self.rows):
            return None
        row = self.rows[index.row()]
        if role == Qt.ItemDataRole.DisplayRole:
            return f"{row.words} ({row.missing})" if row.missing else row.words
        if role == Qt.ItemDataRole.CheckStateRole:
            return Qt.CheckState.Checked if row.checked else Qt.CheckState.Unchecked
        if role == Role.ID:
            return row.id
        if role in {Qt.ItemDataRole.ToolTipRole, Qt.ItemDataRole.AccessibleTextRole}:
            return f"{row.words}: {row.missing}" if row.missing else row.words
        return None

    def setData(self, index: AnyIndex, value: object, role: int = Qt.ItemDataRole.EditRole) -> bool:
        if role != Qt.ItemDataRole.CheckStateRole or not index.isValid() or not self.editable:
            return False
        checked = Qt.CheckState(value) is Qt.CheckState.Checked
        self.wanted.emit(self.rows[index.row()].id, checked)
        return True


def _changed(rows: Sequence[CheckRow], before: Sequence[CheckRow]) -> list[int]:
    return [at for at, row in enumerate(rows) if row != before[at]]
