"""Paints tickets as cards: in full, and from afar as much as can still be read."""

from dataclasses import dataclass

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QPainter, QPen, QStaticText, QTextLayout, QTransform

from slop_qt.core.tickets import Ticket
from slop_qt.qt.icons import ICON_SIZE
from slop_qt.qt.status import Look, ticket_look
from slop_qt.qt.theme import Theme
from slop_qt.qt.ticket_notes import TicketNote
from slop_qt.widgets.graph.layout import NODE_WIDTH

__all__ = ["LEAST_READABLE", "NodePainter", "NodeState"]

LEAST_READABLE = 0.7  # the zoom below which a card's words would be too small, and only id and icon are painted

_RADIUS = 6.0
_DIMMED = 0.5
_LEFT, _HEAD, _FIRST, _SECOND = 9.0, 4.0, 20.0, 36.0  # where the lines of a card begin
_TEXT_WIDTH = NODE_WIDTH - 2 * _LEFT
_ID_LEFT = _LEFT + ICON_SIZE + 5
_LEAST_FOR_TWO = 27  # pixels of height in which id and status can stand below each other
_MIDDLE = Qt.TextElideMode.ElideMiddle
_TINT = 0.14  # how much of its status' colour a card has from afar


@dataclass(frozen=True, slots=True)
class NodeState:
    """How a card is painted beyond what its ticket says. focused: keys go to it. barred: it is not to be chosen now."""

    chosen: bool = False
    focused: bool = False
    hovered: bool = False
    dimmed: bool = False
    marked: bool = False
    barred: bool = False


@dataclass(frozen=True, slots=True)
class _Words:
    """A card's texts, cut to their places and laid out."""

    name: QStaticText
    state: QStaticText
    state_left: float
    first: QStaticText
    first_top: float
    second: QStaticText
    second_color: str


