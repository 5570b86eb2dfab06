"""From "there is no key" to a first request, in the real window: a real SDK, a real keyring backend, a real file."""

import json
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import keyring
import pytest
from memory_keyring import MemoryKeyring
from person import Onlooker
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QComboBox, QLineEdit, QPlainTextEdit, QTabWidget, QWidget

from slop_qt.app import run_window
from slop_qt.engine import Engine
from slop_qt.launch import LaunchOptions
from slop_qt.qt.roles import Role
from slop_qt.widgets.notice import Notice
from slop_qt.window import MainWindow

sys.path.insert(0, str(Path(__file__).parents[1] / "wire"))  # the loopback server of the wire tests
from loopback import Answer, LoopbackServer, Received

KEY = "sk-ant-canary-0123456789abcdef"
JSON = {"content-type": "application/json"}


def anthropic(request: Received) -> Answer:
    """Lists two models to who has the key; every other request is refused in a way that is final."""
    given = request.headers.get("authorization")
    if given != f"Bearer {KEY}":
        error = {"type": "authentication_error", "message": f"invalid key {given}"}
        return Answer([json.dumps({"type": "error", "error": error}).encode()], 401, JSON)
    if request.path.startswith("/v1/models"):
        entries = [
            {"type": "model", "id": name, "display_name": name, "created_at": "2025-11-01T00:00:00Z"}
            for name in ("claude-opus-4-5", "claude-haiku-4-5")
        ]
        return Answer([json.dumps({"data": entries, "has_more": False}).encode()], 200, JSON)
    error = {"type": "invalid_request_error", "message": "Enough has been seen."}
    return Answer([json.dumps({"type": "error", "error": error}).encode()], 400, JSON)


class Person(Onlooker):
    """Clicks and types in the settings."""

    async def find(self, name: str) -> QWidget:
        def seen() -> QWidget | None:
            return next((each for each in QApplication.allWidgets() if each.objectName() == name), None)

        await self.until(lambda: (there := seen()) and there.isVisible() and there.isEnabled())
        found = seen()
        assert found is not None
        return found

    async def click(self, name: str) -> None:
        QTest.mouseClick(await self.find(name), Qt.MouseButton.LeftButton)

    async def type(self, name: str, text: str) -> None:
        field = await self.find(name)
        if isinstance(field, QPlainTextEdit):
            field.setPlainText(text)
        else:
            assert isinstance(field, QLineEdit)
            QTest.keyClicks(field, text)

    async def reads(self, name: str, words: str) -> None:
        notice = self.window.findChild(Notice, name)
        assert notice is not None
        await self.until(lambda: words in notice.words)


@pytest.fixture
def memory() -> Iterator[MemoryKeyring]:
    before = keyring.get_keyring()
    own = MemoryKeyring()
    keyring.set_keyring(own)
    yield own
    keyring.set_keyring(before)


@pytest.fixture
def options(tmp_path: Path) -> LaunchOptions:
    project = tmp_path / "project"
    project.mkdir()
    (project / "README.md").write_text("# Project\n")
    identity = ("-c", "user.name=test", "-c", "user.email=test@localhost")
    for command in (("init", "--quiet"), ("add", "--all"), ("commit", "--quiet", "--message", "Begin")):
        subprocess.run(["git", *identity, *command], cwd=project, check=True)
    settings = tmp_path / "config" / "settings.toml"
    settings.parent.mkdir()
    settings.write_text("# Mine.\n[limits]\nworkers = 2  # enough\n")
    return LaunchOptions(project=project, data_dir=tmp_path / "data", settings_path=settings)


async def ask_for_an_epic(person: Person) -> None:
    person.window._docks.panel("tracks").actions_of_tracks.new_epic()
    await person.type("epic.text", "Say hello.")
    await person.click("epic.accept")


async def set_it_up(person: Person, memory: MemoryKeyring, server: LoopbackServer) -> None:
    """What a person does who starts without a key."""
    await ask_for_an_epic(person)
    await person.click("tracks.banner.action")
    pages = await person.find("settings.pages")
    assert isinstance(pages, QTabWidget)
    pages.setCurrentIndex(1)
    await person.type("settings.key.anthropic.field", "sk-wrong-key-0000000000")
    await person.click("settings.key.anthropic.test")
    await person.reads("settings.key.anthropic.notice", "refused the key (401)")
    field = await person.find("settings.key.anthropic.field")
    assert isinstance(field, QLineEdit)
    field.clear()
    await person.type("settings.key.anthropic.field", KEY)
    await person.click("settings.key.anthropic.test")
    await person.reads("settings.key.anthropic.notice", "Anthropic takes the key; 2 models.")
    assert memory.kept == {}
    await person.click("settings.key.anthropic.save")
    await person.reads("settings.key.anthropic.notice", "It is in the system keyring")
    assert memory.kept == {("slop-qt", "anthropic"): KEY}
    pages.setCurrentIndex(0)
    model = await person.find("settings.tier1.model")
    assert isinstance(model, QComboBox)
    await person.until(lambda: model.findData("claude-haiku-4-5", Role.ID) >= 0)
    model.setCurrentIndex(model.findData("claude-haiku-4-5", Role.ID))
    await person.click("settings.accept")
    await person.until(lambda: not any(each.objectName() == "settings" for each in QApplication.topLevelWidgets()))


def test_a_key_and_a_model_from_the_dialog_are_what_the_next_agent_asks_with(
    options: LaunchOptions, memory: MemoryKeyring, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    failures: list[BaseException] = []

    async def opened(engine: Engine, window: MainWindow) -> None:
        person = Person(window)
        try:
            await set_it_up(person, memory, server)
            assert engine.settings.tiers[1].model == "claude-haiku-4-5"
            await ask_for_an_epic(person)
            await person.until(lambda: any(each.path == "/v1/messages" for each in server.received))
        except BaseException as error:  # noqa: BLE001 — raised where pytest sees it
            failures.append(error)
        window.close()

    with LoopbackServer(anthropic) as server:
        monkeypatch.delenv("ANTHROPIC_API_KEY", raising=False)
        monkeypatch.setenv("ANTHROPIC_BASE_URL", server.base_url)
        assert run_window(options, opened) == 0
    if failures:
        raise failures[0]
    sent = next(each for each in server.received if each.path == "/v1/messages")
    assert (sent.headers["authorization"], sent.body["model"]) == (f"Bearer {KEY}", "claude-haiku-4-5")
    text = options.settings_path.read_text()
    assert text.startswith("# Mine.\n[limits]\nworkers = 2  # enough\n")
    written = tomllib.loads(text)
    assert written["tiers"] == {"1": {"provider": "anthropic", "model": "claude-haiku-4-5"}}
    kept = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert any(path.suffix == ".sqlite3" for path in kept)
    assert [path for path in kept if KEY.encode() in path.read_bytes()] == []
