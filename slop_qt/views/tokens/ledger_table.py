"""The ledger's table: names take what numbers leave, and every number is there in full."""

from PySide6.QtCore import Qt
from PySide6.QtGui import QFontMetrics, QResizeEvent
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QTableView

from slop_qt.qt.theme import Theme
from slop_qt.qt.usage_model import UsageModel
from slop_qt.widgets.row_table import row_table
from slop_qt.widgets.sort_header import SortHeader

__all__ = ["LedgerTable"]

_LEAST_NAME, _LEAST_NUMBER = 168, 60
_HEADER_EDGE = 8
# What counts most is seen first, however narrow it is: cost, requests, input, output, and then the kinds of tokens.
_COST, _OUTPUT = 7, 5


class LedgerTable(QTableView):
    """Lives in the GUI thread."""

    def __init__(self, theme: Theme, model: UsageModel) -> None:
        super().__init__()
        row_table(theme, "tokens.table", "Tokens and cost", model, self)
        self.setHorizontalScrollMode(QTableView.ScrollMode.ScrollPerPixel)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        header = SortHeader(theme, "tokens.columns", self)
        header.setFont(theme.font(small=True))
        header.setMinimumSectionSize(_LEAST_NUMBER)
        header.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        header.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft)
        header.moveSection(_COST, 1)
        header.moveSection(header.visualIndex(_OUTPUT), 4)
        self._theme = theme
        for signal in (model.modelReset, model.dataChanged, model.rowsInserted):
            signal.connect(self._fit)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    def _fit(self) -> None:
        """The widest number of a column is its total, or its header."""
        model, header = self.model(), self.horizontalHeader()
        total = model.rowCount() - 1
        left = self.viewport().width()
        for column in range(1, model.columnCount()):
            number = self.sizeHintForIndex(model.index(total, column)).width()
            header.resizeSection(column, max(number, self._header_width(column), _LEAST_NUMBER))
            left -= header.sectionSize(column)
        header.resizeSection(0, max(left, _LEAST_NAME))

    def _header_width(self, column: int) -> int:
        """Of its words: Qt's own hint keeps room for an arrow that is not painted."""
        lines = str(self.model().headerData(column, Qt.Orientation.Horizontal)).split("\n")
        metrics = QFontMetrics(self._theme.font(small=True))
        return max(metrics.horizontalAdvance(line) for line in lines) + 2 * _HEADER_EDGE + 2
