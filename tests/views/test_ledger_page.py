"""The ledger's page: what it counts, writes to a file, and says and does about the budget."""

import csv
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import story
from PySide6.QtCore import QCoreApplication, QEvent, Qt, QTimer
from PySide6.QtWidgets import QApplication, QFileDialog, QLineEdit, QPushButton, QScrollArea, QToolButton, QWidget
from pytestqt.qtbot import QtBot
from window_support import Stage

from slop_qt.core import events as ev
from slop_qt.core.approvals import DecidedBy
from slop_qt.core.budgets import BudgetLimits, BudgetScope, BudgetStanding
from slop_qt.core.errors import NotFoundError, NotPossibleError, SlopError, StoreError
from slop_qt.core.usage import Usage
from slop_qt.mma import commands, shapes
from slop_qt.mma.spend_shapes import SetBudget
from slop_qt.views.status_strip import StatusStrip
from slop_qt.views.tokens.ledger_page import LedgerPage
from slop_qt.views.tokens.ledger_table import LedgerTable
from slop_qt.widgets.banner import Banner
from slop_qt.widgets.budget_dialog import BudgetDialog
from slop_qt.widgets.budget_meter import BudgetMeter
from slop_qt.widgets.elided_label import ElidedLabel
from slop_qt.widgets.notice import Notice
from slop_qt.widgets.sort_header import SortHeader
from slop_qt.widgets.sparkline import Sparkline

WAITING = {"Tier 3: T-003": "Waits for the budget: too dear.", "Tier 3: T-006": "Waits for the budget: later."}


