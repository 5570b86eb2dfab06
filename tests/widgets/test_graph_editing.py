"""Dependencies are drawn and cut in the graph; what cannot be says why; the graph itself changes nothing."""

import pytest
import story
from graph_support import Graph, sound_graphs
from hypothesis import given
from hypothesis import strategies as st
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QAction, QContextMenuEvent
from PySide6.QtWidgets import QApplication, QMenu, QToolTip
from pytestqt.qtbot import QtBot
from window_support import Stage

from slop_qt.core.tickets import Ticket, cycles
from slop_qt.qt.ticket_model import TicketModel
from slop_qt.widgets.graph.connecting import Connecting
from slop_qt.widgets.graph.edge_painter import handle_center
from slop_qt.widgets.graph.view import GraphView

LEFT = Qt.MouseButton.LeftButton
SHIFT = Qt.KeyboardModifier.ShiftModifier
GRAPH = {ticket.id: ticket.depends_on for ticket in story.planned()}
CIRCLE = "The tickets would depend on each other in a circle: T-001 → T-004 → T-003 → T-001."


class Wishes:
    """What a graph said that the person wants."""

    def __init__(self, view: GraphView) -> None:
        self.heard: list[tuple[str, ...]] = []
        self.hints: list[str] = []
        view.connect_wanted.connect(lambda *ids: self.heard.append(("connect", *ids)))
        view.disconnect_wanted.connect(lambda *ids: self.heard.append(("disconnect", *ids)))
        view.remove_wanted.connect(lambda name: self.heard.append(("remove", name)))
        view.add_wanted.connect(lambda name: self.heard.append(("add", name)))
        view.ticket_opened.connect(lambda name: self.heard.append(("open", name)))
        view.hint_changed.connect(self.hints.append)


@pytest.fixture
def view(stage: Stage, qtbot: QtBot) -> GraphView:
    model = TicketModel()
    view = GraphView(stage.theme, model)
    model.setParent(view)
    model.set_tickets(story.planned())
    view.set_editing(True, frozenset({"T-003"}))
    qtbot.addWidget(view)
    view.resize(1100, 500)
    view.show()
    qtbot.waitActive(view)
    view.setFocus()
    return view


@pytest.fixture
def wishes(view: GraphView) -> Wishes:
    return Wishes(view)


def place(view: GraphView, name: str) -> QPoint:
    return view.view_rect_of(name).center().toPoint()


def handle(view: GraphView, name: str) -> QPoint:
    return view.transform().map(handle_center(view.rect_of(name))).toPoint()


def drag(view: GraphView, qtbot: QtBot, source: str, end: QPoint) -> None:
    """Over the card, so that its handle appears, then from the handle to `end`, still pressed."""
    qtbot.mouseMove(view.viewport(), place(view, source))
    start = handle(view, source)
    qtbot.mouseMove(view.viewport(), start)
    qtbot.mousePress(view.viewport(), LEFT, pos=start)
    qtbot.mouseMove(view.viewport(), (start + end) / 2)
    qtbot.mouseMove(view.viewport(), end)


def menu_of(view: GraphView, at: QPoint | None = None) -> dict[str, QAction]:
    """The menu's entries by their object names, after a right click there or the menu key."""
    reason = QContextMenuEvent.Reason.Keyboard if at is None else QContextMenuEvent.Reason.Mouse
    spot = at or QPoint(0, 0)
    QApplication.sendEvent(view.viewport(), QContextMenuEvent(reason, spot, view.viewport().mapToGlobal(spot)))
    menu = [child for child in view.findChildren(QMenu, "graph.menu") if child.isVisible()][-1]
    return {action.objectName().removeprefix("graph.menu."): action for action in menu.actions()}


def close_menu(view: GraphView) -> None:
    for menu in view.findChildren(QMenu, "graph.menu"):
        menu.close()


