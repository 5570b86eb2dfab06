"""A table's header that sorts: by a click, or by keys while it has the keyboard."""

from PySide6.QtCore import QRect, QSize, Qt
from PySide6.QtGui import QFocusEvent, QFontMetrics, QKeyEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QHeaderView, QTableView

from slop_qt.qt.theme import Theme

__all__ = ["SortHeader"]

_ARROW, _EDGE = 10, 8
_FOCUS_LINE = 2


class SortHeader(QHeaderView):
    """Left and Right choose a column, Space and Return sort by it: one way, the other, and as it was at first.

    Which way is the first is the model's to say (Qt.InitialSortOrderRole); the model sorts. Lives in the GUI thread.
    """

    def __init__(self, theme: Theme, name: str, table: QTableView) -> None:
        super().__init__(Qt.Orientation.Horizontal, table)
        self._theme = theme
        self._at = 0
        self.setObjectName(name)
        self.setAccessibleName("Columns: Left and Right choose one, Space sorts by it")
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSectionsClickable(True)
        self.setHighlightSections(False)
        self.setSortIndicatorShown(False)  # what the style would paint stands in the words' way
        self.setSortIndicatorClearable(True)
        self.setSortIndicator(-1, Qt.SortOrder.AscendingOrder)
        theme.changed.connect(self.viewport().update)
        table.setHorizontalHeader(self)
        self.sectionClicked.connect(self._clicked)
        self.sortIndicatorChanged.connect(self._sort)

    @property
    def column(self) -> int:
        """The column that keys act on."""
        return self._at

    def keyPressEvent(self, event: QKeyEvent) -> None:
        step = {Qt.Key.Key_Left: -1, Qt.Key.Key_Right: 1}.get(Qt.Key(event.key()))
        if step is not None:
            place = min(max(self.visualIndex(self._at) + step, 0), self.count() - 1)
            self._at = self.logicalIndex(place)
            self._say()
            self.viewport().update()
        elif event.key() in {Qt.Key.Key_Space, Qt.Key.Key_Return, Qt.Key.Key_Enter}:
            self.sort_by(self._at)
        else:
            super().keyPressEvent(event)

    def sort_by(self, column: int) -> None:
        """Sort by it; where it is sorted by already, the other way round, and then not at all."""
        rising, falling = Qt.SortOrder.AscendingOrder, Qt.SortOrder.DescendingOrder
        role = Qt.ItemDataRole.InitialSortOrderRole
        first = Qt.SortOrder(self.model().headerData(column, Qt.Orientation.Horizontal, role) or rising)
        if self.sortIndicatorSection() != column:
            self.setSortIndicator(column, first)
        elif self.sortIndicatorOrder() == first:
            self.setSortIndicator(column, falling if first == rising else rising)
        else:
            self.setSortIndicator(-1, rising)

    def focusInEvent(self, event: QFocusEvent) -> None:
        super().focusInEvent(event)
        self._say()
        self.viewport().update()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        self.viewport().update()

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        with QPainter(self.viewport()) as painter:
            sorted_by = self.sortIndicatorSection()
            if 0 <= sorted_by < self.count():
                self._paint_arrow(painter, self._area(sorted_by), sorted_by)
            if self.hasFocus():
                area = self._area(self._at)
                line = QRect(area.left(), area.bottom() - _FOCUS_LINE + 1, area.width(), _FOCUS_LINE)
                painter.fillRect(line, self._theme.color("accent"))

    def _area(self, column: int) -> QRect:
        return QRect(self.sectionViewportPosition(column), 0, self.sectionSize(column), self.height())

    def _paint_arrow(self, painter: QPainter, area: QRect, column: int) -> None:
        """Beside its words, on the side that they leave free."""
        name = "up" if self.sortIndicatorOrder() == Qt.SortOrder.AscendingOrder else "down"
        arrow = self._theme.pixmap(name, "accent", self.devicePixelRatioF(), _ARROW)
        words = max(QFontMetrics(self.font()).horizontalAdvance(line) for line in self._words(column).split("\n"))
        to_the_left = self._alignment(column) & Qt.AlignmentFlag.AlignLeft
        beside = area.left() + _EDGE + words + 2 if to_the_left else area.right() - _EDGE - words - _ARROW - 1
        left = min(max(beside, area.left()), area.right() - _ARROW)
        painter.drawPixmap(left, area.center().y() - _ARROW // 2, arrow)

    def _words(self, column: int) -> str:
        return str(self.model().headerData(column, Qt.Orientation.Horizontal) or "")

    def _alignment(self, column: int) -> Qt.AlignmentFlag:
        role = Qt.ItemDataRole.TextAlignmentRole
        return Qt.AlignmentFlag(self.model().headerData(column, Qt.Orientation.Horizontal, role) or 0)

    def _clicked(self, column: int) -> None:
        self._at = column  # Qt itself has turned the indicator

    def _sort(self, column: int, order: Qt.SortOrder) -> None:
        self.model().sort(column, order)
        self._say()
        self.viewport().update()

    def _say(self) -> None:
        name = self._words(self._at).replace("\n", " ")
        state = "not sorted by"
        if self.sortIndicatorSection() == self._at:
            rising = self.sortIndicatorOrder() == Qt.SortOrder.AscendingOrder
            state = "sorted, rising" if rising else "sorted, falling"
        self.setAccessibleDescription(f"{name}, {state}")

    def sizeHint(self) -> QSize:
        hint = super().sizeHint()
        return QSize(hint.width(), hint.height() + _FOCUS_LINE)
