"""Before a run its dry run is shown; in its middle Tier 2's revision is, before it is taken."""

import json

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QDialog, QLabel, QPlainTextEdit, QPushButton, QSpinBox
from pytestqt.qtbot import QtBot
from window_support import Stage, shown_track

from slop_qt.core.errors import NotPossibleError, UnusableAnswerError
from slop_qt.core.forecast import Estimate, FileOverlap, Forecast, TicketForecast
from slop_qt.core.tickets import Ticket, TicketSpec
from slop_qt.mma import commands, plan_shapes
from slop_qt.views.tracks.panel import TracksPanel

CHECK = "python -m pytest -q"
FIRST = TicketSpec(id="T-001", title="Read the ledger", brief="Read it.", files=("ledger.py",), verify=CHECK)
SECOND = TicketSpec(
    id="T-002", title="Write the report", brief="Write it.", files=("report.py",), depends_on=("T-001",)
)


def forecast(workers: int) -> Forecast:
    tokens, cost = Estimate(low=8_000, middle=12_000, high=19_000), Estimate(low=0.02, middle=0.04, high=0.09)
    tickets = [
        TicketForecast(
            ticket_id=f"T-{number:03}",
            stage=number // 3,
            input_tokens=tokens,
            output_tokens=Estimate(low=700, middle=900, high=1_900),
            cost_usd=cost if number != 5 else None,
            basis="From 12 earlier tickets of claude-haiku-4-5.",
        )
        for number in range(1, 8)
    ]
    return Forecast(
        track_id="a",
        workers=workers,
        stages=(("T-001", "T-002"), ("T-003", "T-004", "T-005"), ("T-006", "T-007")),
        at_once=min(workers, 3),
        critical_path=("T-001", "T-003", "T-006"),
        overlaps=(FileOverlap(first="T-003", second="T-004", path="report.py"),),
        tickets=tuple(tickets),
        tokens=Estimate(low=70_000, middle=90_000, high=130_000),
        cost_usd=Estimate(low=0.2, middle=0.25, high=0.4),
        unpriced=1,
        confidence="fair",
    )


def panel_on(stage: Stage, qtbot: QtBot) -> TracksPanel:
    tickets = (Ticket(**FIRST.model_dump()), Ticket(**SECOND.model_dump()))
    stage.desk.tracks = [shown_track("a", "Pocketbook", tickets)]
    panel = TracksPanel(stage.context)
    qtbot.addWidget(panel)
    stage.context.tracks.reload()
    stage.context.selection.select("a")
    with qtbot.waitExposed(panel):
        panel.show()
    return panel


def dialog_of(panel: TracksPanel, name: str) -> QDialog:
    return next(dialog for dialog in panel.findChildren(QDialog) if dialog.objectName() == name)


def test_the_run_dialog_shows_the_dry_run_for_the_workers_that_are_set(stage: Stage, qtbot: QtBot) -> None:
    panel = panel_on(stage, qtbot)
    stage.desk.answers[commands.TRACK_FORECAST.name] = forecast(4)
    panel.actions_of_tracks.run()
    dialog = dialog_of(panel, "run")
    words = dialog.findChild(QLabel, "run.forecast.words")
    assert words.text().splitlines() == [
        "7 tickets in 3 stages; at most 3 at once with 4 workers.",
        "Longest chain: T-001 → T-003 → T-006.",
        "About 90,000 (70,000 to 130,000) tokens and 0.25 (0.20 to 0.40) USD, not counting 1 ticket without a price.",
    ]
    assert dialog.findChild(QPlainTextEdit, "run.verify").toPlainText() == CHECK
    overlaps = dialog.findChild(QLabel, "run.forecast.overlaps.text").text()
    assert overlaps == "They change the same files, so they run one after the other: T-003 and T-004 (report.py)."
    stage.desk.answers[commands.TRACK_FORECAST.name] = forecast(2)
    dialog.findChild(QSpinBox, "run.workers").setValue(2)
    assert "at most 2 at once with 2 workers" in words.text()
    assert [params.workers for params in stage.desk.params(commands.TRACK_FORECAST)] == [4, 2]


