"""The demo in its window, by clicks alone, from the first approval to Apply; its stages are kept as pictures."""

import asyncio
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from person import Person
from PySide6.QtWidgets import QApplication, QDialog

from slop_qt.app import run_window
from slop_qt.core.approvals import Mode
from slop_qt.core.errors import NotPossibleError
from slop_qt.demo_guide import BOUND, DemoGuide
from slop_qt.engine import Engine
from slop_qt.headless.demo import demo_options, load_demo, make_project
from slop_qt.launch import LaunchOptions
from slop_qt.mma import commands, shapes
from slop_qt.window import MainWindow


async def watch_the_demo(person: Person) -> None:
    """What a person does who types `make demo`."""
    await person.until(lambda: person.engine.feed.state.newest_run)
    person.picture("demo-1-planning")
    await person.until(lambda: "first decision" in person.banner)
    run = person.engine.feed.state.newest_run
    assert run is not None
    await person.until(lambda: run.pending_approvals)
    assert not run.streams, "a worker started before anybody allowed it"
    person.picture("demo-2-first-approval")
    await person.click("approvals.approve")
    await person.until(lambda: person.find("window.banner.action"))
    await person.until(lambda: run.streams)
    person.picture("demo-3-offers-to-go-on")
    await person.click("window.banner.action")
    await person.until(lambda: sum(not stream.closed for stream in run.streams.values()) > 1 or run.ended)
    person.picture("demo-4-going-on")
    await person.until(lambda: run.ended)
    assert (run.status, run.reason) == ("done", "All 7 tickets are done.")
    await person.until(lambda: "apply" in person.banner)
    person.picture("demo-5-ended")
    await person.click("tracks.apply")
    await person.until(lambda: [w for w in QApplication.topLevelWidgets() if isinstance(w, QDialog) and w.isVisible()])
    await person.click("apply.accept")
    await person.until(lambda: run.applied_commit and "Applied" in person.banner)
    person.picture("demo-6-applied")
    elsewhere = shapes.OpenProject(path=str(person.engine.options.settings_path.parent))
    with pytest.raises(NotPossibleError, match="the demo stays with its own project"):
        await person.engine.registry.call(commands.PROJECT_OPEN, elsewhere)
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

    assert run_window(replace(demo_options(options, demo), mode=Mode.ASK), opened, bound=BOUND) == 0
    assert seen == []
    tests = subprocess.run(
        [sys.executable, "-m", "pytest", "-q"], cwd=project, capture_output=True, text=True, check=False
    )
    assert tests.returncode == 0, tests.stdout
    log = subprocess.run(["git", "log", "--format=%s"], cwd=project, capture_output=True, text=True, check=False).stdout
    assert "chore(conductor): Mark track 'Finish the pocketbook ledger' as complete" in log
