"""The Tokens panel: its two pages, the streams and what their requests are made of, and exact texts on demand."""

from datetime import timedelta

import context_story
import pytest
import story
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLabel, QLineEdit, QListView, QPushButton, QTableView, QToolButton, QWidget
from pytestqt.qtbot import QtBot
from window_support import Stage

from slop_qt.core import events as ev
from slop_qt.core.approvals import DecidedBy
from slop_qt.core.context import CacheReport
from slop_qt.core.errors import NotFoundError, SlopError
from slop_qt.core.events import utc_now
from slop_qt.mma import commands, spend_shapes
from slop_qt.views.tokens.panel import TokensPanel
from slop_qt.widgets.banner import Banner
from slop_qt.widgets.bar_legend import BarLegend
from slop_qt.widgets.empty_state import EmptyState
from slop_qt.widgets.long_text import LongText
from slop_qt.widgets.notice import Notice
from slop_qt.widgets.stacked_bar import StackedBar


class Shelf:
    """Answers for exact texts, and keeps what was asked for."""

    def __init__(self, stage: Stage) -> None:
        self.asked: list[spend_shapes.ContextText] = []
        self.answer: str | SlopError = "the exact\ntext\u200b"
        self.meanwhile: ev.Event | None = None
        self._feed = stage.feed
        stage.desk.registry.register(commands.CONTEXT_TEXT, self._read)

    async def _read(self, params: spend_shapes.ContextText, _by: DecidedBy) -> spend_shapes.ContextTextRead:
        self.asked.append(params)
        if self.meanwhile is not None:
            self._feed.publish(self.meanwhile)
        if isinstance(self.answer, SlopError):
            raise self.answer
        return spend_shapes.ContextTextRead(text=self.answer)


class Shown:
    """The panel as a person meets it."""

    def __init__(self, stage: Stage, qtbot: QtBot, size: tuple[int, int] = (1000, 250)) -> None:
        self.stage = stage
        self.qtbot = qtbot
        self.shelf = Shelf(stage)
        self.panel = TokensPanel(stage.context)
        qtbot.addWidget(self.panel)
        self.panel.resize(*size)
        self.panel.show()
        self.streams = self.find(QListView, "tokens.streams")
        self.parts = self.find(QTableView, "tokens.parts")
        self.text = self.find(LongText, "tokens.text")

    def find(self, kind: type, name: str):
        found = self.panel.findChild(kind, name)
        assert found is not None, name
        return found

    def said(self, name: str) -> str:
        return self.find(Notice, name).words

    @property
    def size(self) -> str:
        return self.find(QLabel, "tokens.size").text()

    def click(self, name: str) -> None:
        self.qtbot.mouseClick(self.find(QWidget, name), Qt.MouseButton.LeftButton)

    def choose(self, stream_id: str) -> None:
        model = self.streams.model()
        index = next(
            model.index(at, 0)
            for at in range(model.rowCount())
            if model.index(at, 0).data().startswith(f"{stream_id}  ")
        )
        self.streams.scrollTo(index)
        place = self.streams.visualRect(index).center()
        self.qtbot.mouseClick(self.streams.viewport(), Qt.MouseButton.LeftButton, pos=place)

    def publish(self, *events: ev.Event) -> None:
        self.stage.feed.publish(*events)


@pytest.fixture
def running(stage: Stage) -> Stage:
    stage.feed.publish(*story.running(story.Clock()))
    stage.feed.publish(*context_story.several())
    return stage


@pytest.fixture
def shown(running: Stage, qtbot: QtBot) -> Shown:
    return Shown(running, qtbot)


def test_it_is_empty_until_something_is_reported_or_spent(stage: Stage, qtbot: QtBot) -> None:
    panel = Shown(stage, qtbot).panel
    assert panel.findChild(EmptyState, "tokens.empty").isVisible()
    stage.feed.publish(
        ev.RunStarted(run_id="r", track_id="t", mode="ask", workers=1),
        ev.WorkerStarted(run_id="r", stream_id="Tier 1", tier=1, provider="p", model="m"),
    )
    assert panel.findChild(EmptyState, "tokens.empty").isVisible()
    stage.feed.publish(context_story.reported(context_story.report(), "Tier 1", "r"))
    assert not panel.findChild(EmptyState, "tokens.empty").isVisible()


def test_the_page_that_was_shown_is_shown_again(running: Stage, qtbot: QtBot) -> None:
    first = Shown(running, qtbot)
    assert first.panel.page == "context"
    assert first.find(QPushButton, "tokens.read_all").isVisible()
    first.click("tokens.show_ledger")
    assert first.find(QTableView, "tokens.table").isVisible()
    assert not first.find(QPushButton, "tokens.read_all").isVisible()
    second = TokensPanel(running.context)
    qtbot.addWidget(second)
    assert second.page == "ledger"


