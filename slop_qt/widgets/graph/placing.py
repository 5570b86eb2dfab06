"""How high each place of each layer stands: near what it is joined to, level with it where there is room."""

from collections.abc import Iterable, Sequence
from itertools import pairwise
from statistics import median_low

__all__ = ["place_heights"]

Layers = Sequence[Sequence[int]]
Joined = Sequence[Sequence[int]]

_SWEEPS = 2
_LANE_WEIGHT = 8.0  # a bend in the middle of an edge is uglier than one beside a ticket
_FREE_WEIGHT = 0.1  # of a place that is joined to nothing on the side that is looked at
_FAR = 10**9


def place_heights(layers: Layers, before: Joined, after: Joined, half: Sequence[int], first_lane: int) -> list[int]:
    """The middle of each place, from 0 downwards, in whole pixels; each layer keeps its order.

    half is half of the height that a place takes, with its distance. Places from first_lane on are where an edge only
    passes. First every layer is drawn to the medians of its neighbours, with no more shift than distances ask for
    (isotonic regression); then chains are made level as far as there is room above and below them. So the picture
    stays low: lining chains up first (Brandes and Köpf) makes 300 tickets three times as high.
    """
    height = _stacked(layers, half)
    for sweep in range(_SWEEPS):
        forwards = sweep % 2 == 0
        for layer in layers if forwards else reversed(layers):
            _draw_near(layer, before if forwards else after, half, first_lane, height)
    whole = [round(each) for each in height]
    room = _Room(layers, half)
    for chains in (_lane_chains(before, first_lane), _main_chains(layers, before, after)):
        for chain in sorted(chains, key=len, reverse=True):
            room.level(chain, whole)
    top = min(whole, default=0)
    return [each - top for each in whole]


def _stacked(layers: Layers, half: Sequence[int]) -> list[float]:
    height = [0.0] * len(half)
    for layer in layers:
        middle = -float(sum([half[place] for place in layer]))
        for place in layer:
            height[place] = middle + half[place]
            middle += 2 * half[place]
    return height


def _draw_near(layer: Sequence[int], joined: Joined, half: Sequence[int], first_lane: int, height: list[float]) -> None:
    """Move a layer's places as near to what they are joined to as their distances allow, by least squares."""
    runs: list[tuple[float, float, int]] = []  # places that touch: weight, weight times top of the layer, how many
    offset = 0
    for place in layer:
        offset += half[place]
        weight, wanted = _wish(place, joined, first_lane, height)
        total, count = weight * (wanted - offset), 1
        while runs and runs[-1][1] * weight > total * runs[-1][0]:
            above_weight, above_total, above_count = runs.pop()
            weight, total, count = weight + above_weight, total + above_total, count + above_count
        runs.append((weight, total, count))
        offset += half[place]
    offset, at = 0, 0
    for weight, total, count in runs:
        for place in layer[at : at + count]:
            height[place] = total / weight + offset + half[place]
            offset += 2 * half[place]
        at += count


def _wish(place: int, joined: Joined, first_lane: int, height: Sequence[float]) -> tuple[float, float]:
    """How much a place wants to be where."""
    others = joined[place]
    if not others:
        return _FREE_WEIGHT, height[place]
    if len(others) == 1:
        is_inside = place >= first_lane and others[0] >= first_lane
        return _LANE_WEIGHT if is_inside else 1.0, height[others[0]]
    heights = sorted([height[other] for other in others])
    middle = len(heights) // 2
    return float(len(heights)), (heights[middle] + heights[-middle - 1]) / 2


def _lane_chains(before: Joined, first_lane: int) -> Iterable[Sequence[int]]:
    """The lanes that one edge passes, layer by layer. A lane's number is above that of the one before it."""
    chains: dict[int, list[int]] = {}
    first = list(range(len(before)))
    for lane in range(first_lane, len(before)):
        if before[lane][0] >= first_lane:
            first[lane] = first[before[lane][0]]
        chains.setdefault(first[lane], []).append(lane)
    return chains.values()


def _main_chains(layers: Layers, before: Joined, after: Joined) -> Iterable[Sequence[int]]:
    """Places that are the middle ones of each other's neighbours, unless that would cross what is in line already."""
    rank = [0] * len(before)
    for layer in layers:
        for at, place in enumerate(layer):
            rank[place] = at
    first = list(range(len(before)))
    is_taken = [False] * len(before)
    chains: dict[int, list[int]] = {}
    for layer in layers:
        reached = -1
        for place in layer:
            for other in _middle(before[place], rank):
                if rank[other] > reached and not is_taken[other] and place in _middle(after[other], rank):
                    first[place], is_taken[other], reached = first[other], True, rank[other]
                    break
            chains.setdefault(first[place], []).append(place)
    return chains.values()


def _middle(places: Sequence[int], rank: Sequence[int]) -> Sequence[int]:
    """The middle one, or both."""
    if len(places) < 3:
        return places
    ordered = sorted(places, key=rank.__getitem__)
    return ordered[(len(places) - 1) // 2 : len(places) // 2 + 1]


class _Room:
    """What stands above and below each place, and so how far it can move."""

    def __init__(self, layers: Layers, half: Sequence[int]) -> None:
        self._half = half
        self._above = [-1] * len(half)
        self._below = [-1] * len(half)
        for layer in layers:
            for upper, lower in pairwise(layer):
                self._below[upper], self._above[lower] = lower, upper

    def level(self, chain: Sequence[int], height: list[int]) -> None:
        """Give the places of the chain one height, or few, where there is no room for one."""
        run: list[int] = []
        highest, lowest = -_FAR, _FAR
        for place in chain:
            least, most = self._reach(place, height)
            if max(highest, least) > min(lowest, most):
                self._set(run, highest, lowest, height)
                run, highest, lowest = [], -_FAR, _FAR
                least, most = self._reach(place, height)
            run.append(place)
            highest, lowest = max(highest, least), min(lowest, most)
        self._set(run, highest, lowest, height)

    def _reach(self, place: int, height: Sequence[int]) -> tuple[int, int]:
        above, below = self._above[place], self._below[place]
        least = height[above] + self._half[above] + self._half[place] if above >= 0 else -_FAR
        most = height[below] - self._half[below] - self._half[place] if below >= 0 else _FAR
        return least, most

    def _set(self, run: Sequence[int], highest: int, lowest: int, height: list[int]) -> None:
        if len(run) > 1:
            level = min(max(median_low([height[place] for place in run]), highest), lowest)
            for place in run:
                height[place] = level
