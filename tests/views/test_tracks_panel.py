"""From an epic to Apply in the Tracks panel: dialogs, commands, and what is possible when."""

from pathlib import Path

import pytest
import story
from plan_support import TICKETS, PlanFiles
from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QApplication,
    QComboBox,
    QDialog,
    QLineEdit,
    QPlainTextEdit,
    QPushButton,
    QSpinBox,
    QTreeView,
)
from pytestqt.qtbot import QtBot
from window_support import Stage, shown_track

from slop_qt.core import events as ev
from slop_qt.core.approvals import Mode
from slop_qt.core.errors import NotPossibleError, ProviderError
from slop_qt.core.tickets import Ticket
from slop_qt.core.tracks import Track, TrackDraft
from slop_qt.mma import commands, shapes
from slop_qt.views.tracks.panel import TracksPanel

DRAFT = TrackDraft(title="Finish pocketbook", spec="# Spec\n", plan="# Plan\n")


@pytest.fixture
def panel(stage: Stage, qtbot: QtBot) -> TracksPanel:
    panel = TracksPanel(stage.context)
    qtbot.addWidget(panel)
    panel.resize(360, 600)
    panel.show()
    return panel


def dialog(panel: TracksPanel, qtbot: QtBot, name: str) -> QDialog:
    qtbot.waitUntil(lambda: any(d.isVisible() for d in panel.findChildren(QDialog, name)))
    return next(d for d in panel.findChildren(QDialog, name) if d.isVisible())


def press(parent, qtbot: QtBot, name: str) -> None:
    qtbot.mouseClick(parent.findChild(QPushButton, name), Qt.MouseButton.LeftButton)


def visible(panel: TracksPanel) -> set[str]:
    names = ("plan", "run", "pause", "cancel", "apply")
    return {name for name in names if panel.findChild(QPushButton, f"tracks.{name}").isVisible()}


def with_track(stage: Stage, *, planned: bool = True) -> None:
    stage.desk.tracks = [shown_track(story.TRACK, "Finish pocketbook", story.planned() if planned else ())]
    stage.context.tracks.reload()


def test_an_epic_becomes_a_proposal_that_is_edited_and_accepted(stage: Stage, panel: TracksPanel, qtbot: QtBot) -> None:
    second = TrackDraft(title="Another", spec="s", plan="p")
    proposal = shapes.TracksProposed(run_id="p1", tracks=(DRAFT, second))
    track = Track(id="t1", title="Finish it", spec_path="s", plan_path="p")
    stage.desk.answers[commands.EPIC_PROPOSE.name] = proposal
    stage.desk.answers[commands.EPIC_ACCEPT.name] = shapes.TracksPlanned(run_id="p1", tracks=(track,))
    panel.actions_of_tracks.new_epic()
    epic = dialog(panel, qtbot, "epic")
    assert not epic.findChild(QPushButton, "epic.accept").isEnabled()
    epic.findChild(QPlainTextEdit, "epic.text").setPlainText("Finish pocketbook.\n")
    press(epic, qtbot, "epic.accept")
    assert stage.desk.params(commands.EPIC_PROPOSE) == [shapes.PlanEpic(text="Finish pocketbook.")]
    assert panel.banner.words == "Tier 1 proposes 2 tracks."

    press(panel, qtbot, "tracks.banner.action")
    review = dialog(panel, qtbot, "proposal")
    review.findChild(QLineEdit, "proposal.title.0").setText("Finish it")
    review.findChild(QPlainTextEdit, "proposal.spec.0").setPlainText("# Better\n")
    review._pages[1].wanted.setChecked(False)
    press(review, qtbot, "proposal.accept")
    accepted = TrackDraft(title="Finish it", spec="# Better\n", plan="# Plan\n")
    assert stage.desk.params(commands.EPIC_ACCEPT) == [shapes.AcceptTracks(run_id="p1", tracks=(accepted,))]
    assert stage.context.selection.track_id == "t1"


def test_a_proposal_that_is_put_off_is_still_offered(stage: Stage, panel: TracksPanel, qtbot: QtBot) -> None:
    stage.desk.answers[commands.EPIC_PROPOSE.name] = shapes.TracksProposed(run_id="p1", tracks=(DRAFT,))
    panel.actions_of_tracks._proposing._propose("x")
    press(panel, qtbot, "tracks.banner.action")
    press(dialog(panel, qtbot, "proposal"), qtbot, "proposal.cancel")
    assert panel.banner.isVisible()
    assert panel.banner.words == "Tier 1 proposes 1 track."


