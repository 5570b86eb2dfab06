"""Fixtures of the views: a stage in light colours, without a style sheet until a window stands on it."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QSettings
from PySide6.QtWidgets import QApplication
from window_support import Stage


@pytest.fixture
def stage(qapp: QApplication, tmp_path: Path) -> Iterator[Stage]:
    """What a window is given, with nothing in it yet."""
    stage = Stage(qapp, QSettings(str(tmp_path / "window.ini"), QSettings.Format.IniFormat), dressed=False)
    yield stage
    stage.strike()