def test_a_forecast_for_other_workers_than_are_set_by_now_is_not_shown(stage: Stage, qtbot: QtBot) -> None:
    panel = panel_on(stage, qtbot)
    stage.desk.answers[commands.TRACK_FORECAST.name] = forecast(7)
    panel.actions_of_tracks.run()
    assert dialog_of(panel, "run").findChild(QLabel, "run.forecast.words").text() == "Looking ahead…"


def test_where_no_forecast_can_be_made_the_dialog_says_why_and_can_run_all_the_same(stage: Stage, qtbot: QtBot) -> None:
    panel = panel_on(stage, qtbot)
    stage.desk.answers[commands.TRACK_FORECAST.name] = NotPossibleError("tickets.json cannot be used.", "Mend it.")
    panel.actions_of_tracks.run()
    dialog = dialog_of(panel, "run")
    assert "tickets.json cannot be used. Mend it." in dialog.findChild(QLabel, "run.forecast.overlaps.text").text()
    assert dialog.findChild(QPushButton, "run.accept").isEnabled()


def revised(*tickets: TicketSpec) -> plan_shapes.TicketsRevised:
    return plan_shapes.TicketsRevised(
        run_id="R-1", track_id="a", before=(FIRST, SECOND), tickets=tickets, base_digest="d1"
    )


def ask_for_revision(panel: TracksPanel, qtbot: QtBot, wish: str) -> None:
    panel.actions_of_tracks.revise()
    dialog = dialog_of(panel, "wish")
    dialog.findChild(QPlainTextEdit, "wish.text").setPlainText(wish)
    qtbot.mouseClick(dialog.findChild(QPushButton, "wish.accept"), Qt.MouseButton.LeftButton)


def test_a_revision_is_shown_as_a_difference_and_written_only_when_it_is_taken(stage: Stage, qtbot: QtBot) -> None:
    panel = panel_on(stage, qtbot)
    added = TicketSpec(id="T-003", title="Print the report", brief="Print it.", depends_on=("T-001",))
    proposal = revised(FIRST, SECOND.model_copy(update={"brief": "Write it as CSV."}), added)
    stage.desk.answers[commands.TRACK_REVISE.name] = proposal
    stage.desk.answers[commands.TRACK_SAVE_TICKETS.name] = plan_shapes.Saved(digest="d2")
    ask_for_revision(panel, qtbot, "CSV, please")
    assert stage.desk.params(commands.TRACK_REVISE) == [plan_shapes.ReviseTrack(track_id="a", wish="CSV, please")]
    assert panel.banner.words == "Tier 2 proposes for “Pocketbook”: 1 ticket added, 1 changed."
    qtbot.mouseClick(panel.findChild(QPushButton, "tracks.banner.action"), Qt.MouseButton.LeftButton)
    dialog = dialog_of(panel, "revision")
    qtbot.waitUntil(dialog.isVisible)
    shown = dialog.findChild(QPlainTextEdit, "revision.diff.lines").toPlainText()
    assert "-  Write it.\n+  Write it as CSV." in shown
    assert stage.desk.params(commands.TRACK_SAVE_TICKETS) == []
    qtbot.mouseClick(dialog.findChild(QPushButton, "revision.accept"), Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: bool(stage.desk.params(commands.TRACK_SAVE_TICKETS)))
    saved = stage.desk.params(commands.TRACK_SAVE_TICKETS)
    assert [(params.track_id, params.tickets) for params in saved] == [("a", proposal.tickets)]
    assert stage.context.editor.undo_stack.undoText() == "replacement of the tickets"


def test_a_revision_that_is_put_off_stays_on_offer(stage: Stage, qtbot: QtBot) -> None:
    panel = panel_on(stage, qtbot)
    stage.desk.answers[commands.TRACK_REVISE.name] = revised(FIRST)
    ask_for_revision(panel, qtbot, "")
    offer = panel.banner.words
    assert offer == "Tier 2 proposes for “Pocketbook”: 1 ticket removed."
    qtbot.mouseClick(panel.findChild(QPushButton, "tracks.banner.action"), Qt.MouseButton.LeftButton)
    dialog_of(panel, "revision").reject()
    assert panel.banner.words == offer
    assert stage.desk.params(commands.TRACK_SAVE_TICKETS) == []


