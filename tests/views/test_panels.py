"""The panels that only show: tiers, tokens, diff, graph, activity and the status bar."""

import pytest
import story
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QComboBox, QLabel, QLineEdit, QTableView, QToolButton, QWidget
from pytestqt.qtbot import QtBot
from window_support import Stage, shown_track

from slop_qt.core import events as ev
from slop_qt.core.errors import NotPossibleError
from slop_qt.core.ports import ThrottleState
from slop_qt.mma import commands, shapes
from slop_qt.views.activity_panel import ActivityPanel
from slop_qt.views.diff_panel import DiffPanel
from slop_qt.views.status_strip import StatusStrip
from slop_qt.views.tier_panel import TierPanel
from slop_qt.views.tokens.panel import TokensPanel
from slop_qt.widgets.empty_state import EmptyState
from slop_qt.widgets.throttle_chip import ThrottleChip


def shown(widget: QWidget, qtbot: QtBot) -> QWidget:
    qtbot.addWidget(widget)
    widget.resize(700, 500)
    widget.show()
    return widget


def click(parent: QWidget, qtbot: QtBot, name: str) -> None:
    qtbot.mouseClick(parent.findChild(QToolButton, name), Qt.MouseButton.LeftButton)


@pytest.fixture
def running(stage: Stage) -> Stage:
    stage.desk.tracks = [shown_track(story.TRACK, "Finish pocketbook", story.planned())]
    stage.feed.publish(*story.running(story.Clock()))
    return stage


def more_text(stage: Stage, text: str, stream: str = "Tier 3: T-006") -> None:
    stage.feed.publish(ev.StreamText(run_id=story.RUN, stream_id=stream, text=text))


def test_a_tier_shows_its_newest_agent_while_it_writes(running: Stage, qtbot: QtBot) -> None:
    panel = shown(TierPanel(running.context, 3), qtbot)
    stream = running.feed.state.runs[story.RUN].streams["Tier 3: T-006"]
    qtbot.waitUntil(lambda: panel._pane.view.text() == stream.text)
    more_text(running, "numbers to the right.")
    qtbot.waitUntil(lambda: panel._pane.view.text().endswith("numbers to the right."))


def test_a_tier_says_how_large_the_last_request_was(running: Stage, qtbot: QtBot) -> None:
    panel = shown(TierPanel(running.context, 3), qtbot)
    size = panel.findChild(QLabel, "tier3.stream.context")
    assert size.text() == "≈ 12,300 tokens (estimate)"
    report = story.report("claude-haiku-4-5", "<b>a.py</b>", counted=True)
    running.feed.publish(ev.ContextReported(run_id=story.RUN, stream_id="Tier 3: T-006", report=report))
    assert size.text() == "12,340 of 200,000 tokens (counted by the provider)"
    assert size.accessibleName().endswith(size.text())
    assert "read_file &lt;b&gt;a.py&lt;/b&gt;" in size.toolTip()
    assert "6,226 tokens are the same in every request." in size.toolTip()
    panel.hide()
    running.feed.publish(
        ev.ContextReported(run_id=story.RUN, stream_id="Tier 3: T-006", report=story.report("m", "b.py", counted=False))
    )
    assert size.text().startswith("12,340"), "what is hidden is not written to"
    panel.show()
    qtbot.waitUntil(lambda: size.text().startswith("≈"))


def test_a_tier_without_a_request_says_nothing_of_its_size(running: Stage, qtbot: QtBot) -> None:
    panel = shown(TierPanel(running.context, 4), qtbot)
    assert not panel.findChild(QLabel, "tier4.stream.context").isVisible()


def test_a_hidden_tier_writes_nothing_until_it_is_shown(running: Stage, qtbot: QtBot) -> None:
    panel = shown(TierPanel(running.context, 3), qtbot)
    qtbot.waitUntil(lambda: not panel._pane.view.behind)
    before = panel._pane.view.text()
    panel.hide()
    more_text(running, "unseen")
    assert panel._pane.view.text() == before
    panel.show()
    qtbot.waitUntil(lambda: panel._pane.view.text() == before + "unseen")


