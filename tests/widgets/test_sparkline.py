"""A sparkline says its last value in words, and its curve is where its values are."""

import pytest
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from slop_qt.qt.theme import Theme
from slop_qt.store.resources import resource_path
from slop_qt.widgets.sparkline import Sparkline


@pytest.fixture
def theme(qapp: QApplication) -> Theme:
    return Theme(qapp, resource_path("icons"), "light")


@pytest.fixture
def curve(theme: Theme, qtbot: QtBot) -> Sparkline:
    made = Sparkline(theme, "speed", "Tokens/s")
    qtbot.addWidget(made)
    made.resize(200, made.sizeHint().height())
    return made


def height_at(image: QImage, x: int) -> int:
    """How far down the line is: it is darker than what is filled below it."""
    scale = image.devicePixelRatio()
    column = [image.pixelColor(round(x * scale), y).lightness() for y in range(round(18 * scale), image.height())]
    return next(at for at, lightness in enumerate(column) if lightness < 180)


def test_before_there_is_anything_it_says_so(curve: Sparkline) -> None:
    assert curve.accessibleName() == "Tokens/s: nothing yet"
    assert not curve.grab().isNull() and curve.values == ()


def test_it_says_the_last_value_and_describes_the_whole(curve: Sparkline) -> None:
    curve.show_values("Tokens/s", [0, 10, 1240], "1,240", "most 1,240, on average 417.")
    assert (curve.accessibleName(), curve.accessibleDescription()) == ("Tokens/s: 1,240", "most 1,240, on average 417.")
    curve.show_nothing("no response yet")
    assert (curve.words, curve.values) == ("no response yet", ())


def test_the_curve_rises_with_its_values(curve: Sparkline) -> None:
    curve.show_values("Cost", [0.0, 0.5, 1.0], "$1.00", "")
    image = curve.grab().toImage()
    heights = [height_at(image, x) for x in (40, 98, 160)]
    assert heights[0] > heights[1] > heights[2]
    curve.show_values("Cost", [0.0, 0.0, 0.0], "$0.00", "")
    level = [height_at(curve.grab().toImage(), x) for x in (40, 160)]
    assert level[0] == level[1] > heights[0]


def test_one_value_is_a_level_line_and_many_are_no_trouble(curve: Sparkline) -> None:
    curve.show_values("Cost", [3.0], "$3.00", "")
    one = curve.grab().toImage()
    curve.show_values("Cost", [3.0] * 5000, "$3.00", "")
    assert curve.grab().toImage() == one


def test_what_is_shown_already_is_not_painted_again(curve: Sparkline, qtbot: QtBot) -> None:
    curve.show()
    qtbot.waitExposed(curve)
    curve.show_values("Cost", [1, 2], "$2.00", "")
    QApplication.processEvents()
    painted: list[int] = []
    original = curve.paintEvent
    curve.paintEvent = lambda event: (painted.append(1), original(event))  # type: ignore[method-assign]
    curve.show_values("Cost", (1, 2), "$2.00", "")
    QApplication.processEvents()
    assert painted == []
    curve.show_values("Cost", (1, 3), "$3.00", "")
    qtbot.waitUntil(lambda: painted == [1])
