"""The window's stages as pictures, for people to look at: in tests/screenshots/, light and dark."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import story
from pictures import take
from plan_support import PlanFiles
from PySide6.QtCore import QSettings, QSize, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QDialog, QPlainTextEdit
from pytestqt.qtbot import QtBot
from window_support import Stage, shown_track

from slop_qt.core.ports import ThrottleState
from slop_qt.core.tracks import TrackDraft
from slop_qt.mma import commands, shapes
from slop_qt.qt.theme import ThemeChoice
from slop_qt.views.approvals_panel import ApprovalsPanel
from slop_qt.views.plan.panel import PlanPanel
from slop_qt.views.status_strip import StatusStrip
from slop_qt.widgets.stream_view import StreamView
from slop_qt.window import MainWindow

STAGES = ("empty", "planning", "running", "approvals", "done")


@pytest.fixture(params=["light", "dark"])
def choice(request: pytest.FixtureRequest) -> ThemeChoice:
    return request.param


@pytest.fixture
def stage(qapp: QApplication, tmp_path: Path, choice: ThemeChoice) -> Iterator[Stage]:
    stage = Stage(qapp, QSettings(str(tmp_path / "window.ini"), QSettings.Format.IniFormat), choice)
    yield stage
    stage.strike()


@pytest.fixture
def window(stage: Stage, qtbot: QtBot) -> MainWindow:
    window = stage.build_window()
    qtbot.addWidget(window)
    window.resize(QSize(1440, 900))
    window.show()
    return window


def settle(qtbot: QtBot, window: MainWindow) -> None:
    views = window.findChildren(StreamView)
    qtbot.waitUntil(lambda: not any(view.behind and not view.visibleRegion().isEmpty() for view in views))
    for _ in range(5):
        QApplication.processEvents()


def play(stage: Stage, upto: str) -> None:
    clock = story.Clock()
    if upto == "empty":
        return
    stage.feed.publish(*story.planning(clock))
    if upto == "planning":
        return
    stage.desk.tracks = [shown_track(story.TRACK, "Finish pocketbook", story.planned())]
    stage.feed.publish(*story.planned_end(clock))
    stage.desk.answers[commands.RUN_DIFF.name] = shapes.Diff(diff=story.DIFF)
    stage.feed.publish(*story.running(clock))
    if upto in {"approvals", "done"}:
        stage.feed.publish(*story.approvals(clock))
    if upto == "done":
        stage.feed.publish(*story.ended(clock))
        stage.context.selection.select(story.TRACK, "T-005")


@pytest.mark.parametrize("upto", STAGES)
def test_each_stage_fills_the_window(
    stage: Stage, window: MainWindow, qtbot: QtBot, upto: str, choice: ThemeChoice
) -> None:
    window.show_banner("This is the demo: real files, real git, real tests.", "Go on by itself", lambda: None)
    play(stage, upto)
    if upto == "done":
        window.hide_banner()
        window._docks.raise_panel("diff")
        window._docks.raise_panel("tokens")
    settle(qtbot, window)
    image = take(window, f"{upto}-{choice}")
    scale = image.devicePixelRatio()
    assert image.pixelColor(round(5 * scale), round(300 * scale)).name() == stage.theme.tokens.panel.lower()
    window.resize(QSize(1024, 640))
    settle(qtbot, window)
    take(window, f"{upto}-{choice}-1024x640")


def test_a_provider_that_is_slowed_down(stage: Stage, window: MainWindow, qtbot: QtBot, choice: ThemeChoice) -> None:
    play(stage, "approvals")
    reason = "api.anthropic.com says that there are too many requests (429)."
    for name, pause_s in (("pausing", 12.0), ("slowed", 0.0)):
        stage.throttles = [ThrottleState("anthropic", 2, 2, 5, pause_s, reason)]
        window.findChild(StatusStrip)._tick()
        settle(qtbot, window)
        take(window.findChild(StatusStrip), f"status-{name}-{choice}")
    window.resize(QSize(1024, 640))
    settle(qtbot, window)
    take(window, f"slowed-{choice}-1024x640")


def test_side_by_side_and_activity(stage: Stage, window: MainWindow, qtbot: QtBot, choice: ThemeChoice) -> None:
    play(stage, "done")
    window._docks.raise_panel("activity")
    window._docks.panel("tier3")._side_by_side.click()
    window._docks.panel("tier3")._panes[1].view.unfold_all(True)
    window.resizeDocks([window._docks.dock("tier3")], [900], Qt.Orientation.Horizontal)
    settle(qtbot, window)
    take(window, f"side-by-side-{choice}")


def test_each_kind_of_approval(stage: Stage, window: MainWindow, qtbot: QtBot, choice: ThemeChoice) -> None:
    play(stage, "approvals")
    panel = window._docks.panel("approvals")
    assert isinstance(panel, ApprovalsPanel)
    settle(qtbot, window)
    for row in range(panel.count):
        approval = panel._model.approval(row)
        panel._show(approval, settle=False)
        QApplication.processEvents()
        take(panel, f"approval-{approval.kind}-{choice}")
    panel._show(panel._model.approval(1), settle=False)
    panel._card.bar.edit()
    QApplication.processEvents()
    take(panel, f"approval-editing-{choice}")
    panel._card.bar.back()
    panel._card.bar.reject()
    QApplication.processEvents()
    take(panel, f"approval-rejecting-{choice}")


def test_the_plan_is_edited(
    stage: Stage, window: MainWindow, qtbot: QtBot, choice: ThemeChoice, tmp_path: Path
) -> None:
    files = PlanFiles(tmp_path, stage)
    wrong = story.specs()[2].model_copy(update={"verify": "if then (", "plan_tasks": ("Read entries", "Gone")})
    tickets = tuple(wrong if spec.id == wrong.id else spec for spec in story.specs())
    files.add(story.TRACK, story.SPEC_TEXT, story.PLAN_TEXT, tickets)
    window.resize(QSize(1280, 800))
    play(stage, "running")
    window._docks.raise_panel("plan")
    panel = window._docks.panel("plan")
    assert isinstance(panel, PlanPanel)
    settle(qtbot, window)
    stage.context.selection.select(story.TRACK, "T-004")
    for part in ("spec", "plan", "tickets"):
        panel.show_part(part)
        qtbot.waitUntil(lambda: any(problem.field == "verify" for problem in stage.context.editor.problems))
        settle(qtbot, window)
        take(window, f"plan-{part}-{choice}")
    panel.show_part("spec")
    QTest.keyClicks(panel.findChild(QPlainTextEdit, "plan.spec.source"), "Mine. ")
    (tmp_path / story.TRACK / "spec.md").write_text("# Theirs\n")
    stage.context.editor.reload()
    settle(qtbot, window)
    take(window, f"plan-conflict-{choice}")


def test_each_dialog(stage: Stage, window: MainWindow, qtbot: QtBot, choice: ThemeChoice) -> None:
    play(stage, "done")
    tracks = window._docks.panel("tracks").actions_of_tracks
    draft = TrackDraft(
        title="Finish pocketbook", spec=story.SPEC_TEXT, plan="# Plan\n\n## Phase 1\n\n- [ ] Task: Parse"
    )
    tracks._proposing._review(
        shapes.TracksProposed(run_id="p", tracks=(draft, draft.model_copy(update={"title": "Print it"})))
    )
    for open_it in (tracks.new_epic, tracks.run, tracks.apply):
        open_it()
    dialogs = window.findChildren(QDialog)
    assert {dialog.objectName() for dialog in dialogs} >= {"proposal", "epic", "run", "apply"}
    for dialog in dialogs:
        qtbot.waitUntil(dialog.isVisible)
        take(dialog, f"dialog-{dialog.objectName()}-{choice}")
