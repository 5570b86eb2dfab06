"""What the application answers of itself where there is no window."""

import asyncio
from pathlib import Path

import pytest
from PySide6.QtWidgets import QApplication

from slop_qt.app_commands import AppCommands
from slop_qt.core.errors import NotPossibleError
from slop_qt.mma import commands, shapes
from slop_qt.mma.command_registry import CommandRegistry
from slop_qt.qt.main_loop import MainLoop


@pytest.mark.parametrize(
    ("headless", "words"), [(True, "this slop-qt has one job, in /here"), (False, "The window does not stand yet")]
)
def test_without_a_window_no_other_project_is_opened(headless: bool, words: str, qapp: QApplication) -> None:
    main_loop = MainLoop(qapp)
    registry = CommandRegistry()
    of_app = AppCommands(Path("/here"), main_loop, headless=headless)
    of_app.register(registry)
    of_app.refuse_window(registry)

    async def main() -> list[str]:
        with pytest.raises(NotPossibleError, match=words):
            await registry.call(commands.PROJECT_OPEN, shapes.OpenProject(path="/there"))
        assert (await registry.call(commands.APP_INFO, shapes.Nothing())).headless is headless
        await registry.call(commands.APP_QUIT, shapes.Nothing())
        await asyncio.wait_for(main_loop.until_quit(), 20)
        return []

    assert main_loop.run(main, lambda: None) == 0
