"""The graph is walked through, looked at from near and far, and heard, by mouse, keys and screen reader."""

import pytest
import story
from graph_support import mixed_notes, mixed_tickets, plan
from PySide6.QtCore import QEvent, QPoint, QPointF, QRectF, Qt
from PySide6.QtGui import QAccessible, QHelpEvent, QImage, QNativeGestureEvent, QPointingDevice, QWheelEvent
from PySide6.QtTest import QAbstractItemModelTester
from PySide6.QtWidgets import QApplication, QToolButton, QToolTip
from pytestqt.qtbot import QtBot
from window_support import Stage

from slop_qt.core.tickets import Ticket, TicketStatus
from slop_qt.qt.ticket_model import TicketModel
from slop_qt.qt.ticket_notes import TicketNote, notes
from slop_qt.widgets.graph.strip import GraphStrip
from slop_qt.widgets.graph.view import GraphView

LEFT, MIDDLE = Qt.MouseButton.LeftButton, Qt.MouseButton.MiddleButton
CONTROL, SHIFT = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.ShiftModifier


@pytest.fixture
def view(stage: Stage, qtbot: QtBot) -> GraphView:
    model = TicketModel()
    QAbstractItemModelTester(model, QAbstractItemModelTester.FailureReportingMode.Fatal, model)
    view = GraphView(stage.theme, model)
    model.setParent(view)
    model.set_tickets(story.planned(), notes(story.planned(), None))
    qtbot.addWidget(view)
    view.resize(1100, 500)
    view.show()
    qtbot.waitActive(view)
    view.setFocus()
    return view


@pytest.fixture
def large(view: GraphView) -> GraphView:
    tickets = mixed_tickets(plan(300, 9))
    view.model.set_tickets(tickets, mixed_notes(tickets))
    return view


def place(view: GraphView, name: str) -> QPoint:
    return view.view_rect_of(name).center().toPoint()


def edge_place(view: GraphView, source: str, target: str) -> QPoint:
    """Just before the arrow's end, where no other edge is."""
    end = view.view_rect_of(target)
    return QPoint(round(end.left() - 8 * view.zoom), round(end.center().y()))


def picture(view: GraphView) -> QImage:
    return view.viewport().grab().toImage()


def test_a_click_chooses_and_beside_it_nothing(view: GraphView, qtbot: QtBot) -> None:
    with qtbot.waitSignal(view.chosen, check_params_cb=lambda name: name == "T-001"):
        qtbot.mouseClick(view.viewport(), LEFT, pos=place(view, "T-001"))
    with qtbot.waitSignal(view.chosen, check_params_cb=lambda name: name == ""):
        qtbot.mouseClick(view.viewport(), LEFT, pos=QPoint(2, 2))
    assert view.selected is None


def test_arrows_go_along_dependencies_and_to_neighbours(view: GraphView, qtbot: QtBot) -> None:
    qtbot.keyClick(view, Qt.Key.Key_Right)
    assert view.selected == "T-001"
    visited = []
    for key in (Qt.Key.Key_Right, Qt.Key.Key_Right, Qt.Key.Key_Right, Qt.Key.Key_Right):
        qtbot.keyClick(view, key)
        visited.append(view.selected)
    assert visited == ["T-003", "T-004", "T-007", "T-007"]
    qtbot.keyClick(view, Qt.Key.Key_Left)
    assert view.selected in {"T-002", "T-004", "T-006"}
    here = view.rect_of(view.selected)
    qtbot.keyClick(view, Qt.Key.Key_Down)
    assert view.rect_of(view.selected).top() > here.top()
    qtbot.keyClick(view, Qt.Key.Key_Up)
    assert view.rect_of(view.selected) == here


def test_every_ticket_can_be_reached_with_arrows_alone(large: GraphView, qtbot: QtBot) -> None:
    from slop_qt.widgets.graph.walking import ARROWS, next_node

    reached, todo = {"T-001"}, ["T-001"]
    for here in todo:
        for key in ARROWS:
            there = next_node(large.scene, here, key)
            if there is not None and there not in reached:
                reached.add(there)
                todo.append(there)
    assert reached == set(large.scene.rects)