def test_the_selected_ticket_is_the_selected_stream(running: Stage, qtbot: QtBot) -> None:
    panel = shown(TierPanel(running.context, 3), qtbot)
    running.context.selection.select(story.TRACK, "T-005")
    assert panel._pane.view.stream.stream_id == "Tier 3: T-005 #2"
    running.feed.publish(
        ev.WorkerStarted(
            run_id=story.RUN, stream_id="Tier 3: T-004", tier=3, ticket_id="T-004", provider="p", model="m"
        )
    )
    assert panel._pane.view.stream.stream_id == "Tier 3: T-005 #2"  # what one reads stays
    row = panel._model.index(0)
    panel._list.scrollTo(row)
    qtbot.mouseClick(panel._list.viewport(), Qt.MouseButton.LeftButton, pos=panel._list.visualRect(row).center())
    assert running.context.selection.ticket_id == "T-001"


def test_up_to_four_streams_side_by_side(running: Stage, qtbot: QtBot) -> None:
    panel = shown(TierPanel(running.context, 3), qtbot)
    click(panel, qtbot, "tier3.side_by_side")
    names = [pane.view.stream.stream_id for pane in panel._panes[1:] if pane.isVisible()]
    assert names == ["Tier 3: T-005", "Tier 3: T-005 #2", "Tier 3: T-003", "Tier 3: T-006"]
    more_text(running, "in both", "Tier 3: T-003")
    qtbot.waitUntil(lambda: panel._panes[3].view.text().endswith("in both"))


def test_an_empty_tier_says_what_will_appear(stage: Stage, qtbot: QtBot) -> None:
    panel = shown(TierPanel(stage.context, 4), qtbot)
    assert panel.findChild(EmptyState).isVisible()
    stage.feed.publish(*story.running(story.Clock()))
    assert not panel.findChild(EmptyState).isVisible()


def test_tokens_by_tier_ticket_and_model_for_all_runs_or_one(running: Stage, qtbot: QtBot) -> None:
    running.feed.publish(*story.planning(story.Clock()))
    panel = shown(TokensPanel(running.context), qtbot)
    click(panel, qtbot, "tokens.show_ledger")
    model = panel.findChild(QTableView, "tokens.table").model()

    def first_column() -> list[str]:
        return [model.index(row, 0).data() for row in range(model.rowCount())]

    assert first_column()[0] == "Tier 1 Orchestrator"
    assert model.index(4, 2).data() == "47,210"
    click(panel, qtbot, "tokens.selected_run")
    assert model.index(4, 2).data() == "42,000"
    click(panel, qtbot, "tokens.by_ticket")
    assert [name.split()[0] for name in first_column()] == ["T-001", "T-005", "T-003", "T-006", "Total"]
    click(panel, qtbot, "tokens.by_model")
    click(panel, qtbot, "tokens.all_runs")
    assert first_column() == ["claude-haiku-4-5", "claude-opus-4-5", "Total"]


def test_the_diff_is_asked_for_only_while_it_is_seen(running: Stage, qtbot: QtBot) -> None:
    running.desk.answers[commands.RUN_DIFF.name] = shapes.Diff(diff=story.DIFF)
    panel = DiffPanel(running.context)
    qtbot.addWidget(panel)
    running.context.selection.select(story.TRACK, "T-001")
    assert running.desk.params(commands.RUN_DIFF) == []
    panel.resize(700, 400)
    panel.show()
    qtbot.waitUntil(lambda: [file.path for file in panel._view.files] == ["pocketbook/money.py", "tests/test_money.py"])
    assert running.desk.params(commands.RUN_DIFF)[-1] == shapes.DiffRun(run_id=story.RUN, ticket_id="T-001")
    choice = panel.findChild(QComboBox, "diff.choice")
    assert choice.currentText() == "T-001  Parse amounts"
    choice.setCurrentIndex(0)
    choice.activated.emit(0)
    assert running.context.selection.ticket_id is None
    qtbot.waitUntil(lambda: running.desk.params(commands.RUN_DIFF)[-1].ticket_id is None)


