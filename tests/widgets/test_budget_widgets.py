"""The budget's face: what the bars say, and what the dialog takes for a limit."""

import pytest
from PySide6.QtCore import QCoreApplication, QEvent
from PySide6.QtWidgets import QApplication, QLabel, QLineEdit, QPushButton
from pytestqt.qtbot import QtBot

from slop_qt.core.budgets import BudgetLimits, BudgetScope, BudgetStanding
from slop_qt.qt.theme import Theme
from slop_qt.store.resources import resource_path
from slop_qt.widgets.budget_dialog import BudgetDialog
from slop_qt.widgets.budget_meter import BudgetMeter, used_up
from slop_qt.widgets.notice import Notice

RUN = BudgetScope(limit_usd=5.0, spent_usd=1.2, reserved_usd=0.4, spent_tokens=420_000, reserved_tokens=64_000)
DAY = BudgetScope(limit_tokens=2_000_000, spent_usd=12.0, spent_tokens=1_500_000)
WAITING = {"Tier 3: T-003": "Waits for the budget: too dear.", "Tier 3: T-006": "Waits for the budget: later."}


@pytest.fixture
def theme(qapp: QApplication) -> Theme:
    return Theme(qapp, resource_path("icons"), "light")


def dialog(theme: Theme, qtbot: QtBot, run_title: str = "Books", stuck: dict[str, str] | None = None) -> BudgetDialog:
    standing = BudgetStanding(run_id="R-1", run=RUN, day=DAY)
    made = BudgetDialog(theme, standing, run_title, stuck, None)
    qtbot.addWidget(made)
    made.show()
    return made


def type_limit(made: BudgetDialog, name: str, text: str) -> None:
    made.findChild(QLineEdit, f"budget.{name}").setText(text)


@pytest.mark.parametrize(
    ("scope", "left", "taken"),
    [
        (RUN, "$3.40 left of $5.00", "$1.20 spent, $0.40 set aside"),
        (DAY, "500k left of 2M tokens", "1.5M tokens spent"),
        (BudgetScope(spent_usd=1.5), "no limit", "$1.50 spent"),
        (BudgetScope(limit_usd=1, spent_usd=3.0, unpriced=2), "$0.00 left of $1.00", "at least $3.00 spent"),
        # Of two limits it is about the nearer one.
        (
            RUN.model_copy(update={"limit_tokens": 500_000}),
            "16k left of 500k tokens",
            "420k tokens spent, 64k set aside",
        ),
        (RUN.model_copy(update={"limit_tokens": 50_000_000}), "$3.40 left of $5.00", "$1.20 spent, $0.40 set aside"),
    ],
)
def test_a_bar_says_in_words_what_is_left_spent_and_set_aside(
    theme: Theme, qtbot: QtBot, scope: BudgetScope, left: str, taken: str
) -> None:
    meter = BudgetMeter(theme, "meter", "Run")
    qtbot.addWidget(meter)
    meter.show_scope(scope)
    assert (meter.left, meter.taken) == (left, taken)
    assert meter.accessibleName() == f"Run: {left}, {taken}"


def test_a_bar_tells_of_both_limits_and_of_what_has_no_price(theme: Theme, qtbot: QtBot) -> None:
    meter = BudgetMeter(theme, "meter", "Run")
    qtbot.addWidget(meter)
    meter.show_scope(RUN.model_copy(update={"limit_tokens": 500_000, "unpriced": 1}))
    assert meter.accessibleDescription() == (
        "$3.40 left of $5.00: at least $1.20 spent, $0.40 set aside. 16,000 left of 500,000 tokens: "
        "420,000 tokens spent, 64,000 set aside. The price of 1 response is not known, and not in the money."
    )
    assert meter.toolTip() == meter.accessibleDescription()


def test_the_bar_is_as_long_as_what_is_spent_and_set_aside(theme: Theme, qtbot: QtBot) -> None:
    meter = BudgetMeter(theme, "meter", "Run")
    qtbot.addWidget(meter)
    meter.resize(200, meter.sizeHint().height())

    def colors(scope: BudgetScope) -> list[str]:
        meter.show_scope(scope)
        image = meter.grab().toImage()
        scale, row = image.devicePixelRatio(), meter.height() // 2
        return [image.pixelColor(round(x * scale), round(row * scale)).name() for x in (20, 70, 150)]

    accent, line = theme.color("accent").name(), theme.color("line").name()
    spent, aside, free = colors(BudgetScope(limit_usd=10, spent_usd=2.5, reserved_usd=2.5))
    assert (spent, free) == (accent, line) and aside not in {accent, line}
    assert colors(BudgetScope(limit_usd=10, spent_usd=12)) == [theme.color("failed").name()] * 3
    assert colors(BudgetScope(spent_usd=12)) == [line] * 3