def test_a_revision_without_changes_says_so(stage: Stage, qtbot: QtBot) -> None:
    panel = panel_on(stage, qtbot)
    stage.desk.answers[commands.TRACK_REVISE.name] = revised(FIRST, SECOND)
    ask_for_revision(panel, qtbot, "")
    assert panel.banner.words == "Tier 2 would leave the tickets of “Pocketbook” as they are."


def test_a_revision_of_tickets_that_were_changed_meanwhile_is_looked_at_again(stage: Stage, qtbot: QtBot) -> None:
    panel = panel_on(stage, qtbot)
    stage.desk.answers[commands.TRACK_REVISE.name] = revised(FIRST)
    ask_for_revision(panel, qtbot, "")
    qtbot.mouseClick(panel.findChild(QPushButton, "tracks.banner.action"), Qt.MouseButton.LeftButton)
    stage.context.editor.add_ticket(None)
    dialog_of(panel, "revision").accept()
    assert "have been changed since Tier 2 read them" in panel.banner.words
    assert len(stage.context.editor.tickets) == 3
    qtbot.mouseClick(panel.findChild(QPushButton, "tracks.banner.action"), Qt.MouseButton.LeftButton)
    again = panel.findChildren(QDialog, "revision")[-1]
    assert again.findChild(QLabel, "revision.words").text() == "Tier 2 proposes: 2 tickets removed."
    again.accept()
    assert stage.context.editor.tickets == (FIRST,)


def test_tickets_that_tier_2_could_not_repair_are_opened_in_the_editor(stage: Stage, qtbot: QtBot) -> None:
    panel = panel_on(stage, qtbot)
    circle = [{**FIRST.model_dump(), "depends_on": ["T-002"]}, SECOND.model_dump()]
    answer = json.dumps({"tickets": [*circle, "nonsense"]})
    error = UnusableAnswerError("Tier 2 gave no plan that holds.", answer=answer, tool="submit_tickets", track_id="a")
    stage.desk.answers[commands.TRACK_PLAN.name] = error
    panel.actions_of_tracks.plan()
    assert panel.banner.words == "Tier 2 gave no plan that holds."
    qtbot.mouseClick(panel.findChild(QPushButton, "tracks.banner.action"), Qt.MouseButton.LeftButton)
    editor = stage.context.editor
    assert editor.tickets[0].depends_on == ("T-002",)
    qtbot.waitUntil(lambda: any("circle: T-001 → T-002 → T-001" in problem.message for problem in editor.problems))
    assert "Number 3 of the tickets is left out" in panel.banner.words
    assert stage.desk.params(commands.TRACK_SAVE_TICKETS) == []


def test_tracks_that_tier_1_could_not_repair_are_opened_in_the_proposal(stage: Stage, qtbot: QtBot) -> None:
    panel = panel_on(stage, qtbot)
    answer = json.dumps({"tracks": [{"title": "Half", "spec": "# Half"}]})
    error = UnusableAnswerError("Tier 1 gave no tracks that hold.", answer=answer, tool="submit_tracks")
    panel.show_error(error)
    qtbot.mouseClick(panel.findChild(QPushButton, "tracks.banner.action"), Qt.MouseButton.LeftButton)
    dialog = dialog_of(panel, "proposal")
    assert dialog.findChild(QPlainTextEdit, "proposal.spec.0").toPlainText() == "# Half"


def test_an_answer_of_which_nothing_is_left_offers_nothing(stage: Stage, qtbot: QtBot) -> None:
    panel = panel_on(stage, qtbot)
    panel.show_error(UnusableAnswerError("Tier 1 gave nothing.", answer="?", tool="submit_tracks"))
    assert panel.banner.words == "Tier 1 gave nothing."
    assert not panel.findChild(QPushButton, "tracks.banner.action").isVisible()
