"""Decides what runs next: readiness, the worker limit, overlapping files, and what a failed ticket takes with it."""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from typing import Protocol

from slop_qt.core.errors import NotPossibleError
from slop_qt.core.events import Fault
from slop_qt.core.ports import EventSink
from slop_qt.core.replanning import fixed_tickets
from slop_qt.core.tickets import TicketSpec, TicketStatus
from slop_qt.mma.board import TicketBoard
from slop_qt.mma.lineup import Lineup
from slop_qt.mma.slots import Slots

__all__ = ["Conductor", "Slot", "TicketEnd", "TicketPort"]

_NAMED = 4
_PAUSED = "The run is paused."
_FAILED = frozenset({TicketStatus.BLOCKED, TicketStatus.SKIPPED})
# Where a ticket may stand that waits, or that was given up because of another one; a cancelled one stays so.
_WAIT_OR_WAITED = frozenset({TicketStatus.PENDING, TicketStatus.READY, TicketStatus.BLOCKED})


@dataclass(frozen=True, slots=True)
class TicketEnd:
    """How a ticket's way ended: done, blocked, skipped or cancelled, and why."""

    status: TicketStatus
    reason: str | None = None


class TicketPort(Protocol):
    """Carries one ticket from its start to its end."""

    async def carry(self, ticket: TicketSpec, slot: "Slot") -> TicketEnd:
        """Called with a worker slot taken. It says on the board where the ticket stands on its way."""
        ...


class Slot:
    """One ticket's share of the worker limit: given back while it waits for review, taken again for an attempt."""

    def __init__(self, slots: Slots, freed: Callable[[], None]) -> None:
        self._slots = slots
        self._freed = freed
        self._held = True

    async def hold(self) -> None:
        """Have a worker, waiting for one if need be."""
        if not self._held:
            await self._slots.take()
            self._held = True

    def give_back(self) -> None:
        """Let another ticket have the worker."""
        if self._held:
            self._held = False
            self._slots.release()
            self._freed()


