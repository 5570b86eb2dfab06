"""What the window asks and changes of the budget."""

from functools import partial

from slop_qt.core.approvals import DecidedBy
from slop_qt.core.budgets import BudgetScope, BudgetStanding
from slop_qt.core.errors import NotFoundError, NotPossibleError
from slop_qt.core.state import RunState
from slop_qt.mma import commands
from slop_qt.mma.budget import Budget, spent_by_day
from slop_qt.mma.budget_words import waiting_reason
from slop_qt.mma.command_registry import CommandRegistry
from slop_qt.mma.runs import Runs
from slop_qt.mma.session_parts import SessionParts
from slop_qt.mma.shapes import RunRef
from slop_qt.mma.spend_shapes import SetBudget

__all__ = ["BudgetDesk", "spent_scope"]


class BudgetDesk:
    """Answers budget.show and budget.set. Lives in the main thread's loop.

    A run that is not named is the one under way, else the newest.
    """

    def __init__(self, parts: SessionParts, budget: Budget, runs: Runs) -> None:
        self._parts = parts
        self._budget = budget
        self._runs = runs

    def register(self, registry: CommandRegistry) -> None:
        """Attach the commands."""
        registry.register(commands.BUDGET_SHOW, self.show)
        registry.register(commands.BUDGET_SET, self.set)

    async def show(self, params: RunRef, _: DecidedBy) -> BudgetStanding:
        """Where the budget stands at this moment. Raises NotFoundError."""
        return self._standing(self._run(params.run_id))

    async def set(self, params: SetBudget, _: DecidedBy) -> BudgetStanding:
        """Change the limits of the run, where it is under way, and those of the day, which are kept in the settings.

        Raises:
            NotFoundError: there is no such run.
            NotPossibleError: other limits for a run that has ended, or for a planning run.
            ConfigurationError: the settings file has mistakes, and was left as it is.
            StoreError: it could not be written.
        """
        limits, run = params.limits, self._run(params.run_id)
        under_way = run is not None and run.run_id == self._runs.under_way
        if run is not None and not under_way:
            before = (run.budget_usd, run.budget_tokens)
            if params.run_id is not None and (limits.run_usd, limits.run_tokens) != before:
                raise NotPossibleError(
                    f"The limits of run {run.run_id} cannot be changed: it has ended, or it is a planning.",
                    "What may be spent a day can be, and the next run can be started with others.",
                )
        save = partial(self._parts.preferences.save_day_budget, limits.day_usd, limits.day_tokens)
        await self._parts.offload.run(save)
        if run is not None and run.run_id == self._runs.under_way:  # still, after writing
            self._runs.limit(run.run_id, limits.run_usd, limits.run_tokens)
        self._budget.look_again()
        return self._standing(run)

    def _run(self, run_id: str | None) -> RunState | None:
        state = self._parts.feed.state
        named = run_id or self._runs.under_way
        if named is None:
            return state.newest_run
        run = state.runs.get(named)
        if run is None and run_id is not None:
            raise NotFoundError(f"There is no run {run_id}.", f"Runs: {', '.join(state.runs) or 'none yet'}.")
        return run

    def _standing(self, run: RunState | None) -> BudgetStanding:
        if run is None:
            return BudgetStanding(day=self._budget.day_scope())
        waiting = self._budget.waiting(run.run_id)
        return BudgetStanding(
            run_id=run.run_id,
            run=self._budget.run_scope(run.run_id) or spent_scope(run),
            day=self._budget.day_scope(),
            waiting={one.ask.stream_id: waiting_reason(one.ask, one.shortage) for one in waiting},
        )


def spent_scope(run: RunState) -> BudgetScope:
    """A run with nothing set aside, by what the journal has of it: one that is over, or a recording."""
    days = spent_by_day([run]).values()
    return BudgetScope(
        limit_usd=run.budget_usd,
        limit_tokens=run.budget_tokens,
        spent_usd=sum(day.usd for day in days),
        spent_tokens=sum(day.tokens for day in days),
        unpriced=sum(day.unpriced for day in days),
    )
