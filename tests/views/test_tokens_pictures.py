"""The Tokens panel as pictures, for people to look at: in tests/screenshots/, light and dark."""

from collections.abc import Iterator
from pathlib import Path

import context_story
import pytest
import story
from pictures import rendered, take
from PySide6.QtCore import QSettings, QSize
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot
from window_support import Stage, shown_track

from slop_qt.core.shape import Shape
from slop_qt.mma import commands, spend_shapes
from slop_qt.qt.theme import ThemeChoice
from slop_qt.views.tokens.panel import TokensPanel

TEXT = "".join(f"{number:>4}  def column_{number}(cells: list[str]) -> int:\n" for number in range(1, 60))


@pytest.fixture(params=["light", "dark"])
def choice(request: pytest.FixtureRequest) -> ThemeChoice:
    return request.param


@pytest.fixture
def stage(qapp: QApplication, tmp_path: Path, choice: ThemeChoice) -> Iterator[Stage]:
    stage = Stage(qapp, QSettings(str(tmp_path / "window.ini"), QSettings.Format.IniFormat), choice)

    async def read(_params: Shape, _by: object) -> spend_shapes.ContextTextRead:
        return spend_shapes.ContextTextRead(text=TEXT)

    stage.desk.registry.register(commands.CONTEXT_TEXT, read)
    stage.desk.tracks = [shown_track(story.TRACK, "Finish pocketbook", story.planned())]
    stage.feed.publish(*story.running(story.Clock()))
    stage.feed.publish(*context_story.several())
    yield stage
    stage.strike()


@pytest.mark.parametrize("size", [(1280, 800), (1024, 640)], ids=["1280", "1024"])
def test_the_panel_in_the_window(stage: Stage, qtbot: QtBot, choice: ThemeChoice, size: tuple[int, int]) -> None:
    window = stage.build_window()
    qtbot.addWidget(window)
    window.resize(QSize(*size))
    window.show()
    rendered(window)
    window._docks.raise_panel("tokens")
    panel = window._docks.panel("tokens")
    qtbot.waitUntil(lambda: not panel.visibleRegion().isEmpty())
    name = f"window-{size[0]}x{size[1]}-{choice}"
    image = take(window, f"tokens-{name}")
    bar = panel.findChild(QWidget, "tokens.bar")
    middle = bar.mapTo(window, bar.places()[0][1].center().toPoint()) * image.devicePixelRatio()
    assert image.pixelColor(middle).name() == stage.theme.tokens.part_system.lower()


def test_the_panel_by_itself_and_the_text_of_a_part(stage: Stage, qtbot: QtBot, choice: ThemeChoice) -> None:
    panel = TokensPanel(stage.context)
    qtbot.addWidget(panel)
    panel.resize(900, 700)
    panel.show()
    take(panel, f"tokens-tall-{choice}")
    for stream in ("Tier 3: T-003", "Tier 3: T-005 #2", "Tier 4: T-005 #1"):
        page = panel._context_page
        page._go_to(page._model.find((story.RUN, stream)))
        panel.resize(1000, 250)
        take(panel, f"tokens-{stream.replace(': ', '-').replace(' ', '')}-{choice}")
    panel._context_page._details.read(6)
    view = panel._context_page._details._text.view
    qtbot.waitUntil(lambda: not view.behind)
    take(panel, f"tokens-text-{choice}")
    assert view.toPlainText() == TEXT
