"""Paints a stream of a ContextModel: its name and cache, and below them how much of its limit it uses."""

from PySide6.QtCore import QObject, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QFontMetrics, QPainter
from PySide6.QtWidgets import QStyle, QStyledItemDelegate, QStyleOptionViewItem

from slop_qt.core.context import ContextReport
from slop_qt.qt.context_model import ContextRow
from slop_qt.qt.context_words import tokens
from slop_qt.qt.icons import ICON_SIZE
from slop_qt.qt.roles import AnyIndex, Role
from slop_qt.qt.status import Look
from slop_qt.qt.theme import Theme
from slop_qt.qt.words import count

__all__ = ["BudgetDelegate", "budget_words"]

_ROW, _NAME, _EDGE, _GAP = 44, 24, 8, 6
_BAR = 6
_OVER = 1.06  # the bar reaches beyond the limit, so that the limit's mark stands in it
_NEAR = 0.85  # of the limit: from here on the bar is in the colour of what waits for attention
_ERROR = 0.05  # of an estimate: by so much it may be wrong, and that end is pale


def budget_words(report: ContextReport | None) -> str:
    """`≈ 12,340 of 200,000`; in a list, where the column is about tokens."""
    if report is None:
        return "No request yet"
    used = tokens(report.used_tokens, report.measured)
    return f"{used} of {count(report.limit_tokens)}" if report.limit_tokens else f"{used}, no limit known"


class BudgetDelegate(QStyledItemDelegate):
    """Reads Role.VALUE, a ContextRow. Lives in the GUI thread."""

    def __init__(self, theme: Theme, parent: QObject) -> None:
        super().__init__(parent)
        self._theme = theme

    def sizeHint(self, _option: QStyleOptionViewItem, _index: AnyIndex) -> QSize:
        return QSize(120, _ROW)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: AnyIndex) -> None:
        row = index.data(Role.VALUE)
        if not isinstance(row, ContextRow):
            return
        painter.save()
        if option.state & (QStyle.StateFlag.State_Selected | QStyle.StateFlag.State_MouseOver):
            selected = bool(option.state & QStyle.StateFlag.State_Selected)
            painter.fillRect(option.rect, self._theme.color("selection" if selected else "hover"))
        if option.state & QStyle.StateFlag.State_HasFocus:
            painter.setPen(self._theme.color("accent"))
            painter.drawRect(option.rect.adjusted(0, 0, -1, -1))
        area = option.rect.adjusted(_EDGE, 2, -_EDGE, 0)
        head = QRect(area.left(), area.top(), area.width(), _NAME)
        if row.cache is not None:
            head = self._paint_cache(painter, head, row.cache)
        painter.setFont(self._theme.font())
        painter.setPen(self._theme.color("muted" if row.closed else "text"))
        shown = painter.fontMetrics().elidedText(row.name, Qt.TextElideMode.ElideRight, head.width())
        painter.drawText(head, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, shown)
        self._paint_budget(painter, QRect(area.left(), head.bottom(), area.width(), 16), row.report)
        painter.restore()

    def _paint_cache(self, painter: QPainter, area: QRect, look: Look) -> QRect:
        font = self._theme.font(small=True)
        width = QFontMetrics(font).horizontalAdvance(look.word) + 2
        painter.setFont(font)
        painter.setPen(self._theme.color(look.color))
        place = QRect(area.right() - width, area.top(), width, area.height())
        painter.drawText(place, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, look.word)
        pixmap = self._theme.pixmap(look.icon, look.color, painter.device().devicePixelRatioF())
        left = place.left() - ICON_SIZE - 3
        painter.drawPixmap(left, area.top() + (area.height() - ICON_SIZE) // 2, pixmap)
        return area.adjusted(0, 0, left - _GAP - area.right(), 0)

    def _paint_budget(self, painter: QPainter, area: QRect, report: ContextReport | None) -> None:
        font, words = self._theme.font(small=True), budget_words(report)
        width = QFontMetrics(font).horizontalAdvance(words) + 2
        painter.setFont(font)
        painter.setPen(self._theme.color("muted"))
        place = QRect(max(area.right() - width, area.left()), area.top(), width, area.height())
        painter.drawText(place, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, words)
        room = place.left() - _GAP - area.left()
        if report is not None and report.limit_tokens and room > 4 * _BAR:
            self._paint_bar(painter, QRectF(area.left(), area.center().y() - _BAR / 2 + 1, room, _BAR), report)

    def _paint_bar(self, painter: QPainter, place: QRectF, report: ContextReport) -> None:
        scale = place.width() / (_OVER * max(report.limit_tokens, report.used_tokens))
        used = report.used_tokens * scale
        share = report.used_tokens / report.limit_tokens
        color = self._theme.color("failed" if share > 1 else "waiting" if share >= _NEAR else "accent")
        painter.fillRect(place, self._theme.color("line"))
        sure = used if report.measured == "provider" else used * (1 - _ERROR)
        painter.fillRect(QRectF(place.left(), place.top(), max(sure, 1.0), _BAR), color)
        if report.measured == "estimate":
            color.setAlphaF(0.4)
            end = min(max(used * (1 + _ERROR), sure + 3.0), place.width())
            painter.fillRect(QRectF(place.left() + sure, place.top(), end - sure, _BAR), color)
        mark = place.left() + report.limit_tokens * scale
        painter.fillRect(QRectF(mark, place.top() - 2, 2, _BAR + 4), self._theme.color("text"))
