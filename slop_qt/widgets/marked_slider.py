"""A slider with marks beside its line: where something is to be found, told apart by colour and by shape."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QMouseEvent, QPainter, QPaintEvent, QPen, QPolygonF
from PySide6.QtWidgets import QAbstractSlider, QSizePolicy, QWidget

from slop_qt.qt.theme import Theme

__all__ = ["MarkShape", "MarkedSlider", "Marks"]

MarkShape = Literal["circle", "diamond"]

_HEIGHT = 28
_MARGIN = 9  # on either side, so that the handle is whole at both ends
_LINE = 4
_HANDLE = 6.5
_MARK = 3.5
_ABOVE, _BELOW = 5.0, 23.0  # where the middles of marks stand


@dataclass(frozen=True, slots=True)
class Marks:
    """Values that look alike. color is a token of the theme; diamonds stand below the line, circles above it."""

    shape: MarkShape
    color: str
    values: Sequence[int]


class MarkedSlider(QAbstractSlider):
    """Horizontal. A press goes to where the pointer is. Lives in the GUI thread."""

    def __init__(self, theme: Theme, name: str, spoken: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._marks: tuple[Marks, ...] = ()
        self.setObjectName(name)
        self.setAccessibleName(spoken)
        self.setOrientation(Qt.Orientation.Horizontal)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        theme.changed.connect(self.update)

    def show_marks(self, *marks: Marks) -> None:
        """Mark these values; later ones are painted over earlier ones."""
        self._marks = marks
        self.update()

    def place_of_value(self, value: int) -> float:
        """How far from the left that value is, in pixels."""
        span = max(self.maximum() - self.minimum(), 1)
        return _MARGIN + (value - self.minimum()) / span * (self.width() - 2 * _MARGIN)

    def value_at(self, x: float) -> int:
        """The value that is nearest to there."""
        share = (x - _MARGIN) / max(self.width() - 2 * _MARGIN, 1)
        value = self.minimum() + round(share * (self.maximum() - self.minimum()))
        return min(max(value, self.minimum()), self.maximum())

    def sizeHint(self) -> QSize:
        return QSize(240, _HEIGHT)

    def minimumSizeHint(self) -> QSize:
        return QSize(120, _HEIGHT)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() is not Qt.MouseButton.LeftButton:
            event.ignore()
            return
        self.setSliderDown(True)
        self.setSliderPosition(self.value_at(event.position().x()))

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self.isSliderDown():
            self.setSliderPosition(self.value_at(event.position().x()))

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if event.button() is Qt.MouseButton.LeftButton:
            self.setSliderDown(False)

    def sliderChange(self, change: QAbstractSlider.SliderChange) -> None:  # noqa: N802 - Qt's spelling
        """Painted anew; Qt's own sliders do it, this class of theirs does not."""
        super().sliderChange(change)
        self.update()

    def paintEvent(self, _event: QPaintEvent) -> None:
        with QPainter(self) as painter:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.setPen(Qt.PenStyle.NoPen)
            self._paint_line(painter)
            for marks in self._marks:
                self._paint_marks(painter, marks)
            self._paint_handle(painter)

    def _paint_line(self, painter: QPainter) -> None:
        here, top = self.place_of_value(self.sliderPosition()), (_HEIGHT - _LINE) / 2
        painter.setBrush(self._theme.color("idle"))
        painter.drawRect(QRectF(_MARGIN, _HEIGHT / 2 - 0.5, self.width() - 2 * _MARGIN, 1))
        painter.setBrush(self._theme.color("accent"))
        painter.drawRoundedRect(QRectF(_MARGIN, top, here - _MARGIN, _LINE), 2, 2)

    def _paint_marks(self, painter: QPainter, marks: Marks) -> None:
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(self._theme.color(marks.color))
        for x in sorted({round(self.place_of_value(value)) for value in marks.values}):  # one a pixel is enough
            if marks.shape == "circle":
                painter.drawEllipse(QPointF(x, _ABOVE), _MARK, _MARK)
            else:
                r = _MARK + 1
                corners = [(x, _BELOW - r), (x + r, _BELOW), (x, _BELOW + r), (x - r, _BELOW)]
                painter.drawPolygon(QPolygonF([QPointF(*corner) for corner in corners]))

    def _paint_handle(self, painter: QPainter) -> None:
        middle = QPointF(self.place_of_value(self.sliderPosition()), _HEIGHT / 2)
        painter.setBrush(self._theme.color("raised"))
        painter.setPen(QPen(self._theme.color("accent"), 2))
        painter.drawEllipse(middle, _HANDLE, _HANDLE)
        if self.hasFocus():
            painter.setBrush(self._theme.color("accent"))
            painter.drawEllipse(middle, _HANDLE - 3, _HANDLE - 3)
