"""The stream view shows exactly what was sent, at a cost that does not grow, and follows the end until one scrolls."""

import time

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication, QTextCursor
from PySide6.QtWidgets import QPushButton
from pytestqt.qtbot import QtBot
from window_support import Stage

from slop_qt.core.stream_state import StreamItem, StreamState
from slop_qt.widgets.stream_blocks import BlockKind, kind_of
from slop_qt.widgets.stream_document import LINE_LIMIT
from slop_qt.widgets.stream_pane import StreamPane
from slop_qt.widgets.stream_view import StreamView


def new_stream() -> StreamState:
    return StreamState(
        run_id="r", stream_id="Tier 3: T-001", tier=3, ticket_id="T-001", attempt=1, provider="scripted", model="m"
    )


def call(stream: StreamState, number: int, *, ok: bool | None = True) -> None:
    arguments = {"path": f"file{number}.py", "old": "x" * 50}
    stream.items.append(StreamItem("tool_call", name="edit_file", call_id=f"c{number}", arguments=arguments, time=""))
    if ok is not None:
        stream.items.append(StreamItem("tool_result", name="edit_file", call_id=f"c{number}", ok=ok))
        stream.items[-1].append(f"result {number}")


@pytest.fixture
def view(stage: Stage, qtbot: QtBot) -> StreamView:
    view = StreamView(stage.theme)
    qtbot.addWidget(view)
    view.resize(500, 300)
    view.show()
    return view


def written(qtbot: QtBot, view: StreamView) -> str:
    view.refresh()
    qtbot.waitUntil(lambda: not view.behind)
    return view.text()


def card(view: StreamView, number: int = 0):
    block = view.document().begin()
    while block.isValid():
        if block.userState() >= 0 and kind_of(block) is BlockKind.CARD:
            if number == 0:
                return block
            number -= 1
        block = block.next()
    raise AssertionError("no such card")


def test_one_line_of_a_million_characters_is_shown_in_pieces_and_read_back_whole(
    view: StreamView, qtbot: QtBot
) -> None:
    stream = new_stream()
    text = "".join(chr(97 + n % 26) for n in range(1_000_000))
    stream.grow("text", text)
    view.show_stream(stream)
    assert written(qtbot, view) == text
    assert max(len(line) for line in view.toPlainText().split("\n")) == LINE_LIMIT


PIECES = st.lists(
    st.tuples(
        st.sampled_from(["text", "text", "text", "thinking", "call", "retry"]),
        st.text(st.sampled_from("ab \n\r\t\x1b\u202e\u200b\u2028\u2029\ufdd0\x00⟨␛é😀"), max_size=12)
        | st.integers(4090, 4100).map(lambda n: "z" * n),
    ),
    max_size=14,
)


