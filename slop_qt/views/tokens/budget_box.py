"""The budget's face: what a run and this day may cost, what is spent and set aside, what waits, and how to raise it."""

from collections.abc import Mapping

from PySide6.QtCore import QTimer, Signal
from PySide6.QtWidgets import QVBoxLayout, QWidget
from shiboken6 import isValid

from slop_qt.core.budgets import BudgetLimits, BudgetStanding
from slop_qt.core.errors import NotPossibleError, SlopError
from slop_qt.core.state import RunState
from slop_qt.mma import commands, shapes
from slop_qt.mma.spend_shapes import SetBudget
from slop_qt.qt.status import Look
from slop_qt.qt.throttle import Throttle
from slop_qt.qt.window_context import ErrorSurface, WindowContext
from slop_qt.widgets.budget_dialog import BudgetDialog
from slop_qt.widgets.budget_meter import BudgetMeter, used_up
from slop_qt.widgets.notice import Notice

__all__ = ["BudgetBox"]

_POLL_MS = 500
_UNKNOWN = Look("failed", "Budget unknown", "failed")
_WAITS = Look("waiting", "Waits", "waiting")


class BudgetBox(QWidget):
    """Asks where the budget stands, twice a second while a run is under way and somebody looks, else after changes.

    Lives in the GUI thread. What goes wrong in asking stands here; in doing, on the surface that it was made for.

    Signals:
        stuck_changed: the budget keeps a run from going on, for other reasons, or no more: see `stuck`.
        refused(SlopError, BudgetLimits): these limits could not be set.
    """

    stuck_changed = Signal()
    refused = Signal(object, object)

    def __init__(self, context: WindowContext, surface: ErrorSurface) -> None:
        super().__init__()
        self._context = context
        self._surface = surface
        self._standing: BudgetStanding | None = None
        self._stuck: Mapping[str, str] | None = None
        self._asking, self._held = False, True
        self.setObjectName("tokens.budget")
        self._run = BudgetMeter(context.theme, "tokens.budget.run", "Run")
        self._day = BudgetMeter(context.theme, "tokens.budget.day", "Today")
        self._notice = Notice(context.theme, "tokens.budget.notice")
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(8)
        for widget in (self._run, self._day, self._notice):
            column.addWidget(widget)
        self._throttle = Throttle(self._ask, _POLL_MS, self)
        self._clock = QTimer(self)
        self._clock.setInterval(_POLL_MS)
        self._clock.timeout.connect(self._throttle.ask)
        context.bridge.runs_changed.connect(self._follow)
        context.bridge.usage_changed.connect(self._throttle.ask)
        context.selection.changed.connect(self._throttle.ask)
        self._throttle.hold()
        self._throttle.ask()

    @property
    def stuck(self) -> Mapping[str, str] | None:
        """What waits in a run that the budget has paused, with the reason; None where there is no such run."""
        return self._stuck

    def hold(self, held: bool) -> None:
        """Ask nothing while nobody sees it."""
        self._held = held
        self._follow()
        if held:
            self._throttle.hold()
        else:
            self._throttle.let_go()

    def ask_limits(self) -> None:
        """Open the dialog, once it is known what it would change."""
        if self._standing is not None:
            self._open_dialog(self._standing)
            return
        self._throttle.ask()
        hint = "Try again in a moment. If it stays so, what stands beside the table says why."
        self._surface.show_error(NotPossibleError("It is not known yet where the budget stands.", hint))

    def ask_again(self, typed: BudgetLimits) -> None:
        """Open the dialog with what was typed before, and could not be set."""
        self._open_dialog(self._standing or BudgetStanding()).fill(typed)

    def stop_run(self) -> None:
        """Stop the run that the budget is about."""
        run_id = self._standing.run_id if self._standing is not None else None
        if run_id is not None:
            self._context.send(self._surface, commands.RUN_CANCEL, shapes.RunRef(run_id=run_id))

    def show_error(self, error: SlopError) -> None:
        """Say why nothing is known; the next answer takes its place."""
        self._notice.say(_UNKNOWN, error.message, error.hint)

    def _open_dialog(self, standing: BudgetStanding) -> BudgetDialog:
        run = self._changeable(standing)
        dialog = BudgetDialog(
            self._context.theme, standing, run.title or run.run_id if run else "", self._stuck, self.window()
        )
        run_id, go_on = standing.run_id, self._stuck is not None
        dialog.chosen.connect(lambda limits: self._context.start(self._set(run_id, limits, go_on)))
        dialog.stopped.connect(self.stop_run)
        dialog.open()
        return dialog

    def _changeable(self, standing: BudgetStanding) -> RunState | None:
        """The run, if its own limits can be changed: it is under way, and no planning."""
        run = self._context.bridge.state.runs.get(standing.run_id or "")
        return run if run is not None and not run.ended and run.track_id is not None else None

    def _follow(self) -> None:
        under_way = any(not run.ended for run in self._context.bridge.state.runs.values())
        if self._held or not under_way:
            self._clock.stop()
        elif not self._clock.isActive():
            self._clock.start()
        self._throttle.ask()

    def _ask(self) -> None:
        if self._asking:
            return
        self._asking = True
        run = self._about()
        params = shapes.RunRef(run_id=run.run_id if run is not None else None)
        self._context.send(self, commands.BUDGET_SHOW, params, self._answered, self._failed)

    def _about(self) -> RunState | None:
        """The working run that is under way, else any that is, else the selected one."""
        state = self._context.bridge.state
        under_way = [run for run in reversed(state.runs.values()) if not run.ended]
        working = [run for run in under_way if run.track_id is not None]
        return next(iter([*working, *under_way]), None) or self._context.selection.run(state)

    def _failed(self) -> None:
        self._asking = False

    def _answered(self, standing: BudgetStanding) -> None:
        self._asking = False
        self._show(standing)

    def _show(self, standing: BudgetStanding) -> None:
        self._standing = standing
        self._run.setVisible(standing.run is not None)
        if standing.run is not None:
            self._run.show_scope(standing.run)
        self._day.show_scope(standing.day)
        stuck = self._paused_by_budget(standing)
        self._say_who_waits(standing.waiting if stuck is None else {})
        if stuck != self._stuck:
            self._stuck = stuck
            self.stuck_changed.emit()

    def _say_who_waits(self, waiting: Mapping[str, str]) -> None:
        """Who waits in a run that goes on: what is set aside for others may yet be enough."""
        if not waiting:
            self._notice.clear()
            return
        name, reason = next(iter(waiting.items()))
        self._notice.say(_WAITS, f"{name}: {reason}", f"And {len(waiting) - 1} more." if len(waiting) > 1 else "")

    def _paused_by_budget(self, standing: BudgetStanding) -> Mapping[str, str] | None:
        run = self._changeable(standing)
        if run is None or run.status != "paused":
            return None
        full = any(used_up(scope) for scope in (standing.run, standing.day) if scope is not None)
        return standing.waiting if standing.waiting or full else None

    async def _set(self, run_id: str | None, limits: BudgetLimits, go_on: bool) -> None:
        registry = self._context.registry
        begun = self._about() if run_id is None else None
        if begun is not None:  # since the dialog was opened: its limits are not what was asked about
            run_id = begun.run_id
            limits = limits.model_copy(update={"run_usd": begun.budget_usd, "run_tokens": begun.budget_tokens})
        try:
            standing = await registry.call(commands.BUDGET_SET, SetBudget(run_id=run_id, limits=limits))
            run = self._context.bridge.state.runs.get(run_id or "")
            if go_on and run is not None and run.status == "paused":
                await self._resume(run.run_id)
        except SlopError as error:
            if isValid(self):
                self.refused.emit(error, limits)
            return
        if isValid(self):
            self._show(standing)
            self._throttle.ask()

    async def _resume(self, run_id: str) -> None:
        try:
            await self._context.registry.call(commands.RUN_RESUME, shapes.ResumeRun(run_id=run_id))
        except NotPossibleError:
            return  # it goes on already, or has ended: the new limits alone have seen to it
