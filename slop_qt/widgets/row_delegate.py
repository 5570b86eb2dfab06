"""Paints one row of a list or tree: status icon, text, a few words at the end, and progress below."""

from PySide6.QtCore import QObject, QRect, QSize, Qt
from PySide6.QtGui import QFontMetrics, QPainter
from PySide6.QtWidgets import QStyle, QStyledItemDelegate, QStyleOptionViewItem

from slop_qt.qt.icons import ICON_SIZE
from slop_qt.qt.roles import AnyIndex, Role
from slop_qt.qt.status import Look
from slop_qt.qt.theme import Theme

__all__ = ["ROW_HEIGHT", "RowDelegate"]

ROW_HEIGHT = 26
_PROGRESS_HEIGHT = 3
_GAP = 6
_EDGE = 8
_LEAST_WIDTH = 80  # what does not fit is cut: lists are never scrolled sideways


class RowDelegate(QStyledItemDelegate):
    """Reads Role.LOOK, TRAILING, FRACTION and STRONG of each row. Lives in the GUI thread."""

    def __init__(self, theme: Theme, parent: QObject, elide: Qt.TextElideMode = Qt.TextElideMode.ElideRight) -> None:
        super().__init__(parent)
        self._theme = theme
        self._elide = elide

    def sizeHint(self, _option: QStyleOptionViewItem, index: AnyIndex) -> QSize:
        return QSize(_LEAST_WIDTH, ROW_HEIGHT + (6 if index.data(Role.FRACTION) is not None else 0))

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: AnyIndex) -> None:
        painter.save()
        selected = bool(option.state & QStyle.StateFlag.State_Selected)
        hovered = bool(option.state & QStyle.StateFlag.State_MouseOver)
        if selected or hovered:
            painter.fillRect(option.rect, self._theme.color("selection" if selected else "hover"))
        if option.state & QStyle.StateFlag.State_HasFocus:
            painter.setPen(self._theme.color("accent"))
            painter.drawRect(option.rect.adjusted(0, 0, -1, -1))
        area = QRect(option.rect.left() + 4, option.rect.top(), option.rect.width() - 4 - _EDGE, ROW_HEIGHT)
        fraction = index.data(Role.FRACTION)
        if fraction is not None:
            self._paint_progress(painter, area, float(fraction))
        area = self._paint_icon(painter, area, index)
        area = self._paint_trailing(painter, area, index)
        painter.setFont(self._theme.font(strong=bool(index.data(Role.STRONG))))
        painter.setPen(self._theme.color("text"))
        shown = painter.fontMetrics().elidedText(str(index.data() or ""), self._elide, area.width())
        painter.drawText(area, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, shown)
        painter.restore()

    def _paint_icon(self, painter: QPainter, area: QRect, index: AnyIndex) -> QRect:
        look = index.data(Role.LOOK)
        if not isinstance(look, Look):
            return area
        device = painter.device()
        pixmap = self._theme.pixmap(look.icon, look.color, device.devicePixelRatioF())
        painter.drawPixmap(area.left(), area.top() + (ROW_HEIGHT - ICON_SIZE) // 2, pixmap)
        return area.adjusted(ICON_SIZE + _GAP, 0, 0, 0)

    def _paint_trailing(self, painter: QPainter, area: QRect, index: AnyIndex) -> QRect:
        words = index.data(Role.TRAILING)
        if not words:
            return area
        font = self._theme.font(small=True)
        look = index.data(Role.LOOK)
        width = QFontMetrics(font).horizontalAdvance(str(words)) + 2
        painter.setFont(font)
        colored = isinstance(look, Look) and not index.data(Role.STRONG)
        painter.setPen(self._theme.color(look.color if colored else "muted"))
        place = QRect(area.right() - width, area.top(), width, ROW_HEIGHT)
        painter.drawText(place, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, str(words))
        return area.adjusted(0, 0, -width - _GAP, 0)

    def _paint_progress(self, painter: QPainter, area: QRect, fraction: float) -> None:
        groove = QRect(
            area.left() + ICON_SIZE + _GAP, area.bottom() - 1, area.width() - ICON_SIZE - _GAP, _PROGRESS_HEIGHT
        )
        painter.fillRect(groove, self._theme.color("line"))
        groove.setWidth(round(groove.width() * fraction))
        painter.fillRect(groove, self._theme.color("done" if fraction >= 1 else "accent"))
