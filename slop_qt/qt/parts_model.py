"""What a request is made of, part by part, and what the next one would leave out: two tables."""

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, Qt

from slop_qt.core.context import ContextPart, ContextReport, Measured, Trimming
from slop_qt.core.visible_text import make_visible
from slop_qt.qt.context_words import share_words, tokens
from slop_qt.qt.part_looks import part_look
from slop_qt.qt.roles import AnyIndex, Role
from slop_qt.qt.status import Look
from slop_qt.qt.words import count

__all__ = ["PARTS_COLUMNS", "PartRow", "PartsModel", "TrimmingModel"]

_ROOT = QModelIndex()
_CACHED = Look("done", "Cached", "done")
PARTS_COLUMNS = ("Kind", "Part", "Tokens", "Share", "Cache", "Reason")
_TRIM_COLUMNS = ("Left out next", "Tokens", "Reason")
_RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
_LEFT = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter


@dataclass(frozen=True, slots=True)
class PartRow:
    """One part. share is of the request, in words; reason is empty where nobody has given one."""

    part: ContextPart
    share: str
    reason: str
    measured: Measured

    @property
    def label(self) -> str:
        """What a person calls it, safe to be shown."""
        return make_visible(self.part.label)

    @property
    def words(self) -> str:
        """All of it in a sentence or two."""
        estimated = "" if self.measured == "provider" else ", estimated"
        cached = " It lies in the cached prefix." if self.part.cached else ""
        size = f"{tokens(self.part.tokens, self.measured)} tokens{estimated}"
        kind = part_look(self.part.kind).word
        name = self.label if self.label.startswith(kind) else f"{kind} {self.label}"
        return f"{name}: {size}, {self.share} of the request.{cached} {self.reason}".rstrip()


class PartsModel(QAbstractTableModel):
    """The parts in the order in which they are sent. Lives in the GUI thread.

    Another report of the same stream changes only what differs: what is chosen stays chosen.
    """

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._rows: list[PartRow] = []

    def row(self, at: int) -> PartRow | None:
        """The part in that row."""
        return self._rows[at] if 0 <= at < len(self._rows) else None

    def show(self, report: ContextReport | None, reasons: Sequence[str], *, anew: bool) -> None:
        """Show these parts; anew: of another stream. reasons are parallel to the parts, as far as there are any."""
        rows = _rows_of(report, reasons) if report is not None else []
        if anew or not rows:
            self.beginResetModel()
            self._rows = rows
            self.endResetModel()
            return
        kept = min(len(rows), len(self._rows))
        changed = [at for at in range(kept) if rows[at] != self._rows[at]]
        self._rows[:kept] = rows[:kept]
        for at in changed:
            self.dataChanged.emit(self.index(at, 0), self.index(at, len(PARTS_COLUMNS) - 1))
        if len(self._rows) > kept:
            self.beginRemoveRows(_ROOT, kept, len(self._rows) - 1)
            del self._rows[kept:]
            self.endRemoveRows()
        elif len(rows) > kept:
            self.beginInsertRows(_ROOT, kept, len(rows) - 1)
            self._rows.extend(rows[kept:])
            self.endInsertRows()

    def rowCount(self, parent: AnyIndex = _ROOT) -> int:
        return 0 if parent.isValid() else len(self._rows)

    def columnCount(self, parent: AnyIndex = _ROOT) -> int:
        return 0 if parent.isValid() else len(PARTS_COLUMNS)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        if orientation is not Qt.Orientation.Horizontal:
            return None
        if role == Qt.ItemDataRole.DisplayRole:
            return PARTS_COLUMNS[section]
        return _part_side(section) if role == Qt.ItemDataRole.TextAlignmentRole else None

    def data(self, index: AnyIndex, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        if not index.isValid() or index.row() >= len(self._rows):
            return None
        row, column = self._rows[index.row()], index.column()
        if role == Qt.ItemDataRole.DisplayRole:
            return _part_cell(row, column)
        if role == Role.LOOK:
            return part_look(row.part.kind) if column == 0 else _CACHED if column == 4 and row.part.cached else None
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return _part_side(column)
        if role == Role.VALUE:
            return row
        if role == Qt.ItemDataRole.ToolTipRole:
            return row.words
        return None


class TrimmingModel(QAbstractTableModel):
    """What the next request would leave out, in the order in which it would go. Lives in the GUI thread."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._rows: tuple[Trimming, ...] = ()

    def show(self, trimmed: tuple[Trimming, ...]) -> None:
        """Show these."""
        if trimmed != self._rows:
            self.beginResetModel()
            self._rows = trimmed
            self.endResetModel()

    def rowCount(self, parent: AnyIndex = _ROOT) -> int:
        return 0 if parent.isValid() else len(self._rows)

    def columnCount(self, parent: AnyIndex = _ROOT) -> int:
        return 0 if parent.isValid() else len(_TRIM_COLUMNS)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        if orientation is not Qt.Orientation.Horizontal:
            return None
        if role == Qt.ItemDataRole.DisplayRole:
            return _TRIM_COLUMNS[section]
        return (_RIGHT if section == 1 else _LEFT) if role == Qt.ItemDataRole.TextAlignmentRole else None

    def data(self, index: AnyIndex, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        if not index.isValid() or index.row() >= len(self._rows):
            return None
        trimmed = self._rows[index.row()]
        cells = (make_visible(trimmed.label), f"≈ {count(trimmed.tokens)}", make_visible(trimmed.reason))
        if role == Qt.ItemDataRole.DisplayRole:
            return cells[index.column()]
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return _RIGHT if index.column() == 1 else _LEFT
        if role == Qt.ItemDataRole.ToolTipRole:
            return f"{cells[0]}: {cells[1]} tokens, estimated. {cells[2]}"
        return None


def _rows_of(report: ContextReport, reasons: Sequence[str]) -> list[PartRow]:
    return [
        PartRow(
            part=part,
            share=share_words(part.tokens, report.used_tokens),
            reason=make_visible(reasons[at]) if at < len(reasons) else "",
            measured=report.measured,
        )
        for at, part in enumerate(report.parts)
    ]


def _part_side(column: int) -> Qt.AlignmentFlag:
    return _RIGHT if column in {2, 3} else _LEFT


def _part_cell(row: PartRow, column: int) -> str:
    if column == 0:
        return part_look(row.part.kind).word
    if column == 1:
        return row.label
    if column == 2:
        return tokens(row.part.tokens, row.measured)
    if column == 3:
        return row.share
    if column == 4:
        return _CACHED.word if row.part.cached else ""
    return row.reason