def test_a_failed_plan_is_shown_in_the_panel_with_what_to_do(stage: Stage, panel: TracksPanel, qtbot: QtBot) -> None:
    stage.desk.answers[commands.EPIC_PROPOSE.name] = ProviderError("No key for anthropic.", "Set ANTHROPIC_API_KEY.")
    panel.actions_of_tracks._proposing._propose("finish it")
    assert panel.banner.words == "No key for anthropic.\nSet ANTHROPIC_API_KEY."
    panel.actions_of_tracks.new_epic()
    assert dialog(panel, qtbot, "epic").findChild(QPlainTextEdit, "epic.text").toPlainText() == "finish it"


def test_buttons_are_what_is_possible_now(stage: Stage, panel: TracksPanel) -> None:
    assert panel.content.isHidden()
    with_track(stage, planned=False)
    assert stage.context.selection.track_id == story.TRACK
    assert visible(panel) == {"plan"}
    with_track(stage)
    assert visible(panel) == {"run"}
    clock = story.Clock()
    stage.feed.publish(*story.running(clock))
    assert visible(panel) == {"pause", "cancel"}
    stage.feed.publish(ev.RunPaused(run_id=story.RUN))
    assert panel.findChild(QPushButton, "tracks.pause").text() == "Resume"
    stage.feed.publish(ev.RunResumed(run_id=story.RUN), *story.ended(clock))
    assert visible(panel) == {"apply"}
    stage.feed.publish(ev.Applied(run_id=story.RUN, commit="c" * 40))
    assert visible(panel) == set()


def test_run_asks_for_mode_and_workers(stage: Stage, panel: TracksPanel, qtbot: QtBot) -> None:
    with_track(stage)
    press(panel, qtbot, "tracks.run")
    run = dialog(panel, qtbot, "run")
    mode = run.findChild(QComboBox, "run.mode")
    assert Mode(mode.currentData()) is Mode.ASK
    mode.setCurrentIndex(mode.findData(Mode.EDITS))
    run.findChild(QSpinBox, "run.workers").setValue(7)
    press(run, qtbot, "run.accept")
    sent = shapes.StartRun(track_id=story.TRACK, mode=Mode.EDITS, workers=7)
    assert stage.desk.params(commands.RUN_START) == [sent]


def test_pause_resume_and_cancel_name_the_run(stage: Stage, panel: TracksPanel, qtbot: QtBot) -> None:
    with_track(stage)
    stage.feed.publish(*story.running(story.Clock()))
    press(panel, qtbot, "tracks.pause")
    stage.feed.publish(ev.RunPaused(run_id=story.RUN))
    press(panel, qtbot, "tracks.pause")
    press(panel, qtbot, "tracks.cancel")
    assert stage.desk.params(commands.RUN_PAUSE) == [shapes.RunRef(run_id=story.RUN)]
    assert stage.desk.params(commands.RUN_RESUME) == [shapes.ResumeRun(run_id=story.RUN)]
    assert stage.desk.params(commands.RUN_CANCEL) == [shapes.RunRef(run_id=story.RUN)]


def test_apply_shows_what_changes_and_asks_once_more(stage: Stage, panel: TracksPanel, qtbot: QtBot) -> None:
    with_track(stage)
    clock = story.Clock()
    stage.feed.publish(*story.running(clock), *story.ended(clock))
    stage.desk.answers[commands.RUN_DIFF.name] = shapes.Diff(diff=story.DIFF)
    stage.desk.answers[commands.RUN_APPLY.name] = NotPossibleError("notes.txt is changed.", "Commit or stash it.")
    press(panel, qtbot, "tracks.apply")
    ask = dialog(panel, qtbot, "apply")
    assert "pocketbook/money.py  +9" in ask.findChild(QPlainTextEdit, "apply.files").toPlainText()
    assert stage.desk.params(commands.RUN_APPLY) == []
    press(ask, qtbot, "apply.accept")
    assert stage.desk.params(commands.RUN_APPLY) == [shapes.RunRef(run_id=story.RUN)]
    assert panel.banner.words == "notes.txt is changed.\nCommit or stash it."


