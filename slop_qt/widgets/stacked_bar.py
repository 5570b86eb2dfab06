"""A bar of proportions: a segment for each kind, and the room that is left."""

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QEvent, QPointF, QRectF, QSize
from PySide6.QtGui import QHelpEvent, QPainter, QPaintEvent, QPen, QPolygonF
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from slop_qt.qt.theme import Theme

__all__ = ["Segment", "StackedBar"]

_HEIGHT = 14
_LEAST = 2.0  # pixels of a segment that is there at all
_USED_LEAST = 0.66  # of the width, for what is used: the room is cut short instead, and shows that
_TEAR = 4.0


@dataclass(frozen=True, slots=True)
class Segment:
    """A stretch of the bar. color is a token's name; words say what it is, with its figures."""

    color: str
    amount: int
    words: str


class StackedBar(QWidget):
    """Segments side by side with a gap of a pixel, then the room. Lives in the GUI thread.

    Where little is used, the segments would be too narrow to be told apart: then the room is drawn shorter than it is,
    with a break in it.
    """

    def __init__(self, theme: Theme, name: str, spoken: str) -> None:
        super().__init__()
        self._theme = theme
        self._segments: tuple[Segment, ...] = ()
        self._room: Segment | None = None
        self.setObjectName(name)
        self.setAccessibleName(spoken)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        theme.changed.connect(self.update)

    def show_segments(self, segments: Sequence[Segment], room: Segment | None) -> None:
        """Show these; room is what is left, None where nobody knows how much that is."""
        shown = tuple(segment for segment in segments if segment.amount)
        if (shown, room) == (self._segments, self._room):
            return
        self._segments, self._room = shown, room
        every = [segment.words for segment in shown] + ([room.words] if room is not None else [])
        self.setAccessibleDescription("; ".join(every))
        self.update()

    @property
    def broken(self) -> bool:
        """Whether the room is drawn shorter than it is."""
        used, room = self._used(), self._room.amount if self._room is not None else 0
        return bool(used) and used < _USED_LEAST * (used + room)

    def places(self) -> list[tuple[Segment, QRectF]]:
        """Where each segment is painted, the room last."""
        used = self._used()
        room = self._room.amount if self._room is not None else 0
        if not used + room:
            return []
        width = float(self.width())
        used_width = width * (_USED_LEAST if self.broken else used / (used + room))
        gaps = len(self._segments) - (0 if room else 1)
        flexible = max(used_width - max(gaps, 0) - _LEAST * len(self._segments), 0.0)
        found, left = [], 0.0
        for segment in self._segments:
            taken = _LEAST + flexible * segment.amount / used
            found.append((segment, QRectF(left, 0, taken, _HEIGHT)))
            left += taken + 1
        if self._room is not None and room:
            found.append((self._room, QRectF(left, 0, max(width - left, 0.0), _HEIGHT)))
        return found

    def sizeHint(self) -> QSize:
        return QSize(240, _HEIGHT)

    def minimumSizeHint(self) -> QSize:
        return QSize(80, _HEIGHT)

    def event(self, event: QEvent) -> bool:
        if event.type() is QEvent.Type.ToolTip and isinstance(event, QHelpEvent):
            at = QPointF(event.pos())
            words = next((segment.words for segment, place in self.places() if place.contains(at)), "")
            QToolTip.showText(event.globalPos(), words, self)
            return True
        return super().event(event)

    def paintEvent(self, _event: QPaintEvent) -> None:
        with QPainter(self) as painter:
            for segment, place in self.places():
                if segment is self._room:
                    self._paint_room(painter, place)
                else:
                    painter.fillRect(place, self._theme.color(segment.color))

    def _paint_room(self, painter: QPainter, place: QRectF) -> None:
        painter.fillRect(place, self._theme.color("hover"))
        painter.setPen(QPen(self._theme.color("idle"), 1))
        painter.drawRect(place.adjusted(0.5, 0.5, -0.5, -0.5))
        if not self.broken:
            return
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        middle, top, bottom = place.center().x(), place.top() - 1, place.bottom() + 1
        left = QPointF(middle - _TEAR - 2, bottom), QPointF(middle + 2 - _TEAR, top)
        right = QPointF(middle + _TEAR + 2, top), QPointF(middle + _TEAR - 2, bottom)
        painter.setBrush(self._theme.color("panel"))
        painter.setPen(self._theme.color("panel"))
        painter.drawPolygon(QPolygonF([*left, *right]))
        painter.setPen(QPen(self._theme.color("idle"), 1))
        painter.drawLine(*left)
        painter.drawLine(*right)

    def _used(self) -> int:
        return sum(segment.amount for segment in self._segments)