def test_dragging_from_a_handle_to_another_ticket_connects(view: GraphView, wishes: Wishes, qtbot: QtBot) -> None:
    drag(view, qtbot, "T-002", place(view, "T-004"))
    assert wishes.hints[-1] == "T-004 will depend on T-002."
    drawn = view.viewport().grab().toImage()
    qtbot.mouseRelease(view.viewport(), LEFT, pos=place(view, "T-004"))
    assert wishes.heard == [("connect", "T-002", "T-004")]
    assert wishes.hints[-1] == ""
    assert view.viewport().grab().toImage() != drawn
    assert view.model.tickets == story.planned()


@pytest.mark.parametrize(
    ("source", "target", "why"),
    [
        ("T-004", "T-001", CIRCLE),
        ("T-002", "T-003", "T-003 has started: what it depends on stays as it is."),
        ("T-002", "T-007", "T-007 depends on T-002 already."),
    ],
)
def test_what_cannot_be_connected_says_why(
    view: GraphView, wishes: Wishes, qtbot: QtBot, source: str, target: str, why: str
) -> None:
    drag(view, qtbot, source, place(view, target))
    assert wishes.hints[-1] == why
    assert QToolTip.text() == why
    assert view.accessibleDescription() == why
    qtbot.mouseRelease(view.viewport(), LEFT, pos=place(view, target))
    assert wishes.heard == []
    assert view.connecting is None


def test_dropped_on_nothing_it_is_nothing(view: GraphView, wishes: Wishes, qtbot: QtBot) -> None:
    drag(view, qtbot, "T-002", QPoint(5, 5))
    assert wishes.hints[-1] == "Choose the ticket that is to depend on T-002. Esc ends this."
    qtbot.mouseRelease(view.viewport(), LEFT, pos=QPoint(5, 5))
    assert (wishes.heard, view.connecting) == ([], None)


def test_a_click_on_the_handle_and_one_on_the_target_connect_too(view: GraphView, wishes: Wishes, qtbot: QtBot) -> None:
    view.go_to("T-002")
    qtbot.mouseClick(view.viewport(), LEFT, pos=handle(view, "T-002"))
    qtbot.mouseMove(view.viewport(), place(view, "T-004"))
    qtbot.mouseClick(view.viewport(), LEFT, pos=place(view, "T-004"))
    assert wishes.heard == [("connect", "T-002", "T-004")]


def test_connecting_by_keyboard_alone(view: GraphView, wishes: Wishes, qtbot: QtBot) -> None:
    view.go_to("T-001")
    menu_of(view)["connect"].trigger()
    close_menu(view)
    qtbot.keyClicks(view, "t-006")
    assert view.accessibleDescription() == "T-006 will depend on T-001."
    assert view.selected == "T-001"
    qtbot.keyClick(view, Qt.Key.Key_Return)
    assert wishes.heard == [("connect", "T-001", "T-006")]
    view.start_connecting("T-004")
    qtbot.keyClick(view, Qt.Key.Key_Home)
    qtbot.keyClick(view, Qt.Key.Key_Return)
    assert wishes.hints[-1] == CIRCLE  # refused: it stays to be read, and another can be chosen
    qtbot.keyClick(view, Qt.Key.Key_Escape)
    assert (view.connecting, view.selected) == (None, "T-001")
    assert view.accessibleDescription().startswith("T-001: ")


def test_a_dependency_is_cut_with_delete_and_with_the_menu(view: GraphView, wishes: Wishes, qtbot: QtBot) -> None:
    view.go_to("T-007")
    qtbot.keyClick(view, Qt.Key.Key_Left, SHIFT)
    edge = view.selected_edge
    assert edge is not None
    qtbot.keyClick(view, Qt.Key.Key_Delete)
    end = view.view_rect_of("T-007")
    spot = QPointF(end.left() - 8, end.center().y()).toPoint()
    entries = menu_of(view, spot)
    assert list(entries) == ["disconnect"]
    assert entries["disconnect"].text().startswith("Disconnect T-007 from ")
    entries["disconnect"].trigger()
    close_menu(view)
    assert [wish[0] for wish in wishes.heard] == ["disconnect", "disconnect"]
    assert wishes.heard[0] == ("disconnect", *edge)


