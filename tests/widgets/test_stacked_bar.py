"""The bar of proportions and its legend: what is painted, and what is said of it."""

import itertools

import pytest
from PySide6.QtCore import QEvent, QPoint
from PySide6.QtGui import QHelpEvent
from PySide6.QtWidgets import QApplication, QToolTip
from pytestqt.qtbot import QtBot
from window_support import Stage

from slop_qt.widgets.bar_legend import BarLegend
from slop_qt.widgets.stacked_bar import Segment, StackedBar

SEGMENTS = (
    Segment("part_system", 100, "System prompt 100 · 10 %"),
    Segment("part_history", 0, "History 0 · 0 %"),
    Segment("part_file", 600, "Files 600 · 60 %"),
    Segment("part_tool_result", 300, "Tool results 300 · 30 %"),
)
ROOM = Segment("", 250, "Free 250")


@pytest.fixture
def bar(stage: Stage, qtbot: QtBot) -> StackedBar:
    bar = StackedBar(stage.theme, "bar", "Proportions")
    qtbot.addWidget(bar)
    bar.resize(503, 14)
    return bar


def test_segments_are_as_wide_as_their_share_with_a_gap_of_a_pixel(bar: StackedBar) -> None:
    bar.show_segments(SEGMENTS, ROOM)
    assert not bar.broken
    places = bar.places()
    assert [segment.amount for segment, _ in places] == [100, 600, 300, 250]
    gaps = [after.left() - before.right() for (_, before), (_, after) in itertools.pairwise(places)]
    assert gaps == pytest.approx([1, 1, 1])
    widths = [place.width() for _, place in places]
    assert widths == pytest.approx([40, 240, 120, 100], abs=3)
    assert places[-1][1].right() == pytest.approx(503)


def test_segments_that_fill_it_reach_its_end(bar: StackedBar) -> None:
    bar.show_segments(SEGMENTS, None)
    assert bar.places()[-1][1].right() == pytest.approx(503)
    assert bar.places()[1][1].width() == pytest.approx(300, abs=3)


def test_a_tiny_part_can_still_be_seen(bar: StackedBar) -> None:
    bar.show_segments((Segment("part_ticket", 1, "Ticket 1"), Segment("part_file", 10**6, "Files")), None)
    assert bar.places()[0][1].width() >= 2


def test_where_little_is_used_the_room_is_cut_short_and_shows_that(bar: StackedBar) -> None:
    room = Segment("", 199_000, "Free 199,000")
    bar.show_segments(SEGMENTS, room)
    assert bar.broken
    assert bar.places()[-1][1].left() == pytest.approx(0.66 * 503, abs=3)


def test_it_is_painted_in_the_colours_of_the_theme(bar: StackedBar, stage: Stage) -> None:
    bar.show_segments(SEGMENTS, ROOM)
    bar.show()
    image = bar.grab().toImage()
    for segment, place in bar.places()[:-1]:
        assert image.pixelColor(place.center().toPoint()).name() == stage.theme.color(segment.color).name()


def test_what_is_painted_is_said(bar: StackedBar) -> None:
    bar.show_segments(SEGMENTS, ROOM)
    words = "System prompt 100 · 10 %; Files 600 · 60 %; Tool results 300 · 30 %; Free 250"
    assert bar.accessibleDescription() == words


def test_a_segment_says_what_it_is_under_the_pointer(bar: StackedBar) -> None:
    bar.show_segments(SEGMENTS, ROOM)
    bar.show()
    at = bar.places()[1][1].center().toPoint()
    QApplication.sendEvent(bar, QHelpEvent(QEvent.Type.ToolTip, at, bar.mapToGlobal(at)))
    assert QToolTip.text() == "Files 600 · 60 %"
    QToolTip.hideText()


def test_nothing_is_painted_of_nothing(bar: StackedBar) -> None:
    bar.show_segments((), None)
    assert bar.places() == []
    bar.show()
    assert not bar.grab().isNull()


def test_the_legend_takes_the_lines_that_its_words_need(stage: Stage, qtbot: QtBot) -> None:
    legend = BarLegend(stage.theme, "legend", "Tokens by kind")
    qtbot.addWidget(legend)
    assert legend.heightForWidth(400) == 0
    legend.show_entries(SEGMENTS, ROOM)
    assert legend.heightForWidth(2000) < legend.heightForWidth(300) <= legend.heightForWidth(120)
    assert legend.heightForWidth(10) == 5 * legend.heightForWidth(2000)
    assert legend.words == [segment.words for segment in (*SEGMENTS, ROOM)]
    assert legend.accessibleDescription() == "; ".join(legend.words)
    legend.resize(300, legend.heightForWidth(300))
    legend.show()
    image = legend.grab().toImage()
    assert image.pixelColor(QPoint(4, 9)).name() == stage.theme.color("part_system").name()
