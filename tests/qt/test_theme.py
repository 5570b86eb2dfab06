"""The colours can be told apart, and the theme follows the person and the system."""

from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QPalette
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from slop_qt.core.errors import ConfigurationError
from slop_qt.qt.icons import IconSet
from slop_qt.qt.theme import Theme
from slop_qt.qt.tokens import DARK, LIGHT, Tokens, contrast, pairs_used_together
from slop_qt.store.resources import resource_path


@pytest.mark.parametrize("tokens", [LIGHT, DARK], ids=["light", "dark"])
@pytest.mark.parametrize(("front", "back", "least"), pairs_used_together())
def test_contrast_of_what_is_used_together(tokens: Tokens, front: str, back: str, least: float) -> None:
    assert contrast(tokens.color(front), tokens.color(back)) >= least


def test_contrast_is_wcag_contrast() -> None:
    assert contrast("#000000", "#FFFFFF") == pytest.approx(21)
    assert contrast("#777777", "#FFFFFF") == pytest.approx(4.48, abs=0.01)


def test_choosing_changes_palette_and_says_so(qapp: QApplication, qtbot: QtBot) -> None:
    theme = Theme(qapp, resource_path("icons"), "light")
    assert qapp.palette().color(QPalette.ColorRole.Window).name() == LIGHT.canvas.lower()
    with qtbot.waitSignals([theme.changed, theme.choice_changed]):
        theme.choose("dark")
    assert theme.tokens is DARK
    assert qapp.palette().color(QPalette.ColorRole.Window).name() == DARK.canvas.lower()
    with qtbot.assertNotEmitted(theme.choice_changed):
        theme.choose("dark")
    theme.deleteLater()


def test_an_undressed_theme_takes_an_earlier_style_sheet_off_and_hears_no_more_of_its_theme(qapp: QApplication) -> None:
    earlier = Theme(qapp, resource_path("icons"), "light")
    assert qapp.styleSheet()
    earlier.retire()
    theme = Theme(qapp, resource_path("icons"), "light", dressed=False)
    assert not qapp.styleSheet()
    theme.choose("dark")
    assert not qapp.styleSheet()
    theme.dress()
    assert DARK.canvas in qapp.styleSheet()
    theme.retire()


def test_a_system_that_says_nothing_is_light(qapp: QApplication) -> None:
    theme = Theme(qapp, resource_path("icons"), "dark")
    theme.choose("system")
    assert qapp.styleHints().colorScheme() is Qt.ColorScheme.Unknown
    assert theme.tokens is LIGHT
    theme.deleteLater()


@pytest.mark.usefixtures("qapp")
def test_icons_are_tinted_and_as_sharp_as_the_screen() -> None:
    icons = IconSet(resource_path("icons"))
    pixmap = icons.pixmap("done", "#1F7A45", scale=2.0)
    assert (pixmap.width(), pixmap.deviceIndependentSize().width()) == (32, 16)
    image = pixmap.toImage()
    solid = {
        image.pixelColor(x, y).name() for x in range(32) for y in range(32) if image.pixelColor(x, y).alpha() == 255
    }
    assert solid == {"#1f7a45"}


@pytest.mark.usefixtures("qapp")
def test_a_missing_icon_names_the_file(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"nothing\.svg"):
        IconSet(tmp_path).pixmap("nothing", "#000000")