def test_the_newest_stream_is_explained_in_words_and_numbers(shown: Shown) -> None:
    assert shown.size == "claude-haiku-4-5: ≈ 29,159 of 40,000 tokens, estimated"
    legend = shown.find(BarLegend, "tokens.legend").words
    assert "Files ≈ 9,058 · 31 %" in legend
    assert legend[-1] == "Free ≈ 10,841"
    assert shown.find(StackedBar, "tokens.bar").accessibleDescription() == "; ".join(legend)
    assert shown.said("tokens.cache").startswith("Warm for 4:")
    assert shown.said("tokens.cache").endswith(": 18,200 tokens read, 1,040 written by the last request.")
    assert shown.said("tokens.trims") == "Trims The next request leaves out 3 results and saves about 12,300 tokens."
    trimming = shown.find(QTableView, "tokens.trimming").model()
    assert [trimming.index(at, 1).data() for at in range(trimming.rowCount())] == ["≈ 5,123", "≈ 4,377", "≈ 2,800"]


def test_the_numbers_of_the_legend_and_of_the_parts_are_those_of_the_report(shown: Shown) -> None:
    shown.choose("Tier 3: T-003")
    report = shown.stage.feed.state.runs[story.RUN].streams["Tier 3: T-003"].report
    model = shown.parts.model()
    column = [int(model.index(at, 2).data().replace(",", "")) for at in range(model.rowCount())]
    assert column == [part.tokens for part in report.parts]
    words = shown.find(BarLegend, "tokens.legend").words
    by_kind = [int(entry.split(" · ")[0].rsplit(" ", 1)[1].replace(",", "")) for entry in words[:-1]]
    assert sum(by_kind) == sum(column) == report.used_tokens
    assert words[-1] == "Free 2,841"


@pytest.mark.parametrize(
    ("stream", "cache", "trims"),
    [
        (
            "Tier 3: T-003",
            "Broken by: read_file src/a.py was left out to make room.",
            "Fits Nothing would be left out: 2",
        ),
        ("Tier 3: T-005 #2", "Expired 0:3", "Fits Nothing would be left out: ≈ 170,841 tokens of room."),
        ("Tier 4: T-005 #1", "This provider has no cache.", "No limit Nothing would be left out: nobody has said"),
        ("Tier 3: T-001", "Unknown Whether it is in", "Too large Nothing can be left out, though"),
    ],
)
def test_each_stream_says_how_it_stands(shown: Shown, stream: str, cache: str, trims: str) -> None:
    shown.choose(stream)
    assert shown.said("tokens.cache").startswith(cache)
    assert shown.said("tokens.trims").startswith(trims)
    assert not shown.find(QTableView, "tokens.trimming").isVisible()


def test_a_request_that_grows_is_followed_and_what_is_chosen_stays(shown: Shown) -> None:
    shown.parts.setCurrentIndex(shown.parts.model().index(6, 0))
    shown.publish(context_story.reported(context_story.report(tail=841, measured="provider")))
    shown.qtbot.waitUntil(lambda: shown.size.endswith(": 30,000 of 40,000 tokens"))
    assert shown.parts.currentIndex().row() == 6
    assert shown.find(QLabel, "tokens.part_words").text().startswith("File tests/test_tables.py: 2,818 tokens, 9 %")


def test_another_stream_that_grows_does_not_touch_what_is_shown(shown: Shown) -> None:
    before = shown.size
    shown.publish(context_story.reported(context_story.report(tail=5), "Tier 3: T-003"))
    model = shown.streams.model()
    shown.qtbot.waitUntil(lambda: "29,164" in model.index(1, 0).data(Qt.ItemDataRole.AccessibleTextRole))
    assert shown.size == before


def test_what_one_reads_stays_when_others_begin(shown: Shown) -> None:
    shown.choose("Tier 3: T-003")
    shown.publish(
        ev.WorkerStarted(
            run_id=story.RUN, stream_id="Tier 3: T-002", tier=3, ticket_id="T-002", provider="p", model="m"
        )
    )
    shown.qtbot.waitUntil(lambda: shown.streams.model().rowCount() == 7)
    assert shown.streams.currentIndex().data().startswith("Tier 3: T-003")
    shown.choose("Tier 3: T-002")
    assert shown.panel.findChild(EmptyState, "tokens.details.empty").isVisible()
    shown.publish(context_story.reported(context_story.report(), "Tier 3: T-002"))
    shown.qtbot.waitUntil(shown.parts.isVisible)


