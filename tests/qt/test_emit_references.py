"""PySide must not lose references across emit(): 6.12.0 on Python 3.11 drops one to `True` each time, and aborts.

Python 3.12 made these objects immortal: there is nothing to be counted any more, and nothing to be lost.
"""

import sys
import threading
from collections.abc import Callable
from typing import Any

import pytest
from PySide6.QtCore import QObject, Qt, Signal, Slot
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

EMITS = 2_000
# What the interpreter itself may take or let go of meanwhile.
SLACK = 50


class Outcome:
    """Something of ours, as lanes send it home."""


class Emitter(QObject):
    """Signals of the kinds that the application uses."""

    nothing = Signal()
    plain = Signal(int, str)
    thing = Signal(object)

    def __init__(self) -> None:
        super().__init__()
        self.received = 0

    @Slot()
    def on_nothing(self) -> None:
        self.received += 1

    @Slot(int, str)
    def on_plain(self, _number: int, _text: str) -> None:
        self.received += 1

    @Slot(object)
    def on_thing(self, _thing: object) -> None:
        self.received += 1


def connect(emitter: Emitter, kind: Qt.ConnectionType) -> None:
    emitter.nothing.connect(emitter.on_nothing, kind)
    emitter.plain.connect(emitter.on_plain, kind)
    emitter.thing.connect(emitter.on_thing, kind)


def counts(watched: list[Any]) -> list[int]:
    return [sys.getrefcount(item) for item in watched]


def emit_all(emitter: Emitter, watched: list[Any]) -> None:
    for _ in range(EMITS):
        emitter.nothing.emit()
        emitter.plain.emit(1, "text")
        for item in watched:
            emitter.thing.emit(item)


def in_this_thread(work: Callable[[], None]) -> None:
    work()


def in_another_thread(work: Callable[[], None]) -> None:
    thread = threading.Thread(target=work)
    thread.start()
    thread.join()


@pytest.mark.parametrize("run", [in_this_thread, in_another_thread])
@pytest.mark.parametrize("kind", [Qt.ConnectionType.QueuedConnection, Qt.ConnectionType.AutoConnection])
def test_references_are_kept_across_emit(
    qapp: QApplication, qtbot: QtBot, run: Callable[[Callable[[], None]], None], kind: Qt.ConnectionType
) -> None:
    emitter = Emitter()
    connect(emitter, kind)
    watched = [True, False, None, Outcome(), 1_000_003]
    emitted = EMITS * (2 + len(watched))
    emit_all(emitter, watched)  # warm
    qtbot.waitUntil(lambda: emitter.received == emitted)

    before = counts(watched)
    run(lambda: emit_all(emitter, watched))
    qtbot.waitUntil(lambda: emitter.received == 2 * emitted)
    after = counts(watched)

    assert [abs(now - then) <= SLACK for now, then in zip(after, before, strict=True)] == [True] * len(watched)
