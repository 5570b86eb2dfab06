"""What the budget means for the run that is under way: who waits on its board, and when it pauses and goes on."""

import asyncio
import contextlib
from collections.abc import Callable

from slop_qt.core.events import BudgetChanged, Fault
from slop_qt.core.ports import EventSink
from slop_qt.mma.board import TicketBoard
from slop_qt.mma.budget import Budget, Waiting
from slop_qt.mma.budget_ledger import Shortage
from slop_qt.mma.budget_words import refusal, waiting_reason, what_helps

__all__ = ["RunBudget"]

# How often who waits is looked at again although nothing has happened: it may be another day, also after a sleep of the
# machine, of which a longer timer would know nothing.
_LOOK_S = 30.0
# What a reason is about: said again when that has changed, and not with every figure in it.
_Gist = tuple[bool, str, str, float, bool]


class RunBudget:
    """One run's side of the budget, from its start to its end. Lives in the main thread's loop.

    A run in which somebody waits, while nothing is under way that could give anything back, is paused: it starts no
    more tickets, and what does not wait goes on. It resumes by itself when nobody waits in vain any more.

    Attributes:
        paused: whether it is the budget that has paused the run.
    """

    def __init__(
        self,
        budget: Budget,
        sink: EventSink,
        board: TicketBoard,
        run_id: str,
        *,
        is_paused: Callable[[], bool],
        pause: Callable[[], object],
        resume: Callable[[], object],
    ) -> None:
        """is_paused is whether the run is, whoever did it; pause and resume do it and say so."""
        self._budget = budget
        self._sink = sink
        self._board = board
        self._run_id = run_id
        self._is_paused = is_paused
        self._pause = pause
        self._resume = resume
        self._loop = asyncio.get_running_loop()
        self._later: asyncio.TimerHandle | None = None
        self._said: dict[str, _Gist | None] = {}
        self._looking = False
        self._closed = False
        self.paused = False
        budget.listen(self.look_soon)

    def start(self, usd: float | None, tokens: int | None) -> None:
        """The run begins, under these limits; the one in money is told with the run's start."""
        self._budget.begin(self._run_id, usd, tokens)
        if tokens is not None:
            self._sink.publish(BudgetChanged(run_id=self._run_id, budget_usd=usd, budget_tokens=tokens))

    def limit(self, usd: float | None, tokens: int | None) -> None:
        """Other limits from now on."""
        if (usd, tokens) != self._budget.limits(self._run_id):
            self._sink.publish(BudgetChanged(run_id=self._run_id, budget_usd=usd, budget_tokens=tokens))
            self._budget.limit(self._run_id, usd, tokens)

    def limit_usd(self, usd: float) -> None:
        """Another limit in money from now on; the one in tokens stays."""
        _, tokens = self._budget.limits(self._run_id) or (None, None)
        self.limit(usd, tokens)

    def look_soon(self) -> None:
        """Look at it in the next turn of the loop, once for all that has happened until then. From any thread."""
        if self._looking:
            return
        self._looking = True
        with contextlib.suppress(RuntimeError):  # the loop has ended, and the run with it
            self._loop.call_soon_threadsafe(self._look)

    def close(self) -> None:
        """The run has ended."""
        self._closed = True
        self._look_later(wanted=False)
        self._budget.listen(lambda: None)
        self._budget.end(self._run_id)

    def _look(self) -> None:
        self._looking = False  # before anything is read: what happens from now on is looked at again
        if self._closed:
            return
        waiting, stuck = self._budget.waiting(self._run_id), self._budget.stuck(self._run_id)
        self._say_who_waits(waiting, stuck=stuck is not None)
        if stuck is not None and not self._is_paused():
            self.paused = True
            self._say_why(stuck)
            self._pause()
        elif self.paused and not any(one.shortage is not None and one.shortage.hopeless for one in waiting):
            self.paused = False
            self._resume()
        self._look_later(wanted=bool(waiting))

    def _say_who_waits(self, waiting: list[Waiting], *, stuck: bool) -> None:
        tickets = {one.ask.ticket_id: one for one in waiting if one.ask.ticket_id is not None}
        for ticket_id in tuple(self._said):
            if ticket_id not in tickets:
                del self._said[ticket_id]
                self._board.let_on(ticket_id)
        for ticket_id, one in tickets.items():
            gist = _gist(one.shortage, stuck=stuck)
            if ticket_id not in self._said or self._said[ticket_id] != gist:
                self._said[ticket_id] = gist
                self._board.hold_up(ticket_id, waiting_reason(one.ask, one.shortage))

    def _say_why(self, stuck: Waiting) -> None:
        if stuck.shortage is None:
            return
        message = f"{refusal(stuck.ask, stuck.shortage)} Nothing under way can free any of it: the run is paused."
        fault = Fault(run_id=self._run_id, where="budget", message=message, hint=what_helps(stuck.shortage))
        self._sink.publish(fault)

    def _look_later(self, *, wanted: bool) -> None:
        if self._later is not None:
            self._later.cancel()
        self._later = self._loop.call_later(_LOOK_S, self._budget.look_again) if wanted else None


def _gist(shortage: Shortage | None, *, stuck: bool) -> _Gist | None:
    if shortage is None:
        return None
    return stuck, shortage.whose, shortage.unit, shortage.limit, shortage.hopeless
