"""The dialog that chooses a ticket's context, by clicks and keys, with answers from a folder's real files."""

from pathlib import Path

import pytest
from context_support import TRACK, ContextBackend
from PySide6.QtCore import Qt
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QAbstractButton, QCheckBox, QLabel, QLineEdit, QPlainTextEdit, QPushButton, QTableView
from pytestqt.modeltest import ModelTester
from pytestqt.qtbot import QtBot
from window_support import Stage, shown_track

from slop_qt.core.context_choices import FileChoice
from slop_qt.core.errors import StoreError
from slop_qt.core.tickets import Ticket
from slop_qt.mma.spend_shapes import ChooseContext
from slop_qt.views.context_dialog.dialog import ContextDialog
from slop_qt.widgets.fields import CalmBox

SOURCE = '''"""Totals."""


def total(entries: list[int]) -> int:
    """The sum of all."""
    return sum(entries)
'''


@pytest.fixture
def backend(stage: Stage, tmp_path: Path) -> ContextBackend:
    folder = tmp_path / "project"
    (folder / "src").mkdir(parents=True)
    (folder / "src" / "totals.py").write_text(SOURCE)
    (folder / "src" / "months.py").write_text("MONTHS = 12\n")
    (folder / "README.md").write_text("# Pocketbook\n" * 30)
    return ContextBackend(stage, folder, ("src/totals.py",))


def opened(backend: ContextBackend, qtbot: QtBot) -> ContextDialog:
    dialog = ContextDialog(backend.context, TRACK, "T-001")
    dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose, False)  # qtbot closes and deletes it
    qtbot.addWidget(dialog)
    with qtbot.waitActive(dialog):
        dialog.open()
        dialog.activateWindow()
    return dialog


def cells(dialog: ContextDialog) -> list[tuple[str, ...]]:
    model = dialog.findChild(QTableView, "context.parts").model()
    return [tuple(model.index(row, column).data() for column in range(4)) for row in range(model.rowCount())]


def labels(dialog: ContextDialog) -> list[tuple[str, str]]:
    return [(kind, label) for kind, label, *_ in cells(dialog)]


def press(dialog: ContextDialog, qtbot: QtBot, name: str) -> None:
    button = dialog.findChild(QAbstractButton, name)
    assert button.isVisible() and button.isEnabled(), name
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)


def add(dialog: ContextDialog, qtbot: QtBot, path: str, scope: str = "ticket") -> None:
    field = dialog.findChild(QLineEdit, f"context.{scope}.path")
    field.setFocus()
    qtbot.keyClicks(field, path)
    completer = field.completer()
    completer.popup().hide()
    qtbot.keyClick(field, Qt.Key.Key_Return)


def put_form(dialog: ContextDialog, form: str, row: int = 1, scope: str = "ticket") -> None:
    dialog.findChild(CalmBox, f"context.{scope}.row{row}.form").choose(form)


def notice(dialog: ContextDialog, scope: str = "ticket") -> str:
    return dialog.findChild(QLabel, f"context.{scope}.notice.text").text()


def test_it_shows_what_the_worker_would_start_with_and_the_exact_text_of_each_part(
    backend: ContextBackend, qtbot: QtBot
) -> None:
    dialog = opened(backend, qtbot)
    assert labels(dialog) == [
        ("System", "System prompt"),
        ("Ticket", "T-001"),
        ("File", "src/totals.py"),
    ]
    kind, _, tokens, reason = cells(dialog)[2]
    assert (kind, tokens, reason) == ("File", f"≈ {len(SOURCE) // 4}", "The ticket declares it.")
    table = dialog.findChild(QTableView, "context.parts")
    ModelTester(None).check(table.model())  # type: ignore[arg-type]
    table.setFocus()
    table.selectRow(2)
    assert dialog.findChild(QPlainTextEdit, "context.text").toPlainText() == SOURCE
    assert "script-1" in dialog.findChild(QLabel, "context.size").text()
    assert backend.previews[0].chosen is None


def test_a_change_is_previewed_before_it_is_saved(backend: ContextBackend, qtbot: QtBot) -> None:
    dialog = opened(backend, qtbot)
    add(dialog, qtbot, "README.md")
    qtbot.waitUntil(lambda: ("File", "README.md") in labels(dialog))
    put_form(dialog, "outline")
    qtbot.waitUntil(lambda: ("Outline", "README.md") in labels(dialog))
    assert backend.saves == [] and backend.chosen == ()
    press(dialog, qtbot, "context.accept")
    assert backend.saves == [
        ChooseContext(
            track_id=TRACK, ticket_id="T-001", choices=(FileChoice(path="README.md", form="outline", pinned=True),)
        )
    ]
    assert not dialog.isVisible()


