"""A short list of which any number can be chosen, by mouse or space bar."""

from collections.abc import Sequence

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import QAbstractItemView, QListView, QStyle, QStyledItemDelegate, QStyleOptionViewItem

from slop_qt.qt.check_model import CheckModel, CheckRow
from slop_qt.qt.roles import AnyIndex
from slop_qt.qt.theme import Theme

__all__ = ["CheckList"]

_ROW_HEIGHT = 26
_MOST_ROWS = 6
_FRAME = 4


class _Delegate(QStyledItemDelegate):
    """Rows as high as everywhere, those that are missing in the colour of failures."""

    def __init__(self, theme: Theme, model: CheckModel, parent: QListView) -> None:
        super().__init__(parent)
        self._theme = theme
        self._model = model

    def initStyleOption(self, option: QStyleOptionViewItem, index: AnyIndex) -> None:
        super().initStyleOption(option, index)
        row = self._model.rows[index.row()]
        if row.missing:
            option.palette.setColor(option.palette.ColorRole.Text, self._theme.color("failed"))

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: AnyIndex) -> None:
        """As the style does; its box has a line of its own, which the style leaves out on dark ground."""
        super().paint(painter, option, index)
        self.initStyleOption(option, index)
        view = option.widget
        box = view.style().subElementRect(QStyle.SubElement.SE_ItemViewItemCheckIndicator, option, view)
        painter.save()
        painter.setPen(self._theme.color("muted"))
        painter.drawRect(box.adjusted(0, 0, -1, -1))
        painter.restore()

    def sizeHint(self, option: QStyleOptionViewItem, index: AnyIndex) -> QSize:
        return QSize(super().sizeHint(option, index).width(), _ROW_HEIGHT)


class CheckList(QListView):
    """As high as its rows, up to six; more scroll. `model_of_rows.wanted` says what is asked for.

    Lives in the GUI thread.
    """

    def __init__(self, theme: Theme, name: str, spoken: str) -> None:
        super().__init__()
        self.model_of_rows = CheckModel(self)
        self.setObjectName(name)
        self.setAccessibleName(spoken)
        self.setProperty("kind", "field")
        self.setModel(self.model_of_rows)
        self.setItemDelegate(_Delegate(theme, self.model_of_rows, self))
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setTextElideMode(Qt.TextElideMode.ElideRight)
        self.setTabKeyNavigation(False)
        self.show_rows((), editable=False)

    def show_rows(self, rows: Sequence[CheckRow], *, editable: bool) -> None:
        """Show these."""
        current = self.currentIndex().row()
        self.model_of_rows.show(rows, editable=editable)
        self.setFixedHeight(max(1, min(len(rows), _MOST_ROWS)) * _ROW_HEIGHT + _FRAME)
        if 0 <= current < len(rows) and not self.currentIndex().isValid():
            self.setCurrentIndex(self.model_of_rows.index(current))
