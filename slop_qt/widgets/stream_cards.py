"""Paints what a stream's text cannot say by itself: cards around tool calls, their icons, results and times."""

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QFontMetricsF, QPainter, QTextBlock

from slop_qt.core.stream_state import StreamItem
from slop_qt.qt.theme import Theme
from slop_qt.qt.words import clock
from slop_qt.widgets.stream_blocks import BlockKind

__all__ = ["CardPainter", "Mark"]

_MARGIN = 4
_ICON = 14
_RADIUS = 4


@dataclass(frozen=True, slots=True)
class Mark:
    """A block in view that is no plain text; for a card the call, its result, and whether one may still come."""

    block: QTextBlock
    kind: BlockKind
    rect: QRectF
    call: StreamItem | None = None
    result: StreamItem | None = None
    open: bool = True


class CardPainter:
    """Paints the marks of one view, `width` pixels wide. Lives in the GUI thread."""

    def __init__(self, theme: Theme, metrics: QFontMetricsF) -> None:
        self._theme = theme
        self._metrics = metrics

    def paint_below(self, painter: QPainter, marks: Sequence[Mark], width: float) -> None:
        """What is behind the text: a frame for each card together with its details."""
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(self._theme.color("line"))
        painter.setBrush(self._theme.color("raised"))
        for top, bottom in self._frames(marks):
            area = QRectF(_MARGIN, top + 1, width - 2 * _MARGIN, bottom - top - 2)
            painter.drawRoundedRect(area.adjusted(0.5, 0.5, -0.5, -0.5), _RADIUS, _RADIUS)

    def paint_above(self, painter: QPainter, marks: Sequence[Mark], width: float, scale: float) -> None:
        """What is in front of it: icons, and at the right what came of the call and when it was made."""
        painter.setFont(self._theme.font(small=True))
        for mark in marks:
            middle = self._middle_of(mark)
            spot = QPointF(_MARGIN + 6, middle - _ICON / 2)
            if mark.kind is BlockKind.RETRY:
                painter.drawPixmap(spot, self._theme.pixmap("retry", "waiting", scale, _ICON))
            elif mark.kind is BlockKind.CARD and mark.call is not None:
                icon, color, word = _outcome(mark)
                painter.drawPixmap(spot, self._theme.pixmap(icon, color, scale, _ICON))
                words = f"{word}  {clock(mark.call.time)}"
                room = painter.fontMetrics().horizontalAdvance(words) + 8
                area = QRectF(width - _MARGIN - 8 - room, middle - 8, room, 16)
                painter.fillRect(area, self._theme.color("raised"))
                painter.setPen(self._theme.color("muted" if color == "running" else color))
                painter.drawText(area, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, words)

    def _middle_of(self, mark: Mark) -> float:
        """Where the middle of the block's first line of words is: a card's line is higher than its words."""
        ascent = mark.block.layout().lineAt(0).ascent()
        return mark.rect.top() + ascent - self._metrics.ascent() + self._metrics.height() / 2

    def _frames(self, marks: Sequence[Mark]) -> list[tuple[float, float]]:
        frames: list[tuple[float, float]] = []
        for mark in marks:
            if mark.kind is BlockKind.CARD:
                layout, middle = mark.block.layout(), self._middle_of(mark)
                half = layout.lineAt(0).height() / 2
                frames.append((middle - half, max(mark.rect.top() + layout.boundingRect().height(), middle + half)))
            elif mark.kind is BlockKind.DETAIL:
                top = frames.pop()[0] if frames else mark.rect.top()
                frames.append((top, mark.rect.bottom() + 2))
        return frames


def _outcome(mark: Mark) -> tuple[str, str, str]:
    """Icon, colour and word."""
    if mark.result is not None:
        return ("done", "done", "ok") if mark.result.ok else ("failed", "failed", "failed")
    return ("running", "running", "…") if mark.open else ("cancelled", "idle", "no result")