class NodePainter:
    """Keeps the laid out words of each card until its ticket changes. Lives in the GUI thread."""

    def __init__(self, theme: Theme) -> None:
        self._theme = theme
        self._words: dict[str, _Words] = {}
        self._tints: dict[str, QColor] = {}
        self._sized: dict[int, tuple[QFont, QFontMetricsF]] = {}
        self._font = theme.font(small=True)
        self._metrics = QFontMetricsF(self._font)

    def forget(self, ticket_id: str | None = None) -> None:
        """That ticket's words are others now; None: all tickets', or the fonts."""
        if ticket_id is not None:
            self._words.pop(ticket_id, None)
            return
        self._words.clear()
        self._sized.clear()
        self._tints.clear()
        self._font = self._theme.font(small=True)
        self._metrics = QFontMetricsF(self._font)

    def paint(self, painter: QPainter, rect: QRectF, ticket: Ticket, note: TicketNote, state: NodeState) -> None:
        """One card in full, on a painter that is in the graph's pixels."""
        look = _look(ticket, note)
        painter.setOpacity(_DIMMED if state.dimmed else 1.0)
        self._paint_card(painter, rect, look, state, self._theme.color("raised"))
        words = self._words.get(ticket.id)
        if words is None:
            words = self._words[ticket.id] = self._lay_out(ticket, note, look)
        scale = painter.transform().m11() * painter.device().devicePixelRatioF()
        pixmap = self._theme.pixmap(look.icon, look.color, max(1.0, round(scale * 4) / 4))
        painter.drawPixmap(QRectF(rect.left() + _LEFT, rect.top() + _HEAD, ICON_SIZE, ICON_SIZE), pixmap, pixmap.rect())
        painter.setFont(self._font)
        for color, left, top, text in (
            ("muted", _ID_LEFT, _HEAD, words.name),
            (look.color, words.state_left, _HEAD, words.state),
            ("text", _LEFT, words.first_top, words.first),
            (words.second_color, _LEFT, _SECOND, words.second),
        ):
            painter.setPen(self._theme.color(color))
            painter.drawStaticText(QPointF(rect.left() + left, rect.top() + top), text)

    def paint_small(self, painter: QPainter, rect: QRectF, ticket: Ticket, note: TicketNote, state: NodeState) -> None:
        """One card from afar: rect and painter are in the view's pixels. Icon and id stay as large as there is room."""
        look = _look(ticket, note)
        painter.setOpacity(_DIMMED if state.dimmed else 1.0)
        if look.color not in self._tints:
            self._tints[look.color] = _mixed(self._theme.color("raised"), self._theme.color(look.color), _TINT)
        self._paint_card(painter, rect, look, state, self._tints[look.color])
        size = min(rect.height() - 3, float(ICON_SIZE))
        if size < 4:
            return
        scale = max(1.0, size / ICON_SIZE) * painter.device().devicePixelRatioF()
        pixmap = self._theme.pixmap(look.icon, look.color, scale)
        middle = rect.center().y()
        gap = (rect.height() - size) / 2 if rect.height() < ICON_SIZE + 8 else 4.0
        painter.drawPixmap(QRectF(rect.left() + gap, middle - size / 2, size, size), pixmap, pixmap.rect())
        left = rect.left() + gap + size + 3
        room = QRectF(left, rect.top(), rect.right() - left - 2, rect.height())
        if rect.height() < _LEAST_FOR_TWO:
            self._paint_line(painter, room, ticket.id, "text", max(6, min(13, int(rect.height() * 0.66))))
            return
        half = room.height() / 2
        self._paint_line(painter, room.adjusted(0, 2, 0, -half), ticket.id, "text", min(12, int(half * 0.8)))
        self._paint_line(painter, room.adjusted(0, half, 0, -2), look.word, look.color, min(11, int(half * 0.75)))

    def _paint_line(self, painter: QPainter, room: QRectF, text: str, color: str, pixels: int) -> None:
        if pixels not in self._sized:
            font = self._theme.font(small=True)
            font.setPixelSize(pixels)
            self._sized[pixels] = (font, QFontMetricsF(font))
        font, metrics = self._sized[pixels]
        painter.setFont(font)
        painter.setPen(self._theme.color(color))
        base = room.center().y() + (metrics.ascent() - metrics.descent()) / 2
        painter.drawText(QPointF(room.left(), base), metrics.elidedText(text, _MIDDLE, room.width()))

    def _paint_card(self, painter: QPainter, rect: QRectF, look: Look, state: NodeState, back: QColor) -> None:
        loud = state.chosen or state.marked
        color = "failed" if state.barred else "accent" if loud else "line" if look.color == "idle" else look.color
        thin = 1.0 / painter.transform().m11()
        radius = _RADIUS if rect.height() > 24 else rect.height() / 5
        if state.focused:
            painter.setPen(QPen(self._theme.color("accent"), 1.5 * thin))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(rect.adjusted(-3.5, -3.5, 3.5, 3.5), radius + 3, radius + 3)
        painter.setPen(QPen(self._theme.color(color), 2 * thin if loud or state.barred else thin))
        painter.setBrush(self._theme.color("selection" if loud else "hover") if loud or state.hovered else back)
        painter.drawRoundedRect(rect.adjusted(0.5, 0.5, -0.5, -0.5), radius, radius)

    def _lay_out(self, ticket: Ticket, note: TicketNote, look: Look) -> _Words:
        """Id and status in the first line; below it the title, in two lines if nothing else is to be said."""
        state = f"{look.word} #{ticket.attempt}" if ticket.attempt > 1 else look.word
        wide = self._metrics.horizontalAdvance(state)
        state_left = NODE_WIDTH - _LEFT - wide
        name = self._cut(ticket.id, state_left - _ID_LEFT - 8, _MIDDLE)
        below = note.problem or note.why or ticket.reason or ("" if ticket.status.ended else note.worker)
        if below:
            first, second = self._cut(ticket.title, _TEXT_WIDTH), self._cut(below, _TEXT_WIDTH)
        else:
            first, second = self._two_lines(ticket.title)
        return _Words(
            name=self._static(name),
            state=self._static(state),
            state_left=state_left,
            first=self._static(first),
            first_top=_FIRST if second else (_FIRST + _SECOND) / 2,
            second=self._static(second),
            second_color="failed" if note.problem else "muted" if below else "text",
        )

    def _two_lines(self, title: str) -> tuple[str, str]:
        layout = QTextLayout(title, self._font)
        layout.beginLayout()
        line = layout.createLine()
        line.setLineWidth(_TEXT_WIDTH)
        layout.endLayout()
        cut = line.textLength()
        return title[:cut].rstrip(), self._cut(title[cut:], _TEXT_WIDTH)

    def _cut(self, text: str, width: float, where: Qt.TextElideMode = Qt.TextElideMode.ElideRight) -> str:
        return self._metrics.elidedText(" ".join(text.split()), where, width)

    def _static(self, text: str) -> QStaticText:
        static = QStaticText(text)
        static.setTextFormat(Qt.TextFormat.PlainText)
        static.prepare(QTransform(), self._font)
        return static


def _look(ticket: Ticket, note: TicketNote) -> Look:
    """As its status looks; what cannot be run as it is looks failed."""
    return Look("failed", "To be mended", "failed") if note.problem else ticket_look(ticket.status)


def _mixed(back: QColor, front: QColor, part: float) -> QColor:
    return QColor.fromRgbF(
        back.redF() + (front.redF() - back.redF()) * part,
        back.greenF() + (front.greenF() - back.greenF()) * part,
        back.blueF() + (front.blueF() - back.blueF()) * part,
    )
