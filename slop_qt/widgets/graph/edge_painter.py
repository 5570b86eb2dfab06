"""Paints what joins tickets: dependencies, those that cannot be, and the one that is being drawn."""

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QPainter, QPainterPath, QPen, QPolygonF

from slop_qt.qt.theme import Theme

__all__ = ["HANDLE_RADIUS", "EdgePainter", "handle_center"]

HANDLE_RADIUS = 7.0

_ARROW = 6.0
_DIMMED = 0.35
_STUB = 12.0
_BOW = 48.0


def handle_center(rect: QRectF) -> QPointF:
    """Where one begins to draw a dependency from a ticket."""
    return QPointF(rect.right(), rect.center().y())


class EdgePainter:
    """For a painter that is in the graph's pixels. Lines stay thin at any zoom. Lives in the GUI thread."""

    def __init__(self, theme: Theme) -> None:
        self._theme = theme

    def paint(self, painter: QPainter, path: QPainterPath, color: str, *, strong: bool, dimmed: bool) -> None:
        """One dependency, with its arrow."""
        painter.setOpacity(_DIMMED if dimmed else 1.0)
        self._stroke(painter, path, color, 2.5 if strong else 1.0)  # Qt paints lines of one pixel far faster
        end = path.currentPosition()
        self._paint_arrow(painter, end, -1.0 if path.elementAt(0).x < end.x() else 1.0, color)

    def paint_broken(self, painter: QPainter, rect: QRectF) -> None:
        """A dependency on what is not there: an end that comes from nowhere, with a cross."""
        painter.setOpacity(1.0)
        end = QPointF(rect.left(), rect.bottom() - _STUB)
        path = QPainterPath(end - QPointF(_STUB, 0))
        path.lineTo(end)
        start = path.elementAt(0)
        for dx, dy in ((3, 3), (3, -3)):
            path.moveTo(start.x - dx, start.y - dy)
            path.lineTo(start.x + dx, start.y + dy)
        self._stroke(painter, path, "failed", 1.5)

    def paint_drawn(self, painter: QPainter, start: QPointF, end: QPointF, *, possible: bool) -> None:
        """The dependency that is being drawn."""
        painter.setOpacity(1.0)
        path = _forwards(start, end) if start.x() + _BOW < end.x() else _backwards(start, end)
        color = "accent" if possible else "failed"
        self._stroke(painter, path, color, 2.0, Qt.PenStyle.DashLine)
        self._paint_arrow(painter, end, -1.0, color)

    def paint_handle(self, painter: QPainter, rect: QRectF) -> None:
        """Where one begins to draw a dependency."""
        painter.setOpacity(1.0)
        center = handle_center(rect)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(self._theme.color("accent"))
        painter.drawEllipse(center, HANDLE_RADIUS, HANDLE_RADIUS)
        painter.setPen(QPen(self._theme.color("on_accent"), 1.5))
        painter.drawLine(center - QPointF(3.5, 0), center + QPointF(3.5, 0))
        painter.drawLine(center - QPointF(0, 3.5), center + QPointF(0, 3.5))

    def _stroke(
        self,
        painter: QPainter,
        path: QPainterPath,
        color: str,
        width: float,
        style: Qt.PenStyle = Qt.PenStyle.SolidLine,
    ) -> None:
        painter.setPen(QPen(self._theme.color(color), width / painter.transform().m11(), style))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawPath(path)

    def _paint_arrow(self, painter: QPainter, end: QPointF, back: float, color: str) -> None:
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(self._theme.color(color))
        foot = end.x() + back * _ARROW
        painter.drawPolygon(QPolygonF([end, QPointF(foot, end.y() - 3.5), QPointF(foot, end.y() + 3.5)]))


def _forwards(start: QPointF, end: QPointF) -> QPainterPath:
    path = QPainterPath(start)
    middle = (start.x() + end.x()) / 2
    path.cubicTo(QPointF(middle, start.y()), QPointF(middle, end.y()), end)
    return path


def _backwards(start: QPointF, end: QPointF) -> QPainterPath:
    """Over both cards, rather than through what is written on them."""
    top = min(start.y(), end.y()) - 2 * _BOW
    path = QPainterPath(start)
    over = QPointF((start.x() + end.x()) / 2, top)
    path.cubicTo(start + QPointF(_BOW, 0), QPointF(start.x() + _BOW, top), over)
    path.cubicTo(QPointF(end.x() - _BOW, top), end - QPointF(_BOW, 0), end)
    return path
