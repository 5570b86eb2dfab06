"""A text of any size is shown to the character, copied as it is, and searched, without keeping the window waiting."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PySide6.QtGui import QTextCursor
from PySide6.QtWidgets import QApplication, QLabel, QLineEdit
from pytestqt.qtbot import QtBot
from window_support import Stage

from slop_qt.core.visible_text import make_visible
from slop_qt.widgets.long_text import LongText
from slop_qt.widgets.long_text_search import LongTextSearch

# Characters of each width, and those that would be obeyed.
ODD = "a\n\t é\U0001f600\r\u202e\x00\u2028⟨␀\ud800"


@pytest.fixture
def view(stage: Stage, qtbot: QtBot) -> LongText:
    view = LongText(stage.theme, "text", "A text")
    qtbot.addWidget(view)
    view.resize(600, 300)
    view.show()
    return view


@pytest.fixture
def bar(stage: Stage, view: LongText, qtbot: QtBot) -> LongTextSearch:
    bar = LongTextSearch(stage.theme, "search", view)
    qtbot.addWidget(bar)
    return bar


def written(view: LongText, text: str) -> None:
    view.show_text(text)
    while view.behind:
        view._write()


def read_back(view: LongText) -> str:
    view.selectAll()
    return view.createMimeDataFromSelection().text()


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=st.text(st.sampled_from(ODD) | st.characters(), max_size=80), data=st.data())
def test_any_stretch_is_selected_and_read_back_to_the_character(view: LongText, text: str, data: st.DataObject) -> None:
    written(view, text)
    start, end = sorted(data.draw(st.tuples(*[st.integers(0, len(text))] * 2)))
    view.select(start, end)
    assert view.selected_text() == text[start:end]
    assert view.document().toRawText().replace("\u2029", "\n") == make_visible(text)


def test_a_line_of_any_length_is_broken_for_display_alone(view: LongText) -> None:
    text = "x" * 10_000 + "\n" + "y" * 4096 + "\n\nend"
    written(view, text)
    assert view.blockCount() == 3 + 1 + 1 + 1
    assert read_back(view) == text
    view.select(4000, 9000)
    assert view.selected_text() == text[4000:9000]


def test_half_of_what_stands_for_a_character_is_the_character(view: LongText) -> None:
    written(view, "a\u202eb")
    cursor = QTextCursor(view.document())
    cursor.setPosition(3)
    cursor.setPosition(5, QTextCursor.MoveMode.KeepAnchor)
    view.setTextCursor(cursor)
    assert view.selected_text() == "\u202e"


def test_what_stands_for_something_else_has_another_colour(view: LongText, stage: Stage) -> None:
    written(view, "a\x00⟨")
    cursor = QTextCursor(view.document())
    colors = []
    for position in (1, 2, 3):
        cursor.setPosition(position)
        colors.append(cursor.charFormat().foreground().color().name())
    replaced = stage.theme.color("waiting").name()
    assert [color == replaced for color in colors] == [False, True, False]


def test_much_text_is_written_in_slices_and_all_of_it(view: LongText, qtbot: QtBot) -> None:
    text = "x" * 500_000 + "\n" + "def f(x):\n    return x\n" * 10_000
    with qtbot.waitSignal(view.written):
        view.show_text(text)
        assert view.behind
    assert read_back(view) == text


def test_what_nobody_sees_is_not_written(view: LongText, qtbot: QtBot) -> None:
    view.hide()
    view.show_text("unseen")
    assert not view._timer.isActive()
    with qtbot.waitSignal(view.written):
        view.show()
    assert view.toPlainText() == "unseen"


def test_another_text_takes_the_place_of_one_that_is_being_written(view: LongText, qtbot: QtBot) -> None:
    view.show_text("x" * 1_000_000)
    view._write()
    with qtbot.waitSignal(view.written):
        view.show_text("short")
    assert read_back(view) == "short"


def test_the_colours_change_with_the_theme(view: LongText, stage: Stage, qtbot: QtBot) -> None:
    written(view, "\x00")
    with qtbot.waitSignal(view.written):
        stage.theme.choose("dark")
    assert read_back(view) == "\x00"


def test_copying_puts_the_characters_themselves_on_the_clipboard(view: LongText) -> None:
    written(view, "a\u200bb\r\n" + "x" * 5000)
    view.selectAll()
    view.copy()
    assert QApplication.clipboard().text() == "a\u200bb\r\n" + "x" * 5000


def test_words_are_found_across_the_break_of_a_long_line(view: LongText, bar: LongTextSearch, qtbot: QtBot) -> None:
    text = "x" * 4090 + "needle" + "x" * 5000 + "\nNEEDLE"
    written(view, text)
    look_for(bar, "NeedLe", qtbot)
    assert (view.selected_text(), view.place) == ("needle", 4090)
    assert said(bar) == "1 of 2"
    bar.find_next()
    assert (view.selected_text(), said(bar)) == ("NEEDLE", "2 of 2")
    bar.find_next()
    assert view.place == 4090
    bar.find_previous()
    assert said(bar) == "2 of 2"


def test_the_first_place_is_the_one_after_the_cursor(view: LongText, bar: LongTextSearch, qtbot: QtBot) -> None:
    written(view, "one two one two")
    view.select(5, 5)
    look_for(bar, "t", qtbot)
    assert (view.place, said(bar)) == (12, "2 of 2")
    look_for(bar, "tw", qtbot)
    assert view.place == 12
    look_for(bar, "one", qtbot)
    assert view.place == 0, "and after the last one the first"


def test_what_is_not_there_is_said(view: LongText, bar: LongTextSearch, qtbot: QtBot) -> None:
    written(view, "one")
    look_for(bar, "two", qtbot)
    assert said(bar) == "0 found"
    bar.find_next()
    look_for(bar, "", qtbot)
    assert said(bar) == ""


def test_a_place_that_is_not_written_yet_is_gone_to_when_it_is(
    view: LongText, bar: LongTextSearch, qtbot: QtBot
) -> None:
    view.show_text("x" * 300_000 + "needle")
    look_for(bar, "needle", qtbot)
    qtbot.waitUntil(lambda: view.selected_text() == "needle")


def test_thousands_of_places_are_counted(view: LongText, bar: LongTextSearch, qtbot: QtBot) -> None:
    view.show_text("ab" * 100_000)
    look_for(bar, "b", qtbot)
    assert said(bar) == "1 of 100,000"
    bar.look_for("ba")
    qtbot.waitUntil(lambda: not bar.searching)
    assert said(bar) == "1 of 99,999"


def look_for(bar: LongTextSearch, words: str, qtbot: QtBot) -> None:
    bar.findChild(QLineEdit).setText(words)
    qtbot.waitUntil(lambda: not bar.searching)


def said(bar: LongTextSearch) -> str:
    return bar.findChild(QLabel).text()
