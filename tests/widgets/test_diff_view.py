"""The diff view shows files and lines, and survives what is big or odd."""

import pytest
from pytestqt.qtbot import QtBot
from window_support import Stage

from slop_qt.widgets.diff_view import DiffView


@pytest.fixture
def view(stage: Stage, qtbot: QtBot) -> DiffView:
    view = DiffView(stage.theme, "diff.view")
    qtbot.addWidget(view)
    view.resize(700, 400)
    view.show()
    return view


def file_diff(path: str, *lines: str) -> str:
    added = sum(line.startswith("+") for line in lines)
    return (
        f"diff --git a/{path} b/{path}\n--- a/{path}\n+++ b/{path}\n@@ -0,0 +1,{added} @@\n" + "\n".join(lines) + "\n"
    )


def test_the_chosen_file_stays_chosen_when_the_diff_changes(view: DiffView) -> None:
    first, second = file_diff("a.py", "+a"), file_diff("b.py", "+b")
    view.show_diff(first + second)
    view._list.setCurrentRow(1)
    assert "+b" in view.text.toPlainText()
    view.show_diff(file_diff("0.py", "+0") + first + second.replace("+b", "+c").replace("+c/b.py", "+b/b.py"))
    assert view._list.currentItem().text() == "b.py"
    view.show_diff(first)
    assert view._list.isHidden()
    assert "+a" in view.text.toPlainText()
    view.show_diff("")
    assert view.text.toPlainText() == ""


def test_control_characters_and_endless_lines_are_shown_harmlessly(view: DiffView) -> None:
    view.show_diff(file_diff("a.py", "+x\u202ey" + "z" * 1_000_000))
    shown = view.text.toPlainText()
    assert "⟨U+202E⟩" in shown
    assert "more characters" in shown
    assert len(shown) < 10_000


def test_a_huge_diff_is_cut_and_says_so(view: DiffView, qtbot: QtBot) -> None:
    view.show_diff(file_diff("a.py", *(f"+line {n}" for n in range(60_000))))
    assert "more lines are not shown" in view.text.toPlainText()
    assert view.files[0].added == 60_000
    view.text.viewport().repaint()
    view.text._gutter.repaint()
