"""Garbage collection happens in the GUI thread, and everything is put back afterwards."""

import gc
import sys
import threading
import weakref
from collections.abc import Iterator

import pytest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from slop_qt.qt.collector import Collector


class Knot:
    """Something that only the cyclic collector can free."""

    def __init__(self) -> None:
        self.self = self


@pytest.fixture
def collector(qapp: QApplication) -> Iterator[Collector]:
    collector = Collector(interval_ms=5)
    yield collector
    collector.close()


def test_automatic_collection_is_off_until_it_is_closed(collector: Collector) -> None:
    before = (gc.isenabled(), sys.getswitchinterval())
    collector.start()
    collector.start()
    assert not gc.isenabled()
    assert sys.getswitchinterval() == pytest.approx(0.0005)
    collector.close()
    collector.close()
    assert (gc.isenabled(), sys.getswitchinterval()) == before


def test_young_garbage_is_collected_in_the_gui_thread_while_it_idles(collector: Collector, qtbot: QtBot) -> None:
    threads: set[int] = set()

    def note(phase: str, info: dict[str, int]) -> None:
        threads.add(threading.get_ident())
        assert info["generation"] < 2

    collector.start()
    gc.collect()
    gc.callbacks.append(note)
    try:
        knots = [Knot() for _ in range(5000)]
        last = weakref.ref(knots[-1])
        del knots
        assert last() is not None
        qtbot.waitUntil(lambda: last() is None, timeout=5000)
        assert threads == {threading.main_thread().ident}
    finally:
        gc.callbacks.remove(note)


def make_old_generation_due() -> None:
    """The interpreter's own rule: more collections of the middle generation than its threshold."""
    for _ in range(gc.get_threshold()[2] + 1):
        gc.collect(1)


def test_old_garbage_is_collected_when_nothing_has_grown_for_a_while(collector: Collector, qtbot: QtBot) -> None:
    collector.start()
    knot = Knot()
    gc.collect()  # the knot is old now
    gone = weakref.ref(knot)
    del knot
    make_old_generation_due()
    qtbot.waitUntil(lambda: gone() is None, timeout=5000)


def test_old_garbage_is_left_alone_while_things_grow(collector: Collector, qtbot: QtBot) -> None:
    generations: list[int] = []

    def note(phase: str, info: dict[str, int]) -> None:
        generations.append(info["generation"])

    kept: list[Knot] = []

    def busy_long_enough() -> bool:
        kept.extend(Knot() for _ in range(1000))
        return len(generations) >= 40

    collector.start()
    make_old_generation_due()
    gc.callbacks.append(note)
    try:
        qtbot.waitUntil(busy_long_enough, timeout=5000)
    finally:
        gc.callbacks.remove(note)
    assert set(generations) <= {0, 1}
