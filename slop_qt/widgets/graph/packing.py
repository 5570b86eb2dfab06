"""Where parts of a picture that have nothing to do with each other stand: together about as wide as a screen is."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

__all__ = ["Packed", "Size", "pack_best"]

_ASPECT = 1.6
_WIDTHS = tuple(1.0 + step / 10 for step in range(11))  # tried, as multiples of what would do if nothing were wasted

Size = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Packed:
    """The top left corner of each part, for parts that may be as wide as `room`; the size of all."""

    corners: Sequence[tuple[float, float]]
    room: float
    width: float
    height: float


def pack_best(sizes: Sequence[Size], rest: Callable[[float], Size] | None = None) -> Packed:
    """The way of packing that can be seen the largest. rest is a last part, which takes whatever width there is."""
    least = max((width for width, _ in sizes), default=0.0)
    all_sizes = sizes if rest is None else [*sizes, rest(math.inf)]
    ideal = math.sqrt(sum(width * height for width, height in all_sizes) * _ASPECT)
    rooms = [max(least, ideal * factor) for factor in _WIDTHS]
    packed = [_pack(sizes if rest is None else [*sizes, rest(room)], room) for room in rooms]
    return min(packed, key=lambda each: max(each.width, each.height * _ASPECT))


def _pack(sizes: Sequence[Size], room: float) -> Packed:
    """In rows, in the given order; low parts below each other in a high one's row."""
    corners: list[tuple[float, float]] = []
    top = shelf = 0.0  # the row, and how high it is
    left = right = bottom = 0.0  # of the stack in it that grows
    widest = 0.0
    for wide, high in sizes:
        if bottom and bottom + high <= shelf and left + wide <= room:
            corners.append((left, top + bottom))
            right, bottom = max(right, left + wide), bottom + high
        else:
            if right and right + wide > room:
                top, right, shelf = top + shelf, 0.0, 0.0
            corners.append((right, top))
            left, right, bottom, shelf = right, right + wide, high, max(shelf, high)
        widest = max(widest, right)
    return Packed(corners, room, widest, top + shelf)