def test_what_has_started_stays(view: GraphView, wishes: Wishes, qtbot: QtBot) -> None:
    view.select_edge(("T-001", "T-003"))
    qtbot.keyClick(view, Qt.Key.Key_Delete)
    assert not menu_of(view)["disconnect"].isEnabled()
    close_menu(view)
    view.go_to("T-003")
    qtbot.keyClick(view, Qt.Key.Key_Delete)
    assert wishes.hints[-1] == "T-003 has started: it stays as it is."
    entries = menu_of(view)
    close_menu(view)
    assert {name: action.isEnabled() for name, action in entries.items()} == {
        "edit": True,
        "add": True,
        "connect": True,
        "remove": False,
    }
    assert entries["remove"].toolTip() == "T-003 has started: it stays as it is."
    assert wishes.heard == []


def test_the_menu_of_a_ticket_and_of_the_graph(view: GraphView, wishes: Wishes, qtbot: QtBot) -> None:
    entries = menu_of(view, place(view, "T-005"))
    assert view.selected == "T-005"
    for name in ("edit", "add", "remove"):
        entries[name].trigger()
    close_menu(view)
    assert wishes.heard == [("open", "T-005"), ("add", "T-005"), ("remove", "T-005")]
    menu_of(view, QPoint(3, 3))["add"].trigger()
    close_menu(view)
    assert wishes.heard[-1] == ("add", "")
    view.go_to("T-006")
    qtbot.keyClick(view, Qt.Key.Key_Delete)
    assert wishes.heard[-1] == ("remove", "T-006")


def test_what_cannot_be_edited_is_only_looked_at(view: GraphView, wishes: Wishes, qtbot: QtBot) -> None:
    view.set_editing(False)
    drag(view, qtbot, "T-002", place(view, "T-004"))
    qtbot.mouseRelease(view.viewport(), LEFT, pos=place(view, "T-004"))
    view.go_to("T-006")
    qtbot.keyClick(view, Qt.Key.Key_Delete)
    view.start_connecting("T-001")
    entries = menu_of(view)
    close_menu(view)
    assert [name for name, action in entries.items() if action.isEnabled()] == ["edit"]
    assert (wishes.heard, view.connecting) == ([], None)


def test_another_graph_ends_what_was_begun(view: GraphView, wishes: Wishes) -> None:
    view.start_connecting("T-001")
    view.model.set_tickets([Ticket(id="other", title="Other", brief="")])
    assert view.connecting is None
    assert wishes.hints[-1] == ""


@given(sound_graphs(), st.data())
def test_what_is_possible_is_what_makes_no_circle(graph: Graph, data: st.DataObject) -> None:
    if not graph:
        return
    source, target = (data.draw(st.sampled_from(list(graph))) for _ in range(2))
    connecting = Connecting(source, graph, ())
    closes = bool(cycles({**graph, target: (*graph[target], source)}))
    assert connecting.is_possible(target) == (not closes and source not in graph[target])
    assert bool(connecting.hindrance(target)) != connecting.is_possible(target)


def test_a_circle_is_named_from_the_ticket_that_would_close_it() -> None:
    assert Connecting("T-004", GRAPH, ()).hindrance("T-001") == CIRCLE
    assert Connecting("T-001", GRAPH, ()).hindrance("T-001") == "T-001 cannot depend on itself."
    assert Connecting("T-001", GRAPH, ()).hindrance("T-004") == ""
    broken = {"a": ("b",), "b": ("c",), "c": ("b",)}
    assert "a" in Connecting("a", broken, ()).hindrance("c")
