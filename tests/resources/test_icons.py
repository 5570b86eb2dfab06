"""The icons are one family: 16 px, one stroke, one colour that can be tinted; and each says something else."""

import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest
from PySide6.QtCore import QByteArray
from PySide6.QtGui import QImage, QPainter
from PySide6.QtSvg import QSvgRenderer

ICONS = Path(__file__).parents[2] / "resources" / "icons"
FAMILY = sorted(path for path in ICONS.glob("*.svg") if path.stem != "app")
NAMES = """
running waiting done failed blocked idle ready skipped cancelled verify merge review spawn edit command tool question
step track ticket tokens activity diff search copy retry thinking plus play pause stop apply close columns down
minus reading fit up back
system prompt docs file outline range dependency history result warm cold broken
"""


def painted(path: Path, size: int = 32) -> QImage:
    renderer = QSvgRenderer(QByteArray(path.read_bytes()))
    assert renderer.isValid()
    image = QImage(size, size, QImage.Format.Format_ARGB32_Premultiplied)
    image.fill(0)
    painter = QPainter(image)
    renderer.render(painter)
    painter.end()
    return image


def test_every_name_has_an_icon() -> None:
    assert {path.stem for path in FAMILY} == set(NAMES.split())
    assert (ICONS / "app.svg").is_file()


@pytest.mark.parametrize("path", FAMILY, ids=lambda path: path.stem)
def test_icon_is_of_the_family(path: Path) -> None:
    root = ElementTree.fromstring(path.read_text(encoding="utf-8"))
    assert (root.get("viewBox"), root.get("width"), root.get("height")) == ("0 0 16 16", "16", "16")
    assert (root.get("stroke"), root.get("stroke-width"), root.get("fill")) == ("#000", "1.5", "none")
    for shape in list(root.iter())[1:]:
        assert shape.get("stroke", "none") == "none"
        assert shape.get("stroke-width") is None
        assert shape.get("fill", "#000") == "#000"


@pytest.mark.usefixtures("qapp")
def test_no_two_icons_look_the_same_and_none_is_empty() -> None:
    images = {path.stem: painted(path) for path in [*FAMILY, ICONS / "app.svg"]}
    bits = {name: bytes(image.constBits()) for name, image in images.items()}
    assert all(any(pixels) for pixels in bits.values())
    assert len(set(bits.values())) == len(bits)


@pytest.mark.usefixtures("qapp")
@pytest.mark.parametrize("path", FAMILY, ids=lambda path: path.stem)
def test_nothing_is_cut_off_at_the_edge(path: Path) -> None:
    image = painted(path, 160)
    edge = range(160)
    assert not any(
        image.pixelColor(*point).alpha()
        for along in edge
        for point in ((along, 0), (along, 159), (0, along), (159, along))
    )
