"""One project after another in one process: what of the one before is kept in memory."""

import asyncio
import gc
import subprocess
import weakref
from pathlib import Path

from PySide6.QtWidgets import QApplication

from slop_qt.app import run_window
from slop_qt.engine import Engine
from slop_qt.launch import LaunchOptions
from slop_qt.mma import commands, shapes
from slop_qt.window import MainWindow


def repository(folder: Path) -> Path:
    folder.mkdir()
    who = ["-c", "user.name=t", "-c", "user.email=t@localhost"]
    for command in (["init", "-q", "-b", "main"], [*who, "commit", "-q", "--allow-empty", "-m", "Start"]):
        subprocess.run(["git", *command], cwd=folder, check=True)
    return folder


def test_a_project_that_was_left_can_be_collected_with_its_window(qapp: QApplication, tmp_path: Path) -> None:
    walls, roofs = repository(tmp_path / "walls"), repository(tmp_path / "roofs")
    gone: list[bool] = []

    async def opened(engine: Engine, window: MainWindow) -> None:
        left = [weakref.ref(engine), weakref.ref(window)]
        registry = engine.registry
        del engine, window
        opening = registry.call(commands.PROJECT_OPEN, shapes.OpenProject(path=str(roofs)))
        del registry
        await opening
        del opening
        try:
            async with asyncio.timeout(30):
                while any(each() is not None for each in left):
                    await asyncio.sleep(0.01)  # what is to be deleted is, a turn of the loop later
                    gc.collect()
            gone.append(True)
        finally:
            qapp.closeAllWindows()

    options = LaunchOptions(project=walls, data_dir=tmp_path / "data", settings_path=tmp_path / "settings.toml")
    assert run_window(options, opened) == 0
    assert gone == [True]
