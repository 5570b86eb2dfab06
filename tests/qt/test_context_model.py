"""The list of streams and how full they are: its order, and that it tells only of what differs."""

from datetime import timedelta

import context_story
import pytest
import story
from PySide6.QtCore import Qt
from PySide6.QtTest import QAbstractItemModelTester
from pytestqt.qtbot import QtBot
from window_support import LiveFeed

from slop_qt.core import events as ev
from slop_qt.core.approvals import Mode
from slop_qt.core.context import CacheReport
from slop_qt.core.events import utc_now
from slop_qt.qt.context_model import ContextModel, ContextRow
from slop_qt.qt.event_bridge import EventBridge
from slop_qt.qt.roles import Role
from slop_qt.qt.selection import Selection


class Streams:
    """A model on a real feed, and what it tells of."""

    def __init__(self) -> None:
        self.feed = LiveFeed()
        self.bridge = EventBridge(self.feed)
        self.selection = Selection()
        self.feed.publish(*story.running(story.Clock()))
        self.model = ContextModel(self.bridge, self.selection)
        QAbstractItemModelTester(self.model, QAbstractItemModelTester.FailureReportingMode.Fatal, self.model)
        self.told: list[str] = []
        self.resets = 0
        self.model.dataChanged.connect(lambda first, _last: self.told.append(first.data(Role.ID)))
        self.model.modelReset.connect(self._reset)

    def _reset(self) -> None:
        self.resets += 1

    @property
    def names(self) -> list[str]:
        return [self.model.index(at).data(Role.ID) for at in range(self.model.rowCount())]

    def row(self, stream_id: str, run_id: str = story.RUN) -> ContextRow:
        at = self.model.find((run_id, stream_id))
        assert at is not None
        row = self.model.row(at)
        assert row is not None
        return row


@pytest.fixture
def streams(qtbot: QtBot) -> Streams:
    streams = Streams()
    streams.feed.publish(context_story.reported(context_story.report()))
    qtbot.waitUntil(lambda: streams.told == [context_story.STREAM])
    streams.told.clear()
    return streams


def test_open_streams_stand_first_and_the_newest_of_them_before_all(streams: Streams) -> None:
    opened = ["Tier 3: T-006", "Tier 3: T-003", "Tier 3: T-005 #2"]
    assert streams.names == [*opened, "Tier 4: T-005 #1", "Tier 3: T-005", "Tier 3: T-001"]


def test_a_stream_that_ends_moves_down_and_nothing_is_reset(streams: Streams, qtbot: QtBot) -> None:
    streams.feed.publish(ev.WorkerEnded(run_id=story.RUN, stream_id="Tier 3: T-006", outcome="finished"))
    streams.feed.publish(
        ev.WorkerStarted(
            run_id=story.RUN, stream_id="Tier 3: T-002", tier=3, ticket_id="T-002", provider="p", model="m"
        )
    )
    qtbot.waitUntil(lambda: streams.names[0] == "Tier 3: T-002")
    assert streams.names[1:4] == ["Tier 3: T-003", "Tier 3: T-005 #2", "Tier 3: T-006"]
    assert streams.row("Tier 3: T-006").closed
    assert streams.resets == 0
    assert all(streams.model.find((story.RUN, name)) == at for at, name in enumerate(streams.names))


def test_text_that_comes_changes_no_row(streams: Streams, qtbot: QtBot) -> None:
    for _ in range(10):
        streams.feed.publish(ev.StreamText(run_id=story.RUN, stream_id="Tier 3: T-003", text="more"))
    streams.feed.publish(context_story.used(1, 2))
    streams.feed.publish(context_story.reported(context_story.report(tail=1)))
    qtbot.waitUntil(lambda: streams.told != [])
    assert streams.told == [context_story.STREAM]
    assert streams.row(context_story.STREAM).usage is not None


def test_a_burst_is_told_of_once(streams: Streams, qtbot: QtBot) -> None:
    for tail in range(50):
        streams.feed.publish(context_story.reported(context_story.report(tail=tail)))
    last = streams.feed.state.runs[story.RUN].streams[context_story.STREAM].report
    qtbot.waitUntil(lambda: streams.row(context_story.STREAM).report is last)
    assert len(streams.told) <= 2


def test_held_it_looks_at_nothing_and_then_catches_up(streams: Streams, qtbot: QtBot) -> None:
    streams.model.hold(True)
    report = context_story.report(tail=9)
    streams.feed.publish(context_story.reported(report))
    streams.feed.publish(ev.WorkerEnded(run_id=story.RUN, stream_id="Tier 3: T-003", outcome="failed"))
    assert not streams.model._dirty
    qtbot.wait(0)
    assert streams.told == []
    streams.model.hold(False)
    assert streams.row(context_story.STREAM).report is report
    assert streams.names[2] == "Tier 3: T-003"


def test_a_cache_expires_in_its_moment_though_nothing_happens(streams: Streams, qtbot: QtBot) -> None:
    soon = CacheReport(state="warm", expires_at=utc_now() + timedelta(seconds=0.4))
    streams.feed.publish(context_story.reported(context_story.report(cache=soon)))
    qtbot.waitUntil(lambda: streams.told == [context_story.STREAM])
    look = streams.row(context_story.STREAM).cache
    assert look is not None and look.word == "Warm"
    qtbot.waitUntil(lambda: streams.told == [context_story.STREAM] * 2)
    look = streams.row(context_story.STREAM).cache
    assert look is not None and look.word == "Expired"
    assert not streams.model._expiry.isActive()


def test_an_open_stream_of_another_run_is_there_and_an_ended_one_is_not(streams: Streams, qtbot: QtBot) -> None:
    streams.feed.publish(ev.RunStarted(run_id="other", track_id="another", mode=Mode.ASK, workers=1))
    for name in ("Tier 3: T-001", "Tier 3: T-002"):
        streams.feed.publish(
            ev.WorkerStarted(run_id="other", stream_id=name, tier=3, ticket_id=name[-5:], provider="p", model="m")
        )
    streams.feed.publish(ev.WorkerEnded(run_id="other", stream_id="Tier 3: T-001", outcome="finished"))
    streams.selection.select(story.TRACK)
    qtbot.waitUntil(lambda: streams.model.find(("other", "Tier 3: T-002")) == 0)
    assert streams.model.find(("other", "Tier 3: T-001")) is None
    streams.selection.select("another")
    qtbot.waitUntil(lambda: streams.model.find(("other", "Tier 3: T-001")) is not None)
    assert streams.model.find((story.RUN, "Tier 3: T-001")) is None


def test_a_row_says_in_words_what_it_paints(streams: Streams) -> None:
    at = streams.model.find((story.RUN, context_story.STREAM))
    assert at is not None
    words = streams.model.index(at).data(Qt.ItemDataRole.AccessibleTextRole)
    assert words.splitlines() == [
        "Tier 3: T-006  Align table columns",
        "≈ 29,159 of 40,000 tokens, estimated",
        "Cache: warm",
        "Running",
    ]
