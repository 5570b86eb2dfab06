"""The graph stands left to right, its edges never cross a node, and it can be walked by keyboard."""

import pytest
import story
from hypothesis import given
from hypothesis import strategies as st
from PySide6.QtCore import QPoint, QRectF, Qt
from pytestqt.qtbot import QtBot
from window_support import Stage

from slop_qt.core.tickets import TicketStatus
from slop_qt.qt.ticket_model import TicketModel
from slop_qt.widgets.graph_layout import NODE_HEIGHT, NODE_WIDTH, GraphLayout, lay_out
from slop_qt.widgets.graph_view import GraphView


@st.composite
def graphs(draw: st.DrawFn) -> dict[str, tuple[str, ...]]:
    size = draw(st.integers(0, 9))
    names = [f"T-{number}" for number in range(size)]
    return {name: tuple(n for n in names[:at] if draw(st.booleans())) for at, name in enumerate(names)}


def rects(layout: GraphLayout) -> dict[str, QRectF]:
    return {name: QRectF(x, y, NODE_WIDTH, NODE_HEIGHT) for name, (x, y) in layout.nodes.items()}


@given(graphs())
def test_nodes_do_not_overlap_and_come_after_what_they_need(graph: dict[str, tuple[str, ...]]) -> None:
    layout = lay_out(graph)
    places = rects(layout)
    assert places.keys() == graph.keys()
    for name, place in places.items():
        assert not any(place.intersects(other) for rival, other in places.items() if rival != name)
        assert QRectF(0, 0, layout.width, layout.height).contains(place)
        assert all(places[needed].right() < place.left() for needed in graph[name])


@given(graphs())
def test_edges_run_straight_through_layers_and_touch_no_other_node(graph: dict[str, tuple[str, ...]]) -> None:
    layout = lay_out(graph)
    places = rects(layout)
    assert set(layout.edges) == {(needed, name) for name, needs in graph.items() for needed in needs}
    for (source, target), points in layout.edges.items():
        assert points[0] == (places[source].right(), places[source].center().y())
        assert points[-1] == (places[target].left(), places[target].center().y())
        for (x1, y1), (x2, y2) in zip(points[1:-1:2], points[2:-1:2], strict=True):
            assert y1 == y2  # through a layer: level, between its nodes
            lane = QRectF(x1, y1 - 1, x2 - x1, 2)
            assert not any(lane.intersects(place) for place in places.values())
        for (x1, _), (x2, _) in zip(points[::2], points[1::2], strict=True):
            between = QRectF(x1, 0, x2 - x1, layout.height)  # between layers: there are no nodes
            assert not any(between.intersects(place) for place in places.values())


def test_an_unknown_dependency_or_a_cycle_does_not_hang_the_picture() -> None:
    assert lay_out({"a": ("gone",)}).nodes.keys() == {"a"}
    assert lay_out({"a": ("b",), "b": ("a",)}).nodes.keys() == {"a", "b"}


@pytest.fixture
def view(stage: Stage, qtbot: QtBot) -> GraphView:
    model = TicketModel()
    view = GraphView(stage.theme, model)
    model.setParent(view)
    model.set_tickets(story.planned())
    qtbot.addWidget(view)
    view.show()
    return view


def test_a_click_chooses_and_the_keys_walk(view: GraphView, qtbot: QtBot) -> None:
    view.chosen.connect(view.select)
    with qtbot.waitSignal(view.chosen, check_params_cb=lambda name: name == "T-001"):
        qtbot.mouseClick(view, Qt.MouseButton.LeftButton, pos=view.rect_of("T-001").center().toPoint())
    qtbot.keyClick(view, Qt.Key.Key_Right)
    assert view._selected == "T-003"
    qtbot.keyClick(view, Qt.Key.Key_Left)
    assert view._selected == "T-001"
    qtbot.keyClick(view, Qt.Key.Key_Down)
    assert view.rect_of(view._selected).top() > view.rect_of("T-001").top()
    qtbot.mouseClick(view, Qt.MouseButton.LeftButton, pos=QPoint(1, 1))
    assert view._selected == ""


def test_a_changed_ticket_is_painted_again_where_it_stands(view: GraphView, qtbot: QtBot) -> None:
    before = view.grab().toImage()
    first, *others = story.planned()
    view._model.set_tickets([first.model_copy(update={"status": TicketStatus.DONE}), *others])
    after = view.grab().toImage()
    place = view.rect_of("T-001").toRect()
    assert before.copy(place) != after.copy(place)
    other = view.rect_of("T-007").toRect()
    assert before.copy(other) == after.copy(other)