@pytest.mark.parametrize("way", ["text", "keys"])
def test_the_newest_is_followed_until_somebody_reads_or_moves(shown: Shown, way: str) -> None:
    begin = ev.WorkerStarted(
        run_id=story.RUN, stream_id="Tier 3: T-002", tier=3, ticket_id="T-002", provider="p", model="m"
    )
    shown.publish(begin)
    shown.qtbot.waitUntil(lambda: shown.streams.currentIndex().data().startswith("Tier 3: T-002"))
    shown.choose("Tier 3: T-002")
    if way == "text":
        shown.publish(context_story.reported(context_story.report(), "Tier 3: T-002"))
        shown.qtbot.waitUntil(shown.parts.isVisible)
        shown.click("tokens.read_all")
    else:
        shown.streams.setFocus()
        QTest.keyClick(shown.streams, Qt.Key.Key_Down)
    before = shown.streams.currentIndex().data()
    shown.publish(begin.model_copy(update={"stream_id": "Tier 3: T-004", "ticket_id": "T-004"}))
    shown.qtbot.waitUntil(lambda: shown.streams.model().rowCount() == 8)
    assert shown.streams.currentIndex().data() == before
    assert shown.text.isVisible() == (way == "text")


def test_the_selection_of_the_window_is_followed_and_led(shown: Shown) -> None:
    shown.stage.context.selection.select(story.TRACK, "T-005")
    assert shown.streams.currentIndex().data().startswith("Tier 3: T-005 #2")
    shown.choose("Tier 3: T-003")
    assert shown.stage.context.selection.ticket_id == "T-003"
    shown.panel.hide()
    shown.stage.context.selection.select(story.TRACK, "T-001")
    assert shown.streams.currentIndex().data().startswith("Tier 3: T-003")
    shown.panel.show()
    assert shown.streams.currentIndex().data().startswith("Tier 3: T-001")


def test_hidden_nothing_is_written_or_counted_down(shown: Shown) -> None:
    overview = shown.panel._context_page._details._overview
    assert overview.ticking
    shown.click("tokens.show_ledger")
    assert not overview.ticking
    before = shown.size
    shown.publish(context_story.reported(context_story.report(tail=1)))
    QApplication.processEvents()
    assert shown.size == before
    shown.click("tokens.show_context")
    assert shown.size != before
    assert overview.ticking
    shown.panel.hide()
    assert not overview.ticking


def test_behind_another_tab_it_is_hidden_too(running: Stage, qtbot: QtBot) -> None:
    window = running.build_window()
    qtbot.addWidget(window)
    window.show()
    panel = window._docks.panel("tokens")
    assert isinstance(panel, TokensPanel)
    overview = panel._context_page._details._overview
    for name, seen in (("tokens", True), ("activity", False), ("tokens", True)):
        window._docks.raise_panel(name)
        qtbot.waitUntil(lambda seen=seen: overview.ticking is seen)


def test_the_time_that_is_left_is_counted_down_until_it_is_over(shown: Shown) -> None:
    soon = CacheReport(state="warm", prefix_tokens=9, expires_at=utc_now() + timedelta(seconds=1.2))
    shown.publish(context_story.reported(context_story.report(cache=soon)))
    shown.qtbot.waitUntil(lambda: shown.said("tokens.cache").startswith("Warm for 0:0"))
    shown.qtbot.waitUntil(lambda: shown.said("tokens.cache").startswith("Expired 0:00 ago"))


@pytest.mark.parametrize("way", ["button", "double click", "Return"])
def test_a_part_is_read_only_when_somebody_asks(shown: Shown, way: str) -> None:
    index = shown.parts.model().index(3, 1)
    shown.parts.setCurrentIndex(index)
    assert shown.shelf.asked == []
    if way == "button":
        shown.click("tokens.read_part")
    elif way == "Return":
        shown.parts.setFocus()
        QTest.keyClick(shown.parts, Qt.Key.Key_Return)
    else:
        place = shown.parts.visualRect(index).center()
        QTest.mouseClick(shown.parts.viewport(), Qt.MouseButton.LeftButton, pos=place)
        QTest.mouseDClick(shown.parts.viewport(), Qt.MouseButton.LeftButton, pos=place)
    asked = spend_shapes.ContextText(run_id=story.RUN, stream_id=context_story.STREAM, part=3)
    assert shown.shelf.asked == [asked]
    shown.qtbot.waitUntil(lambda: shown.text.isVisible() and not shown.text.behind)
    assert shown.text.text == "the exact\ntext\u200b"
    assert shown.find(QLabel, "tokens.text_title").text() == f"product.md · {context_story.STREAM}"
    assert shown.find(QLabel, "tokens.text_facts").text() == "15 characters in 2 lines, as sent"
    shown.publish(context_story.reported(context_story.report(tail=7)))
    shown.qtbot.waitUntil(lambda: shown.size.startswith("claude-haiku-4-5: ≈ 29,166"))
    assert len(shown.shelf.asked) == 1
    assert shown.text.isVisible(), "what one reads stays"


