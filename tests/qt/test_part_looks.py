"""Each kind of part has an icon, a word and a colour of its own."""

import itertools
import math
from typing import get_args

import pytest

from slop_qt.core.context import PartKind
from slop_qt.qt.part_looks import PART_KINDS, kind_words, part_look
from slop_qt.qt.tokens import DARK, LIGHT, PARTS, Tokens
from slop_qt.store.resources import resource_path


def oklab(color: str) -> tuple[float, float, float]:
    """Where a colour lies for the eye (Björn Ottosson, A perceptual color space for image processing, 2020)."""
    channels = [int(color[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    r, g, b = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels)
    long = (0.4122214708 * r + 0.5363325363 * g + 0.0514459929 * b) ** (1 / 3)
    middle = (0.2119034982 * r + 0.6806995451 * g + 0.1073969566 * b) ** (1 / 3)
    short = (0.0883024619 * r + 0.2817188376 * g + 0.6299787005 * b) ** (1 / 3)
    return (
        0.2104542553 * long + 0.7936177850 * middle - 0.0040720468 * short,
        1.9779984951 * long - 2.4285922050 * middle + 0.4505937099 * short,
        0.0259040371 * long + 0.7827717662 * middle - 0.8086757660 * short,
    )


@pytest.mark.parametrize("tokens", [LIGHT, DARK], ids=["light", "dark"])
def test_no_two_kinds_have_colours_that_could_be_taken_for_each_other(tokens: Tokens) -> None:
    places = {name: oklab(tokens.color(name)) for name in PARTS}
    nearest = min(itertools.combinations(places, 2), key=lambda pair: math.dist(places[pair[0]], places[pair[1]]))
    assert math.dist(*(places[name] for name in nearest)) > 0.13, nearest


def test_every_kind_looks_like_itself() -> None:
    assert set(PART_KINDS) == set(get_args(PartKind))
    looks = [part_look(kind) for kind in PART_KINDS]
    assert len({look.icon for look in looks}) == len({look.word for look in looks}) == len(PART_KINDS)
    assert {look.color for look in looks} == set(PARTS)
    assert len({kind_words(kind) for kind in PART_KINDS}) == len(PART_KINDS)
    assert all((resource_path("icons") / f"{look.icon}.svg").is_file() for look in looks)
