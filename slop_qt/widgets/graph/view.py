"""The ticket graph that one walks through and changes, by mouse and by keyboard."""

from PySide6.QtCore import QEvent, QPoint, QPointF, Qt, Signal
from PySide6.QtGui import QContextMenuEvent, QKeyEvent, QMouseEvent
from PySide6.QtWidgets import QApplication, QToolTip, QWidget

from slop_qt.qt.theme import Theme
from slop_qt.qt.ticket_model import TicketModel
from slop_qt.widgets.graph.canvas import GraphCanvas
from slop_qt.widgets.graph.connecting import Connecting
from slop_qt.widgets.graph.edge_painter import HANDLE_RADIUS, handle_center
from slop_qt.widgets.graph.keys import GraphKeys
from slop_qt.widgets.graph.menu import build_menu, edge_entries, empty_entries, ticket_entries
from slop_qt.widgets.graph.node_painter import LEAST_READABLE

__all__ = ["GraphView"]

_LEFT = Qt.MouseButton.LeftButton


class GraphView(GraphCanvas):
    """Says what the person wants of tickets, and never changes one itself. Lives in the GUI thread.

    Signals:
        ticket_opened(str): the ticket is to be seen in full.
        connect_wanted(str, str): the second ticket is to depend on the first.
        disconnect_wanted(str, str): the second ticket is to depend on the first no longer.
        remove_wanted(str): the ticket is to go.
        add_wanted(str): a new ticket, to depend on that one; on none if "".
        hint_changed(str): what the next click or key would do while a dependency is drawn, or why it cannot; else "".
    """

    ticket_opened = Signal(str)
    connect_wanted = Signal(str, str)
    disconnect_wanted = Signal(str, str)
    remove_wanted = Signal(str)
    add_wanted = Signal(str)
    hint_changed = Signal(str)

    def __init__(self, theme: Theme, model: TicketModel, parent: QWidget | None = None) -> None:
        super().__init__(theme, model, parent)
        self._fixed: frozenset[str] = frozenset()
        self._keys = GraphKeys(self)
        self._pressed: QPoint | None = None
        self._is_dragging = False
        model.modelAboutToBeReset.connect(self.stop_connecting)

    @property
    def current(self) -> str | None:
        """The ticket from which keys go on: the one that is aimed at, or selected."""
        if self.connecting is not None:
            return self.target or self.connecting.source
        return self.selected if self.selected in self.scene.rects else None

    def set_editing(self, editable: bool, fixed: frozenset[str] = frozenset()) -> None:
        """Whether tickets can be changed here, and which of them can no longer, since they have started."""
        if (editable, fixed) != (self.is_editable, self._fixed):
            self.is_editable, self._fixed = editable, fixed
            self.stop_connecting()
            self.viewport().update()

    def hindrance(self, ticket_id: str | None = None) -> str:
        """Why that ticket (None: anything) cannot be changed, as a sentence; empty where it can."""
        if not self.is_editable:
            return "These tickets cannot be edited now."
        return f"{ticket_id} has started: it stays as it is." if ticket_id in self._fixed else ""

    def start_connecting(self, source: str) -> None:
        """Let the person say which ticket is to depend on that one: by a click, or by going there and Return."""
        if self.is_editable and source in self.scene.rects:
            graph = {ticket.id: ticket.depends_on for ticket in self.model.tickets}
            self.connecting = Connecting(source, graph, self._fixed)
            self._aim(None, self.view_rect_of(source).center())

    def stop_connecting(self) -> None:
        """Connect nothing after all."""
        self._is_dragging = False
        if self.connecting is not None:
            self.connecting = None
            self.aim(None, QPointF())
            QToolTip.hideText()
            self.hint_changed.emit("")
            self.tell_selection()

    def go_to(self, ticket_id: str | None) -> None:
        """Select that ticket, or aim at it while something is connected, and see to it that it is in view."""
        if ticket_id not in self.scene.rects:
            return
        self.reveal(self.rect_of(ticket_id))
        if self.connecting is not None:
            self._aim(ticket_id, self.view_rect_of(ticket_id).center())
        else:
            self._choose(ticket_id)

    def place_of(self, text: str) -> QPoint | None:
        """The middle of a ticket's card in the viewport, scrolled into view; None where there is no such ticket."""
        if text not in self.scene.rects:
            return None
        self.reveal(self.rect_of(text))
        return self.view_rect_of(text).center().toPoint()

    def confirm(self) -> None:
        """Connect what is aimed at, or open the selected ticket."""
        if self.connecting is not None:
            self._connect(self.target)
        elif self.selected is not None:
            self.ticket_opened.emit(self.selected)

    def give_up(self) -> None:
        """Stop connecting; else select less than now."""
        if self.connecting is not None:
            self.stop_connecting()
        elif self.selected_edge is not None:
            self.select_edge(None)
        else:
            self._choose(None)

    def delete_selected(self) -> None:
        """Ask for the end of the selected dependency, else of the selected ticket."""
        edge, ticket_id = self.selected_edge, self.selected
        changed = edge[1] if edge is not None else ticket_id
        if changed is None or self.connecting is not None or self.hindrance(changed):
            self.hint_changed.emit(self.hindrance(changed) if changed else "")
        elif edge is not None:
            self.disconnect_wanted.emit(*edge)
        else:
            self.remove_wanted.emit(ticket_id)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() != _LEFT:
            super().mousePressEvent(event)
            return
        place = event.position()
        handle, node = self._handle_at(place), self.node_at(place)
        if self.connecting is not None:
            self._connect(node)
        elif handle is not None:
            self._choose(handle)
            self.start_connecting(handle)
            self._is_dragging = True
        elif node is not None:
            self._choose(node)
        elif edges := self.edges_at(place):
            at = edges.index(self.selected_edge) + 1 if self.selected_edge in edges else 0
            self.select_edge(edges[at % len(edges)])  # where several share their way, another click means the next
        else:
            self._pressed = place.toPoint()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        place = event.position()
        if self.connecting is not None:
            self._aim(self.node_at(place), place)
        elif self._pressed is not None:
            if (place.toPoint() - self._pressed).manhattanLength() >= QApplication.startDragDistance():
                self.grab_content(self._pressed)
                self._pressed = None
        else:
            self.hover(self._handle_at(place) or self.node_at(place))
        super().mouseMoveEvent(event)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if self._is_dragging and self.connecting is not None:
            self._is_dragging = False
            node = self.node_at(event.position())
            if node != self.connecting.source:  # there it was a click on the handle: the next click says where to
                self._connect(node)
                self.stop_connecting()
        elif self._pressed is not None:
            self._pressed = None
            self._choose(None)
        super().mouseReleaseEvent(event)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        node = self.node_at(event.position())
        if node is not None and event.button() == _LEFT and self._handle_at(event.position()) is None:
            self.ticket_opened.emit(node)

    def leaveEvent(self, event: QEvent) -> None:
        super().leaveEvent(event)
        self.hover(None)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if not self._keys.press(event):
            super().keyPressEvent(event)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        self.stop_connecting()
        where = event.globalPos()
        if event.reason() == QContextMenuEvent.Reason.Mouse:
            place = QPointF(self.viewport().mapFromGlobal(where))
            node, edges = self.node_at(place), self.edges_at(place)
            if node is not None or not edges:
                self._choose(node)
            elif self.selected_edge not in edges:
                self.select_edge(edges[0])
        else:
            where = self.viewport().mapToGlobal(self.view_rect_of(self.selected).center().toPoint())
        if self.selected_edge is not None:
            entries = edge_entries(self, self.selected_edge)
        else:
            entries = ticket_entries(self, self.selected) if self.selected else empty_entries(self)
        build_menu(self, entries).popup(where)

    def _choose(self, ticket_id: str | None) -> None:
        self.select_edge(None)
        self.select(ticket_id)
        self.chosen.emit(ticket_id or "")

    def _connect(self, target: str | None) -> None:
        """Ask for it if it can be; if not, the sentence that says why stays to be read."""
        connecting = self.connecting
        if connecting is None or target is None:
            self.stop_connecting()
        elif not connecting.hindrance(target):
            self.stop_connecting()
            self.connect_wanted.emit(connecting.source, target)

    def _aim(self, target: str | None, place: QPointF) -> None:
        connecting = self.connecting
        if connecting is None:
            return
        at_source = target is None or target == connecting.source
        self.aim(None if at_source else target, place)
        if target is None or at_source:
            QToolTip.hideText()
            words = f"Choose the ticket that is to depend on {connecting.source}. Esc ends this."
        else:
            hindrance = connecting.hindrance(target)
            words = hindrance or connecting.promise(target)
            QToolTip.showText(self.viewport().mapToGlobal(place.toPoint()), hindrance, self)
        self.say(words)
        self.hint_changed.emit(words)

    def _handle_at(self, place: QPointF) -> str | None:
        """The ticket whose handle is there. Only a card that is selected or under the mouse shows one."""
        if not self.is_editable or self.zoom < LEAST_READABLE:
            return None
        point = self.to_content(place)
        for name in (self.selected, self.hovered):
            if name in self.scene.rects:
                way = point - handle_center(self.rect_of(name))
                if way.manhattanLength() <= 1.5 * HANDLE_RADIUS:
                    return name
        return None
