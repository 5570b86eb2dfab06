"""What depends on what, by number in the order of the plan, made so that every arrow can point forwards."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain

__all__ = ["Arrows", "read_arrows"]


@dataclass(frozen=True, slots=True)
class Arrows:
    """The arrows between tickets 0 … n-1, each once.

    before and after are what each ticket comes right after and right before, once the arrows in `turned` (from, to)
    point the other way: these would close a circle. circular are all arrows that are part of one. broken says for
    each ticket on what it depends that is no other ticket. rank numbers them in an order with which all arrows agree.
    """

    names: tuple[str, ...]
    before: Sequence[Sequence[int]]
    after: Sequence[Sequence[int]]
    rank: Mapping[int, int]
    turned: frozenset[tuple[int, int]]
    circular: frozenset[tuple[int, int]]
    broken: Mapping[str, tuple[str, ...]]


def read_arrows(depends_on: Mapping[str, Sequence[str]]) -> Arrows:
    """The arrows of any graph, also of one that could not be worked. In a circle, the order of the plan decides."""
    names = tuple(depends_on)
    number = {name: at for at, name in enumerate(names)}
    needs: list[list[int]] = []
    broken: dict[str, tuple[str, ...]] = {}
    for name, dependencies in depends_on.items():
        sound = [number[needed] for needed in dict.fromkeys(dependencies) if needed in number and needed != name]
        lost = tuple(needed for needed in dict.fromkeys(dependencies) if needed not in number or needed == name)
        needs.append(sound)
        if lost:
            broken[name] = lost
    groups = [sorted(group) for group in _groups(needs)]
    return _directed(names, needs, groups, broken)


def _directed(
    names: tuple[str, ...],
    needs: Sequence[Sequence[int]],
    groups: Sequence[Sequence[int]],
    broken: Mapping[str, tuple[str, ...]],
) -> Arrows:
    group_of = {node: number for number, group in enumerate(groups) for node in group}
    rank = {node: place for place, node in enumerate(chain.from_iterable(groups))}
    before: list[list[int]] = [[] for _ in names]
    after: list[list[int]] = [[] for _ in names]
    turned, circular = set(), set()
    joined: set[tuple[int, int]] = set()
    for target, sources in enumerate(needs):
        for source in sources:
            first, second = source, target
            if group_of[source] == group_of[target]:
                circular.add((source, target))
                if rank[source] > rank[target]:
                    turned.add((source, target))
                    first, second = target, source
            if (first, second) not in joined:  # two that need each other are joined once
                joined.add((first, second))
                after[first].append(second)
                before[second].append(first)
    return Arrows(names, before, after, rank, frozenset(turned), frozenset(circular), broken)


def _groups(needs: Sequence[Sequence[int]]) -> list[list[int]]:
    """Tickets that need each other together, each group after what it needs (Tarjan 1972, without recursion)."""
    found = [-1] * len(needs)
    low = [0] * len(needs)
    kept: list[int] = []
    is_kept = [False] * len(needs)
    groups: list[list[int]] = []
    count = 0
    for root in range(len(needs)):
        way: list[tuple[int, Iterator[int]]] = []
        entered: int | None = root if found[root] < 0 else None
        while entered is not None or way:
            if entered is not None:
                found[entered] = low[entered] = count
                count += 1
                kept.append(entered)
                is_kept[entered] = True
                way.append((entered, iter(needs[entered])))
            node, rest = way[-1]
            entered = _next(node, rest, found, low, is_kept)
            if entered is None:
                way.pop()
                if way:
                    parent = way[-1][0]
                    low[parent] = min(low[parent], low[node])
                if low[node] == found[node]:
                    groups.append(_take(node, kept, is_kept))
    return groups


def _next(node: int, rest: Iterator[int], found: Sequence[int], low: list[int], is_kept: Sequence[bool]) -> int | None:
    """The next ticket to enter from here; on the way, how far back what was entered already leads."""
    for needed in rest:
        if found[needed] < 0:
            return needed
        if is_kept[needed]:
            low[node] = min(low[node], found[needed])
    return None


def _take(node: int, kept: list[int], is_kept: list[bool]) -> list[int]:
    at = len(kept) - 1
    while kept[at] != node:
        at -= 1
    group = kept[at:]
    del kept[at:]
    for member in group:
        is_kept[member] = False
    return group
