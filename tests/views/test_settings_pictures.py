"""The settings dialog's pages as pictures, for people to look at: in tests/screenshots/, light and dark."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QSettings, QSize
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QApplication, QTabWidget, QWidget
from pytestqt.qtbot import QtBot
from settings_support import NO_KEYRING, Backend, first_settings
from window_support import Stage

from slop_qt.core.settings import ModelChoice
from slop_qt.mma import commands
from slop_qt.mma.settings_shapes import LocalServer
from slop_qt.qt.theme import ThemeChoice
from slop_qt.views.settings.dialog import SettingsDialog

FOLDER = Path(__file__).parents[1] / "screenshots"
SERVERS = (
    LocalServer(
        provider="ollama", label="Ollama", base_url="http://127.0.0.1:11434/v1", models=("qwen3:8b", "llama3.2:3b")
    ),
    LocalServer(provider="llamacpp", label="llama.cpp", base_url="http://127.0.0.1:8080/v1", models=("SmolLM2-135M",)),
)


@pytest.fixture(params=["light", "dark"])
def stage(qapp: QApplication, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Stage]:
    choice: ThemeChoice = request.param
    stage = Stage(qapp, QSettings(str(tmp_path / "window.ini"), QSettings.Format.IniFormat), choice)
    yield stage
    stage.strike()


def picture(dialog: SettingsDialog, stage: Stage, name: str) -> None:
    for _ in range(5):
        QApplication.processEvents()
    widget: QWidget = dialog
    scale = widget.devicePixelRatioF()
    image = QImage(widget.size() * scale, QImage.Format.Format_RGB32)
    image.setDevicePixelRatio(scale)
    widget.render(image)
    FOLDER.mkdir(exist_ok=True)
    suffix = "" if scale == 1 else f"-{scale:.0%}"
    assert image.save(str(FOLDER / f"settings-{name}-{stage.theme.choice}{suffix}.png"))


@pytest.mark.parametrize("size", [None, QSize(620, 420)], ids=["its size", "small"])
def test_each_page(stage: Stage, qtbot: QtBot, size: QSize | None) -> None:
    shown = first_settings()
    odd = {
        3: ModelChoice(provider="anthropic", model="claude-3-7-sonnet"),
        4: ModelChoice(provider="openai", model="gpt-5"),
    }
    backend = Backend(stage, shown.model_copy(update={"tiers": {**shown.tiers, **odd}}))
    backend.local = SERVERS
    dialog = SettingsDialog(backend.context)
    qtbot.addWidget(dialog)
    if size is not None:
        dialog.resize(size)
    dialog.show()
    pages = dialog.findChild(QTabWidget, "settings.pages")
    for number, name in enumerate(("models", "keys", "servers")):
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
    for number, name in enumerate(("models", "keys", "servers")):
        pages.setCurrentIndex(number)
        picture(dialog, stage, f"{name}-missing")
    backend.release()
