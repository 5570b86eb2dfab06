"""Paints one cell of a table: its text, a status icon where the model has one, and a total in a heavier weight."""

from PySide6.QtCore import QObject, QRect, Qt
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import QStyle, QStyledItemDelegate, QStyleOptionViewItem

from slop_qt.qt.icons import ICON_SIZE
from slop_qt.qt.roles import AnyIndex, Role
from slop_qt.qt.status import Look
from slop_qt.qt.theme import Theme

__all__ = ["CellDelegate"]

_EDGE = 8


class CellDelegate(QStyledItemDelegate):
    """Reads Role.LOOK and STRONG beside text and alignment. Lives in the GUI thread."""

    def __init__(self, theme: Theme, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._theme = theme

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
            area.adjust(ICON_SIZE + 6, 0, 0, 0)
            color = look.color
        painter.setFont(self._theme.font(strong=strong))
        painter.setPen(self._theme.color(color))
        text = painter.fontMetrics().elidedText(str(index.data() or ""), Qt.TextElideMode.ElideRight, area.width())
        alignment = index.data(Qt.ItemDataRole.TextAlignmentRole)
        side = Qt.AlignmentFlag(alignment) if alignment is not None else Qt.AlignmentFlag.AlignLeft
        painter.drawText(area, side | Qt.AlignmentFlag.AlignVCenter, text)
        painter.restore()
