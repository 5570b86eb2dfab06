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
    before = (gc.isenabled(), sys.getswitchinterval(), gc.get_freeze_count())
    collector.start()
    collector.start()
    assert not gc.isenabled()
    assert sys.getswitchinterval() == pytest.approx(0.0005)
    Collector.freeze()
    assert gc.get_freeze_count() > 0
    collector.close()
    collector.close()
    assert (gc.isenabled(), sys.getswitchinterval(), gc.get_freeze_count()) == before


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


def test_nothing_is_collected_while_little_has_grown(collector: Collector) -> None:
    collector.start()
    gc.collect()
    collections = [generation["collections"] for generation in gc.get_stats()]
    collector.collect_young()
    assert [generation["collections"] for generation in gc.get_stats()] == collections


def test_a_full_collection_reaches_old_garbage(collector: Collector) -> None:
    collector.start()
    knot = Knot()
    gc.collect()  # the knot is old now
    gone = weakref.ref(knot)
    del knot
    collector.collect_young()
    assert gone() is not None
    collector.collect_all()
    assert gone() is None
