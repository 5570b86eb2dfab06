"""Asks for the limits of a run and of a day, in money and in tokens, beside what is spent already."""

import re
from collections.abc import Callable, Mapping

from PySide6.QtCore import Signal
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QFormLayout,
    QLabel,
    QLineEdit,
    QVBoxLayout,
    QWidget,
)

from slop_qt.core.budgets import BudgetLimits, BudgetScope, BudgetStanding
from slop_qt.qt.status import Look
from slop_qt.qt.theme import Theme
from slop_qt.widgets.budget_meter import scope_sentence, used_up
from slop_qt.widgets.buttons import muted_label, push_button
from slop_qt.widgets.dialogs import frame_dialog
from slop_qt.widgets.notice import Notice

__all__ = ["BudgetDialog"]

_WAITS = Look("waiting", "Waits", "waiting")
_WRONG = Look("failed", "Not a limit", "failed")
_MONEY = re.compile(r"\$?\s*((?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?|\.\d+)")
_TOKENS = re.compile(r"\d{1,3}(?:[,_ ]\d{3})+|\d+")
_MOST_TOKENS = 10**15
_MOST_USD = 10**9
_NAMED = 4
_WIDTH = 560


def _money(text: str) -> float | None:
    """A limit in US dollars, None for none. Raises ValueError with a sentence."""
    if not text.strip():
        return None
    match = _MONEY.fullmatch(text.strip())
    if match is None:
        raise ValueError("Write it as 5, 2.50 or 1,200.00.")
    return _positive(float(match[1].replace(",", "")), _MOST_USD)


def _tokens(text: str) -> int | None:
    """A limit in tokens, None for none. Raises ValueError with a sentence."""
    if not text.strip():
        return None
    if _TOKENS.fullmatch(text.strip()) is None:
        raise ValueError("Write it as a whole number: 500000 or 500,000.")
    return int(_positive(int(re.sub(r"\D", "", text)), _MOST_TOKENS))


def _positive(number: float, most: int) -> float:
    if not number:
        raise ValueError("A limit is more than 0. Leave it empty for none.")
    if number > most:
        raise ValueError("That is more than anyone can spend. Leave it empty for no limit.")
    return number


class _LimitField(QLineEdit):
    """One limit while it is typed, and a line below it that says what is wrong with it."""

    def __init__(self, theme: Theme, name: str, spoken: str, parse: Callable[[str], float | None]) -> None:
        super().__init__()
        self._parse = parse
        self.setObjectName(f"budget.{name}")
        self.setAccessibleName(spoken)
        self.setPlaceholderText("No limit")
        self.setClearButtonEnabled(True)
        self.notice = Notice(theme, f"budget.{name}.notice")

    def check(self) -> bool:
        """Whether it is a limit or none; says so where it is neither."""
        try:
            self._parse(self.text())
        except ValueError as error:
            self.notice.say(_WRONG, str(error))
            return False
        self.notice.clear()
        return True

    @property
    def limit(self) -> float | None:
        """What was typed, once it has been checked."""
        return self._parse(self.text())