class Conductor:
    """One run's scheduler. Lives in the main thread's loop; `run` returns when nothing more can happen.

    Work grows with the number of tickets and edges: what waits is looked at only when something it waits for ended.
    A re-planning looks at all of them.
    """

    def __init__(self, run_id: str, board: TicketBoard, port: TicketPort, sink: EventSink, *, workers: int) -> None:
        self._run_id = run_id
        self._board = board
        self._port = port
        self._sink = sink
        self._slots = Slots(workers)
        self._lineup = Lineup(board.tickets.values())
        self._working: dict[str, asyncio.Task[None]] = {}
        self._changed = asyncio.Event()
        self._all_at_work = f"Waits for a free worker: all {workers} are at work."
        self._held = False
        self.paused = False

    async def run(self) -> None:
        """Work the whole graph. Cancelled, it cancels its tickets, waits for their ends, and says so on the board."""
        self._line_up(fixed=frozenset())
        try:
            while True:
                self._changed.clear()
                if not self._held:
                    self._start_what_can()
                    if not self._working and not self._lineup.ready:
                        return
                await self._changed.wait()
        finally:
            await self._cancel_all()

    def pause(self) -> None:
        """Start no more tickets; those that run go on."""
        self.paused = True
        for ticket_id in self._lineup.ready:
            self._board.change(ticket_id, TicketStatus.READY, _PAUSED)

    def resume(self) -> None:
        """Start tickets again."""
        self.paused = False
        for ticket_id in self._lineup.ready:
            self._board.change(ticket_id, TicketStatus.READY, self._all_at_work)
        self._changed.set()

    @contextmanager
    def held(self) -> Iterator[None]:
        """Start nothing and come to no end meanwhile: what may be re-planned now still may be at its end."""
        self._held = True
        try:
            yield
        finally:
            self._held = False
            self._changed.set()

    def check(self, tickets: Sequence[TicketSpec]) -> None:
        """Whether `replan` may have these tickets, which make a graph that holds.

        Raises:
            NotPossibleError: they change or leave out tickets that have started or ended, by their names.
        """
        fixed = self._fixed()
        planned = {ticket.id: ticket for ticket in tickets}
        touched = [
            name for name, ticket in self._board.tickets.items() if name in fixed and planned.get(name) != ticket
        ]
        if touched:
            verbs = "has started or ended in this run: it" if len(touched) == 1 else "have started or ended: they"
            free = [name for name in self._board.tickets if name not in fixed]
            can = f"What can be changed: {_listed(free)}" if free else "All of its tickets have started"
            raise NotPossibleError(
                f"{_listed(touched)} {verbs} cannot be changed or removed in run {self._run_id}.",
                f"{can}; new tickets can be added.",
            )

    def replan(self, tickets: Sequence[TicketSpec]) -> int:
        """Work these tickets from now on, as `check` has let them pass. Returns the seq of the event that says so."""
        before = self._board.tickets
        seq = self._board.replan(tickets)
        self._line_up(self._fixed())
        for ticket_id in self._lineup.ready:
            if ticket_id in before and before[ticket_id] != self._board.tickets[ticket_id]:
                # Why it waited may be true no more; the next turn says for whom it does.
                self._board.change(ticket_id, TicketStatus.READY, _PAUSED if self.paused else self._all_at_work)
        self._changed.set()
        return seq

    def _fixed(self) -> frozenset[str]:
        """What has begun is fixed, also where nothing has been said of its first attempt yet."""
        return fixed_tickets(self._board.standings()) | self._working.keys()

    def _line_up(self, fixed: Collection[str]) -> None:
        """Find anew where every ticket stands that has not started; those that are ready keep their turns."""
        board, lineup = self._board, self._lineup
        lineup.plan(board.tickets.values(), lambda name: board.status(name) is TicketStatus.DONE)
        hopeless = self._hopeless(fixed)
        waiting = [name for name in board.tickets if name not in fixed and board.status(name) in _WAIT_OR_WAITED]
        for ticket_id in waiting:
            if ticket_id in hopeless:
                board.change(ticket_id, TicketStatus.BLOCKED, hopeless[ticket_id])
            elif needed := lineup.waits_for(ticket_id):
                board.change(ticket_id, TicketStatus.PENDING, _waits_for(needed))
        turns = [ticket_id for ticket_id in lineup.ready if ticket_id in board.tickets]
        lineup.ready.clear()
        lineup.open(ticket_id for ticket_id in (*turns, *waiting) if ticket_id not in hopeless)

    def _hopeless(self, fixed: Collection[str]) -> dict[str, str]:
        """Why those that have not started never will, as things stand."""
        hopeless: dict[str, str] = {}
        for cause in self._board.tickets:
            status = self._board.status(cause)
            if cause in fixed and status in _FAILED:
                for dependant in self._lineup.behind(cause, lambda name: name in hopeless or name in fixed):
                    hopeless[dependant] = _needs(cause, status)
        return hopeless

    def _start_what_can(self) -> None:
        waited_for: set[str] = set()
        for ticket_id, in_the_way in self._lineup.start(0 if self.paused else self._slots.free):
            if in_the_way is None:
                taken = self._slots.try_take()
                assert taken, "no more are started than are free"
                ticket = self._board.tickets[ticket_id]
                self._working[ticket_id] = asyncio.create_task(self._carry(ticket), name=f"ticket {ticket_id}")
                continue
            # Only the next in line hears the name, which changes with every ticket that ends: this stays linear.
            next_in_line = in_the_way.ticket_id not in waited_for
            waited_for.add(in_the_way.ticket_id)
            named = f"Waits for {in_the_way.ticket_id}, which works on {in_the_way.path}."
            reason = named if next_in_line else f"Waits for its turn to work on {in_the_way.path}."
            self._board.change(ticket_id, TicketStatus.READY, reason)
        self._say_why_not()

    def _say_why_not(self) -> None:
        """Tell those that became ready and did not start why they wait; each is told once: this stays linear."""
        for ticket_id in reversed(self._lineup.ready):
            if self._board.status(ticket_id) is TicketStatus.READY:
                break
            self._board.change(ticket_id, TicketStatus.READY, _PAUSED if self.paused else self._all_at_work)

    async def _carry(self, ticket: TicketSpec) -> None:
        slot = Slot(self._slots, self._changed.set)
        end = TicketEnd(TicketStatus.CANCELLED, "The run was cancelled.")
        try:
            end = await self._port.carry(ticket, slot)
        except asyncio.CancelledError:
            pass  # the only who cancels is this conductor: `end` says so
        except Exception as error:  # noqa: BLE001  # the edge of a ticket: its neighbours go on
            message = f"{ticket.id}: {error}"
            self._sink.publish(
                Fault(run_id=self._run_id, where=ticket.id, message=message, hint=getattr(error, "hint", ""))
            )
            end = TicketEnd(TicketStatus.BLOCKED, str(error) or type(error).__name__)
        finally:
            slot.give_back()
            del self._working[ticket.id]
            self._ended(ticket.id, end)
            self._changed.set()

    def _ended(self, ticket_id: str, end: TicketEnd) -> None:
        board, lineup = self._board, self._lineup
        # What was begun is an attempt, however early it failed: it does not begin a second time in this run.
        board.change(ticket_id, end.status, end.reason, max(1, board.attempt(ticket_id)))
        if end.status is TicketStatus.DONE:
            for dependant in lineup.done(ticket_id):
                needed = lineup.waits_for(dependant)
                if needed and not board.status(dependant).ended:
                    board.change(dependant, TicketStatus.PENDING, _waits_for(needed))
            return
        lineup.given_up(ticket_id)
        if end.status is not TicketStatus.CANCELLED:
            for dependant in lineup.behind(ticket_id, lambda name: board.status(name).ended):
                board.change(dependant, TicketStatus.BLOCKED, _needs(ticket_id, end.status))

    async def _cancel_all(self) -> None:
        await cancel_and_wait(self._working.values())
        self._board.cancel_rest("The run was cancelled before it started.")


async def cancel_and_wait(tasks: Iterable["asyncio.Task[None]"]) -> None:
    """Cancel tasks and return when all have ended."""
    waiting: list[Awaitable[None]] = []
    for task in tuple(tasks):
        task.cancel()
        waiting.append(task)
    if waiting:
        await asyncio.gather(*waiting, return_exceptions=True)


def _needs(cause: str, status: TicketStatus) -> str:
    return f"It needs {cause}, which {'was skipped' if status is TicketStatus.SKIPPED else 'is blocked'}."


def _waits_for(dependencies: Collection[str]) -> str:
    return f"Waits for {_listed(dependencies)}."


def _listed(ids: Collection[str]) -> str:
    """The first of them by name: a ticket that needs a thousand says it in one line, and a thousand times."""
    names = list(islice(ids, _NAMED))
    more = len(ids) - len(names)
    *others, last = [*names, f"{more} more"] if more else names
    return f"{', '.join(others)} and {last}" if others else last
