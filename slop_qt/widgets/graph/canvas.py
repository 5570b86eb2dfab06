"""The picture of a ticket graph: painted where it is visible, told to screen readers, with what is selected."""

from PySide6.QtCore import QEvent, QModelIndex, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QAccessible,
    QAccessibleAnnouncementEvent,
    QFocusEvent,
    QHelpEvent,
    QPainter,
    QPaintEvent,
    QPen,
)
from PySide6.QtWidgets import QToolTip, QWidget

from slop_qt.qt.theme import Theme
from slop_qt.qt.ticket_model import TicketModel
from slop_qt.widgets.graph.connecting import Connecting
from slop_qt.widgets.graph.edge_painter import EdgePainter, handle_center
from slop_qt.widgets.graph.layout import Edge
from slop_qt.widgets.graph.node_painter import LEAST_READABLE, NodePainter, NodeState
from slop_qt.widgets.graph.scene import GraphScene
from slop_qt.widgets.graph.zoom_area import ZoomArea

__all__ = ["GraphCanvas"]

_HINT = QSize(480, 320)
_BEYOND = 10  # pixels that a card's ring or handle reaches over its edge
_GRASP = 5.0  # pixels from an edge that still mean it


class GraphCanvas(ZoomArea):
    """All tickets of a TicketModel. Lives in the GUI thread.

    Painted by itself rather than as a QGraphicsScene: two thousand items would cost Python more than painting what is
    visible from one table, what is far away can be painted otherwise, and the layout owns all geometry already.

    Signals:
        chosen(str): the ticket that was clicked or gone to; "" for none.
    """

    chosen = Signal(str)

    def __init__(self, theme: Theme, model: TicketModel, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.theme = theme
        self.model = model
        self.scene = GraphScene({})
        self.selected: str | None = None
        self.selected_edge: Edge | None = None
        self.connecting: Connecting | None = None
        self.is_editable = False
        self.hovered: str | None = None
        self._pointer = QPointF()
        self.target: str | None = None
        self._nodes = NodePainter(theme)
        self._edges = EdgePainter(theme)
        self.setObjectName("graph.view")
        self.setAccessibleName("Ticket graph")
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        model.modelReset.connect(self._lay_out)
        model.dataChanged.connect(self._tickets_changed)
        theme.changed.connect(self._restyle)
        self._lay_out()

    def select(self, ticket_id: str | None) -> None:
        """Show as selected what is selected elsewhere."""
        if (ticket_id or None) != self.selected:
            self.selected, self.selected_edge = ticket_id or None, None
            self.tell_selection()

    def select_edge(self, edge: Edge | None) -> None:
        """Show that dependency as selected; the selected ticket stays."""
        if edge != self.selected_edge:
            self.selected_edge = edge
            self.tell_selection()

    def rect_of(self, ticket_id: str | None) -> QRectF:
        """Where the ticket stands in the picture; empty where it is not."""
        return QRectF(self.scene.rects.get(ticket_id or "", QRectF()))

    def view_rect_of(self, ticket_id: str | None) -> QRectF:
        """Where the ticket stands in the viewport."""
        return self.transform().mapRect(self.rect_of(ticket_id))

    def show_from_start(self) -> None:
        """It is another graph now: show it as one that was never seen."""
        self.set_content_size(self.scene.size, fresh=True)

    def reveal_selected(self) -> None:
        """Scroll to the selected ticket."""
        rect = self.rect_of(self.selected)
        if not rect.isEmpty():
            self.reveal(rect)

    def node_at(self, place: QPointF) -> str | None:
        """The ticket at that place of the viewport."""
        return self.scene.node_at(self.to_content(place))

    def edges_at(self, place: QPointF) -> list[Edge]:
        """The dependencies at that place of the viewport."""
        return self.scene.edges_at(self.to_content(place), _GRASP / self.zoom)

    def words(self, ticket_id: str | None) -> str:
        """All that is to be said of a ticket."""
        row = self.model.row_of(ticket_id)
        return str(self.model.index(row).data(Qt.ItemDataRole.ToolTipRole)) if row >= 0 else ""

    def hover(self, ticket_id: str | None) -> None:
        """The mouse is over that ticket now."""
        if ticket_id != self.hovered:
            for each in (self.hovered, ticket_id):
                self._update_node(each)
            self.hovered = ticket_id

    def aim(self, target: str | None, pointer: QPointF) -> None:
        """While something is being connected: it leads to that ticket, or to that place of the viewport."""
        self.target, self._pointer = target, pointer
        self.viewport().update()

    def sizeHint(self) -> QSize:
        return _HINT

    def viewportEvent(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.ToolTip and isinstance(event, QHelpEvent):
            if self.connecting is None:
                place = QPointF(event.pos())
                QToolTip.showText(event.globalPos(), self.words(self.node_at(place)) or self._edge_words(place), self)
            return True
        return super().viewportEvent(event)

    def focusInEvent(self, event: QFocusEvent) -> None:
        super().focusInEvent(event)
        self.viewport().update()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        self.viewport().update()

    def paintEvent(self, event: QPaintEvent) -> None:
        with QPainter(self.viewport()) as painter:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
            painter.fillRect(event.rect(), self.theme.color("panel"))
            transform = self.transform()
            area = transform.inverted()[0].mapRect(QRectF(event.rect())).adjusted(-8, -8, 8, 8)
            related = self._related()
            painter.setTransform(transform)
            self._paint_edges(painter, area, related)
            readable = self.zoom >= LEAST_READABLE
            if not readable:
                painter.resetTransform()
            for name, rect in self.scene.nodes_in(area):
                ticket, state = self.model.ticket(name), self._state_of(name, related)
                if ticket is None:
                    continue
                if readable:
                    self._nodes.paint(painter, rect, ticket, self.model.note(name), state)
                else:
                    self._nodes.paint_small(painter, transform.mapRect(rect), ticket, self.model.note(name), state)
            painter.setTransform(transform)
            self._paint_tools(painter)
            painter.resetTransform()
            self._paint_focus(painter)

    def _paint_edges(self, painter: QPainter, area: QRectF, related: set[str]) -> None:
        lit = []
        for edge in self.scene.edges_in(area):
            if edge == self.selected_edge or (self.selected is not None and self.selected in edge):
                lit.append(edge)
                continue
            is_circular = edge in self.scene.layout.circular
            dimmed = bool(related) and not is_circular and not (edge[0] in related and edge[1] in related)
            color = "failed" if is_circular else "idle"
            self._edges.paint(painter, self.scene.path(edge), color, strong=False, dimmed=dimmed)
        for edge in lit:
            color = "failed" if edge in self.scene.layout.circular else "accent"
            strong = edge == self.selected_edge
            self._edges.paint(painter, self.scene.path(edge), color, strong=strong, dimmed=False)
        for name in self.scene.layout.broken:
            self._edges.paint_broken(painter, self.scene.rects[name])

    def _state_of(self, name: str, related: set[str]) -> NodeState:
        connecting = self.connecting
        if connecting is not None:
            possible, aimed, chosen = connecting.is_possible(name), name == self.target, name == connecting.source
            return NodeState(
                chosen=chosen,
                marked=aimed and possible,
                barred=aimed and not possible,
                dimmed=not possible and not aimed and not chosen,
            )
        return NodeState(
            chosen=name == self.selected,
            focused=name == self.selected and self.selected_edge is None and self.hasFocus(),
            hovered=name == self.hovered,
            dimmed=bool(related) and name not in related,
        )

    def _paint_tools(self, painter: QPainter) -> None:
        """What stands above the cards: the handles, and the dependency that is being drawn."""
        if self.connecting is not None:
            start = handle_center(self.rect_of(self.connecting.source))
            target = self.rect_of(self.target)
            end = QPointF(target.left(), target.center().y()) if self.target else self.to_content(self._pointer)
            possible = self.target is None or self.connecting.is_possible(self.target)
            self._edges.paint_drawn(painter, start, end, possible=possible)
        elif self.is_editable and self.zoom >= LEAST_READABLE:
            for name in {self.selected, self.hovered} & self.scene.rects.keys():
                self._edges.paint_handle(painter, self.rect_of(name))

    def _paint_focus(self, painter: QPainter) -> None:
        if self.hasFocus():
            painter.setOpacity(1.0)
            painter.setPen(QPen(self.theme.color("accent"), 1.0))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRect(QRectF(self.viewport().rect()).adjusted(0.5, 0.5, -0.5, -0.5))

    def _related(self) -> set[str]:
        if self.connecting is not None:
            return set()
        if self.selected_edge is not None:
            return set(self.selected_edge)
        return self.scene.related(self.selected)

    def _edge_words(self, place: QPointF) -> str:
        return "\n".join(f"{target} depends on {source}." for source, target in self.edges_at(place))

    def tell_selection(self) -> None:
        """Paint what is selected, and say it to who does not see it."""
        if self.selected_edge is not None:
            source, target = self.selected_edge
            self.say(f"The dependency of {target} on {source}.")
        else:
            self.say(self.words(self.selected))
        self.viewport().update()

    def say(self, words: str) -> None:
        """Let a screen reader know what is in question; read it out to who works here."""
        if words != self.accessibleDescription():
            self.setAccessibleDescription(words)
            if words and self.hasFocus():
                QAccessible.updateAccessibility(QAccessibleAnnouncementEvent(self, words))

    def _lay_out(self) -> None:
        was_empty = not self.scene.rects
        shown = self.view_rect_of(self.selected)
        held = shown.topLeft() if shown.intersects(QRectF(self.viewport().rect())) else None
        graph: dict[str, tuple[str, ...]] = {}
        for ticket in self.model.tickets:
            graph.setdefault(ticket.id, ticket.depends_on)
        self.scene = GraphScene(graph)
        self._nodes.forget()
        self.connecting = None
        self.hovered = None
        if self.selected_edge not in self.scene.layout.edges:
            self.selected_edge = None
        self.set_content_size(self.scene.size, fresh=was_empty)
        if held is not None and not self.rect_of(self.selected).isEmpty():
            self.scroll_by(self.view_rect_of(self.selected).topLeft() - held)
        self.tell_selection()

    def _tickets_changed(self, first: QModelIndex, last: QModelIndex) -> None:
        for ticket in self.model.tickets[first.row() : last.row() + 1]:
            self._nodes.forget(ticket.id)
            self._update_node(ticket.id)
            if ticket.id == self.selected:
                self.tell_selection()

    def _update_node(self, ticket_id: str | None) -> None:
        """Paint the ticket again, with its handle and its ring."""
        beyond = _BEYOND
        self.viewport().update(self.view_rect_of(ticket_id).toAlignedRect().adjusted(-beyond, -beyond, beyond, beyond))

    def _restyle(self) -> None:
        self._nodes.forget()
        self.viewport().update()
