"""The parts of a request that is not sent yet, as a table: what each is, how long, and why it is there."""

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, Qt

from slop_qt.core.context import ContextPart, PartKind
from slop_qt.core.visible_text import make_visible
from slop_qt.mma.spend_shapes import ContextPreviewed
from slop_qt.qt.roles import AnyIndex, Role
from slop_qt.qt.words import count

__all__ = ["FILE_KINDS", "PreviewModel"]

FILE_KINDS: frozenset[PartKind] = frozenset({"file", "outline", "range"})
_COLUMNS = ("Part", "What", "Tokens", "Why it is there")
_KINDS: dict[PartKind, str] = {
    "system": "System",
    "prompt": "Prompt",
    "tools": "Tools",
    "docs": "Project",
    "ticket": "Ticket",
    "file": "File",
    "outline": "Outline",
    "range": "Lines",
    "dependency": "Result",
    "history": "History",
    "tool_result": "Tool result",
}
_TOKENS = 2
_ROOT = QModelIndex()


class PreviewModel(QAbstractTableModel):
    """Role.ID is the part's label, Role.VALUE its ContextPart. Lives in the GUI thread."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._shown: ContextPreviewed | None = None

    def show(self, previewed: ContextPreviewed) -> None:
        """Show these parts instead."""
        self.beginResetModel()
        self._shown = previewed
        self.endResetModel()

    def part(self, row: int) -> ContextPart | None:
        """The part in that row."""
        return self._parts[row] if 0 <= row < len(self._parts) else None

    def text(self, row: int) -> str:
        """Its text to the character; empty where there is no such row."""
        return self._shown.texts[row] if self._shown is not None and self.part(row) is not None else ""

    def row_of(self, part: ContextPart) -> int:
        """Where that part, perhaps in another form, is now; -1 where it is no longer."""
        alike = [row for row, each in enumerate(self._parts) if each.label == part.label]
        same = [row for row in alike if self._parts[row].kind == part.kind]
        return next(iter(same or alike), -1)

    def rowCount(self, parent: AnyIndex = _ROOT) -> int:
        return 0 if parent.isValid() else len(self._parts)

    def columnCount(self, parent: AnyIndex = _ROOT) -> int:
        return 0 if parent.isValid() else len(_COLUMNS)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        if orientation is Qt.Orientation.Horizontal and role == Qt.ItemDataRole.DisplayRole:
            return _COLUMNS[section]
        if orientation is Qt.Orientation.Horizontal and role == Qt.ItemDataRole.TextAlignmentRole:
            return _side(section)
        return None

    def data(self, index: AnyIndex, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        part = self.part(index.row()) if index.isValid() else None
        if part is None or self._shown is None:
            return None
        if role == Qt.ItemDataRole.DisplayRole:
            return self._cells(index.row(), part)[index.column()]
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return _side(index.column())
        if role == Qt.ItemDataRole.ToolTipRole:
            return make_visible(f"{part.label}\n{self._shown.reasons[index.row()]}")
        return {Role.ID: part.label, Role.VALUE: part}.get(Role(role)) if role in {Role.ID, Role.VALUE} else None

    @property
    def _parts(self) -> tuple[ContextPart, ...]:
        return self._shown.report.parts if self._shown is not None else ()

    def _cells(self, row: int, part: ContextPart) -> tuple[str, ...]:
        assert self._shown is not None
        about = "" if self._shown.report.measured == "provider" else "≈ "
        return (
            _KINDS[part.kind],
            make_visible(part.label),
            f"{about}{count(part.tokens)}",
            make_visible(self._shown.reasons[row]),
        )


def _side(column: int) -> Qt.AlignmentFlag:
    side = Qt.AlignmentFlag.AlignRight if column == _TOKENS else Qt.AlignmentFlag.AlignLeft
    return side | Qt.AlignmentFlag.AlignVCenter
