"""Paints one cell of a table: its text, a status icon where the model has one, and a total in a heavier weight."""

from PySide6.QtCore import QObject, QRect, QSize, Qt
from PySide6.QtGui import QFontMetrics, QPainter
from PySide6.QtWidgets import QStyle, QStyledItemDelegate, QStyleOptionViewItem

from slop_qt.qt.icons import ICON_SIZE
from slop_qt.qt.roles import AnyIndex, Role
from slop_qt.qt.status import Look
from slop_qt.qt.theme import Theme
from slop_qt.widgets.row_delegate import ROW_HEIGHT

__all__ = ["CellDelegate"]

_EDGE, _GAP = 8, 6


class CellDelegate(QStyledItemDelegate):
    """Reads Role.LOOK and STRONG beside text and alignment. Lives in the GUI thread."""

    def __init__(
        self,
        theme: Theme,
        parent: QObject | None = None,
        elide: Qt.TextElideMode = Qt.TextElideMode.ElideRight,
    ) -> None:
        super().__init__(parent)
        self._theme = theme
        self._elide = elide

    def sizeHint(self, _option: QStyleOptionViewItem, index: AnyIndex) -> QSize:
        """What its text, its icon and the edges take: a column may be as wide as its widest cell."""
        metrics = QFontMetrics(self._theme.font(strong=bool(index.data(Role.STRONG))))
        icon = ICON_SIZE + _GAP if isinstance(index.data(Role.LOOK), Look) else 0
        return QSize(metrics.horizontalAdvance(str(index.data() or "")) + icon + 2 * _EDGE + 1, ROW_HEIGHT)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: AnyIndex) -> None:
        painter.save()
        strong = bool(index.data(Role.STRONG))
        if option.state & QStyle.StateFlag.State_Selected:
            painter.fillRect(option.rect, self._theme.color("selection"))
        if strong:
            painter.fillRect(
                QRect(option.rect.left(), option.rect.top(), option.rect.width(), 1), self._theme.color("line")
            )
        area = option.rect.adjusted(_EDGE, 0, -_EDGE, 0)
        color = "text"
        look = index.data(Role.LOOK)
        if isinstance(look, Look):
            pixmap = self._theme.pixmap(look.icon, look.color, painter.device().devicePixelRatioF())
            painter.drawPixmap(area.left(), area.center().y() - ICON_SIZE // 2 + 1, pixmap)
            area.adjust(ICON_SIZE + _GAP, 0, 0, 0)
            color = look.color
        painter.setFont(self._theme.font(strong=strong))
        painter.setPen(self._theme.color(color))
        text = painter.fontMetrics().elidedText(str(index.data() or ""), self._elide, area.width())
        alignment = index.data(Qt.ItemDataRole.TextAlignmentRole)
        side = Qt.AlignmentFlag(alignment) if alignment is not None else Qt.AlignmentFlag.AlignLeft
        painter.drawText(area, side | Qt.AlignmentFlag.AlignVCenter, text)
        painter.restore()