class BudgetDialog(QDialog):
    """Lives in the GUI thread.

    Signals:
        chosen(BudgetLimits): these hold from now on, and what waited for them goes on.
        stopped: the run shall be stopped.
    """

    chosen = Signal(object)
    stopped = Signal()

    def __init__(
        self,
        theme: Theme,
        standing: BudgetStanding,
        run_title: str,
        stuck: Mapping[str, str] | None,
        parent: QWidget | None,
    ) -> None:
        """run_title is empty where no run is under way: only what a day may cost can be changed then.

        stuck has what waits in that run, with the reason; it is None where the budget does not keep it from going on.
        """
        super().__init__(parent)
        accept = "Raise and go on" if stuck is not None else "Set limits"
        column, self._sure = frame_dialog(self, "Budget", "budget", accept)
        self._standing = standing
        self._fields: dict[str, _LimitField] = {}
        if stuck is not None:
            self._tell(theme, column, stuck)
        if standing.run is not None and run_title:
            self._ask(theme, column, "run", f"This run: {run_title}", standing.run)
        self._ask(theme, column, "day", "Each day, all runs of the project together", standing.day)
        column.addWidget(_words("Tokens are input and output together. A request is sent only if its worst case fits."))
        self._effect = _words("")
        self._effect.setObjectName("budget.effect")
        column.addWidget(self._effect)
        self._check()
        self.accepted.connect(lambda: self.chosen.emit(self.limits()))
        layout = self.layout()
        assert layout is not None
        self.resize(_WIDTH, layout.totalHeightForWidth(_WIDTH))

    def limits(self) -> BudgetLimits:
        """What stands in the fields; the run's are as they were where they could not be changed."""
        run = self._standing.run or BudgetScope()
        kept = {"run_usd": run.limit_usd, "run_tokens": run.limit_tokens}
        return BudgetLimits.model_validate(kept | {name: field.limit for name, field in self._fields.items()})

    def fill(self, limits: BudgetLimits) -> None:
        """Have these in the fields."""
        for name, field in self._fields.items():
            field.setText(_typed(getattr(limits, name)))

    def _tell(self, theme: Theme, column: QVBoxLayout, stuck: Mapping[str, str]) -> None:
        notice = Notice(theme, "budget.waiting")
        reasons = [f"{name}: {reason}" for name, reason in list(stuck.items())[:_NAMED]]
        more = f"And {len(stuck) - len(reasons)} more." if len(stuck) > len(reasons) else ""
        notice.say(_WAITS, *(reasons or ["The run is paused, and its budget is used up."]), more)
        column.addWidget(notice)
        stop = push_button("budget.stop", "Stop the run", self._stop)
        stop.setAutoDefault(False)
        buttons = self.findChild(QDialogButtonBox)
        assert buttons is not None
        buttons.addButton(stop, QDialogButtonBox.ButtonRole.DestructiveRole)

    def _ask(self, theme: Theme, column: QVBoxLayout, reach: str, title: str, scope: BudgetScope) -> None:
        heading = QLabel(title)
        heading.setProperty("kind", "heading")
        heading.setWordWrap(True)
        column.addWidget(heading)
        column.addWidget(_words(scope_sentence(scope)))
        form = QFormLayout()
        form.setSpacing(8)
        usd = _LimitField(theme, f"{reach}_usd", f"Limit of a {reach} in US dollars", _money)
        tokens = _LimitField(theme, f"{reach}_tokens", f"Limit of a {reach} in tokens", _tokens)
        usd.setText(_typed(scope.limit_usd))
        tokens.setText(_typed(scope.limit_tokens))
        for label, field in (("US dollars", usd), ("Tokens", tokens)):
            self._fields[f"{reach}_{'usd' if field is usd else 'tokens'}"] = field
            form.addRow(label, field)
            form.addRow("", field.notice)
            field.textChanged.connect(self._check)
        column.addLayout(form)

    def _check(self) -> None:
        checked = [field.check() for field in self._fields.values()]  # each says what is wrong with it
        fine = all(checked)
        self._sure.setEnabled(fine)
        self._effect.setText(self._say_effect() if fine else "")

    def _say_effect(self) -> str:
        """What the limits would mean at once, if that is not what one would expect."""
        limits = self.limits()
        run = self._standing.run
        full = []
        if run is not None and used_up(_with(run, limits.run_usd, limits.run_tokens)):
            full.append("the run")
        if used_up(_with(self._standing.day, limits.day_usd, limits.day_tokens)):
            full.append("today")
        return f"With these, nothing more is sent for {' and '.join(full)}: it is used up already." if full else ""

    def _stop(self) -> None:
        self.stopped.emit()
        self.reject()


def _typed(limit: float | None) -> str:
    """As one would type it: to the last digit, for it is read back."""
    if limit is None:
        return ""
    return f"{limit:,}" if isinstance(limit, int) or limit != round(limit, 2) else f"{limit:,.2f}"


def _with(scope: BudgetScope, usd: float | None, tokens: int | None) -> BudgetScope:
    return scope.model_copy(update={"limit_usd": usd, "limit_tokens": tokens})


def _words(text: str) -> QLabel:
    label = muted_label(text)
    label.setWordWrap(True)
    return label
