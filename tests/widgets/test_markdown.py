"""Markdown as it is read: what is shown, what is not obeyed, and long texts in slices."""

import pytest
from PySide6.QtCore import Qt, QUrl
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from slop_qt.qt.theme import Theme
from slop_qt.store.resources import resource_path
from slop_qt.widgets.markdown_blocks import render_markdown
from slop_qt.widgets.markdown_view import MarkdownView


@pytest.fixture
def view(qapp: QApplication, qtbot: QtBot) -> MarkdownView:
    view = MarkdownView(Theme(qapp, resource_path("icons"), "light"), "reading", "Reading")
    qtbot.addWidget(view)
    view.resize(400, 300)
    view.show()
    return view


def html(text: str) -> str:
    return "".join(block.html for block in render_markdown(text))


def test_blocks_know_their_line() -> None:
    blocks = render_markdown("# A\r\n\r\ntext\r\nmore\r\n\r\n- one\r\n- two\r\n")
    assert [block.line for block in blocks] == [0, 2, 5]


@pytest.mark.parametrize(
    ("source", "icon", "word"),
    [("[ ]", "idle", "To do"), ("[~]", "running", "In progress"), ("[x]", "done", "Done"), ("[X]", "done", "Done")],
)
def test_tasks_have_a_picture_for_their_marker_and_their_sha_apart(source: str, icon: str, word: str) -> None:
    shown = html(f"- {source} Task: Parse 89ffc7b\n")
    assert f'<img src="icon:{icon}" width="14" height="14" alt="{word}">' in shown
    assert "Task: Parse <code>89ffc7b</code></li>" in shown
    assert source not in shown


def test_nothing_in_it_is_obeyed() -> None:
    shown = html('<script>x</script> <img src="http://a/b"> \u202ea\u200b&#x202e; ![p](http://a/"b.png) \x1b[31m\n')
    assert "<script>" not in shown
    assert "<img" not in shown
    assert "⟨U+202E⟩a⟨U+200B⟩⟨U+202E⟩" in shown
    assert "[image: p http://a/" in shown
    assert "␛[31m" in shown


def test_what_is_no_markdown_is_text() -> None:
    assert html("") == ""
    assert "[x] no list" in html("[x] no list")
    assert "<li>[q] other" in html("- [q] other")


def test_a_view_shows_all_and_keeps_its_place(view: MarkdownView, qtbot: QtBot) -> None:
    source = "".join(f"## Part {number}\n\nWords.\n\n" for number in range(300))
    view.show_blocks(render_markdown(source))
    qtbot.waitUntil(lambda: "Part 299" in view.toPlainText())
    view.show_line(4 * 150)
    place = view.verticalScrollBar().value()
    block = view.cursorForPosition(view.viewport().rect().topLeft()).block()
    near = [block.text()]
    for _ in range(3):
        block = block.next()
        near.append(block.text())
    assert "Part 150" in near
    with qtbot.waitSignal(view.filled):
        view.show_blocks(render_markdown(source + "The end.\n"))
    assert view.verticalScrollBar().value() == place
    view.show_blocks(render_markdown(source))
    view.show_blocks(render_markdown("Short.\n"))
    qtbot.waitUntil(lambda: view.toPlainText().strip() == "Short.")


def test_a_view_loads_nothing_and_follows_nothing(view: MarkdownView, qtbot: QtBot) -> None:
    view.show_blocks(render_markdown("[a link](https://example.org/x)\n"))
    assert view.loadResource(2, QUrl("file:///etc/passwd")) is None
    clicked: list[str] = []
    view.link_wanted.connect(clicked.append)
    view.setFocus()
    qtbot.keyClick(view, Qt.Key.Key_Tab)
    qtbot.keyClick(view, Qt.Key.Key_Return)
    assert clicked == ["https://example.org/x"]
    assert "a link" in view.toPlainText()


def test_pictures_of_tasks_are_painted_in_the_themes_colours(view: MarkdownView, qtbot: QtBot) -> None:
    view.show_blocks(render_markdown("- [x] Done\n"))
    image = QImage(view.size(), QImage.Format.Format_RGB32)
    view.render(image)
    done = view._theme.color("done").rgb()
    assert any(image.pixel(x, y) == done for x in range(80) for y in range(60))