def test_a_limit_is_used_up_when_what_is_spent_and_set_aside_fill_it() -> None:
    assert not used_up(RUN) and not used_up(BudgetScope(spent_usd=99.0))
    assert used_up(RUN.model_copy(update={"spent_usd": 4.6}))
    assert used_up(RUN.model_copy(update={"limit_tokens": 484_000}))


def test_limits_are_taken_as_people_write_them(theme: Theme, qtbot: QtBot) -> None:
    made = dialog(theme, qtbot)
    assert made.limits() == BudgetLimits(run_usd=5.0, day_tokens=2_000_000)
    type_limit(made, "run_usd", " $1,200.50 ")
    type_limit(made, "run_tokens", "500,000")
    type_limit(made, "day_usd", ".5")
    type_limit(made, "day_tokens", "")
    with qtbot.waitSignal(made.chosen) as chosen:
        made.findChild(QPushButton, "budget.accept").click()
    assert chosen.args == [BudgetLimits(run_usd=1200.5, run_tokens=500_000, day_usd=0.5)]


@pytest.mark.parametrize(
    ("name", "text", "says"),
    [
        ("run_usd", "5,00", "Write it as 5, 2.50 or 1,200.00."),
        ("run_usd", "-1", "Write it as 5"),
        ("run_usd", "1e3", "Write it as 5"),
        ("run_usd", "0.00", "A limit is more than 0."),
        ("day_tokens", "1.5", "Write it as a whole number"),
        ("day_tokens", "0", "A limit is more than 0."),
        ("day_tokens", "9" * 30, "That is more than anyone can spend."),
    ],
)
def test_what_is_no_limit_is_said_at_its_field(theme: Theme, qtbot: QtBot, name: str, text: str, says: str) -> None:
    made = dialog(theme, qtbot)
    type_limit(made, name, text)
    notice = made.findChild(Notice, f"budget.{name}.notice")
    assert notice.isVisible() and says in notice.words
    assert not made.findChild(QPushButton, "budget.accept").isEnabled()
    type_limit(made, name, "7")
    assert not notice.isVisible() and made.findChild(QPushButton, "budget.accept").isEnabled()


def test_limits_that_are_used_up_already_are_said_to_be(theme: Theme, qtbot: QtBot) -> None:
    made = dialog(theme, qtbot)
    effect = made.findChild(QLabel, "budget.effect")
    assert effect.text() == ""
    type_limit(made, "run_usd", "1.50")
    type_limit(made, "day_tokens", "1000")
    assert effect.text() == "With these, nothing more is sent for the run and today: it is used up already."


def test_a_run_that_waits_is_raised_or_stopped(theme: Theme, qtbot: QtBot) -> None:
    made = dialog(theme, qtbot, stuck=WAITING)
    assert "Tier 3: T-003: Waits for the budget: too dear." in made.findChild(Notice, "budget.waiting").words
    assert made.findChild(QPushButton, "budget.accept").text() == "Raise and go on"
    with qtbot.waitSignal(made.stopped), qtbot.assertNotEmitted(made.chosen):
        made.findChild(QPushButton, "budget.stop").click()
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)


def test_where_no_run_is_under_way_only_the_day_is_asked_for_and_the_runs_limits_stay(
    theme: Theme, qtbot: QtBot
) -> None:
    made = dialog(theme, qtbot, run_title="")
    assert made.findChild(QLineEdit, "budget.run_usd") is None
    assert made.findChild(QPushButton, "budget.stop") is None
    type_limit(made, "day_usd", "9")
    assert made.limits() == BudgetLimits(run_usd=5.0, day_usd=9.0, day_tokens=2_000_000)


def test_a_limit_is_shown_to_the_last_digit_that_is_read_back(theme: Theme, qtbot: QtBot) -> None:
    made = dialog(theme, qtbot)
    limits = BudgetLimits(run_usd=1234.005, run_tokens=1_234_567, day_usd=0.0001, day_tokens=1)
    made.fill(limits)
    assert made.limits() == limits
    assert made.findChild(QLineEdit, "budget.run_usd").text() == "1,234.005"
