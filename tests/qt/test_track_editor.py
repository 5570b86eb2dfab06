"""Editing a track: one history for spec, plan and tickets, saving, and what may not be done."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from plan_support import SPEC, TICKETS, PlanFiles
from PySide6.QtCore import QObject, QSettings
from PySide6.QtGui import QUndoStack
from PySide6.QtWidgets import QApplication, QPlainTextEdit
from pytestqt.qtbot import QtBot
from qt_support import MainLoop
from window_support import Stage, run_now

from slop_qt.core import events as ev
from slop_qt.core.approvals import Mode
from slop_qt.core.errors import InvalidInputError, StoreError
from slop_qt.core.line_ends import in_editor
from slop_qt.core.tickets import TicketStatus
from slop_qt.mma.plan_shapes import Document
from slop_qt.qt.editing.edited_text import EditedText
from slop_qt.qt.track_editor import TrackEditor


@pytest.fixture
def stage(qapp: QApplication, tmp_path: Path) -> Iterator[Stage]:
    stage = Stage(qapp, QSettings(str(tmp_path / "window.ini"), QSettings.Format.IniFormat), dressed=False)
    yield stage
    stage.strike()


@pytest.fixture
def files(stage: Stage, tmp_path: Path) -> PlanFiles:
    (tmp_path / "tracks").mkdir()
    files = PlanFiles(tmp_path / "tracks", stage)
    files.add("amounts")
    files.add("other", spec="# Other\n")
    return files


@pytest.fixture
def editor(stage: Stage, files: PlanFiles) -> TrackEditor:
    stage.context.selection.select("amounts")
    return stage.context.editor


def view_of(editor: TrackEditor, qtbot: QtBot) -> QPlainTextEdit:
    view = QPlainTextEdit()
    qtbot.addWidget(view)
    view.setDocument(editor.track.spec.document)
    return view


def titles(editor: TrackEditor) -> list[str]:
    return [ticket.title for ticket in editor.tickets]


def retitle(editor: TrackEditor, ticket_id: str, title: str) -> None:
    old = next(ticket for ticket in editor.tickets if ticket.id == ticket_id)
    editor.change_ticket(ticket_id, old.model_copy(update={"title": title}))


def running(stage: Stage, *, started: str) -> None:
    stage.feed.publish(
        ev.RunStarted(run_id="r1", track_id="amounts", mode=Mode.ASK, workers=2),
        ev.RunPrepared(run_id="r1", title="Amounts", tickets=TICKETS),
        ev.TicketChanged(run_id="r1", ticket_id=started, status=TicketStatus.RUNNING, attempt=1),
    )


def test_text_and_tickets_have_one_history(editor: TrackEditor, qtbot: QtBot) -> None:
    view, spec = view_of(editor, qtbot), editor.track.spec.document
    qtbot.keyClicks(view, "Now ")
    retitle(editor, "T-001", "Parse them")
    qtbot.keyClicks(view, "then ")
    assert editor.undo_stack.count() == 3
    assert editor.undo_stack.undoText() == "edit of the spec"
    editor.undo()
    assert spec.toPlainText() == "Now " + SPEC
    assert editor.undo_stack.undoText() == "change of T-001's title"
    editor.undo()
    assert titles(editor)[0] == "Parse amounts"
    editor.undo()
    assert spec.toPlainText() == SPEC
    assert not editor.dirty
    for _ in range(3):
        editor.redo()
    assert spec.toPlainText() == "Now then " + SPEC
    assert titles(editor)[0] == "Parse them"


def test_typing_is_one_step_and_ends_with_a_save(editor: TrackEditor, files: PlanFiles, qtbot: QtBot) -> None:
    view = view_of(editor, qtbot)
    qtbot.keyClicks(view, "abc")
    assert editor.undo_stack.count() == 1
    assert editor.dirty
    editor.save()
    assert not editor.dirty
    assert (files.root / "amounts" / "spec.md").read_text() == "abc" + SPEC
    qtbot.keyClicks(view, "def")
    assert editor.undo_stack.count() == 2
    assert editor.dirty
    editor.undo()
    assert not editor.dirty
    editor.undo()
    assert editor.dirty
    qtbot.keyClicks(view, "xyz")
    assert editor.dirty
    assert editor.undo_stack.count() == 1


def test_typing_after_undo_does_not_join_what_is_older(editor: TrackEditor, qtbot: QtBot) -> None:
    view = view_of(editor, qtbot)
    qtbot.keyClicks(view, "abc")
    editor.add_ticket(None)
    qtbot.keyClicks(view, "def")
    editor.undo()
    qtbot.keyClicks(view, "x")
    assert editor.undo_stack.count() == 3
    assert not editor.undo_stack.canRedo()
    editor.undo()
    assert editor.track.spec.document.toPlainText() == "abc" + SPEC


def test_undo_says_where_it_was(editor: TrackEditor, stage: Stage, qtbot: QtBot) -> None:
    view = view_of(editor, qtbot)
    view.moveCursor(view.textCursor().MoveOperation.End)
    qtbot.keyClicks(view, "end")
    retitle(editor, "T-003", "Tell it")
    stage.context.selection.select("amounts", "T-001")
    places: list[tuple[str, str, str]] = []
    editor.edited_at.connect(lambda *place: places.append(place))
    positions: list[int] = []
    editor.track.spec.edited_at.connect(positions.append)
    editor.undo()
    editor.undo()
    assert places == [("tickets", "T-003", "title"), ("spec", "", "")]
    assert positions == [len(SPEC)]
    assert stage.context.selection.ticket_id == "T-003"


def test_each_track_keeps_its_history(editor: TrackEditor, stage: Stage, qtbot: QtBot) -> None:
    retitle(editor, "T-001", "Parse them")
    stage.context.selection.select("other")
    assert editor.track.spec.document.toPlainText() == "# Other\n"
    assert not editor.undo_stack.canUndo()
    stage.context.selection.select("amounts")
    editor.undo()
    assert titles(editor)[0] == "Parse amounts"
    stage.context.selection.select(None)
    assert editor.track is None
    assert editor.tickets == ()
    editor.undo()


def test_typing_in_a_field_is_one_step_until_it_is_left(editor: TrackEditor) -> None:
    for title in ("P", "Pa", "Par"):
        retitle(editor, "T-001", title)
    assert editor.undo_stack.count() == 1
    retitle(editor, "T-002", "Pri")
    retitle(editor, "T-001", "Pars")
    editor.end_typing()
    retitle(editor, "T-001", "Parse")
    assert editor.undo_stack.count() == 4
    editor.undo()
    assert titles(editor) == ["Pars", "Pri", "Say so"]


def test_tickets_that_make_a_graph_are_saved_by_themselves(editor: TrackEditor, files: PlanFiles, qtbot: QtBot) -> None:
    for title in ("P", "Pa", "Par"):
        retitle(editor, "T-001", title)
    qtbot.waitUntil(lambda: files.tickets("amounts")[0].title == "Par", timeout=2000)
    assert files.written == ["tickets.json"]
    assert not editor.dirty
    editor.undo()
    qtbot.waitUntil(lambda: files.tickets("amounts") == TICKETS, timeout=2000)


def test_connecting_refuses_a_circle_by_its_names(editor: TrackEditor) -> None:
    with pytest.raises(InvalidInputError, match="T-001 → T-003 → T-002 → T-001"):
        editor.connect_tickets("T-003", "T-001")
    assert editor.tickets == TICKETS
    editor.connect_tickets("T-001", "T-003")
    assert editor.tickets[2].depends_on == ("T-002", "T-001")
    editor.disconnect_tickets("T-002", "T-003")
    assert editor.tickets[2].depends_on == ("T-001",)
    assert editor.undo_stack.undoText() == "separation of T-002 and T-003"


def test_a_dependency_on_nothing_is_refused(editor: TrackEditor) -> None:
    with pytest.raises(InvalidInputError, match="depends on T-009, which is not a ticket"):
        editor.change_ticket("T-001", TICKETS[0].model_copy(update={"depends_on": ("T-009",)}))


def test_a_new_id_is_a_new_id_everywhere_in_one_step(editor: TrackEditor, stage: Stage) -> None:
    stage.context.selection.select("amounts", "T-001")
    editor.change_ticket("T-001", TICKETS[0].model_copy(update={"id": "parse"}))
    assert editor.tickets[1].depends_on == ("parse",)
    assert stage.context.selection.ticket_id == "parse"
    with pytest.raises(InvalidInputError, match="T-002 is used more than once"):
        editor.change_ticket("parse", TICKETS[0].model_copy(update={"id": "T-002"}))
    editor.undo()
    assert editor.tickets == TICKETS
    assert stage.context.selection.ticket_id == "T-001"


def test_adding_copying_and_removing(editor: TrackEditor, stage: Stage) -> None:
    assert editor.add_ticket("T-001") == "T-004"
    assert [ticket.id for ticket in editor.tickets] == ["T-001", "T-004", "T-002", "T-003"]
    assert editor.tickets[1].depends_on == ("T-001",)
    assert stage.context.selection.ticket_id == "T-004"
    assert editor.duplicate_ticket("T-002") == "T-005"
    assert editor.tickets[3].brief == "Print."
    editor.remove_ticket("T-001")
    assert [ticket.depends_on for ticket in editor.tickets] == [(), (), (), ("T-002",)]
    for _ in range(3):
        editor.undo()
    assert editor.tickets == TICKETS


def test_what_has_started_stays_as_it_is(editor: TrackEditor, stage: Stage) -> None:
    retitle(editor, "T-001", "Parse them")
    running(stage, started="T-001")
    assert editor.fixed == {"T-001"}
    for refused in (
        lambda: retitle(editor, "T-001", "Other"),
        lambda: editor.remove_ticket("T-001"),
        lambda: editor.connect_tickets("T-003", "T-001"),
    ):
        with pytest.raises(InvalidInputError, match="T-001 has started"):
            refused()
    said: list[str] = []
    editor.noticed.connect(said.append)
    editor.undo()
    assert titles(editor)[0] == "Parse them"
    assert said == ["T-001 started meanwhile and stays as it is."]
    retitle(editor, "T-002", "Show them")
    stage.feed.publish(ev.RunEnded(run_id="r1", status="done"))
    assert editor.fixed == frozenset()


def test_tickets_that_make_no_graph_are_held_and_can_be_mended(
    editor: TrackEditor, files: PlanFiles, qtbot: QtBot
) -> None:
    circle = (TICKETS[0].model_copy(update={"depends_on": ("T-003",)}), *TICKETS[1:])
    editor.replace_tickets(circle)
    qtbot.waitUntil(lambda: any("circle" in problem.message for problem in editor.problems))
    errors: list[Exception] = []
    editor.failed.connect(errors.append)
    ran: list[bool] = []
    editor.save(done=lambda: ran.append(True))
    assert "T-001 → T-003 → T-002 → T-001" in str(errors[0])
    assert (ran, files.written, editor.dirty) == ([], [], True)
    retitle(editor, "T-002", "Still a circle, but this may be changed")
    editor.disconnect_tickets("T-003", "T-001")
    editor.save(done=lambda: ran.append(True))
    assert ran == [True]
    assert files.tickets("amounts")[1].title.startswith("Still")


def test_unsaved_edits_of_all_kinds_are_there_at_the_next_start(
    qapp: QApplication, stage: Stage, files: PlanFiles, tmp_path: Path, qtbot: QtBot
) -> None:
    stage.context.selection.select("amounts")
    editor = stage.context.editor
    circle = (TICKETS[0].model_copy(update={"depends_on": ("T-003",)}), *TICKETS[1:])
    editor.replace_tickets(circle)
    qtbot.keyClicks(view_of(editor, qtbot), "abc")
    run_now(editor.close())

    later = Stage(qapp, QSettings(str(tmp_path / "window.ini"), QSettings.Format.IniFormat), dressed=False)
    PlanFiles(files.root, later)
    said: list[str] = []
    later.context.editor.noticed.connect(said.append)
    later.context.selection.select("amounts")
    again = later.context.editor
    assert again.tickets == circle
    assert again.track.spec.document.toPlainText() == "abc" + SPEC
    assert again.track.unsaved == ("spec", "tickets")
    assert said[0].startswith("These are your unsaved edits of the spec and tickets, kept on ")
    again.undo()
    again.undo()
    assert not again.dirty
    run_now(again.close())
    assert list((tmp_path / "drafts").iterdir()) == []
    later.strike()


def test_tickets_that_tier_2_planned_come_in_quietly(stage: Stage, files: PlanFiles) -> None:
    files.add("new", tickets=())
    stage.context.selection.select("new")
    said: list[str] = []
    stage.context.editor.noticed.connect(said.append)
    files.write_tickets("new", TICKETS)
    stage.context.editor.reload()
    assert stage.context.editor.tickets == TICKETS
    assert said == []


def test_warnings_and_verify_commands_are_looked_at(editor: TrackEditor, qtbot: QtBot) -> None:
    ticket = TICKETS[0].model_copy(update={"verify": "if true", "files": ("a/",)})
    editor.change_ticket("T-001", ticket)
    editor.change_ticket("T-003", TICKETS[2].model_copy(update={"depends_on": (), "files": ("a/b",)}))
    qtbot.waitUntil(lambda: len(editor.problems) == 2)
    overlap, verify = editor.problems
    assert (overlap.severity, overlap.field) == ("warning", "files")
    assert (verify.ticket_id, verify.field) == ("T-001", "verify")
    assert verify.message.startswith("Ticket T-001: the shell cannot read its verify command: ")


def test_what_cannot_be_written_is_still_there(editor: TrackEditor, files: PlanFiles, qtbot: QtBot) -> None:
    files.refused = StoreError("The disk is full.", "Make room.")
    errors: list[Exception] = []
    editor.failed.connect(errors.append)
    qtbot.keyClicks(view_of(editor, qtbot), "abc")
    editor.save()
    assert str(errors[0]) == "The disk is full. Make room."
    assert editor.dirty
    files.refused = None
    editor.save()
    assert not editor.dirty


@pytest.mark.parametrize("text", ["a\r\nb\r\n", "a\nb\r\nc\rd", "no\u00a0break \u2028 and \x0c\n", "\U0001f600"])
def test_what_was_not_changed_is_written_as_it_was(stage: Stage, files: PlanFiles, qtbot: QtBot, text: str) -> None:
    path = files.add("lines", spec=text) / "spec.md"
    stage.context.selection.select("lines")
    qtbot.keyClicks(view_of(stage.context.editor, qtbot), "x")
    stage.context.editor.save()
    assert path.read_bytes().decode() == "x" + text


def test_a_long_text_comes_and_goes_in_slices(main_loop: MainLoop, qapp: QApplication) -> None:
    text = "\U0001f600 is half of what a slice could cut\r\n" * 20_000
    stack, owner = QUndoStack(), QObject()
    edited = EditedText("spec", stack, owner)
    main_loop.run(edited.load(Document(text=text, digest="d"), in_editor(text), draft=f"Mine\r\n{text}"))
    assert edited.unsaved
    assert main_loop.run(edited.snapshot()).written() == f"Mine\r\n{text}"
    stack.undo()
    assert not edited.unsaved
    assert main_loop.run(edited.snapshot()).written() == text