@settings(max_examples=75, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(pieces=PIECES)
def test_text_is_exact_however_it_comes(view: StreamView, pieces: list[tuple[str, str]]) -> None:
    stream = new_stream()
    view.show_stream(stream)
    for number, (kind, text) in enumerate(pieces):
        if kind == "call":
            call(stream, number)
        elif kind == "retry":
            stream.items.append(StreamItem("retry"))
            stream.items[-1].append(text)
        else:
            stream.grow("text" if kind == "text" else "thinking", text)
        view._catch_up()
    while view.behind:
        view._catch_up()
    assert view.text() == stream.text
    view.show_thinking(False)
    view.unfold_all(True)
    assert view.text() == stream.text
    view.unfold_all(False)
    assert view.text() == stream.text


def test_what_would_be_obeyed_is_shown_instead_and_copied_as_it_was(view: StreamView, qtbot: QtBot) -> None:
    stream = new_stream()
    text = "ok \x1b\x1b[31mred\x1b[0m \u202e\u202egnp.exe\u202c zero\u200bwidth"
    stream.grow("text", text)
    view.show_stream(stream)
    assert written(qtbot, view) == text
    assert "\u202e" not in view.toPlainText()
    assert "\x1b" not in view.toPlainText()
    assert "⟨U+202E⟩⟨U+202E⟩gnp" in view.toPlainText()
    assert "␛[31m" in view.toPlainText()
    view.selectAll()
    view.copy()
    assert QGuiApplication.clipboard().text() == text


def test_part_of_a_line_is_copied_to_the_character(view: StreamView, qtbot: QtBot) -> None:
    stream = new_stream()
    stream.grow("text", "😀 one\u200btwo\nthree")
    view.show_stream(stream)
    written(qtbot, view)
    cursor = view.textCursor()
    cursor.setPosition(2)  # behind the emoji: Qt counts in UTF-16
    cursor.movePosition(QTextCursor.MoveOperation.End, QTextCursor.MoveMode.KeepAnchor)
    cursor.movePosition(QTextCursor.MoveOperation.Left, QTextCursor.MoveMode.KeepAnchor, 2)
    view.setTextCursor(cursor)
    view.copy()
    assert QGuiApplication.clipboard().text() == " one\u200btwo\nthr"


def test_thinking_folds_away_and_stays_away(view: StreamView, qtbot: QtBot) -> None:
    stream = new_stream()
    stream.grow("thinking", "hm\nhm")
    stream.grow("text", "answer")
    view.show_stream(stream)
    written(qtbot, view)
    view.show_thinking(False)
    stream.grow("thinking", "and again\nhm")
    written(qtbot, view)
    visible = visible_lines(view)
    assert "answer" in visible
    assert not any("hm" in line or "again" in line for line in visible)
    view.show_thinking(True)
    assert "and again" in visible_lines(view)


def visible_lines(view: StreamView) -> list[str]:
    lines = []
    block = view.document().begin()
    while block.isValid():
        if block.isVisible():
            lines.append(block.text())
        block = block.next()
    return lines


def test_a_click_on_a_card_unfolds_it_and_another_folds_it(view: StreamView, qtbot: QtBot) -> None:
    stream = new_stream()
    stream.grow("text", "first\n")
    call(stream, 1)
    stream.grow("text", "last")
    view.show_stream(stream)
    written(qtbot, view)
    assert "edit_file" in card(view).text()
    assert "file1.py" in card(view).text()
    spot = view._rect_of(card(view)).center().toPoint()
    qtbot.mouseClick(view.viewport(), Qt.MouseButton.LeftButton, pos=spot)
    assert "result 1" in view.toPlainText()
    qtbot.mouseClick(view.viewport(), Qt.MouseButton.LeftButton, pos=spot)
    assert "result 1" not in view.toPlainText()
    assert view.text() == "first\nlast"


def test_the_keyboard_unfolds_the_card_under_the_cursor(view: StreamView, qtbot: QtBot) -> None:
    stream = new_stream()
    call(stream, 1, ok=False)
    view.show_stream(stream)
    written(qtbot, view)
    view.setTextCursor(QTextCursor(card(view)))
    qtbot.keyClick(view, Qt.Key.Key_Return)
    assert "result 1" in view.toPlainText()


def test_it_follows_the_end_until_one_scrolls_up(view: StreamView, qtbot: QtBot) -> None:
    stream = new_stream()
    stream.grow("text", "line\n" * 200)
    view.show_stream(stream)
    written(qtbot, view)
    bar = view.verticalScrollBar()
    assert view.following
    assert bar.value() == bar.maximum()
    bar.setValue(20)
    assert not view.following
    stream.grow("text", "more\n" * 30)
    written(qtbot, view)
    assert bar.value() == 20
    chip = view.findChild(QPushButton, "stream.to_end")
    qtbot.waitUntil(lambda: chip.isVisible() and chip.text() == "30 new lines ↓")
    qtbot.mouseClick(chip, Qt.MouseButton.LeftButton)
    assert view.following
    assert bar.value() == bar.maximum()
    assert chip.isHidden()


def test_scrolling_back_to_the_end_follows_again(view: StreamView, qtbot: QtBot) -> None:
    stream = new_stream()
    stream.grow("text", "line\n" * 200)
    view.show_stream(stream)
    written(qtbot, view)
    bar = view.verticalScrollBar()
    bar.setValue(10)
    bar.setValue(bar.maximum())
    stream.grow("text", "more\n" * 30)
    written(qtbot, view)
    assert bar.value() == bar.maximum()


def test_memory_is_bounded_and_what_is_left_is_the_end(view: StreamView, qtbot: QtBot) -> None:
    view._writer._limit = 20_000
    stream = new_stream()
    view.show_stream(stream)
    with qtbot.waitSignal(view.dropped_changed):
        for number in range(3000):
            stream.grow("text", f"line {number} of a long stream\n")
            if number % 100 == 0:
                view._catch_up()
        written(qtbot, view)
    assert view.document().characterCount() < 90_000
    assert stream.text.endswith(view.text())
    assert len(view.text()) > 5_000


def test_a_very_long_stream_is_opened_at_its_end(view: StreamView, qtbot: QtBot) -> None:
    stream = new_stream()
    stream.grow("text", "word " * 1_000_000)
    call(stream, 1)
    stream.grow("text", "the end")
    view.show_stream(stream)
    text = written(qtbot, view)
    assert text.endswith("the end")
    assert stream.text.endswith(text)
    assert len(text) > 1_000_000


def test_scrolled_up_and_full_it_waits_with_what_is_new(view: StreamView, qtbot: QtBot) -> None:
    view._writer._limit = 5_000
    stream = new_stream()
    stream.grow("text", "line\n" * 1100)
    view.show_stream(stream)
    qtbot.waitUntil(lambda: not view.behind)
    view.verticalScrollBar().setValue(3)
    stream.grow("text", "more\n" * 500)
    view.refresh()
    qtbot.waitUntil(lambda: view._writer.full or not view.behind)
    stream.grow("text", "even more\n" * 500)
    view._catch_up()
    assert view.behind
    view.follow()
    assert written(qtbot, view).endswith("even more\n")


def test_an_append_costs_the_same_in_a_long_stream_as_in_a_short_one(view: StreamView, qtbot: QtBot) -> None:
    def cost(stream: StreamState) -> float:
        view.show_stream(stream)
        written(qtbot, view)
        times = []
        for _ in range(60):
            stream.grow("text", "a few words more ")
            begin = time.perf_counter()
            view._catch_up()
            view.viewport().repaint()
            times.append(time.perf_counter() - begin)
        return sorted(times)[len(times) // 2]

    short, long = new_stream(), new_stream()
    short.grow("text", "begin ")
    long.grow("text", "begin " * 300_000)
    assert cost(long) < 20 * cost(short) + 0.005


def test_hidden_it_writes_nothing_and_catches_up_when_shown(view: StreamView, qtbot: QtBot) -> None:
    stream = new_stream()
    stream.grow("text", "one ")
    view.show_stream(stream)
    written(qtbot, view)
    view.hold(True)
    stream.grow("text", "two")
    view.refresh()
    assert view.text() == "one "
    view.hold(False)
    qtbot.waitUntil(lambda: view.text() == "one two")


def test_another_theme_keeps_the_text(stage: Stage, view: StreamView, qtbot: QtBot) -> None:
    stream = new_stream()
    stream.grow("thinking", "hm")
    stream.grow("text", "hello")
    view.show_stream(stream)
    written(qtbot, view)
    stage.theme.choose("dark")
    assert written(qtbot, view) == "hello"


def test_pane_finds_words_and_says_how_often(stage: Stage, qtbot: QtBot) -> None:
    pane = StreamPane(stage.theme, "tier3.stream")
    qtbot.addWidget(pane)
    pane.resize(500, 300)
    pane.show()
    stream = new_stream()
    stream.grow("text", "needle in hay\nhay\nNeedle again")
    pane.show_stream(stream)
    qtbot.waitUntil(lambda: not pane.view.behind)
    pane._search.open_bar()
    qtbot.keyClicks(pane._search._field, "needle")
    assert pane._search._count.text() == "2 found"
    assert pane.view.textCursor().selectedText() == "needle"
    qtbot.keyClick(pane._search._field, Qt.Key.Key_Return)
    assert pane.view.textCursor().selectedText() == "Needle"
    qtbot.keyClick(pane._search._field, Qt.Key.Key_Return)
    assert pane.view.textCursor().blockNumber() == 0


def test_pane_copies_the_whole_stream_and_shows_why_it_failed(stage: Stage, qtbot: QtBot) -> None:
    pane = StreamPane(stage.theme, "tier3.stream")
    qtbot.addWidget(pane)
    pane.show()
    stream = new_stream()
    stream.grow("text", "all of it")
    stream.closed, stream.outcome, stream.error = True, "failed", "The model refused."
    pane.show_stream(stream)
    pane._copy()
    assert QGuiApplication.clipboard().text() == "all of it"
    assert pane._error.isVisible()
    assert pane._error.text() == "The model refused."
