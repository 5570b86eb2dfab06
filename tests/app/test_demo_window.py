"""The demo in its window, by clicks alone, from the first approval to Apply; its stages are kept as pictures."""

import asyncio
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QDialog, QPushButton, QWidget

from slop_qt.app import run_window
from slop_qt.core.approvals import Mode
from slop_qt.demo_guide import DemoGuide
from slop_qt.engine import Engine
from slop_qt.headless.demo import demo_options, load_demo, make_project
from slop_qt.launch import LaunchOptions
from slop_qt.mma import commands, shapes
from slop_qt.window import MainWindow

PICTURES = Path(__file__).parents[1] / "screenshots"


class Person:
    """Looks at the window and clicks. What it waits for has half a minute to come."""

    def __init__(self, engine: Engine, window: MainWindow) -> None:
        self.engine = engine
        self.window = window

    async def until(self, condition: Callable[[], object]) -> None:
        async with asyncio.timeout(30):
            while not condition():  # noqa: ASYNC110 — what a person sees sends no signal
                await asyncio.sleep(0.01)

    def find(self, name: str) -> QPushButton | None:
        found = [button for button in QApplication.allWidgets() if button.objectName() == name]
        usable = [button for button in found if isinstance(button, QPushButton) and button.isVisible()]
        return usable[0] if usable and usable[0].isEnabled() else None

    async def click(self, name: str) -> None:
        await self.until(lambda: self.find(name))
        button = self.find(name)
        assert button is not None
        QTest.mouseClick(button, Qt.MouseButton.LeftButton)

    def picture(self, name: str) -> None:
        PICTURES.mkdir(exist_ok=True)
        assert self.window.grab().save(str(PICTURES / f"demo-{name}.png"))

    @property
    def banner(self) -> str:
        words = self.window.findChild(QWidget, "window.banner.text")
        return words.text() if words is not None and words.isVisible() else ""  # type: ignore[attr-defined]


async def watch_the_demo(person: Person) -> None:
    """What a person does who types `make demo`."""
    await person.until(lambda: person.engine.feed.state.newest_run)
    person.picture("1-planning")
    await person.until(lambda: "first decision" in person.banner)
    run = person.engine.feed.state.newest_run
    assert run is not None
    await person.until(lambda: run.pending_approvals)
    assert not run.streams, "a worker started before anybody allowed it"
    person.picture("2-first-approval")
    await person.click("approvals.approve")
    await person.until(lambda: person.find("window.banner.action"))
    await person.until(lambda: run.streams)
    person.picture("3-offers-to-go-on")
    await person.click("window.banner.action")
    await person.until(lambda: sum(not stream.closed for stream in run.streams.values()) > 1 or run.ended)
    person.picture("4-going-on")
    await person.until(lambda: run.ended)
    assert (run.status, run.reason) == ("done", "All 7 tickets are done.")
    await person.until(lambda: "apply" in person.banner)
    person.picture("5-ended")
    await person.click("tracks.apply")
    await person.until(lambda: [w for w in QApplication.topLevelWidgets() if isinstance(w, QDialog) and w.isVisible()])
    await person.click("apply.accept")
    await person.until(lambda: run.applied_commit and "Applied" in person.banner)
    person.picture("6-applied")
    await person.engine.registry.call(commands.APP_QUIT, shapes.Nothing())


@pytest.mark.timeout(120)
def test_the_demo_is_worked_from_the_first_approval_to_apply(qapp: QApplication, tmp_path: Path) -> None:
    assert qapp.platformName() == "offscreen"
    demo = load_demo()
    project = tmp_path / "pocketbook"
    make_project(project)
    settings = tmp_path / "settings.toml"
    settings.write_text('theme = "light"\n')
    options = LaunchOptions(project=project, data_dir=tmp_path / "data", settings_path=settings, unpaced=True)
    seen: list[Exception] = []

    async def opened(engine: Engine, window: MainWindow) -> None:
        guiding = asyncio.ensure_future(DemoGuide(engine, window, demo).guide())
        try:
            await watch_the_demo(Person(engine, window))
        except Exception as error:  # noqa: BLE001 — for the test to raise, after the window has been closed
            seen.append(error)
            await engine.registry.call(commands.APP_QUIT, shapes.Nothing())
        finally:
            await asyncio.wait([guiding], timeout=5)

    assert run_window(replace(demo_options(options, demo), mode=Mode.ASK), opened) == 0
    assert seen == []
    tests = subprocess.run(
        [sys.executable, "-m", "pytest", "-q"], cwd=project, capture_output=True, text=True, check=False
    )
    assert tests.returncode == 0, tests.stdout
    log = subprocess.run(["git", "log", "--format=%s"], cwd=project, capture_output=True, text=True, check=False).stdout
    assert "chore(conductor): Mark track 'Finish the pocketbook ledger' as complete" in log
