"""Fixtures of the Qt layer."""

import asyncio
import gc
from collections.abc import Iterator

import pytest
import qasync
from PySide6.QtWidgets import QApplication
from qt_support import MainLoop


@pytest.fixture
def main_loop(qapp: QApplication) -> Iterator[MainLoop]:
    """A qasync loop on pytest-qt's application; a callback that failed on it fails the test.

    As in the application, nothing is collected in other threads meanwhile: Qt's objects would be destroyed there.
    """
    gc.disable()
    loop = qasync.QEventLoop(qapp)
    asyncio.set_event_loop(loop)
    main = MainLoop(loop)
    yield main
    asyncio.set_event_loop(None)
    loop.close()
    gc.collect()
    gc.enable()
    assert main.errors == []
