"""The Plan panel with real keys and clicks: texts and their reading, the form, and what others write meanwhile."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from plan_support import PLAN, SPEC, TICKETS, PlanFiles
from PySide6.QtCore import Qt
from PySide6.QtGui import QAction, QDesktopServices
from PySide6.QtTest import QAbstractItemModelTester
from PySide6.QtWidgets import QLineEdit, QListView, QMessageBox, QPlainTextEdit, QPushButton, QToolButton, QWidget
from pytestqt.qtbot import QtBot
from window_support import Stage, shown_track

from slop_qt.core import events as ev
from slop_qt.core.approvals import Mode
from slop_qt.core.tickets import TicketSpec, TicketStatus
from slop_qt.mma import commands, shapes
from slop_qt.qt.check_model import CheckModel
from slop_qt.qt.planned_model import PlannedModel
from slop_qt.views.plan.compare_dialog import CompareDialog
from slop_qt.views.plan.panel import PlanPanel
from slop_qt.widgets.notice import Notice
from slop_qt.window import MainWindow

CTRL, SHIFT = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.ShiftModifier
LEFT = Qt.MouseButton.LeftButton


@pytest.fixture
def files(stage: Stage, tmp_path: Path) -> PlanFiles:
    (tmp_path / "tracks").mkdir()
    files = PlanFiles(tmp_path / "tracks", stage)
    files.add("amounts")
    files.add("other", spec="# Other\n", tickets=())
    stage.desk.tracks = [shown_track("amounts", "Amounts"), shown_track("other", "Other")]
    return files


@pytest.fixture
def window(stage: Stage, files: PlanFiles, qtbot: QtBot) -> Iterator[MainWindow]:
    window = stage.build_window()
    qtbot.addWidget(window)
    window.show()
    window.activateWindow()
    qtbot.waitActive(window)
    stage.context.selection.select("amounts")
    window._docks.raise_panel("plan")
    qtbot.waitUntil(window._docks.panel("plan").isVisible)
    yield window


@pytest.fixture
def panel(window: MainWindow) -> PlanPanel:
    panel = window._docks.panel("plan")
    assert isinstance(panel, PlanPanel)
    return panel


def press(parent: QWidget, qtbot: QtBot, name: str) -> None:
    kind = QToolButton if parent.findChild(QToolButton, name) is not None else QPushButton
    qtbot.mouseClick(parent.findChild(kind, name), LEFT)


def source(panel: PlanPanel, name: str = "spec") -> QPlainTextEdit:
    return panel.findChild(QPlainTextEdit, f"plan.{name}.source")


def field(panel: PlanPanel, name: str) -> QWidget:
    kind = QPlainTextEdit if name in {"brief", "files"} else QLineEdit
    return panel.findChild(kind, f"plan.ticket.{name}")


def says(panel: PlanPanel, name: str) -> str:
    return panel.findChild(Notice, name).words


def retype(qtbot: QtBot, widget: QWidget, text: str) -> None:
    widget.setFocus()
    qtbot.keyClick(widget, Qt.Key.Key_A, CTRL)
    qtbot.keyClick(widget, Qt.Key.Key_Delete)
    first, *others = text.split("\n")
    qtbot.keyClicks(widget, first)
    for line in others:
        qtbot.keyClick(widget, Qt.Key.Key_Return)
        qtbot.keyClicks(widget, line)


def check(panel: PlanPanel, qtbot: QtBot, name: str, words: str) -> None:
    """Go to that row of a list, and press the space bar."""
    view = panel.findChild(QListView, f"plan.ticket.{name}")
    model = view.model()
    row = next(row for row in range(model.rowCount()) if words in model.index(row, 0).data())
    view.setFocus()
    view.setCurrentIndex(model.index(row, 0))
    qtbot.keyClick(view, Qt.Key.Key_Space)


def tickets_of(panel: PlanPanel, stage: Stage, qtbot: QtBot, ticket_id: str) -> None:
    press(panel, qtbot, "plan.show_tickets")
    stage.context.selection.select("amounts", ticket_id)


def now(stage: Stage, ticket_id: str) -> TicketSpec:
    return next(ticket for ticket in stage.context.editor.tickets if ticket.id == ticket_id)


def test_what_is_typed_is_read_beside_it_and_saved_with_a_key(
    window: MainWindow, panel: PlanPanel, files: PlanFiles, qtbot: QtBot
) -> None:
    assert source(panel).toPlainText() == SPEC
    source(panel).setFocus()
    qtbot.keyClicks(source(panel), "Of ")
    qtbot.waitUntil(lambda: "Of # Amounts" in panel._spec.rendering.toPlainText())
    assert window._docks.dock("plan").windowTitle() == "Plan •"
    assert panel.findChild(QToolButton, "plan.show_spec").toolTip() == "The spec has edits that are not saved"
    qtbot.keyClick(source(panel), Qt.Key.Key_S, CTRL)
    assert (files.root / "amounts" / "spec.md").read_text() == "Of " + SPEC
    assert window._docks.dock("plan").windowTitle() == "Plan"


def test_undo_goes_to_where_it_happened(window: MainWindow, stage: Stage, panel: PlanPanel, qtbot: QtBot) -> None:
    source(panel).setFocus()
    qtbot.keyClicks(source(panel), "Of ")
    tickets_of(panel, stage, qtbot, "T-002")
    retype(qtbot, field(panel, "brief"), "Print it well.")
    stage.context.selection.select("amounts", "T-001")
    undo = window.findChild(QAction, "action.edit.undo")
    assert undo.text() == "&Undo change of T-002's brief"
    qtbot.keyClick(field(panel, "title"), Qt.Key.Key_Z, CTRL)
    assert now(stage, "T-002").brief == "Print."
    assert stage.context.selection.ticket_id == "T-002"
    assert field(panel, "brief").hasFocus()
    assert field(panel, "brief").toPlainText() == "Print."
    qtbot.keyClick(field(panel, "brief"), Qt.Key.Key_Z, CTRL)
    assert panel.part == "spec"
    assert source(panel).hasFocus()
    assert source(panel).toPlainText() == SPEC
    assert not undo.isEnabled()
    for _ in range(2):
        qtbot.keyClick(window.focusWidget(), Qt.Key.Key_Z, CTRL | SHIFT)
    assert now(stage, "T-002").brief == "Print it well."


def test_undo_of_tickets_leaves_the_graph_in_view(
    window: MainWindow, stage: Stage, panel: PlanPanel, qtbot: QtBot
) -> None:
    editor = stage.context.editor
    editor.connect_tickets("T-001", "T-003")
    window._docks.raise_panel("graph")
    qtbot.waitUntil(lambda: panel.visibleRegion().isEmpty())
    editor.undo()
    assert now(stage, "T-003").depends_on == ("T-002",)
    assert stage.context.selection.ticket_id == "T-003"
    assert panel.visibleRegion().isEmpty()
    editor.want_ticket("T-002")
    qtbot.waitUntil(lambda: not panel.visibleRegion().isEmpty())
    assert panel.part == "tickets"
    assert field(panel, "id").text() == "T-002"


def test_a_panel_of_its_own_menu_offers_the_same_history(panel: PlanPanel, qtbot: QtBot) -> None:
    qtbot.keyClicks(source(panel), "Of ")
    menu = source(panel).make_menu()
    names = [action.objectName() for action in menu.actions()]
    assert names[:2] == ["action.edit.undo", "action.edit.redo"]
    menu.actions()[0].trigger()
    assert source(panel).toPlainText() == SPEC
    menu.deleteLater()


def test_each_half_can_be_shown_alone(panel: PlanPanel, qtbot: QtBot) -> None:
    press(panel, qtbot, "plan.show_rendering")
    assert not source(panel).isVisible()
    press(panel, qtbot, "plan.show_source")
    assert source(panel).isVisible()
    assert not panel._spec.rendering.isVisible()
    press(panel, qtbot, "plan.show_both")
    press(panel, qtbot, "plan.show_plan")
    assert source(panel, "plan").toPlainText() == PLAN
    assert panel._plan.rendering.isVisible()


def test_reading_scrolls_with_the_source(stage: Stage, files: PlanFiles, panel: PlanPanel, qtbot: QtBot) -> None:
    files.add("long", spec="".join(f"## Part {n}\n\nWords of part {n}.\n\n" for n in range(200)))
    stage.context.selection.select("long")
    reading = panel._spec.rendering
    qtbot.waitUntil(lambda: "part 199" in reading.toPlainText())
    bar = source(panel).verticalScrollBar()
    bar.setValue(bar.maximum() // 2)
    top = reading.cursorForPosition(reading.viewport().rect().topLeft()).block().text()
    first = source(panel).firstVisibleBlock().blockNumber() // 4
    shown = [int(word) for word in top.replace(".", "").split() if word.isdigit()]
    assert shown and abs(shown[0] - first) <= 2


def test_links_are_asked_about_and_only_web_addresses_opened(
    panel: PlanPanel, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[str] = []
    monkeypatch.setattr(QDesktopServices, "openUrl", lambda url: opened.append(url.toString()))
    for address in ("file:///etc/passwd", "https://example.org/a"):
        panel._spec.rendering.link_wanted.emit(address)
        box = next(box for box in panel.findChildren(QMessageBox) if address in box.text())
        box.button(box.standardButtons().__class__.Open).click() if "https" in address else box.reject()
    assert opened == ["https://example.org/a"]


def test_hidden_characters_are_named(stage: Stage, files: PlanFiles, panel: PlanPanel, qtbot: QtBot) -> None:
    files.add("odd", spec="# Odd\n\n\u202eevil\u200b and &#x202e;\n")
    stage.context.selection.select("odd")
    qtbot.waitUntil(lambda: "⟨U+202E⟩evil⟨U+200B⟩ and ⟨U+202E⟩" in panel._spec.rendering.toPlainText())
    words = says(panel, "plan.spec.hidden")
    assert "2 characters that cannot be seen: ⟨U+202E⟩ in line 3, ⟨U+200B⟩ in line 3." in words


def test_fields_are_checked_as_one_types_and_keep_what_was_typed(stage: Stage, panel: PlanPanel, qtbot: QtBot) -> None:
    tickets_of(panel, stage, qtbot, "T-001")
    retype(qtbot, field(panel, "title"), "")
    assert says(panel, "plan.ticket.title.notice") == "Error Ticket T-001: title must not be empty."
    assert now(stage, "T-001").title == "Parse amounts"
    retype(qtbot, field(panel, "files"), "money.py\n../up.py")
    assert "must be a path inside the repository" in says(panel, "plan.ticket.files.notice")
    stage.context.editor.change_ticket("T-001", now(stage, "T-001").model_copy(update={"brief": "Elsewhere."}))
    assert field(panel, "brief").toPlainText() == "Elsewhere."
    assert field(panel, "title").text() == ""
    stage.context.selection.select("amounts", "T-002")
    assert field(panel, "title").text() == "Print amounts"
    stage.context.selection.select("amounts", "T-001")
    assert field(panel, "title").text() == ""
    assert field(panel, "files").toPlainText() == "money.py\n../up.py"
    retype(qtbot, field(panel, "title"), "Parse")
    assert now(stage, "T-001").title == "Parse"
    assert says(panel, "plan.ticket.title.notice") == ""


def test_a_wrong_verify_command_is_said_in_the_shells_words(stage: Stage, panel: PlanPanel, qtbot: QtBot) -> None:
    tickets_of(panel, stage, qtbot, "T-001")
    retype(qtbot, field(panel, "verify"), "if true; then")
    qtbot.waitUntil(lambda: "the shell cannot read" in says(panel, "plan.ticket.verify.notice"))
    rows = panel.findChild(QListView, "plan.tickets.list").model()
    assert rows.index(0, 0).data(Qt.ItemDataRole.AccessibleTextRole).startswith("T-001  Parse amounts\nError\n")


def test_an_id_counts_when_it_is_left(stage: Stage, panel: PlanPanel, qtbot: QtBot) -> None:
    tickets_of(panel, stage, qtbot, "T-001")
    retype(qtbot, field(panel, "id"), "T-002")
    assert says(panel, "plan.ticket.id.notice") == "Error The ticket id T-002 is used already."
    retype(qtbot, field(panel, "id"), "parse")
    assert now(stage, "T-002").depends_on == ("T-001",)
    qtbot.keyClick(field(panel, "id"), Qt.Key.Key_Return)
    assert now(stage, "T-002").depends_on == ("parse",)
    assert stage.context.selection.ticket_id == "parse"
    assert field(panel, "id").hasFocus()


def test_an_id_that_is_being_typed_outlives_that_the_tickets_are_read_anew(
    stage: Stage, panel: PlanPanel, qtbot: QtBot
) -> None:
    tickets_of(panel, stage, qtbot, "T-001")
    retype(qtbot, field(panel, "id"), "pars")
    stage.context.editor.tickets_changed.emit()  # as when a file of the track was written
    qtbot.keyClicks(field(panel, "id"), "e")
    assert field(panel, "id").text() == "parse"
    qtbot.keyClick(field(panel, "id"), Qt.Key.Key_Return)
    assert now(stage, "T-002").depends_on == ("parse",)
    stage.context.editor.tickets_changed.emit()
    assert field(panel, "id").text() == "parse"


def test_dependencies_are_chosen_and_a_circle_is_refused_by_its_names(
    stage: Stage, panel: PlanPanel, qtbot: QtBot
) -> None:
    tickets_of(panel, stage, qtbot, "T-001")
    check(panel, qtbot, "depends_on", "T-003")
    assert now(stage, "T-001").depends_on == ()
    assert "T-001 → T-003 → T-002 → T-001" in says(panel, "plan.ticket.depends_on.notice")
    stage.context.selection.select("amounts", "T-003")
    check(panel, qtbot, "depends_on", "T-001")
    assert now(stage, "T-003").depends_on == ("T-002", "T-001")
    check(panel, qtbot, "depends_on", "T-002")
    assert now(stage, "T-003").depends_on == ("T-001",)


def test_plan_tasks_are_those_of_the_plan_and_others_are_flagged(
    stage: Stage, files: PlanFiles, panel: PlanPanel, qtbot: QtBot
) -> None:
    files.write_tickets("amounts", (TICKETS[0].model_copy(update={"plan_tasks": ("Gone",)}), *TICKETS[1:]))
    stage.context.editor.reload()
    tickets_of(panel, stage, qtbot, "T-001")
    check(panel, qtbot, "plan_tasks", "Parse amounts")
    assert now(stage, "T-001").plan_tasks == ("Gone", "Parse amounts")
    check(panel, qtbot, "plan_tasks", "Gone (not in the plan any more)")
    assert now(stage, "T-001").plan_tasks == ("Parse amounts",)


def test_tickets_are_added_copied_and_removed_by_keyboard(stage: Stage, panel: PlanPanel, qtbot: QtBot) -> None:
    tickets_of(panel, stage, qtbot, "T-002")
    rows = panel.findChild(QListView, "plan.tickets.list")
    rows.setFocus()
    qtbot.keyClick(rows, Qt.Key.Key_Insert)
    assert now(stage, "T-004").title == "New ticket"
    assert field(panel, "title").hasFocus()
    rows.setFocus()
    qtbot.keyClick(rows, Qt.Key.Key_D, CTRL)
    assert len(stage.context.editor.tickets) == 5
    qtbot.keyClick(rows, Qt.Key.Key_Delete)
    qtbot.keyClick(rows, Qt.Key.Key_Up)
    assert [ticket.id for ticket in stage.context.editor.tickets] == ["T-001", "T-002", "T-003", "T-004"]
    assert stage.context.selection.ticket_id == field(panel, "id").text()


def test_a_track_without_tickets_offers_the_first(stage: Stage, panel: PlanPanel, qtbot: QtBot) -> None:
    stage.context.selection.select("other")
    press(panel, qtbot, "plan.show_tickets")
    press(panel, qtbot, "plan.tickets.first")
    assert field(panel, "id").text() == "T-001"


def test_a_started_ticket_can_only_be_read(stage: Stage, panel: PlanPanel, qtbot: QtBot) -> None:
    tickets_of(panel, stage, qtbot, "T-001")
    stage.feed.publish(
        ev.RunStarted(run_id="r1", track_id="amounts", mode=Mode.ASK, workers=2),
        ev.RunPrepared(run_id="r1", title="Amounts", tickets=TICKETS),
        ev.TicketChanged(run_id="r1", ticket_id="T-001", status=TicketStatus.RUNNING, attempt=1),
    )
    assert says(panel, "plan.ticket.started") == "Started Ticket T-001 has started in this run: it stays as it is."
    qtbot.keyClicks(field(panel, "title"), "x")
    assert field(panel, "title").text() == "Parse amounts"
    rows = panel.findChild(QListView, "plan.tickets.list")
    rows.setFocus()
    qtbot.keyClick(rows, Qt.Key.Key_Delete)
    assert "T-001 has started" in panel.banner.words
    assert len(stage.context.editor.tickets) == 3


def test_what_others_write_is_shown_and_can_be_undone(
    stage: Stage, files: PlanFiles, panel: PlanPanel, qtbot: QtBot
) -> None:
    (files.root / "amounts" / "spec.md").write_text(SPEC + "More.\n")
    stage.context.editor.reload()
    assert source(panel).toPlainText() == SPEC + "More.\n"
    assert panel.banner.words == "spec.md was changed elsewhere. Undo brings back what was here."
    assert not stage.context.editor.dirty
    source(panel).setFocus()
    qtbot.keyClick(source(panel), Qt.Key.Key_Z, CTRL)
    assert source(panel).toPlainText() == SPEC
    assert stage.context.editor.dirty


def test_the_cursor_stays_where_it_was(stage: Stage, files: PlanFiles, panel: PlanPanel) -> None:
    cursor = source(panel).textCursor()
    cursor.setPosition(SPEC.index("people"))
    source(panel).setTextCursor(cursor)
    (files.root / "amounts" / "spec.md").write_text("# Sums and amounts" + SPEC[len("# Amounts") :])
    stage.context.editor.reload()
    place = source(panel).textCursor().position()
    assert source(panel).toPlainText()[place:].startswith("people")


def conflict(stage: Stage, files: PlanFiles, panel: PlanPanel, qtbot: QtBot) -> Path:
    path = files.root / "amounts" / "spec.md"
    qtbot.keyClicks(source(panel), "Mine ")
    path.write_text("Theirs.\n")
    stage.context.editor.reload()
    assert panel.findChild(QWidget, "plan.spec.conflict").isVisible()
    assert source(panel).toPlainText() == "Mine " + SPEC
    assert path.read_text() == "Theirs.\n"
    return path


def test_a_conflict_is_asked_about_and_nothing_overwritten(
    window: MainWindow, stage: Stage, files: PlanFiles, panel: PlanPanel, qtbot: QtBot
) -> None:
    path = conflict(stage, files, panel, qtbot)
    qtbot.keyClick(source(panel), Qt.Key.Key_S, CTRL)
    assert path.read_text() == "Theirs.\n"
    press(panel, qtbot, "plan.spec.conflict.mine")
    assert path.read_text() == "Mine " + SPEC
    assert not panel.findChild(QWidget, "plan.spec.conflict").isVisible()
    assert not stage.context.editor.dirty


def test_a_conflict_can_be_found_by_saving(stage: Stage, files: PlanFiles, panel: PlanPanel, qtbot: QtBot) -> None:
    path = files.root / "amounts" / "spec.md"
    qtbot.keyClicks(source(panel), "Mine ")
    path.write_text("Theirs.\n")
    source(panel).setFocus()
    qtbot.keyClick(source(panel), Qt.Key.Key_S, CTRL)
    assert path.read_text() == "Theirs.\n"
    assert panel.findChild(QWidget, "plan.spec.conflict").isVisible()
    press(panel, qtbot, "plan.spec.conflict.theirs")
    assert source(panel).toPlainText() == "Theirs.\n"
    assert not stage.context.editor.dirty
    qtbot.keyClick(source(panel), Qt.Key.Key_Z, CTRL)
    assert source(panel).toPlainText() == "Mine " + SPEC


@pytest.mark.parametrize(("button", "left"), [("compare.mine", "Mine " + SPEC), ("compare.theirs", "Theirs.\n")])
def test_a_conflict_can_be_compared_first(
    window: MainWindow, stage: Stage, files: PlanFiles, panel: PlanPanel, qtbot: QtBot, button: str, left: str
) -> None:
    path = conflict(stage, files, panel, qtbot)
    press(panel, qtbot, "plan.spec.conflict.compare")
    dialog = window.findChild(CompareDialog)
    qtbot.waitUntil(dialog.isVisible)
    assert "-Theirs." in dialog.findChild(QPlainTextEdit, "compare.diff.lines").toPlainText()
    press(dialog, qtbot, button)
    assert path.read_text() == left == source(panel).toPlainText()


def test_tickets_that_others_change_are_asked_about_while_they_are_wrong(
    stage: Stage, files: PlanFiles, panel: PlanPanel, qtbot: QtBot
) -> None:
    circle = (TICKETS[0].model_copy(update={"depends_on": ("T-002",)}), *TICKETS[1:])
    stage.context.editor.replace_tickets(circle)
    press(panel, qtbot, "plan.show_tickets")
    qtbot.waitUntil(lambda: "Not saved until this is mended" in says(panel, "plan.tickets.problem"))
    files.write_tickets("amounts", TICKETS[:1])
    stage.context.editor.reload()
    assert panel.findChild(QWidget, "plan.tickets.conflict").isVisible()
    press(panel, qtbot, "plan.tickets.conflict.theirs")
    assert stage.context.editor.tickets == TICKETS[:1]


def test_what_was_deleted_is_said_and_kept(stage: Stage, files: PlanFiles, panel: PlanPanel, qtbot: QtBot) -> None:
    path = files.root / "amounts" / "spec.md"
    path.unlink()
    stage.context.editor.reload()
    assert panel.banner.words == "spec.md was deleted elsewhere. Its text is still here: saving writes it again."
    press(panel, qtbot, "plan.save")
    assert path.read_text() == SPEC
    for each in path.parent.iterdir():
        each.unlink()
    path.parent.rmdir()
    stage.context.editor.reload()
    assert "There is no track amounts." in says(panel, "plan.spec.state")
    assert source(panel).isReadOnly()


def test_a_file_that_is_no_text_is_said_and_left_alone(stage: Stage, files: PlanFiles, panel: PlanPanel) -> None:
    path = files.add("bytes") / "spec.md"
    path.write_bytes(b"\xff\xfe\x00")
    (path.parent / "tickets.json").write_text("[{}]")
    stage.context.selection.select("bytes")
    assert says(panel, "plan.spec.state") == "Cannot be edited spec.md is not UTF-8."
    assert source(panel).isReadOnly()
    assert says(panel, "plan.tickets.problem").startswith("Error tickets.json cannot be used")
    assert not panel.findChild(QToolButton, "plan.tickets.add").isEnabled()


def test_running_and_planning_save_first(
    window: MainWindow, stage: Stage, files: PlanFiles, panel: PlanPanel, qtbot: QtBot
) -> None:
    stage.desk.answers[commands.TRACK_PLAN.name] = shapes.TicketsPlanned(run_id="p", tickets=())
    path = files.root / "amounts" / "spec.md"
    qtbot.keyClicks(source(panel), "Mine ")
    acts = window._docks.panel("tracks").actions_of_tracks
    acts.plan()
    assert path.read_text() == "Mine " + SPEC
    assert len(stage.desk.params(commands.TRACK_PLAN)) == 1
    qtbot.keyClicks(source(panel), "2 ")
    path.write_text("Theirs.\n")
    acts.plan()
    assert "was changed by somebody else" in window._docks.panel("tracks").banner.words
    assert len(stage.desk.params(commands.TRACK_PLAN)) == 1


def test_with_no_track_it_says_what_will_be_here(stage: Stage, qtbot: QtBot) -> None:
    panel = PlanPanel(stage.context)
    qtbot.addWidget(panel)
    panel.show()
    assert panel.findChild(QWidget, "plan.empty").isVisible()
    assert not panel.content.isVisible()


def test_the_models_keep_the_rules(stage: Stage, panel: PlanPanel, qtbot: QtBot) -> None:
    testers = [
        QAbstractItemModelTester(model, QAbstractItemModelTester.FailureReportingMode.Fatal)
        for kind in (PlannedModel, CheckModel)
        for model in panel.findChildren(kind)
    ]
    assert len(testers) == 3
    tickets_of(panel, stage, qtbot, "T-001")
    editor = stage.context.editor
    acts: tuple[Callable[[], object], ...] = (
        lambda: editor.add_ticket("T-001"),
        lambda: editor.duplicate_ticket("T-002"),
        lambda: editor.remove_ticket("T-001"),
        editor.undo,
        editor.undo,
        lambda: stage.context.selection.select("other"),
        lambda: stage.context.selection.select("amounts"),
    )
    for act in acts:
        act()


def test_a_refused_dependency_stays_said_until_something_else_is_shown(
    stage: Stage, panel: PlanPanel, qtbot: QtBot
) -> None:
    tickets_of(panel, stage, qtbot, "T-001")
    needs = panel.findChild(QListView, "plan.ticket.depends_on")
    rows = needs.model()
    assert rows.setData(rows.index(1, 0), Qt.CheckState.Checked, Qt.ItemDataRole.CheckStateRole)  # T-003, its own end
    said = says(panel, "plan.ticket.depends_on.notice")
    assert all(name in said for name in ("circle", "T-001", "T-002", "T-003"))
    stage.context.editor.state_changed.emit()  # as when a save, or a look for problems, is over
    stage.context.editor.problems_changed.emit()
    assert says(panel, "plan.ticket.depends_on.notice") == said
    stage.context.selection.select("amounts", "T-002")
    stage.context.selection.select("amounts", "T-001")
    assert says(panel, "plan.ticket.depends_on.notice") == ""
