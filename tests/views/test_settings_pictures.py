"""The settings dialog's pages as pictures, for people to look at: in tests/screenshots/, light and dark."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import story
from pictures import keep, rendered, take
from PySide6.QtCore import QRect, QSettings, QSize
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import QApplication, QTabWidget
from pytestqt.qtbot import QtBot
from settings_support import NO_KEYRING, Backend, first_settings
from window_support import Stage, shown_track

from slop_qt.core.approvals import ApprovalKind
from slop_qt.core.settings import ModelChoice, Rule
from slop_qt.mma import commands
from slop_qt.mma.settings_shapes import LocalServer
from slop_qt.qt.theme import ThemeChoice
from slop_qt.views.settings.dialog import SettingsDialog
from slop_qt.widgets.stream_view import StreamView

SERVERS = (
    LocalServer(
        provider="ollama", label="Ollama", base_url="http://127.0.0.1:11434/v1", models=("qwen3:8b", "llama3.2:3b")
    ),
    LocalServer(provider="llamacpp", label="llama.cpp", base_url="http://127.0.0.1:8080/v1", models=("SmolLM2-135M",)),
)

LONG = "python -m pytest -q tests/test_entries.py tests/test_money.py --maxfail=1 --durations=10 && git status --short"
RULES = (
    Rule(action="allow", kind=ApprovalKind.COMMAND, subject="python -m pytest -q", cwd=".", shell=True),
    Rule(action="allow", kind=ApprovalKind.COMMAND, subject=LONG, cwd=".", shell=True),
    Rule(action="allow", kind=ApprovalKind.COMMAND, subject="python -m unittest -v", cwd=".", shell=False),
    Rule(action="deny", kind=ApprovalKind.COMMAND, subject="cat <<END\nsecret\nEND", cwd="pocketbook", shell=True),
    Rule(action="allow", kind=ApprovalKind.TOOL, subject="fetch_issue", arguments='{"number": 12}'),
    Rule(action="ask", kind=ApprovalKind.EDIT, subject="README.md"),
    Rule(action="deny", kind=ApprovalKind.MERGE),
)


@pytest.fixture(params=["light", "dark"])
def stage(qapp: QApplication, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Stage]:
    choice: ThemeChoice = request.param
    stage = Stage(qapp, QSettings(str(tmp_path / "window.ini"), QSettings.Format.IniFormat), choice)
    yield stage
    stage.strike()


def picture(dialog: SettingsDialog, stage: Stage, name: str) -> None:
    take(dialog, f"settings-{name}-{stage.theme.choice}")


@pytest.mark.parametrize("size", [None, QSize(620, 420)], ids=["its size", "small"])
def test_each_page(stage: Stage, qtbot: QtBot, size: QSize | None) -> None:
    shown = first_settings()
    odd = {
        3: ModelChoice(provider="anthropic", model="claude-3-7-sonnet"),
        4: ModelChoice(provider="openai", model="gpt-5"),
    }
    backend = Backend(stage, shown.model_copy(update={"tiers": {**shown.tiers, **odd}}))
    backend.local = SERVERS
    backend.rules = RULES
    dialog = SettingsDialog(backend.context)
    qtbot.addWidget(dialog)
    if size is not None:
        dialog.resize(size)
    dialog.show()
    pages = dialog.findChild(QTabWidget, "settings.pages")
    for number, name in enumerate(("models", "keys", "servers", "rules")):
        pages.setCurrentIndex(number)
        picture(dialog, stage, f"{name}{'-small' if size else ''}")
    assert dialog.minimumSizeHint().height() <= 560


def test_what_is_missing(stage: Stage, qtbot: QtBot) -> None:
    backend = Backend(stage, first_settings(NO_KEYRING))
    backend.held = {commands.PROVIDER_MODELS.name}
    dialog = SettingsDialog(backend.context)
    qtbot.addWidget(dialog)
    dialog.show()
    pages = dialog.findChild(QTabWidget, "settings.pages")
    for number, name in enumerate(("models", "keys", "servers", "rules")):
        pages.setCurrentIndex(number)
        picture(dialog, stage, f"{name}-missing")
    backend.release()


def test_over_the_window(stage: Stage, qtbot: QtBot) -> None:
    backend = Backend(stage)
    window = stage.build_window(backend.context)
    qtbot.addWidget(window)
    window.resize(QSize(1440, 900))
    window.show()
    clock = story.Clock()
    stage.feed.publish(*story.planning(clock))
    stage.desk.tracks = [shown_track(story.TRACK, "Finish pocketbook", story.planned())]
    stage.feed.publish(*story.planned_end(clock), *story.running(clock), *story.approvals(clock))
    streams = window.findChildren(StreamView)
    qtbot.waitUntil(lambda: not any(view.behind and not view.visibleRegion().isEmpty() for view in streams))
    window.open_settings()
    dialog = window.findChild(SettingsDialog)
    qtbot.waitUntil(dialog.isVisible)
    image, above = rendered(window), rendered(dialog)
    place = window.rect().center() - dialog.rect().center()
    with QPainter(image) as painter:
        painter.drawImage(place, above)
        painter.setPen(stage.theme.color("idle"))
        painter.drawRect(QRect(place, dialog.size()).adjusted(-1, -1, 0, 0))
    keep(image, f"settings-window-{stage.theme.choice}")
