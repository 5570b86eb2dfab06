"""Which tickets stand in which layer, left to right, and where edges that go further pass the layers between."""

from collections.abc import Sequence
from dataclasses import dataclass

from slop_qt.widgets.graph.arrows import Arrows

__all__ = ["Layered", "make_layers", "parts"]


@dataclass(frozen=True, slots=True)
class Layered:
    """Tickets 0 … first_lane-1 and after them the lanes: places where edges pass a layer.

    Edges of one ticket that go the same way share their lanes until they part. before and after join places of
    neighbouring layers only. ways says for each edge, by its ends, which places it passes, from end to end.
    """

    first_lane: int
    layers: Sequence[list[int]]
    before: Sequence[Sequence[int]]
    after: Sequence[Sequence[int]]
    ways: dict[tuple[int, int], tuple[int, ...]]


def parts(arrows: Arrows) -> list[list[int]]:
    """Tickets that have to do with each other, even through others; parts and members in the order of the plan."""
    found: list[list[int]] = []
    is_seen = [False] * len(arrows.names)
    for start in range(len(arrows.names)):
        if is_seen[start]:
            continue
        is_seen[start] = True
        part = [start]
        for node in part:  # grows on the way
            for other in (*arrows.before[node], *arrows.after[node]):
                if not is_seen[other]:
                    is_seen[other] = True
                    part.append(other)
        found.append(sorted(part))
    return found


def make_layers(members: Sequence[int], arrows: Arrows) -> Layered:
    """One part's layers: each ticket right of all that it depends on, and near to most of what it is joined to."""
    number = {node: at for at, node in enumerate(members)}
    layer_of = _layer_of(sorted(members, key=arrows.rank.__getitem__), arrows)
    layers: list[list[int]] = [[] for _ in range(max(layer_of.values()) + 1)]
    for node in members:
        layers[layer_of[node]].append(number[node])
    before: list[list[int]] = [[] for _ in members]
    after: list[list[int]] = [[] for _ in members]
    ways: dict[tuple[int, int], tuple[int, ...]] = {}
    for source in members:
        way = [number[source]]
        for target in sorted(arrows.after[source], key=layer_of.__getitem__):
            while layer_of[source] + len(way) < layer_of[target]:
                lane = len(before)
                layers[layer_of[source] + len(way)].append(lane)
                before.append([way[-1]])
                after.append([])
                after[way[-1]].append(lane)
                way.append(lane)
            after[way[-1]].append(number[target])
            before[number[target]].append(way[-1])
            ways[number[source], number[target]] = (*way, number[target])
    return Layered(len(members), layers, before, after, ways)


def _layer_of(order: Sequence[int], arrows: Arrows) -> dict[int, int]:
    """As far left as it can be, or right before what needs it, where that makes no more edges longer than shorter."""
    layer_of: dict[int, int] = {}
    for node in order:
        layer_of[node] = 1 + max([layer_of[needed] for needed in arrows.before[node]], default=-1)
    for node in reversed(order):
        if arrows.after[node] and len(arrows.after[node]) >= len(arrows.before[node]):
            layer_of[node] = min([layer_of[target] for target in arrows.after[node]]) - 1
    return layer_of