def test_home_end_and_letters_jump(large: GraphView, qtbot: QtBot) -> None:
    qtbot.keyClick(large, Qt.Key.Key_End)
    assert large.selected == "T-300"
    assert large.visible_area().contains(large.rect_of("T-300"))
    qtbot.keyClick(large, Qt.Key.Key_Home)
    assert large.selected == "T-001"
    qtbot.keyClicks(large, "t-217")
    assert large.selected == "T-217"
    qtbot.keyClick(large, Qt.Key.Key_Escape)
    assert large.selected is None


def test_digits_alone_mean_an_id_too(large: GraphView, qtbot: QtBot) -> None:
    qtbot.keyClicks(large, "142")
    assert large.selected == "T-142"


def test_return_and_a_double_click_open(view: GraphView, qtbot: QtBot) -> None:
    view.go_to("T-004")
    with qtbot.waitSignal(view.ticket_opened, check_params_cb=lambda name: name == "T-004"):
        qtbot.keyClick(view, Qt.Key.Key_Return)
    with qtbot.waitSignal(view.ticket_opened, check_params_cb=lambda name: name == "T-003"):
        qtbot.mouseDClick(view.viewport(), LEFT, pos=place(view, "T-003"))


def test_edges_are_selected_by_click_and_by_shifted_arrows(view: GraphView, qtbot: QtBot) -> None:
    qtbot.mouseClick(view.viewport(), LEFT, pos=edge_place(view, "T-001", "T-003"))
    assert view.selected_edge == ("T-001", "T-003")
    assert view.accessibleDescription() == "The dependency of T-003 on T-001."
    view.go_to("T-007")
    edges = []
    for _ in range(4):
        qtbot.keyClick(view, Qt.Key.Key_Left, SHIFT)
        edges.append(view.selected_edge)
    assert set(edges) == {("T-002", "T-007"), ("T-004", "T-007"), ("T-006", "T-007")}
    assert edges[0] == edges[3]
    qtbot.keyClick(view, Qt.Key.Key_Right, SHIFT)
    assert view.selected_edge == edges[2]
    qtbot.keyClick(view, Qt.Key.Key_Left)
    assert (view.selected, view.selected_edge) == (edges[2][0], None)
    qtbot.keyClick(view, Qt.Key.Key_Right, SHIFT)
    assert view.selected_edge == (edges[2][0], "T-007")
    qtbot.keyClick(view, Qt.Key.Key_Escape)
    assert (view.selected, view.selected_edge) == (edges[2][0], None)


def test_a_shared_stretch_is_clicked_through(view: GraphView, qtbot: QtBot) -> None:
    graph = {"a": (), "b": ("a",), "c": ("b",), "d": ("c", "a"), "e": ("c", "a")}
    view.model.set_tickets([Ticket(id=name, title=name, brief="", depends_on=needs) for name, needs in graph.items()])
    shared = view.scene.layout.edges["a", "d"][2]
    spot = view.transform().map(QPointF(*shared)).toPoint()
    found = set()
    for _ in range(2):
        qtbot.mouseClick(view.viewport(), LEFT, pos=spot)
        found.add(view.selected_edge)
    assert found == {("a", "d"), ("a", "e")}


def test_zoom_by_wheel_stays_over_what_is_pointed_at(large: GraphView) -> None:
    view = large
    view.set_zoom(1.0)
    view.go_to("T-150")
    spot = QPointF(place(view, "T-150"))
    before = view.to_content(spot)
    event = QWheelEvent(
        spot,
        QPointF(view.viewport().mapToGlobal(spot.toPoint())),
        QPoint(),
        QPoint(0, 240),
        Qt.MouseButton.NoButton,
        CONTROL,
        Qt.ScrollPhase.NoScrollPhase,
        False,
    )
    QApplication.sendEvent(view.viewport(), event)
    assert view.zoom > 1.3
    assert (view.to_content(spot) - before).manhattanLength() < 4


def test_the_wheel_alone_scrolls(large: GraphView) -> None:
    large.set_zoom(1.0)
    spot = QPointF(200, 200)
    event = QWheelEvent(
        spot,
        QPointF(large.viewport().mapToGlobal(spot.toPoint())),
        QPoint(),
        QPoint(0, -120),
        Qt.MouseButton.NoButton,
        Qt.KeyboardModifier.NoModifier,
        Qt.ScrollPhase.NoScrollPhase,
        False,
    )
    before = large.verticalScrollBar().value()
    QApplication.sendEvent(large.viewport(), event)
    assert large.verticalScrollBar().value() > before
    assert large.zoom == 1.0


