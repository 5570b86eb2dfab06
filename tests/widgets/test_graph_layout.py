"""The graph stands left to right, its edges never cross a node, it takes any graph, and its work grows linearly."""

import random
import sys
from collections.abc import Iterator
from itertools import combinations, pairwise
from types import FrameType

import pytest
from graph_support import Graph, any_graphs, plan, sound_graphs
from hypothesis import given, settings
from hypothesis import strategies as st
from PySide6.QtCore import QPointF, QRectF, QSizeF

from slop_qt.widgets.graph.arrows import read_arrows
from slop_qt.widgets.graph.layers import make_layers, parts
from slop_qt.widgets.graph.layout import NODE_HEIGHT, NODE_WIDTH, Edge, GraphLayout, lay_out
from slop_qt.widgets.graph.ordering import crossings, order_layers
from slop_qt.widgets.graph.placing import place_heights
from slop_qt.widgets.graph.scene import GraphScene

SIZE = QSizeF(NODE_WIDTH, NODE_HEIGHT)


def rects(layout: GraphLayout) -> dict[str, QRectF]:
    return {name: QRectF(QPointF(*corner), SIZE) for name, corner in layout.nodes.items()}


def edges_of(graph: Graph) -> set[Edge]:
    return {(needed, name) for name, needs in graph.items() for needed in needs if needed in graph and needed != name}


@given(any_graphs())
def test_no_two_nodes_overlap_and_all_are_inside(graph: Graph) -> None:
    layout = lay_out(graph)
    places = rects(layout)
    assert list(places) == list(graph)
    assert not any(one.intersects(other) for one, other in combinations(places.values(), 2))
    assert all(QRectF(0, 0, layout.width, layout.height).contains(place) for place in places.values())


@given(sound_graphs())
def test_every_edge_goes_forward(graph: Graph) -> None:
    layout = lay_out(graph)
    places = rects(layout)
    assert set(layout.edges) == edges_of(graph)
    assert not layout.circular and not layout.broken
    for (source, target), points in layout.edges.items():
        assert points[0] == (places[source].right(), places[source].center().y())
        assert points[-1] == (places[target].left(), places[target].center().y())
        assert all(before < after for (before, _), (after, _) in pairwise(points))


@given(any_graphs())
def test_no_edge_goes_through_a_node(graph: Graph) -> None:
    """The curve itself is looked at, as it is painted; at its own ends it may touch."""
    scene = GraphScene(graph)
    for edge in scene.layout.edges:
        curve = scene.path(edge).toSubpathPolygons()[0]
        for start, end in pairwise(curve):
            stretch = QRectF(start, end).normalized().adjusted(0, -0.5, 0, 0.5)
            for name, rect in scene.rects.items():
                inner = rect.adjusted(1, 1, -1, -1)
                assert not inner.intersects(stretch), (edge, name)


@given(sound_graphs())
def test_edges_are_level_where_they_pass_a_layer(graph: Graph) -> None:
    for points in lay_out(graph).edges.values():
        assert len(points) % 2 == 0
        for (_, before), (_, after) in zip(points[1:-1:2], points[2:-1:2], strict=True):
            assert before == after


@given(any_graphs())
def test_what_cannot_be_is_named_and_nothing_else(graph: Graph) -> None:
    layout = lay_out(graph)
    assert set(layout.edges) == edges_of(graph)
    reach = {name: _reached(graph, name) for name in graph}
    assert layout.circular == {(source, target) for source, target in layout.edges if target in reach[source]}
    lost = {name: [n for n in dict.fromkeys(needs) if n not in graph or n == name] for name, needs in graph.items()}
    assert {name: list(needs) for name, needs in layout.broken.items()} == {n: each for n, each in lost.items() if each}


def _reached(graph: Graph, start: str) -> set[str]:
    """All that `start` depends on, through others too."""
    todo, found = [start], set()
    while todo:
        for needed in graph[todo.pop()]:
            if needed in graph and needed not in found:
                found.add(needed)
                todo.append(needed)
    return found


@given(any_graphs())
def test_the_same_graph_stands_the_same(graph: Graph) -> None:
    assert lay_out(graph) == lay_out(dict(graph))


def test_a_chain_is_one_straight_line_and_branches_lie_around_their_middle() -> None:
    chain = lay_out({f"T-{at}": (f"T-{at - 1}",) if at else () for at in range(9)})
    assert len({top for _, top in chain.nodes.values()}) == 1
    fan = lay_out({"root": (), **{f"T-{at}": ("root",) for at in range(3)}})
    assert fan.nodes["root"][1] == fan.nodes["T-1"][1]
    assert fan.nodes["T-0"][1] < fan.nodes["T-1"][1] < fan.nodes["T-2"][1]


def test_edges_of_one_ticket_share_their_way_until_they_part() -> None:
    chain = {f"T-{at}": (f"T-{at - 1}",) if at else () for at in range(5)}
    layout = lay_out({**chain, "T-3": ("T-2", "T-0"), "T-4": ("T-3", "T-0")})
    short, long = layout.edges["T-0", "T-3"], layout.edges["T-0", "T-4"]
    assert long[: len(short) - 1] == short[:-1]


def test_crossings_that_need_not_be_are_not() -> None:
    twisted = {"a": (), "b": (), "c": (), "x": ("c",), "y": ("b",), "z": ("a",), "last": ("x", "y", "z")}
    scene = GraphScene(twisted)
    order = sorted(("a", "b", "c"), key=lambda name: scene.rects[name].top())
    assert [next(iter(scene.targets(name))) for name in order] == sorted(
        ("x", "y", "z"), key=lambda name: scene.rects[name].top()
    )