def test_each_scope_is_saved_by_itself_and_only_where_it_changed(backend: ContextBackend, qtbot: QtBot) -> None:
    backend.chosen = (FileChoice(path="README.md", pinned=True),)
    dialog = opened(backend, qtbot)
    press(dialog, qtbot, "context.of_project")
    add(dialog, qtbot, "src/months.py", "project")
    press(dialog, qtbot, "context.accept")
    assert backend.saves == [ChooseContext(choices=(FileChoice(path="src/months.py", pinned=True),))]


def test_nothing_changed_is_nothing_saved(backend: ContextBackend, qtbot: QtBot) -> None:
    dialog = opened(backend, qtbot)
    press(dialog, qtbot, "context.accept")
    assert backend.saves == [] and not dialog.isVisible()


def test_a_range_needs_its_lines(backend: ContextBackend, qtbot: QtBot) -> None:
    dialog = opened(backend, qtbot)
    add(dialog, qtbot, "src/totals.py")
    put_form(dialog, "range")
    sure = dialog.findChild(QPushButton, "context.accept")
    assert not sure.isEnabled() and "say which lines" in notice(dialog)
    field = dialog.findChild(QLineEdit, "context.ticket.row1.lines")
    assert field.hasFocus()
    qtbot.keyClicks(field, "6-4")
    assert not sure.isEnabled() and "comes before the first" in notice(dialog)
    field.clear()
    qtbot.keyClicks(field, "4-6")
    assert sure.isEnabled() and notice(dialog) == ""
    qtbot.waitUntil(lambda: ("Lines", "src/totals.py") in labels(dialog))
    press(dialog, qtbot, "context.accept")
    assert backend.chosen == (FileChoice(path="src/totals.py", form="range", start_line=4, end_line=6, pinned=True),)


def test_a_file_that_is_not_sent_cannot_be_pinned(backend: ContextBackend, qtbot: QtBot) -> None:
    dialog = opened(backend, qtbot)
    add(dialog, qtbot, "src/totals.py")
    pinned = dialog.findChild(QCheckBox, "context.ticket.row1.pinned")
    assert pinned.isChecked()
    put_form(dialog, "excluded")
    assert not pinned.isEnabled() and not pinned.isChecked()
    qtbot.waitUntil(lambda: all(label != "src/totals.py" for _, label in labels(dialog)))
    press(dialog, qtbot, "context.accept")
    assert backend.chosen == (FileChoice(path="src/totals.py", form="excluded"),)


def test_a_removed_choice_is_none(backend: ContextBackend, qtbot: QtBot) -> None:
    backend.chosen = (FileChoice(path="README.md", pinned=True), FileChoice(path="src/totals.py", form="outline"))
    dialog = opened(backend, qtbot)
    assert ("File", "README.md") in labels(dialog)
    press(dialog, qtbot, "context.ticket.row1.remove")
    qtbot.waitUntil(lambda: ("File", "README.md") not in labels(dialog))
    assert dialog.findChild(CalmBox, "context.ticket.row2.form").hasFocus()
    press(dialog, qtbot, "context.accept")
    assert backend.chosen == (FileChoice(path="src/totals.py", form="outline"),)


def test_a_part_that_is_a_file_can_be_chosen_from_where_it_is_seen(backend: ContextBackend, qtbot: QtBot) -> None:
    dialog = opened(backend, qtbot)
    change = dialog.findChild(QPushButton, "context.change_part")
    assert not change.isEnabled()  # the system prompt is selected
    dialog.findChild(QTableView, "context.parts").selectRow(2)
    press(dialog, qtbot, "context.change_part")
    assert dialog.findChild(CalmBox, "context.ticket.row1.form").hasFocus()
    put_form(dialog, "outline")
    qtbot.waitUntil(lambda: ("Outline", "src/totals.py") in labels(dialog))
    assert "def total(entries: list[int]) -> int:" in dialog.findChild(QPlainTextEdit, "context.text").toPlainText()


@pytest.mark.parametrize(
    ("path", "words"), [("nowhere.py", "no file nowhere.py"), ("README.md", "among the choices already")]
)
def test_what_cannot_be_added_says_why_and_stays_to_be_mended(
    backend: ContextBackend, qtbot: QtBot, path: str, words: str
) -> None:
    backend.chosen = (FileChoice(path="README.md", pinned=True),)
    dialog = opened(backend, qtbot)
    add(dialog, qtbot, path)
    assert words in notice(dialog)
    assert dialog.findChild(QLineEdit, "context.ticket.path").text() == path
    assert dialog.isVisible()


def test_a_file_that_vanished_is_said_and_nothing_is_lost(backend: ContextBackend, qtbot: QtBot) -> None:
    dialog = opened(backend, qtbot)
    (backend.folder / "README.md").unlink()
    add(dialog, qtbot, "README.md")
    banner = dialog.findChild(QLabel, "context.banner.text")
    qtbot.waitUntil(banner.isVisible)
    assert "There is no README.md." in banner.text()
    assert "before your last change" in dialog.findChild(QLabel, "context.size").text()
    press(dialog, qtbot, "context.ticket.row1.remove")
    qtbot.waitUntil(lambda: not banner.isVisible())


