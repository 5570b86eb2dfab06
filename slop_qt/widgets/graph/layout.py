"""Where the tickets of a graph stand, left to right, and which way the edges go round them. Nothing of Qt."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from slop_qt.widgets.graph.arrows import Arrows, read_arrows
from slop_qt.widgets.graph.layers import Layered, make_layers, parts
from slop_qt.widgets.graph.ordering import order_layers
from slop_qt.widgets.graph.packing import Size, pack_best
from slop_qt.widgets.graph.placing import place_heights

__all__ = ["NODE_HEIGHT", "NODE_WIDTH", "Edge", "GraphLayout", "Point", "lay_out"]

NODE_WIDTH, NODE_HEIGHT = 180, 56
_HALF_NODE, _HALF_LANE = NODE_HEIGHT // 2 + 8, 8  # with half of the distance to the next one
_ACROSS = 40  # between layers, at least
_FAN, _MOST_FAN = 3, 80  # more for each edge that changes its height between them
_BETWEEN_PARTS = 24
_MARGIN = 16

Point = tuple[float, float]
Edge = tuple[str, str]
_Arrow = tuple[int, int]


@dataclass(frozen=True, slots=True)
class GraphLayout:
    """Where everything stands, in pixels.

    nodes are the top left corners. edges have, for each (from, to), an even number of points: between the first and
    second of a pair the edge changes its height in the room between two layers; from pair to pair it is level.
    circular are edges that are part of a circle: one of each circle goes to the left. broken says for each ticket on
    what it depends that is not there, or itself.
    """

    nodes: Mapping[str, Point]
    edges: Mapping[Edge, tuple[Point, ...]]
    circular: frozenset[Edge]
    broken: Mapping[str, tuple[str, ...]]
    width: float
    height: float


@dataclass(frozen=True, slots=True)
class _Part:
    """Tickets that are joined, with their corners and the edges between them, from its own top left corner."""

    nodes: Mapping[int, Point]
    edges: Mapping[_Arrow, tuple[Point, ...]]
    width: float
    height: float


def lay_out(depends_on: Mapping[str, Sequence[str]]) -> GraphLayout:
    """Any graph, also one with circles or unknown dependencies; the same one always in the same way.

    What is not joined stands beside and below each other; single tickets come last, in rows.
    """
    arrows = read_arrows(depends_on)
    found = parts(arrows)
    joined = [_lay_out_part(members, arrows) for members in found if len(members) > 1]
    single = [members[0] for members in found if len(members) == 1]
    sizes = [_with_distance(part) for part in joined]

    packed = pack_best(sizes, (lambda room: _with_distance(_rows(single, room))) if single else None)
    if single:
        joined.append(_rows(single, packed.room))
    return _together(arrows, joined, packed.corners)


def _with_distance(part: _Part) -> Size:
    return part.width + _BETWEEN_PARTS, part.height + _BETWEEN_PARTS


def _lay_out_part(members: Sequence[int], arrows: Arrows) -> _Part:
    layered = make_layers(members, arrows)
    layers = order_layers([list(layer) for layer in layered.layers], layered.before, layered.after)
    half = [_HALF_NODE if place < layered.first_lane else _HALF_LANE for place in range(len(layered.before))]
    middles = place_heights(layers, layered.before, layered.after, half, layered.first_lane)
    top = min(middle - extent for middle, extent in zip(middles, half, strict=True)) + _HALF_NODE - NODE_HEIGHT // 2
    middles = [middle - top for middle in middles]
    lefts, width = _lefts(layers, layered, middles)
    nodes = {node: (lefts[at], float(middles[at] - NODE_HEIGHT // 2)) for at, node in enumerate(members)}
    edges = {
        (members[source], members[target]): _points(way, lefts, middles)
        for (source, target), way in layered.ways.items()
    }
    bottom = max(middle + extent for middle, extent in zip(middles, half, strict=True))
    return _Part(nodes, edges, width, float(bottom))


def _lefts(layers: Sequence[Sequence[int]], layered: Layered, middles: Sequence[int]) -> tuple[list[float], float]:
    """The left side of each place, and where the last layer ends: the more edges bend, the more room they get."""
    lefts = [0.0] * len(middles)
    left = 0.0
    for layer in layers:
        bends = 0
        for place in layer:
            lefts[place] = left
            bends += sum([middles[place] != middles[other] for other in layered.after[place]])
        left += NODE_WIDTH + _ACROSS + min(_FAN * bends, _MOST_FAN)
    return lefts, max(lefts) + NODE_WIDTH


def _points(way: Sequence[int], lefts: Sequence[float], middles: Sequence[int]) -> tuple[Point, ...]:
    points: list[Point] = []
    for place in way:
        points += [(lefts[place], float(middles[place])), (lefts[place] + NODE_WIDTH, float(middles[place]))]
    return tuple(points[1:-1])


def _rows(single: Sequence[int], room: float) -> _Part:
    """Tickets that are joined to nothing, in as much width as there is; nearly square where that is endless."""
    across, down = NODE_WIDTH + _BETWEEN_PARTS, 2 * _HALF_NODE
    columns = math.isqrt(len(single) - 1) + 1 if math.isinf(room) else max(1, int(room / across))
    columns = min(columns, len(single))
    nodes = {node: (float(at % columns * across), float(at // columns * down)) for at, node in enumerate(single)}
    rows = -(-len(single) // columns)
    return _Part(nodes, {}, columns * across - _BETWEEN_PARTS, rows * down - (down - NODE_HEIGHT))


def _together(arrows: Arrows, joined: Sequence[_Part], corners: Sequence[Point]) -> GraphLayout:
    nodes: dict[int, Point] = {}
    ways: dict[_Arrow, tuple[Point, ...]] = {}
    width = height = 0.0
    for part, (left, top) in zip(joined, corners, strict=True):
        x, y = left + _MARGIN, top + _MARGIN
        nodes |= {node: (px + x, py + y) for node, (px, py) in part.nodes.items()}
        ways |= {edge: tuple((px + x, py + y) for px, py in points) for edge, points in part.edges.items()}
        width, height = max(width, x + part.width), max(height, y + part.height)
    for source, target in arrows.turned:
        ways[source, target] = ways[target, source][::-1]
    for source, target in arrows.turned:
        if (target, source) not in arrows.circular:
            del ways[target, source]
    names = arrows.names
    return GraphLayout(
        nodes={name: nodes[at] for at, name in enumerate(names)},
        edges={(names[source], names[target]): points for (source, target), points in sorted(ways.items())},
        circular=frozenset((names[source], names[target]) for source, target in arrows.circular),
        broken=arrows.broken,
        width=width + _MARGIN if nodes else 0.0,
        height=height + _MARGIN if nodes else 0.0,
    )
