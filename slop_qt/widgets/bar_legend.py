"""What the colours of a StackedBar mean, in words and numbers."""

from collections.abc import Sequence

from PySide6.QtCore import QPoint, QRect, QSize, Qt
from PySide6.QtGui import QFontMetrics, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from slop_qt.qt.theme import Theme
from slop_qt.widgets.stacked_bar import Segment

__all__ = ["BarLegend"]

_ROW = 18
_SWATCH, _GAP, _BETWEEN = 9, 5, 14


class BarLegend(QWidget):
    """As many rows as the width needs. Lives in the GUI thread."""

    def __init__(self, theme: Theme, name: str, spoken: str) -> None:
        super().__init__()
        self._theme = theme
        self._entries: tuple[Segment, ...] = ()
        self._hollow: Segment | None = None
        self.setObjectName(name)
        self.setAccessibleName(spoken)
        policy = QSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Minimum)
        policy.setHeightForWidth(True)
        self.setSizePolicy(policy)
        theme.changed.connect(self.update)

    def show_entries(self, entries: Sequence[Segment], room: Segment | None) -> None:
        """Say these; room, which has no colour of its own, comes last."""
        shown = (*entries, *([room] if room is not None else []))
        if (shown, room) == (self._entries, self._hollow):
            return
        self._entries, self._hollow = shown, room
        self.setAccessibleDescription("; ".join(entry.words for entry in shown))
        self.updateGeometry()
        self.update()

    @property
    def words(self) -> list[str]:
        """What it says, entry by entry."""
        return [entry.words for entry in self._entries]

    def heightForWidth(self, width: int) -> int:  # noqa: N802 - Qt's spelling
        places = self._places(width)
        return places[-1][1].bottom() + 1 if places else 0

    def sizeHint(self) -> QSize:
        return QSize(240, self.heightForWidth(max(self.width(), 240)))

    def minimumSizeHint(self) -> QSize:
        return QSize(80, _ROW if self._entries else 0)

    def paintEvent(self, _event: QPaintEvent) -> None:
        with QPainter(self) as painter:
            painter.setFont(self._theme.font(small=True))
            for entry, place in self._places(self.width()):
                swatch = QRect(place.left(), place.center().y() - _SWATCH // 2, _SWATCH, _SWATCH)
                if entry is self._hollow:
                    painter.setPen(self._theme.color("idle"))
                    painter.drawRect(swatch.adjusted(0, 0, -1, -1))
                else:
                    painter.fillRect(swatch, self._theme.color(entry.color))
                painter.setPen(self._theme.color("text"))
                words = place.adjusted(_SWATCH + _GAP, 0, 0, 0)
                shown = painter.fontMetrics().elidedText(entry.words, Qt.TextElideMode.ElideRight, words.width())
                painter.drawText(words, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, shown)

    def _places(self, width: int) -> list[tuple[Segment, QRect]]:
        metrics = QFontMetrics(self._theme.font(small=True))
        found, at = [], QPoint(0, 0)
        for entry in self._entries:
            taken = min(_SWATCH + _GAP + metrics.horizontalAdvance(entry.words) + 2, width)
            if at.x() and at.x() + taken > width:
                at = QPoint(0, at.y() + _ROW)
            found.append((entry, QRect(at.x(), at.y(), taken, _ROW)))
            at = QPoint(at.x() + taken + _BETWEEN, at.y())
        return found
