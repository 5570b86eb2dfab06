"""Where the nodes of a ticket graph stand, left to right, and which way its edges go round them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

__all__ = ["NODE_HEIGHT", "NODE_WIDTH", "GraphLayout", "lay_out"]

NODE_WIDTH, NODE_HEIGHT = 180.0, 56.0
_ACROSS, _DOWN = 32.0, 16.0  # between layers, between nodes of one layer
_LANE = 16.0  # the height of the place that a passing edge takes in a layer
_MARGIN = 12.0
_SWEEPS = 4

Point = tuple[float, float]


@dataclass(frozen=True, slots=True)
class GraphLayout:
    """Top left corners of the nodes; for each edge (from, to) the points that it passes; the whole size. In pixels."""

    nodes: Mapping[str, Point]
    edges: Mapping[tuple[str, str], tuple[Point, ...]]
    width: float
    height: float


def lay_out(depends_on: Mapping[str, Sequence[str]]) -> GraphLayout:
    """Layer by longest way from a root; an edge over several layers keeps a lane free in each. Expects no cycle."""
    layer_of = _layers(depends_on)
    layers: list[list[str]] = [[] for _ in range(max(layer_of.values(), default=-1) + 1)]
    for node, layer in layer_of.items():
        layers[layer].append(node)
    chains = _add_lanes(depends_on, layer_of, layers)
    _order(layers, chains)
    return _place(layers, chains, layer_of)


def _layers(depends_on: Mapping[str, Sequence[str]]) -> dict[str, int]:
    """The layer of each node. Nodes are visited after what they depend on, with no recursion."""
    layer_of: dict[str, int] = {}
    waiting = list(depends_on)
    while waiting:
        ready = [node for node in waiting if all(d in layer_of or d not in depends_on for d in depends_on[node])]
        for node in ready or waiting:
            layer_of[node] = 1 + max((layer_of.get(d, -1) for d in depends_on[node]), default=-1)
        waiting = [node for node in waiting if node not in layer_of]
    return layer_of


def _add_lanes(
    depends_on: Mapping[str, Sequence[str]], layer_of: Mapping[str, int], layers: list[list[str]]
) -> dict[tuple[str, str], list[str]]:
    """Each edge as the chain of what it passes; places in between are named `from→to@layer`."""
    chains: dict[tuple[str, str], list[str]] = {}
    for node, dependencies in depends_on.items():
        for source in dependencies:
            if source not in layer_of or layer_of[source] >= layer_of[node]:
                continue
            between = [f"{source}→{node}@{layer}" for layer in range(layer_of[source] + 1, layer_of[node])]
            for layer, lane in enumerate(between, layer_of[source] + 1):
                layers[layer].append(lane)
            chains[source, node] = [source, *between, node]
    return chains


def _order(layers: list[list[str]], chains: Mapping[tuple[str, str], Sequence[str]]) -> None:
    """Sort each layer by the mean place of its neighbours, forwards and backwards, so that few edges cross."""
    before: dict[str, list[str]] = {}
    after: dict[str, list[str]] = {}
    for chain in chains.values():
        for source, target in pairwise(chain):
            after.setdefault(source, []).append(target)
            before.setdefault(target, []).append(source)
    for sweep in range(_SWEEPS):
        neighbours = before if sweep % 2 == 0 else after
        place = {node: at / max(len(layer), 1) for layer in layers for at, node in enumerate(layer)}
        for layer in layers if sweep % 2 == 0 else reversed(layers):
            layer.sort(key=lambda node: _mean([place[n] for n in neighbours.get(node, [])], place[node]))
            place.update({node: at / len(layer) for at, node in enumerate(layer)})


def _mean(values: Sequence[float], otherwise: float) -> float:
    return sum(values) / len(values) if values else otherwise


def _place(
    layers: list[list[str]], chains: Mapping[tuple[str, str], Sequence[str]], layer_of: Mapping[str, int]
) -> GraphLayout:
    def height(node: str) -> float:
        return NODE_HEIGHT if node in layer_of else _LANE

    heights = [sum(height(node) for node in layer) + _DOWN * max(len(layer) - 1, 0) for layer in layers]
    tallest = max(heights, default=0.0)
    corners: dict[str, Point] = {}
    for number, layer in enumerate(layers):
        top = _MARGIN + (tallest - heights[number]) / 2
        for node in layer:
            corners[node] = (_MARGIN + number * (NODE_WIDTH + _ACROSS), top)
            top += height(node) + _DOWN
    edges = {
        edge: tuple(point for node in chain for point in _passing(corners[node], height(node), node, edge))
        for edge, chain in chains.items()
    }
    return GraphLayout(
        nodes={node: corners[node] for node in layer_of},
        edges=edges,
        width=2 * _MARGIN + len(layers) * (NODE_WIDTH + _ACROSS) - _ACROSS if layers else 0.0,
        height=2 * _MARGIN + tallest,
    )


def _passing(corner: Point, height: float, node: str, edge: tuple[str, str]) -> tuple[Point, ...]:
    left, middle = corner[0], corner[1] + height / 2
    if node == edge[0]:
        return ((left + NODE_WIDTH, middle),)
    return ((left, middle),) if node == edge[1] else ((left, middle), (left + NODE_WIDTH, middle))