def test_a_pinch_zooms(view: GraphView) -> None:
    view.set_zoom(1.0)
    event = QNativeGestureEvent(
        Qt.NativeGestureType.ZoomNativeGesture,
        QPointingDevice.primaryPointingDevice(),
        2,
        QPointF(100, 100),
        QPointF(100, 100),
        QPointF(100, 100),
        0.2,
        QPointF(),
    )
    QApplication.sendEvent(view.viewport(), event)
    assert view.zoom == pytest.approx(1.2)


def test_zoom_by_keys_and_by_the_strip(large: GraphView, stage: Stage, qtbot: QtBot) -> None:
    strip = GraphStrip(stage.theme, large)
    qtbot.addWidget(strip)
    strip.show()
    buttons = {button.objectName(): button for button in strip.findChildren(QToolButton)}
    assert all(button.accessibleName() and button.toolTip() for button in buttons.values())
    qtbot.keyClick(large, Qt.Key.Key_0, CONTROL)
    assert large.zoom == 1.0 and buttons["graph.zoom"].text() == "100%"
    qtbot.keyClick(large, Qt.Key.Key_Plus, CONTROL)
    assert large.zoom == pytest.approx(1.25)
    qtbot.mouseClick(buttons["graph.zoom_out"], LEFT)
    qtbot.keyClick(large, Qt.Key.Key_Minus, CONTROL)
    assert large.zoom == pytest.approx(0.8) and buttons["graph.zoom"].text() == "80%"
    qtbot.keyClick(large, Qt.Key.Key_F)
    whole = QRectF(QPointF(), large.scene.size).adjusted(1, 1, -1, -1)
    qtbot.waitUntil(lambda: large.visible_area().contains(whole))  # Qt hides scroll bars in the loop's next turn
    qtbot.mouseClick(buttons["graph.zoom"], LEFT)
    assert large.zoom == 1.0
    qtbot.mouseClick(buttons["graph.fit"], LEFT)
    fitted = large.zoom
    large.resize(600, 300)
    assert large.zoom < fitted  # all of it stays in view until somebody zooms


def test_f_is_a_letter_where_an_id_begins_with_it(view: GraphView, qtbot: QtBot) -> None:
    view.model.set_tickets([Ticket(id=name, title=name, brief="") for name in ("parse", "fix-1")])
    view.set_zoom(2.0)
    qtbot.keyClick(view, Qt.Key.Key_F)
    assert (view.selected, view.zoom) == ("fix-1", 2.0)
    qtbot.keyClick(view, Qt.Key.Key_9, CONTROL)
    assert view.zoom == 1.0