def test_the_whole_request_is_searched_copied_and_left(shown: Shown) -> None:
    shown.click("tokens.read_all")
    assert shown.shelf.asked[-1].part is None
    assert shown.find(QLabel, "tokens.text_title").text().startswith("Whole request as sent · ")
    shown.qtbot.waitUntil(lambda: not shown.text.behind)
    shown.click("tokens.text_copy")
    assert QGuiApplication.clipboard().text() == "the exact\ntext\u200b"
    shown.click("tokens.text_find")
    shown.find(QLineEdit, "tokens.search.field").setText("TEXT")
    shown.qtbot.waitUntil(lambda: shown.text.selected_text() == "text")
    QTest.keyClick(shown.find(QLineEdit, "tokens.search.field"), Qt.Key.Key_Escape)
    assert not shown.find(QLineEdit, "tokens.search.field").isVisible()
    assert shown.text.isVisible()
    QTest.keyClick(shown.text, Qt.Key.Key_Escape)
    assert shown.parts.isVisible()
    assert shown.text.text == "", "nothing of it is kept"


def test_a_request_that_was_composed_meanwhile_is_told_of(shown: Shown) -> None:
    report = context_story.report()
    shown.shelf.meanwhile = context_story.reported(report.model_copy(update={"parts": report.parts[1:]}))
    shown.click("tokens.read_part")
    assert shown.said("tokens.text_notice").startswith("Newer The agent has composed another request")
    shown.shelf.meanwhile = None
    shown.click("tokens.text_back")
    shown.qtbot.waitUntil(lambda: shown.parts.model().rowCount() == len(report.parts) - 1)
    shown.click("tokens.read_part")
    assert shown.said("tokens.text_notice") == ""


def test_a_text_that_is_not_kept_leaves_the_parts_and_says_why(shown: Shown) -> None:
    shown.shelf.answer = NotFoundError("The texts are gone.", "They are kept while the application runs.")
    shown.click("tokens.read_all")
    assert shown.parts.isVisible()
    assert "The texts are gone." in shown.panel.findChild(Banner).findChild(QLabel).text()


def test_an_answer_for_what_nobody_reads_any_more_is_dropped(running: Stage, qtbot: QtBot) -> None:
    shown = Shown(running, qtbot)
    waiting: list[object] = []
    object.__setattr__(running.context, "start", waiting.append)
    shown.click("tokens.read_all")
    shown.choose("Tier 3: T-003")
    assert shown.parts.isVisible()
    with pytest.raises(StopIteration):
        waiting.pop().send(None)
    assert shown.parts.isVisible()
    assert shown.text.text == ""


def test_files_are_chosen_for_the_ticket_of_the_stream(shown: Shown, qtbot: QtBot) -> None:
    with qtbot.waitSignal(shown.stage.context.selection.context_wanted) as wanted:
        shown.click("tokens.choose_files")
    assert wanted.args == [story.TRACK, "T-006"]


def test_a_stream_without_a_ticket_has_no_files_to_choose(stage: Stage, qtbot: QtBot) -> None:
    stage.feed.publish(*story.planning(story.Clock()))
    shown = Shown(stage, qtbot)
    assert not shown.find(QPushButton, "tokens.choose_files").isEnabled()
    assert not shown.find(QPushButton, "tokens.read_all").isEnabled()


def test_everything_is_reached_with_the_keyboard_and_has_a_name(shown: Shown) -> None:
    reached = set()
    shown.panel.activateWindow()
    widget = shown.find(QToolButton, "tokens.show_context")
    widget.setFocus()
    for _ in range(20):
        reached.add(QApplication.focusWidget().objectName())
        QTest.keyClick(QApplication.focusWidget(), Qt.Key.Key_Tab)
    wanted = {"tokens.choose_files", "tokens.read_part", "tokens.read_all", "tokens.streams", "tokens.overview"}
    assert wanted | {"tokens.parts", "tokens.trimming"} <= reached
    assert all(shown.find(QWidget, name).accessibleName() for name in wanted)
    shown.streams.setFocus()
    QTest.keyClick(shown.streams, Qt.Key.Key_Down)
    assert shown.size == "claude-haiku-4-5: 29,159 of 32,000 tokens"


@pytest.mark.parametrize(("size", "above"), [((1000, 250), False), ((700, 640), True)])
def test_the_overview_stands_beside_the_parts_or_above_them(
    running: Stage, qtbot: QtBot, size: tuple[int, int], above: bool
) -> None:
    shown = Shown(running, qtbot, size)
    overview = shown.find(QWidget, "tokens.overview")
    corner = shown.parts.mapTo(shown.panel, QPoint(0, 0)) - overview.mapTo(shown.panel, QPoint(0, 0))
    assert (corner.y() > 100, corner.x() > 100) == (above, not above)
