"""Paints the ticket graph: what depends on what, and how each stands."""

from PySide6.QtCore import QEvent, QModelIndex, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QHelpEvent,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPainterPath,
    QPaintEvent,
    QPen,
    QPolygonF,
    QTextLayout,
)
from PySide6.QtWidgets import QToolTip, QWidget

from slop_qt.core.tickets import Ticket
from slop_qt.qt.icons import ICON_SIZE
from slop_qt.qt.status import ticket_look
from slop_qt.qt.theme import Theme
from slop_qt.qt.ticket_model import TicketModel
from slop_qt.widgets.graph_layout import NODE_HEIGHT, NODE_WIDTH, GraphLayout, lay_out

__all__ = ["GraphView"]

_DIMMED = 0.55
_ARROW = 5.0
_RADIUS = 6.0
_LEFT = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter


class GraphView(QWidget):
    """All tickets of a TicketModel; put it into a scroll area. Lives in the GUI thread.

    Signals:
        chosen(str): the ticket that was clicked or gone to; "" for none.
    """

    chosen = Signal(str)

    def __init__(self, theme: Theme, model: TicketModel, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._model = model
        self._layout: GraphLayout = lay_out({})
        self._selected: str | None = None
        self.setObjectName("graph.view")
        self.setAccessibleName("Ticket graph")
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        model.modelReset.connect(self._lay_out)
        model.dataChanged.connect(self._ticket_changed)
        theme.changed.connect(self.update)
        self._lay_out()

    def select(self, ticket_id: str | None) -> None:
        """Show as selected what is selected elsewhere."""
        if ticket_id != self._selected:
            self._selected = ticket_id
            self.setAccessibleDescription(self._words(ticket_id))
            self.update()

    def rect_of(self, ticket_id: str) -> QRectF:
        """Where the ticket stands; empty where it is not."""
        if ticket_id not in self._layout.nodes:
            return QRectF()
        return QRectF(QPointF(*self._layout.nodes[ticket_id]), QSize(int(NODE_WIDTH), int(NODE_HEIGHT)))

    def sizeHint(self) -> QSize:
        return QSize(round(self._layout.width), round(self._layout.height))

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self.chosen.emit(self._at(event.position()) or "")

    def keyPressEvent(self, event: QKeyEvent) -> None:
        steps = {Qt.Key.Key_Left: (-1, 0), Qt.Key.Key_Right: (1, 0), Qt.Key.Key_Up: (0, -1), Qt.Key.Key_Down: (0, 1)}
        if event.key() in steps:
            self._go(*steps[Qt.Key(event.key())])
        else:
            super().keyPressEvent(event)

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.ToolTip and isinstance(event, QHelpEvent):
            words = self._words(self._at(QPointF(event.pos())))
            QToolTip.showText(event.globalPos(), words, self)
            return True
        return super().event(event)

    def paintEvent(self, event: QPaintEvent) -> None:
        with QPainter(self) as painter:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.fillRect(event.rect(), self._theme.color("panel"))
            related = self._related()
            for (source, target), points in self._layout.edges.items():
                lit = self._selected in {source, target}
                painter.setOpacity(1.0 if not related or lit else _DIMMED)
                self._paint_edge(painter, points, "accent" if lit else "idle")
            for ticket in self._model.tickets:
                rect = self.rect_of(ticket.id)
                if rect.intersects(QRectF(event.rect())):
                    painter.setOpacity(1.0 if not related or ticket.id in related else _DIMMED)
                    self._paint_node(painter, rect, ticket)

    def _paint_edge(self, painter: QPainter, points: tuple[tuple[float, float], ...], color: str) -> None:
        path = QPainterPath(QPointF(*points[0]))
        for number in range(0, len(points) - 1, 2):
            (x1, y1), (x2, y2) = points[number], points[number + 1]
            if number:
                path.lineTo(x1, y1)
            middle = (x1 + x2) / 2
            path.cubicTo(middle, y1, middle, y2, x2, y2)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(QPen(self._theme.color(color), 1.5))
        painter.drawPath(path)
        x, y = points[-1]
        painter.setBrush(self._theme.color(color))
        painter.drawPolygon(QPolygonF([QPointF(x, y), QPointF(x - _ARROW, y - 3), QPointF(x - _ARROW, y + 3)]))

    def _paint_node(self, painter: QPainter, rect: QRectF, ticket: Ticket) -> None:
        look = ticket_look(ticket.status)
        chosen = ticket.id == self._selected
        color = "accent" if chosen else "line" if look.color == "idle" else look.color
        painter.setPen(QPen(self._theme.color(color), 2.0 if chosen else 1.0))
        painter.setBrush(self._theme.color("selection" if chosen else "raised"))
        painter.drawRoundedRect(rect.adjusted(0.5, 0.5, -0.5, -0.5), _RADIUS, _RADIUS)
        pixmap = self._theme.pixmap(look.icon, look.color, self.devicePixelRatioF())
        painter.drawPixmap(QPointF(rect.left() + 8, rect.top() + 6), pixmap)
        painter.setFont(self._theme.font(small=True))
        head = QRectF(rect.left() + 12 + ICON_SIZE, rect.top() + 4, rect.width() - 20 - ICON_SIZE, 20)
        painter.setPen(self._theme.color(look.color))
        word = f"{look.word} #{ticket.attempt}" if ticket.attempt > 1 else look.word
        painter.drawText(head, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, word)
        painter.setPen(self._theme.color("muted"))
        painter.drawText(
            head, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, _short(painter, ticket.id, 86)
        )
        painter.setPen(self._theme.color("text"))
        self._paint_title(painter, QRectF(rect.left() + 10, rect.top() + 22, rect.width() - 18, 31), ticket.title)

    def _paint_title(self, painter: QPainter, area: QRectF, title: str) -> None:
        """In two lines of 15 pixels; what does not fit is cut at the end."""
        layout = QTextLayout(title, painter.font())
        layout.beginLayout()
        first = layout.createLine()
        first.setLineWidth(area.width())
        layout.endLayout()
        cut = first.textLength()
        rest = painter.fontMetrics().elidedText(title[cut:], Qt.TextElideMode.ElideRight, int(area.width()))
        lines = [title[:cut].rstrip(), rest] if rest else [title]
        top = area.top() if rest else area.top() + 7
        for number, line in enumerate(lines):
            painter.drawText(QRectF(area.left(), top + 15 * number, area.width(), 16), _LEFT, line)

    def _lay_out(self) -> None:
        self._layout = lay_out({ticket.id: ticket.depends_on for ticket in self._model.tickets})
        self.setMinimumSize(self.sizeHint())
        self.updateGeometry()
        self.update()

    def _ticket_changed(self, first: QModelIndex, last: QModelIndex) -> None:
        for ticket in self._model.tickets[first.row() : last.row() + 1]:
            self.update(self.rect_of(ticket.id).toAlignedRect().adjusted(-2, -2, 2, 2))

    def _related(self) -> set[str]:
        chosen = self._selected
        if chosen is None or chosen not in self._layout.nodes:
            return set()
        return {chosen, *(node for edge in self._layout.edges if chosen in edge for node in edge)}

    def _at(self, place: QPointF) -> str | None:
        return next((ticket_id for ticket_id in self._layout.nodes if self.rect_of(ticket_id).contains(place)), None)

    def _go(self, across: int, down: int) -> None:
        nodes = self._layout.nodes
        if self._selected is None or self._selected not in nodes:
            self.chosen.emit(next(iter(nodes), ""))
            return
        here = nodes[self._selected]

        def distance(node: str) -> float:
            return abs(nodes[node][0] - here[0]) + abs(nodes[node][1] - here[1])

        def ahead(node: str) -> bool:
            x, y = nodes[node]
            return (x - here[0]) * across > 0 if across else x == here[0] and (y - here[1]) * down > 0

        candidates = [node for node in nodes if ahead(node)]
        joined = [node for node in candidates if node in self._related()] if across else []
        best = min(joined or candidates, key=distance, default=None)
        if best is not None:
            self.chosen.emit(best)

    def _words(self, ticket_id: str | None) -> str:
        row = self._model.row_of(ticket_id)
        return str(self._model.index(row).data(Qt.ItemDataRole.ToolTipRole)) if row >= 0 else ""


def _short(painter: QPainter, text: str, width: int) -> str:
    return painter.fontMetrics().elidedText(text, Qt.TextElideMode.ElideMiddle, width)
