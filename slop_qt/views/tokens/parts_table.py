"""The parts of a request as a table, and the chosen one in full words below it."""

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeySequence, QResizeEvent, QShortcut
from PySide6.QtWidgets import QHeaderView, QLabel, QTableView, QVBoxLayout, QWidget

from slop_qt.qt.context_model import ContextRow
from slop_qt.qt.parts_model import PARTS_COLUMNS, PartsModel
from slop_qt.qt.theme import Theme
from slop_qt.widgets.cell_delegate import CellDelegate
from slop_qt.widgets.row_table import row_table

__all__ = ["PartsTable"]

_LABEL = PARTS_COLUMNS.index("Part")
# From that many pixels on there is room for the column; what is not shown stands in words below the table.
_ROOM_FOR = {"Cache": 430, "Share": 520, "Reason": 680}


class PartsTable(QWidget):
    """Lives in the GUI thread.

    Signals:
        part_chosen(int): another part is chosen, by its place in the request; -1 is none.
        text_wanted(int): somebody wants to read that part.
    """

    part_chosen = Signal(int)
    text_wanted = Signal(int)

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._key: tuple[str, str] | None = None
        self._model = PartsModel(self)
        self._table = row_table(theme, "tokens.parts", "Parts of the last request", self._model)
        self._table.setItemDelegateForColumn(_LABEL, CellDelegate(theme, self._table, Qt.TextElideMode.ElideMiddle))
        self._table.setSelectionMode(QTableView.SelectionMode.SingleSelection)
        self._table.setHorizontalScrollMode(QTableView.ScrollMode.ScrollPerPixel)
        header = self._table.horizontalHeader()
        header.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        for column, width in enumerate((126, 160, 76, 54, 88, 160)):
            self._table.setColumnWidth(column, width)
        header.setSectionResizeMode(_LABEL, QHeaderView.ResizeMode.Stretch)
        header.setSectionResizeMode(PARTS_COLUMNS.index("Reason"), QHeaderView.ResizeMode.Stretch)
        self._words = QLabel()
        self._words.setObjectName("tokens.part_words")
        self._words.setProperty("kind", "muted")
        self._words.setTextFormat(Qt.TextFormat.PlainText)
        self._words.setWordWrap(True)
        self._words.setContentsMargins(12, 3, 12, 5)
        self._words.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self._table, 1)
        layout.addWidget(self._words)
        self._table.selectionModel().currentChanged.connect(self._chosen)
        self._model.dataChanged.connect(self._say_part)
        self._table.doubleClicked.connect(self._ask)
        for key in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            shortcut = QShortcut(QKeySequence(key), self._table)
            shortcut.setContext(Qt.ShortcutContext.WidgetShortcut)
            shortcut.activated.connect(self._ask)
        self._say_part()

    @property
    def part(self) -> int | None:
        """The chosen part, by its place in the request."""
        row = self._table.currentIndex().row()
        return row if self._model.row(row) is not None else None

    def label_of(self, part: int) -> str:
        """What a person calls that part."""
        row = self._model.row(part)
        return row.label if row is not None else ""

    def show_row(self, row: ContextRow) -> None:
        """Show the parts of that stream's last request."""
        anew, self._key = row.key != self._key, row.key
        self._model.show(row.report, row.reasons, anew=anew)
        if anew and self._model.rowCount():
            self._table.setCurrentIndex(self._model.index(0, 0))
        self._chosen()

    def focus_parts(self) -> None:
        """Put the keyboard into the table."""
        self._table.setFocus(Qt.FocusReason.OtherFocusReason)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        for name, width in _ROOM_FOR.items():
            self._table.setColumnHidden(PARTS_COLUMNS.index(name), self.width() < width)

    def _chosen(self) -> None:
        self._say_part()
        part = self.part
        self.part_chosen.emit(part if part is not None else -1)

    def _say_part(self) -> None:
        row = self._model.row(self._table.currentIndex().row())
        words = row.words if row is not None else ""
        if words != self._words.text() or not words:
            self._words.setText(words)
            self._words.setVisible(bool(words))
            self._table.setAccessibleDescription(words)

    def _ask(self) -> None:
        if self.part is not None:
            self.text_wanted.emit(self.part)