def test_no_diff_yet_is_said_in_its_place(running: Stage, qtbot: QtBot) -> None:
    running.desk.answers[commands.RUN_DIFF.name] = NotPossibleError("T-004 has no worktree yet.")
    panel = shown(DiffPanel(running.context), qtbot)
    empty = panel.findChild(EmptyState)
    qtbot.waitUntil(lambda: empty.isVisible() and "T-004 has no worktree yet." in empty._words.text())
    assert panel.banner.isHidden()


def test_activity_is_filtered_and_copied(running: Stage, qtbot: QtBot) -> None:
    panel = shown(ActivityPanel(running.context), qtbot)
    running.feed.publish(ev.Fault(where="git", message="No space left.", hint="Free some."))
    table = panel.findChild(QTableView, "activity.table")
    everything = table.model().rowCount()
    panel.findChild(QComboBox, "activity.kind").setCurrentText("Problems")
    assert 0 < table.model().rowCount() < everything
    panel.findChild(QLineEdit, "activity.filter").setText("no space")
    assert table.model().rowCount() == 1
    table.selectRow(0)
    click(panel, qtbot, "activity.copy")
    assert QGuiApplication.clipboard().text().endswith("Failed\tgit\tNo space left. Free some.")


def test_the_status_bar_says_which_provider_is_slowed_down_while_it_is(stage: Stage, qtbot: QtBot) -> None:
    strip = shown(StatusStrip(stage.context), qtbot)
    chip = strip.findChild(ThrottleChip, "status.throttle")
    strip._tick()
    assert not chip.isVisible()
    reason = "any.example says that there are too many requests (429)."
    stage.throttles = [ThrottleState("anthropic", 2, 1, 5, 11.2, reason), ThrottleState("gemini")]
    strip._tick()
    assert chip.isVisible() and chip.accessibleName() == "anthropic: waits 12 s"
    assert chip.toolTip() == chip.accessibleDescription()
    assert reason in chip.toolTip() and "2 requests at once" in chip.toolTip() and "Nothing is lost" in chip.toolTip()
    width = chip.width()
    stage.throttles = [ThrottleState("anthropic", 2, 2, 4, 0.0, reason), ThrottleState("gemini")]
    strip._tick()
    assert chip.accessibleName() == "anthropic: slowed, 2 at once"
    qtbot.waitUntil(lambda: chip.width() > width)
    stage.throttles = [stage.throttles[0], ThrottleState("gemini", 1, 1, 0, 90, "Busy.")]
    strip._tick()
    assert chip.accessibleName() == "gemini: waits 1 min, 1 more"
    assert reason in chip.toolTip() and "\nBusy. All agents on gemini slow down together: 1 request" in chip.toolTip()
    stage.throttles = [ThrottleState("anthropic", reason=reason)]
    strip._tick()
    assert not chip.isVisible()


def test_a_status_bar_that_is_not_seen_does_not_ask(stage: Stage, qtbot: QtBot) -> None:
    strip = shown(StatusStrip(stage.context), qtbot)
    strip.hide()
    stage.throttles = [ThrottleState("anthropic", 2)]
    strip._tick()
    assert strip.findChild(ThrottleChip, "status.throttle").accessibleName() == ""


def test_the_status_bar_counts_workers_and_cost(stage: Stage, qtbot: QtBot) -> None:
    strip = shown(StatusStrip(stage.context), qtbot)
    assert strip._workers.accessibleName() == "No agents running"
    stage.feed.publish(*story.running(story.Clock()))
    assert strip._workers.accessibleName() == "3 running, 3 queued"
    assert strip._cost.text() == "Cost $0.06 of $5.00"
    assert strip._socket.accessibleName() == "Socket on"
    assert strip._sandbox.isVisible()
    more_text(stage, "x" * 4000)
    strip._tick()
    assert strip._speed.text().startswith("≈ 1,")
