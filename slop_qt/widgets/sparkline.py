"""A small curve with its name and its last value in words: how something went."""

from collections.abc import Sequence

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFontMetrics, QPainter, QPainterPath, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from slop_qt.qt.theme import Theme

__all__ = ["Sparkline"]

_CURVE_HEIGHT = 30
_GAP = 4
_DOT = 2.0
_PEN_WIDTH = 1.5
_FILL_ALPHA = 36
_LEAST_WIDTH = 120


class Sparkline(QWidget):
    """Paints what it was last shown, from nothing at its foot to the greatest value. Lives in the GUI thread.

    The curve is left to eyes; the name, the last value and a sentence on the whole are said in words.
    """

    def __init__(self, theme: Theme, name: str, title: str) -> None:
        super().__init__()
        self._theme = theme
        self._values: tuple[float, ...] = ()
        self._title, self._words = title, ""
        self.setObjectName(name)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        theme.changed.connect(self.update)
        self.show_nothing("nothing yet")

    @property
    def words(self) -> str:
        """The last value, as it is said."""
        return self._words

    @property
    def values(self) -> tuple[float, ...]:
        """What the curve runs through, from left to right."""
        return self._values

    def show_values(self, title: str, values: Sequence[float], words: str, sentence: str) -> None:
        """values at equal distances, none below 0; words is the last one, sentence tells of all of them."""
        shown = (title, tuple(values), words, sentence)
        if shown != (self._title, self._values, self._words, self.accessibleDescription()):
            self._title, self._values, self._words = title, tuple(values), words
            self._say(sentence)
            self.update()

    def show_nothing(self, words: str) -> None:
        """There is no curve, for the reason that words give."""
        self.show_values(self._title, (), words, words)

    def _say(self, sentence: str) -> None:
        self.setAccessibleName(f"{self._title}: {self._words}")
        self.setAccessibleDescription(sentence)
        self.setToolTip(f"{self._title}: {sentence}")

    def sizeHint(self) -> QSize:
        return QSize(160, self._text_height() + _GAP + _CURVE_HEIGHT)

    def minimumSizeHint(self) -> QSize:
        return QSize(_LEAST_WIDTH, self.sizeHint().height())

    def _text_height(self) -> int:
        return QFontMetrics(self._theme.font(small=True)).height()

    def paintEvent(self, _event: QPaintEvent) -> None:
        with QPainter(self) as painter:
            self._paint_words(painter)
            foot = self.height() - 1
            painter.fillRect(0, foot, self.width(), 1, self._theme.color("line"))
            if self._values:
                painter.setRenderHint(QPainter.RenderHint.Antialiasing)
                self._paint_curve(painter, QRectF(0, self._text_height() + _GAP, self.width(), 0), float(foot))

    def _paint_words(self, painter: QPainter) -> None:
        area = QRectF(0, 0, self.width(), self._text_height())
        painter.setFont(self._theme.font(small=True, strong=True))
        painter.setPen(self._theme.color("text"))
        metrics = painter.fontMetrics()
        words = metrics.elidedText(self._words, Qt.TextElideMode.ElideRight, int(area.width()))
        painter.drawText(area, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, words)
        left = int(area.width()) - metrics.horizontalAdvance(words) - 2 * _GAP
        painter.setFont(self._theme.font(small=True))
        painter.setPen(self._theme.color("muted"))
        title = painter.fontMetrics().elidedText(self._title, Qt.TextElideMode.ElideRight, max(0, left))
        painter.drawText(area, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, title)

    def _paint_curve(self, painter: QPainter, area: QRectF, foot: float) -> None:
        points = self._points(area.top() + _DOT, foot, self.width() - _DOT - 1)
        curve = QPainterPath(points[0])
        for point in points[1:]:
            curve.lineTo(point)
        below = QPainterPath(curve)
        below.lineTo(points[-1].x(), foot)
        below.lineTo(points[0].x(), foot)
        accent = self._theme.color("accent")
        tint = QColor(accent)
        tint.setAlpha(_FILL_ALPHA)
        painter.fillPath(below, tint)
        painter.setPen(QPen(accent, _PEN_WIDTH, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap))
        painter.drawPath(curve)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(accent)
        painter.drawEllipse(points[-1], _DOT, _DOT)

    def _points(self, top: float, foot: float, right: float) -> list[QPointF]:
        """A single value is a level line."""
        values = self._values if len(self._values) > 1 else self._values * 2
        greatest = max(values) or 1.0
        step = right / (len(values) - 1)
        return [QPointF(at * step, foot - 1 - value / greatest * (foot - 1 - top)) for at, value in enumerate(values)]
