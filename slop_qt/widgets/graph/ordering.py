"""In which order the places of each layer stand, so that few edges cross."""

from bisect import bisect_right, insort
from collections.abc import Iterable, Sequence

__all__ = ["crossings", "order_layers"]

_SWEEPS = 5
_PATIENCE = 2  # sweeps without a gain before it is left as it is
_SWAPS = 3  # times that neighbours are compared at most

Layers = list[list[int]]
Joined = Sequence[Sequence[int]]


def order_layers(layers: Layers, before: Joined, after: Joined) -> Layers:
    """The layers with their places in a better order; equals keep the order in which they came.

    They begin in the order in which one meets them on the way from the first to what comes after it, and so on: so
    trees have no crossings at all. Then each layer is sorted by the mean place of its neighbours, forwards and
    backwards, and neighbours change places where that helps (Gansner et al. 1993). before and after join places of
    neighbouring layers only.
    """
    rank = [0] * len(before)
    layers = _as_met(layers, after)
    _number(layers, rank)
    best, fewest, idle = [list(layer) for layer in layers], crossings(layers, after, rank), 0
    for sweep in range(_SWEEPS):
        if not fewest or idle == _PATIENCE:
            break
        for layer in layers if sweep % 2 == 0 else reversed(layers):
            _sort(layer, before if sweep % 2 == 0 else after, rank)
        if sweep == 0:
            continue  # one direction alone is never the best, and to count costs as much as to sort
        crossed = crossings(layers, after, rank)
        idle += 1
        if crossed < fewest:
            best, fewest, idle = [list(layer) for layer in layers], crossed, 0
    _number(best, rank)
    for _ in range(_SWAPS):
        if not fewest or not sum([_swap(layer, before, after, rank) for layer in best]):
            break
    return best


def crossings(layers: Layers, after: Joined, rank: Sequence[int]) -> int:
    """How many pairs of edges cross."""
    total = 0
    for layer in layers:
        seen: list[int] = []
        last = -1
        for place in layer:
            ends = sorted([rank[other] for other in after[place]])
            for end in ends:
                if end < last:
                    total += len(seen) - bisect_right(seen, end)
            for end in ends:
                insort(seen, end)
            last = max(last, ends[-1]) if ends else last
    return total


def _as_met(layers: Layers, after: Joined) -> Layers:
    layer_of = {place: number for number, layer in enumerate(layers) for place in layer}
    met: Layers = [[] for _ in layers]
    is_met = [False] * len(after)
    todo = [place for layer in reversed(layers) for place in reversed(layer)]
    while todo:
        place = todo.pop()
        if not is_met[place]:
            is_met[place] = True
            met[layer_of[place]].append(place)
            todo += reversed(after[place])
    return met


def _number(layers: Iterable[Sequence[int]], rank: list[int]) -> None:
    for layer in layers:
        for at, place in enumerate(layer):
            rank[place] = at


def _sort(layer: list[int], joined: Joined, rank: list[int]) -> None:
    """Those that have neighbours, by these; the others stay where they are."""
    means: dict[int, float] = {}
    for place in layer:
        others = joined[place]
        if len(others) == 1:
            means[place] = rank[others[0]]
        elif others:
            means[place] = sum([rank[other] for other in others]) / len(others)
    movable = iter(sorted(means, key=means.__getitem__))
    layer[:] = [next(movable) if place in means else place for place in layer]
    for at, place in enumerate(layer):
        rank[place] = at


def _swap(layer: list[int], before: Joined, after: Joined, rank: list[int]) -> int:
    """Let neighbours change places wherever fewer edges cross then; how often that was."""
    swapped = 0
    ends = [(sorted([rank[p] for p in before[place]]), sorted([rank[p] for p in after[place]])) for place in layer]
    for at in range(len(layer) - 1):
        (left, right), (next_left, next_right) = ends[at], ends[at + 1]
        gain = 0
        if left and next_left and left[-1] > next_left[0]:
            gain += sum([(above > below) - (above < below) for above in left for below in next_left])
        if right and next_right and right[-1] > next_right[0]:
            gain += sum([(above > below) - (above < below) for above in right for below in next_right])
        if gain > 0:
            layer[at], layer[at + 1] = layer[at + 1], layer[at]
            ends[at], ends[at + 1] = ends[at + 1], ends[at]
            rank[layer[at]], rank[layer[at + 1]] = at, at + 1
            swapped += 1
    return swapped