def test_planning_can_be_stopped(stage: Stage, panel: TracksPanel, qtbot: QtBot) -> None:
    stage.feed.publish(*story.planning(story.Clock()))
    assert not panel.findChild(QPushButton, "tracks.new_epic").isVisible()
    press(panel, qtbot, "tracks.stop_planning")
    assert stage.desk.params(commands.RUN_CANCEL) == [shapes.RunRef(run_id=story.PLANNING)]


def test_a_ticket_selected_in_the_tree_is_selected_everywhere_and_back(
    stage: Stage, panel: TracksPanel, qtbot: QtBot
) -> None:
    with_track(stage)
    tree = panel.findChild(QTreeView, "tracks.tree")
    model = tree.model()
    tree.setCurrentIndex(model.ticket_index(story.TRACK, "T-004"))
    assert stage.context.selection.ticket_id == "T-004"
    stage.context.selection.select(story.TRACK, "T-006")
    assert model.ids(tree.currentIndex()) == (story.TRACK, "T-006")


def test_a_new_ticket_stays_selected_though_the_tree_hears_of_it_later(
    stage: Stage, panel: TracksPanel, qtbot: QtBot, tmp_path: Path
) -> None:
    files, selection, editor = PlanFiles(tmp_path, stage), stage.context.selection, stage.context.editor
    files.add("amounts")

    def hear() -> None:
        tickets = tuple(Ticket.model_validate(each.model_dump()) for each in files.tickets("amounts"))
        stage.desk.tracks = [shown_track("amounts", "Amounts", tickets)]
        stage.context.tracks.reload()

    hear()
    qtbot.waitUntil(lambda: editor.track is not None)
    tree = panel.findChild(QTreeView, "tracks.tree")
    selection.select("amounts", "T-003")
    assert tree.currentIndex().data() == "T-003  Say so"
    editor.remove_ticket("T-003")
    new = editor.add_ticket(None)
    title = next(ticket.title for ticket in editor.tickets if ticket.id == new)
    assert selection.ticket_id == new
    for reads in (TICKETS[:-1], editor.tickets):  # the removal alone, and only then the new one
        files.write_tickets("amounts", reads)
        hear()
        QApplication.processEvents()
        assert selection.ticket_id == new
    assert tree.currentIndex().data() == f"{new}  {title}"


def test_where_somebody_else_removes_the_selected_ticket_its_track_is_selected(
    stage: Stage, panel: TracksPanel, qtbot: QtBot, tmp_path: Path
) -> None:
    files, selection = PlanFiles(tmp_path, stage), stage.context.selection
    files.add("amounts")
    for tickets in (TICKETS, TICKETS[:1]):
        files.write_tickets("amounts", tickets)
        shown = tuple(Ticket.model_validate(each.model_dump()) for each in tickets)
        stage.desk.tracks = [shown_track("amounts", "Amounts", shown)]
        stage.context.tracks.reload()
        qtbot.waitUntil(lambda tickets=tickets: stage.context.editor.tickets == tickets)
        if tickets is TICKETS:
            selection.select("amounts", "T-003")
    qtbot.waitUntil(lambda: (selection.track_id, selection.ticket_id) == ("amounts", None))


def test_where_the_selected_track_is_gone_its_neighbour_is_selected(stage: Stage, panel: TracksPanel) -> None:
    both = [shown_track(name, name.title(), story.planned()) for name in ("walls", "roof")]
    for left, selected in ((both, "roof"), (both[:1], "walls"), ([], None)):
        stage.desk.tracks = left
        stage.context.tracks.reload()
        assert stage.context.selection.track_id == selected


def test_tracks_that_cannot_be_read_say_why(stage: Stage, qtbot: QtBot) -> None:
    async def fail(_params: shapes.Nothing, _by: object) -> shapes.Tracks:
        raise NotPossibleError("conductor/tracks.md is a folder.", "Move it away.")

    stage.desk.registry.register(commands.TRACK_LIST, fail)
    panel = TracksPanel(stage.context)
    qtbot.addWidget(panel)
    panel.show()
    stage.context.tracks.reload()
    assert panel.banner.words == "conductor/tracks.md is a folder.\nMove it away."