@given(st.integers(0, 2**20))
@settings(max_examples=30)
def test_ordering_never_makes_it_worse_and_loses_nothing(seed: int) -> None:
    chance = random.Random(seed)
    layers = [list(range(start, start + 6)) for start in range(0, 24, 6)]
    after: list[list[int]] = [[] for _ in range(24)]
    before: list[list[int]] = [[] for _ in range(24)]
    for one, two in pairwise(layers):
        for _ in range(8):
            source, target = chance.choice(one), chance.choice(two)
            if target not in after[source]:
                after[source].append(target)
                before[target].append(source)
    unordered = crossings(layers, after, [place % 6 for place in range(24)])
    ordered = order_layers([list(layer) for layer in layers], before, after)
    rank = [next(layer.index(place) for layer in ordered if place in layer) for place in range(24)]
    assert [sorted(layer) for layer in ordered] == layers
    assert crossings(ordered, after, rank) <= unordered
    heights = place_heights(ordered, before, after, [10] * 24, 24)
    assert all(heights[lower] - heights[upper] >= 20 for layer in ordered for upper, lower in pairwise(layer))
    assert min(heights) == 0


def crossed(graph: Graph) -> tuple[int, int]:
    """How often edges cross: in the order of the plan, and as they are ordered."""
    arrows = read_arrows(graph)
    found = []
    for members in parts(arrows):
        layered = make_layers(members, arrows)
        plain = [list(layer) for layer in layered.layers]
        for layers in (plain, order_layers(plain, layered.before, layered.after)):
            rank = {place: at for layer in layers for at, place in enumerate(layer)}
            found.append(crossings(layers, layered.after, [rank[place] for place in range(len(rank))]))
    return sum(found[::2]), sum(found[1::2])


@given(st.lists(st.integers(0, 30), max_size=40))
def test_a_tree_is_drawn_without_crossings(parents: list[int]) -> None:
    assert crossed({"T-0": (), **{f"T-{at}": (f"T-{each % at}",) for at, each in enumerate(parents, 1)}})[1] == 0


def test_a_plan_is_drawn_with_few_crossings() -> None:
    before, after = zip(*(crossed(plan(40, 1, seed)) for seed in range(8)), strict=True)
    assert sum(after) < 0.3 * sum(before)


def test_a_small_change_leaves_most_where_it_is() -> None:
    before = plan(60)
    after = {**before, "T-061": ("T-059",)}
    one, two = lay_out(before), lay_out(after)
    by_column: dict[float, list[str]] = {}
    for name, (left, _) in one.nodes.items():
        by_column.setdefault(left, []).append(name)
    kept = sum(
        (one.nodes[upper][1] < one.nodes[lower][1]) == (two.nodes[upper][1] < two.nodes[lower][1])
        for names in by_column.values()
        for upper, lower in combinations(names, 2)
    )
    pairs = sum(len(names) * (len(names) - 1) // 2 for names in by_column.values())
    assert kept >= 0.9 * pairs


def test_what_is_not_joined_stands_together_about_as_wide_as_a_screen() -> None:
    single = lay_out({f"T-{at}": () for at in range(300)})
    assert 1.0 < single.width / single.height < 2.5
    parts = {f"{part}-{at}": (f"{part}-{at - 1}",) if at else () for part in range(40) for at in range(3)}
    packed = lay_out(parts)
    assert 1.0 < packed.width / packed.height < 2.5


def test_nothing_is_no_picture_and_one_is_one() -> None:
    assert lay_out({}).nodes == {}
    assert (lay_out({}).width, lay_out({}).height) == (0.0, 0.0)
    assert lay_out({"a": ("a", "gone")}).broken == {"a": ("a", "gone")}


def test_a_circle_is_drawn_with_one_edge_to_the_left() -> None:
    layout = lay_out({"a": ("c",), "b": ("a",), "c": ("b",), "d": ("c",)})
    backwards = [edge for edge, points in layout.edges.items() if points[0][0] > points[-1][0]]
    assert backwards == [("c", "a")]
    assert layout.circular == {("c", "a"), ("a", "b"), ("b", "c")}
    both = lay_out({"a": ("b",), "b": ("a",)})
    assert both.edges["a", "b"] == both.edges["b", "a"][::-1]


class Steps:
    """Counts the lines of the layout's modules that are run."""

    def __init__(self) -> None:
        self.count = 0

    def __call__(self, frame: FrameType, event: str, _argument: object) -> "Steps | None":
        if "/widgets/graph/" not in frame.f_code.co_filename.replace("\\", "/"):
            return None
        self.count += event == "line"
        return self


@pytest.fixture
def steps() -> Iterator[Steps]:
    counter, traced = Steps(), sys.gettrace()
    yield counter
    sys.settrace(traced)


@pytest.mark.parametrize("kind", ["one plan", "many plans", "chain", "single", "one needs all", "all need one"])
def test_its_work_grows_linearly(steps: Steps, kind: str) -> None:
    def graph(size: int) -> Graph:
        names = [f"T-{at}" for at in range(size)]
        return {
            "one plan": plan(size),
            "many plans": plan(size, size // 30),
            "chain": {name: tuple(names[max(0, at - 1) : at]) for at, name in enumerate(names)},
            "single": dict.fromkeys(names, ()),
            "one needs all": {**dict.fromkeys(names, ()), "last": tuple(names)},
            "all need one": {"first": (), **dict.fromkeys(names, ("first",))},
        }[kind]

    counts = []
    for size in (150, 300, 600):
        wanted = graph(size)
        steps.count = 0
        sys.settrace(steps)
        lay_out(wanted)
        sys.settrace(None)
        counts.append(steps.count)
    assert all(after <= 2.6 * before for before, after in pairwise(counts)), counts