def test_a_save_that_fails_stays_open_and_can_be_tried_again(backend: ContextBackend, qtbot: QtBot) -> None:
    dialog = opened(backend, qtbot)
    add(dialog, qtbot, "README.md")
    qtbot.waitUntil(lambda: ("File", "README.md") in labels(dialog))
    backend.failure = StoreError("The choices cannot be written.", "Make room on the disk.")
    press(dialog, qtbot, "context.accept")
    assert dialog.isVisible() and "cannot be written" in dialog.findChild(QLabel, "context.banner.text").text()
    press(dialog, qtbot, "context.accept")
    assert backend.chosen and not dialog.isVisible()


def test_a_ticket_that_cannot_be_composed_says_so_and_offers_nothing_to_save(
    backend: ContextBackend, qtbot: QtBot
) -> None:
    backend.failure = StoreError("The choices cannot be read.", "Mend the file.")
    dialog = opened(backend, qtbot)
    assert "cannot be read" in dialog.findChild(QLabel, "context.banner.text").text()
    assert not dialog.findChild(QPushButton, "context.accept").isEnabled()


def test_changes_while_a_preview_is_under_way_are_previewed_after_it_once(
    backend: ContextBackend, qtbot: QtBot
) -> None:
    dialog = opened(backend, qtbot)
    backend.held = True
    add(dialog, qtbot, "README.md")
    qtbot.waitUntil(lambda: len(backend.previews) == 2)
    put_form(dialog, "outline")
    qtbot.waitUntil(lambda: dialog._asked_again)
    assert len(backend.previews) == 2
    backend.release()
    assert len(backend.previews) == 3
    assert ("Outline", "README.md") in labels(dialog)


def test_closed_in_the_middle_of_a_preview_it_hears_no_more(backend: ContextBackend, qtbot: QtBot) -> None:
    backend.held = True
    dialog = ContextDialog(backend.context, TRACK, "T-001")
    dialog.open()
    with qtbot.waitSignal(dialog.destroyed):
        dialog.reject()
    backend.release()


def test_a_long_text_comes_whole_in_pieces(backend: ContextBackend, qtbot: QtBot) -> None:
    text = "".join(f"line {number}\n" for number in range(20_000))
    (backend.folder / "src" / "totals.py").write_text(text)
    dialog = opened(backend, qtbot)
    dialog.findChild(QTableView, "context.parts").selectRow(2)
    shown = dialog.findChild(QPlainTextEdit, "context.text")
    assert 0 < len(shown.toPlainText()) < len(text)
    qtbot.waitUntil(lambda: shown.document().characterCount() > len(text), timeout=10_000)
    assert shown.toPlainText() == text


def test_completion_offers_the_files_of_the_project(backend: ContextBackend, qtbot: QtBot) -> None:
    dialog = opened(backend, qtbot)
    field = dialog.findChild(QLineEdit, "context.ticket.path")
    field.setFocus()
    qtbot.keyClicks(field, "MONTH")
    assert field.completer().completionCount() == 1
    assert field.completer().currentCompletion() == "src/months.py"


def test_every_usable_widget_is_named_and_reached_by_keyboard(backend: ContextBackend, qtbot: QtBot) -> None:
    backend.chosen = (FileChoice(path="README.md", pinned=True),)
    dialog = opened(backend, qtbot)
    reached = set()
    for _ in range(40):
        focused = dialog.focusWidget()
        if focused is not None:
            named = focused.accessibleName() or (isinstance(focused, QPushButton) and focused.text())
            assert focused.objectName() and named, focused
            reached.add(focused.objectName())
        dialog.focusNextChild()
    wanted = {"parts", "text", "of_ticket", "ticket.row1.form", "ticket.row1.pinned", "ticket.row1.remove"}
    wanted |= {"ticket.path", "accept", "cancel"}
    assert {f"context.{name}" for name in wanted} <= reached


def test_the_menu_opens_it_for_the_selected_ticket(stage: Stage, backend: ContextBackend, qtbot: QtBot) -> None:
    window = stage.build_window(backend.context)
    qtbot.addWidget(window)
    stage.desk.tracks = [shown_track(TRACK, "Pocketbook", (Ticket(id="T-001", title="Totals", brief="b"),))]
    window.read_tracks()
    window.show()
    action = window.findChild(QAction, "action.ticket.context")
    stage.context.selection.select(TRACK)
    assert not action.isEnabled()
    stage.context.selection.select(TRACK, "T-001")
    assert action.isEnabled()
    action.trigger()
    dialog = window.findChild(ContextDialog)
    qtbot.waitUntil(dialog.isVisible)
    assert dialog.findChild(QLabel, "context.heading").text() == "T-001  Totals"
    dialog.reject()