class Purse:
    """Answers what the budget is asked, as its desk does: limits hold at once, and what is set is shown."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        self.limits = BudgetLimits(run_usd=5.0, day_usd=20.0)
        self.waiting: dict[str, str] = {}
        self.shown = 0
        self.sets: list[SetBudget] = []
        self.error: SlopError | None = None
        stage.desk.registry.register(commands.BUDGET_SHOW, self.show)
        stage.desk.registry.register(commands.BUDGET_SET, self.set)

    async def show(self, params: shapes.RunRef, _by: DecidedBy) -> BudgetStanding:
        self.shown += 1
        if self.error is not None:
            raise self.error
        run = self.stage.feed.state.runs.get(params.run_id or "")
        day = BudgetScope(limit_usd=self.limits.day_usd, limit_tokens=self.limits.day_tokens, spent_usd=3.0)
        if run is None:
            return BudgetStanding(day=day)
        scope = BudgetScope(
            limit_usd=self.limits.run_usd,
            limit_tokens=self.limits.run_tokens,
            spent_usd=run.usage_total().cost_usd or 0.0,
        )
        return BudgetStanding(run_id=run.run_id, run=scope, day=day, waiting=self.waiting)

    async def set(self, params: SetBudget, by: DecidedBy) -> BudgetStanding:
        self.sets.append(params)
        if self.error is not None:
            raise self.error
        self.limits, self.waiting = params.limits, {}
        return await self.show(params, by)


@pytest.fixture
def purse(stage: Stage) -> Purse:
    stage.feed.publish(*story.running(story.Clock()))
    return Purse(stage)


@pytest.fixture
def page(stage: Stage, purse: Purse, qtbot: QtBot) -> Iterator[LedgerPage]:
    page = LedgerPage(stage.context)
    qtbot.addWidget(page)
    page.resize(1000, 230)
    page.show()
    page.hold(False)
    yield page
    page.hold(True)


def press(parent: QWidget, name: str) -> None:
    button = parent.findChild(QPushButton, name) or parent.findChild(QToolButton, name)
    assert button is not None and button.isEnabled()
    button.click()


def open_dialog() -> BudgetDialog:
    (dialog,) = [each for each in QApplication.topLevelWidgets() if isinstance(each, BudgetDialog) and each.isVisible()]
    return dialog


def answer_dialog(accept: str = "budget.accept", **limits: str) -> None:
    dialog = open_dialog()
    for name, text in limits.items():
        dialog.findChild(QLineEdit, f"budget.{name}").setText(text)
    press(dialog, accept)
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)


def stuck(stage: Stage, purse: Purse, page: LedgerPage, qtbot: QtBot) -> None:
    purse.waiting = WAITING
    stage.feed.publish(ev.RunPaused(run_id=story.RUN))
    qtbot.waitUntil(page.findChild(QPushButton, "tokens.raise").isVisible)


def spent(seconds: float, cost: float | None, began: datetime) -> ev.UsageReported:
    usage = Usage(requests=1, input_tokens=900, output_tokens=100, cost_usd=cost)
    time = began + timedelta(seconds=seconds)
    return ev.UsageReported(
        run_id=story.RUN, stream_id="s", tier=3, ticket_id="T-001", model="=model()", usage=usage, time=time
    )


def began(stage: Stage) -> datetime:
    return datetime.fromisoformat(stage.feed.state.runs[story.RUN].started_at)


def test_the_table_is_grouped_and_sorted_by_keys_and_by_clicks(page: LedgerPage, qtbot: QtBot) -> None:
    table, header = page.findChild(LedgerTable), page.findChild(SortHeader)
    for name in ("run", "track", "ticket", "tier", "model", "day"):
        press(page, f"tokens.by_{name}")
        assert table.model().headerData(0, Qt.Orientation.Horizontal) == name.capitalize()
    press(page, "tokens.by_ticket")
    header.setFocus()
    qtbot.keyClick(header, Qt.Key.Key_Space)
    assert header.accessibleDescription() == "Ticket, sorted, rising"
    names = [table.model().index(row, 0).data()[:5] for row in range(table.model().rowCount())]
    assert names == ["T-001", "T-003", "T-005", "T-006", "Total"]
    qtbot.keyClick(header, Qt.Key.Key_Right)
    assert (header.column, header.accessibleDescription()) == (7, "Cost USD, not sorted by")
    qtbot.keyClick(header, Qt.Key.Key_Return)
    assert header.accessibleDescription() == "Cost USD, sorted, falling"
    assert table.model().index(0, 0).data().startswith("T-005")
    place = header.viewport().mapFrom(header, header.rect().center())
    place.setX(header.sectionViewportPosition(1) + 20)
    qtbot.mouseClick(header.viewport(), Qt.MouseButton.LeftButton, pos=place)
    assert (header.column, header.sortIndicatorSection()) == (1, 1)
    assert table.model().index(0, 1).data() == "6"
    for _ in range(2):
        qtbot.keyClick(header, Qt.Key.Key_Space)
    assert header.sortIndicatorSection() == -1


@pytest.mark.parametrize("width", [1000, 1440, 420])
def test_cost_is_seen_and_no_number_is_cut_off(page: LedgerPage, stage: Stage, width: int, qtbot: QtBot) -> None:
    page.resize(width, 700)
    stage.feed.publish(spent(5, 12345.5, began(stage)))
    table = page.findChild(LedgerTable)
    total, header = table.model().rowCount() - 1, table.horizontalHeader()
    qtbot.waitUntil(lambda: table.model().index(total, 7).data().startswith("12345."))
    for column in range(1, 8):
        assert header.sectionSize(column) >= table.sizeHintForIndex(table.model().index(total, column)).width()
    assert header.sectionViewportPosition(7) + header.sectionSize(7) <= table.viewport().width()
    side = page.findChild(QScrollArea, "tokens.side")
    below = side.mapTo(page, side.rect().topLeft()).y() > table.mapTo(page, table.rect().topLeft()).y()
    assert below is (width < 720)


def test_the_curves_tell_of_the_run_in_words(page: LedgerPage, stage: Stage, qtbot: QtBot) -> None:
    speed, cost = page.findChild(Sparkline, "tokens.speed"), page.findChild(Sparkline, "tokens.cost")
    assert page.findChild(ElidedLabel).text.endswith("  Finish pocketbook")
    stage.feed.publish(spent(200, 1.0, began(stage)), spent(203, 2.0, began(stage)))
    qtbot.waitUntil(lambda: cost.words == "$3.06")
    assert speed.words == "500" and len(speed.values) == len(cost.values) == 102
    assert cost.accessibleDescription() == "$3.06 in 3 min."
    stage.feed.publish(spent(204, None, began(stage)))
    qtbot.waitUntil(lambda: cost.words == "51.5k")
    assert cost.accessibleName() == "Tokens: 51.5k"
    assert "the price of 1 response is not known" in cost.accessibleDescription()


def test_before_any_run_the_page_says_so(stage: Stage, qtbot: QtBot) -> None:
    Purse(stage)
    page = LedgerPage(stage.context)
    qtbot.addWidget(page)
    page.show()
    page.hold(False)
    assert page.findChild(Sparkline, "tokens.cost").accessibleName() == "Cost: no run yet"
    assert page.findChild(BudgetMeter, "tokens.budget.day").left == "$17.00 left of $20.00"
    assert not page.findChild(BudgetMeter, "tokens.budget.run").isVisible()


def test_the_bars_say_where_the_budget_stands_while_somebody_looks(
    page: LedgerPage, stage: Stage, purse: Purse, qtbot: QtBot
) -> None:
    run = page.findChild(BudgetMeter, "tokens.budget.run")
    qtbot.waitUntil(lambda: run.left == "$4.94 left of $5.00")
    before = purse.shown
    qtbot.waitUntil(lambda: purse.shown >= before + 2)  # a run is under way: it is asked again by itself
    stage.feed.publish(spent(1, 2.0, began(stage)))
    qtbot.waitUntil(lambda: run.left == "$2.94 left of $5.00")
    page.hold(True)
    asked = purse.shown
    stage.feed.publish(spent(2, 1.0, began(stage)), ev.RunPaused(run_id=story.RUN))
    assert not any(timer.isActive() and not timer.isSingleShot() for timer in page.findChildren(QTimer))
    assert purse.shown == asked and run.left == "$2.94 left of $5.00"
    page.hold(False)
    qtbot.waitUntil(lambda: run.left == "$1.94 left of $5.00")
    stage.feed.publish(ev.RunEnded(run_id=story.RUN, status="done"))
    assert not any(timer.isActive() and not timer.isSingleShot() for timer in page.findChildren(QTimer))


def test_a_budget_that_cannot_be_asked_for_is_said_in_its_place(page: LedgerPage, purse: Purse, qtbot: QtBot) -> None:
    notice = page.findChild(Notice, "tokens.budget.notice")
    purse.error = NotFoundError("There is no command budget.show.")
    qtbot.waitUntil(lambda: "There is no command budget.show." in notice.words)
    assert page.findChild(Banner).isHidden()
    purse.error = None
    qtbot.waitUntil(lambda: notice.words == "")


def test_what_waits_is_said_with_its_reason_and_raising_lets_it_go_on(
    page: LedgerPage, stage: Stage, purse: Purse, qtbot: QtBot
) -> None:
    stuck(stage, purse, page, qtbot)
    said = page.findChild(Notice, "tokens.waiting.reason").words
    assert said == "Budget Tier 3: T-003: Waits for the budget: too dear. 1 other waits too."
    press(page, "tokens.raise")
    answer_dialog(run_usd="12.50")
    assert purse.sets == [SetBudget(run_id=story.RUN, limits=BudgetLimits(run_usd=12.5, day_usd=20.0))]
    assert stage.desk.params(commands.RUN_RESUME) == [shapes.ResumeRun(run_id=story.RUN)]
    assert not page.findChild(QPushButton, "tokens.raise").isVisible()
    assert page.findChild(BudgetMeter, "tokens.budget.run").left == "$12.44 left of $12.50"


def test_what_waits_while_the_run_goes_on_is_said_beside_the_bars(page: LedgerPage, purse: Purse, qtbot: QtBot) -> None:
    purse.waiting = WAITING
    notice = page.findChild(Notice, "tokens.budget.notice")
    qtbot.waitUntil(lambda: notice.words == "Waits Tier 3: T-003: Waits for the budget: too dear. And 1 more.")
    assert not page.findChild(QPushButton, "tokens.raise").isVisible()
    purse.waiting = {}
    qtbot.waitUntil(lambda: notice.words == "")


def test_a_run_that_begins_while_the_day_is_asked_about_keeps_its_limits(stage: Stage, qtbot: QtBot) -> None:
    purse = Purse(stage)
    page = LedgerPage(stage.context)
    qtbot.addWidget(page)
    page.show()
    press(page, "tokens.limits")
    assert "It is not known yet where the budget stands." in page.findChild(Banner).words
    page.hold(False)
    press(page, "tokens.limits")
    stage.feed.publish(*story.running(story.Clock()))
    answer_dialog(day_usd="8")
    assert purse.sets == [SetBudget(run_id=story.RUN, limits=BudgetLimits(run_usd=5.0, day_usd=8.0))]
    page.hold(True)


def test_a_run_that_goes_on_by_itself_is_not_complained_of(
    page: LedgerPage, stage: Stage, purse: Purse, qtbot: QtBot
) -> None:
    stuck(stage, purse, page, qtbot)
    stage.desk.answers[commands.RUN_RESUME.name] = NotPossibleError(f"Run {story.RUN} is not paused.")
    press(page, "tokens.raise")
    answer_dialog(run_usd="9")
    assert len(stage.desk.params(commands.RUN_RESUME)) == 1 and page.findChild(Banner).isHidden()


@pytest.mark.parametrize("by_dialog", [True, False])
def test_a_run_that_waits_for_the_budget_can_be_stopped(
    page: LedgerPage, stage: Stage, purse: Purse, qtbot: QtBot, by_dialog: bool
) -> None:
    stuck(stage, purse, page, qtbot)
    if by_dialog:
        press(page, "tokens.raise")
        answer_dialog("budget.stop")
    else:
        press(page, "tokens.stop")
    assert stage.desk.params(commands.RUN_CANCEL) == [shapes.RunRef(run_id=story.RUN)]
    assert purse.sets == []


def test_limits_that_could_not_be_set_are_kept_to_try_again(page: LedgerPage, purse: Purse, qtbot: QtBot) -> None:
    qtbot.waitUntil(lambda: page.findChild(BudgetMeter, "tokens.budget.run").left != "no limit")
    press(page, "tokens.limits")
    purse.error = StoreError("settings.toml could not be written: no space left.", "Free some, then try again.")
    answer_dialog(run_usd="7", day_tokens="1,000")
    banner = page.findChild(Banner)
    assert "no space left" in banner.words and "Free some" in banner.words
    purse.error = None
    press(banner, "tokens.ledger.banner.action")
    answer_dialog()
    assert purse.sets[-1] == purse.sets[0]
    assert purse.limits == BudgetLimits(run_usd=7.0, day_usd=20.0, day_tokens=1000)


def test_after_a_run_only_the_days_limits_are_asked_for(
    page: LedgerPage, stage: Stage, purse: Purse, qtbot: QtBot
) -> None:
    stage.feed.publish(ev.RunEnded(run_id=story.RUN, status="done"))
    qtbot.waitUntil(lambda: page.findChild(BudgetMeter, "tokens.budget.run").left != "no limit")
    press(page, "tokens.limits")
    assert open_dialog().findChild(QLineEdit, "budget.run_usd") is None
    answer_dialog(day_usd="30")
    assert purse.sets == [SetBudget(run_id=story.RUN, limits=BudgetLimits(run_usd=5.0, day_usd=30.0))]


def exported(path: Path) -> list[dict[str, Any]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def choose_file(page: LedgerPage, path: Path) -> None:
    press(page, "tokens.export")
    dialog = page.findChild(QFileDialog, "tokens.export.file")
    assert dialog.acceptMode() == QFileDialog.AcceptMode.AcceptSave
    dialog.fileSelected.emit(str(path))
    dialog.reject()
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)


def test_all_that_is_counted_is_written_by_every_dimension_however_it_is_shown(
    page: LedgerPage, stage: Stage, tmp_path: Path
) -> None:
    stage.feed.publish(*story.planning(story.Clock()), spent(1, None, began(stage)))
    press(page, "tokens.by_day")
    choose_file(page, tmp_path / "all.csv")
    rows = exported(tmp_path / "all.csv")
    assert [(row["run"], row["ticket"], row["model"]) for row in rows][-2:] == [
        (story.RUN, "T-001", "'=model()"),
        (story.PLANNING, "", "claude-opus-4-5"),
    ]
    assert rows[-2]["cost_usd"] == "" and rows[-1]["cost_usd"] == "0.031"
    total = sum(run.usage_total().input_tokens for run in stage.feed.state.runs.values())
    assert sum(int(row["input_tokens"]) for row in rows) == total
    assert page.findChild(Banner).words == f"6 rows written to {tmp_path / 'all.csv'}."
    press(page, "tokens.selected_run")
    choose_file(page, tmp_path / "one.csv")
    assert {row["run"] for row in exported(tmp_path / "one.csv")} == {story.RUN}


def test_a_file_that_cannot_be_written_is_said_in_the_panel(page: LedgerPage, tmp_path: Path) -> None:
    choose_file(page, tmp_path / "no folder" / "ledger.csv")
    banner = page.findChild(Banner)
    assert banner.isVisible() and "ledger.csv could not be written" in banner.words
    (tmp_path / "kept.csv").write_text("before")
    choose_file(page, tmp_path / "kept.csv" / "under.csv")
    assert (tmp_path / "kept.csv").read_text() == "before"


def test_the_status_bar_measures_the_run_by_the_limits_that_hold_now(stage: Stage, purse: Purse, qtbot: QtBot) -> None:
    stage.feed.publish(ev.UsageReported(
        run_id=story.RUN, stream_id="s", tier=3, model="m", usage=Usage(requests=1, input_tokens=7550, cost_usd=1.0)
    ))  # fmt: skip
    strip = StatusStrip(stage.context)
    qtbot.addWidget(strip)
    assert strip._cost.text() == "Cost $1.06 of $5.00"
    stage.feed.publish(ev.BudgetChanged(run_id=story.RUN, budget_usd=12.5, budget_tokens=1_000_000))
    assert strip._cost.text() == "Cost $1.06 of $12.50, 56k of 1M tokens"
    stage.feed.publish(ev.BudgetChanged(run_id=story.RUN))
    assert strip._cost.text() == "Cost $1.06"