@pytest.mark.parametrize("button", [LEFT, MIDDLE])
def test_dragging_moves_the_picture(large: GraphView, qtbot: QtBot, button: Qt.MouseButton) -> None:
    large.set_zoom(1.5)
    large.horizontalScrollBar().setValue(300)
    large.verticalScrollBar().setValue(300)
    free = next(
        QPoint(x, y)
        for x in range(100, 1000, 10)
        for y in range(100, 400, 10)
        if large.node_at(QPointF(x, y)) is None and not large.edges_at(QPointF(x, y))
    )
    chosen: list[str] = []
    large.chosen.connect(chosen.append)
    before = large.to_content(QPointF(free))
    qtbot.mousePress(large.viewport(), button, pos=free)
    for step in (20, 40, 60):
        qtbot.mouseMove(large.viewport(), free + QPoint(-step, -step // 2))
    end = free + QPoint(-60, -30)
    qtbot.mouseRelease(large.viewport(), button, pos=end)
    assert (large.to_content(QPointF(end)) - before).manhattanLength() <= 2
    assert chosen == []
    qtbot.mouseMove(large.viewport(), free)
    assert (large.to_content(QPointF(end)) - before).manhattanLength() <= 2  # it was let go


def test_a_screen_reader_hears_everything_about_a_ticket(view: GraphView, qtbot: QtBot) -> None:
    QAccessible.setActive(True)
    interface = QAccessible.queryAccessibleInterface(view)
    assert interface.text(QAccessible.Text.Name) == "Ticket graph"
    view.go_to("T-007")
    said = interface.text(QAccessible.Text.Description).splitlines()
    assert said == [
        "T-007: Print the balance report",
        "Pending",
        "Waits for T-002, T-004 and T-006.",
        "Depends on T-002, T-004, T-006.",
    ]
    first, *others = view.model.tickets
    running = first.model_copy(update={"status": TicketStatus.RUNNING, "attempt": 2})
    view.go_to("T-001")
    view.model.set_tickets([running, *others], {"T-001": TicketNote(worker="claude-haiku-4-5", problem="No.")})
    said = interface.text(QAccessible.Text.Description).splitlines()
    assert said[1:] == ["Running, attempt 2, by claude-haiku-4-5", "No.", "Needed by T-003."]
    QAccessible.setActive(False)


def test_the_tool_tip_says_the_whole_reason(view: GraphView) -> None:
    spot = place(view, "T-007")
    QApplication.sendEvent(view.viewport(), QHelpEvent(QEvent.Type.ToolTip, spot, view.viewport().mapToGlobal(spot)))
    assert "Waits for T-002, T-004 and T-006." in QToolTip.text()
    spot = edge_place(view, "T-001", "T-003")
    QApplication.sendEvent(view.viewport(), QHelpEvent(QEvent.Type.ToolTip, spot, view.viewport().mapToGlobal(spot)))
    assert QToolTip.text() == "T-003 depends on T-001."


def test_a_changed_ticket_is_painted_again_where_it_stands(view: GraphView) -> None:
    before = picture(view)
    first, *others = story.planned()
    view.model.set_tickets(
        [first.model_copy(update={"status": TicketStatus.DONE}), *others], notes(story.planned(), None)
    )
    after = picture(view)
    changed, other = view.view_rect_of("T-001").toRect(), view.view_rect_of("T-007").toRect()
    assert before.copy(changed) != after.copy(changed)
    assert before.copy(other) == after.copy(other)


@pytest.mark.parametrize("zoom", [0.2, 0.5, 1.0])
def test_each_status_looks_different_at_every_distance(view: GraphView, zoom: float) -> None:
    tickets = [Ticket(id="T-1", title="One", brief="", status=status) for status in TicketStatus]
    seen = []
    for ticket in tickets:
        view.model.set_tickets([ticket])
        view.set_zoom(zoom)
        seen.append(picture(view))
    assert all(one != other for at, one in enumerate(seen) for other in seen[:at])


def test_focus_is_seen(view: GraphView, qtbot: QtBot) -> None:
    view.go_to("T-001")
    focused = picture(view)
    view.clearFocus()
    assert picture(view) != focused


def test_an_edit_elsewhere_leaves_the_selected_ticket_under_the_eye(large: GraphView) -> None:
    large.set_zoom(1.0)
    large.go_to("T-150")
    before = large.view_rect_of("T-150").topLeft()
    extra = Ticket(id="T-301", title="More", brief="", depends_on=("T-001",))
    large.model.set_tickets((*large.model.tickets[:20], extra, *large.model.tickets[20:]))
    assert (large.view_rect_of("T-150").topLeft() - before).manhattanLength() <= 2
    assert large.zoom == 1.0


def test_a_graph_that_cannot_be_is_shown_as_that(view: GraphView, stage: Stage) -> None:
    graph = {"a": ("c", "gone"), "b": ("a",), "c": ("b",), "d": ("d",)}
    view.model.set_tickets([Ticket(id=name, title=name, brief="", depends_on=needs) for name, needs in graph.items()])
    image = picture(view)
    failed = stage.theme.color("failed").rgb()
    red = sum(image.pixel(x, y) == failed for x in range(image.width()) for y in range(image.height()))
    assert red > 50


def test_only_what_is_visible_is_painted(large: GraphView, stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    large.set_zoom(1.0)
    area = large.visible_area()
    shown = [name for name, _ in large.scene.nodes_in(area)]
    assert 0 < len(shown) < 60
    assert all(large.rect_of(name).intersects(area) for name in shown)
    assert len(list(large.scene.edges_in(area))) < len(large.scene.layout.edges) / 2
