"""Decides what runs next: readiness, the worker limit, overlapping files, and what a failed ticket takes with it."""

import asyncio
import graphlib
from collections import defaultdict
from collections.abc import Awaitable, Callable, Collection, Iterable
from dataclasses import dataclass
from itertools import islice
from typing import Protocol

from slop_qt.core.events import Fault
from slop_qt.core.ports import EventSink
from slop_qt.core.tickets import TicketSpec, TicketStatus, overlap
from slop_qt.mma.board import TicketBoard
from slop_qt.mma.slots import Slots

__all__ = ["Conductor", "Slot", "TicketEnd", "TicketPort"]

_NAMED = 4
_PAUSED = "The run is paused."


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
    """

    def __init__(self, run_id: str, board: TicketBoard, port: TicketPort, sink: EventSink, *, workers: int) -> None:
        self._run_id = run_id
        self._board = board
        self._port = port
        self._sink = sink
        self._slots = Slots(workers)
        self._graph = graphlib.TopologicalSorter({t.id: t.depends_on for t in board.tickets.values()})
        self._dependants: dict[str, list[str]] = defaultdict(list)
        self._open_dependencies: dict[str, dict[str, None]] = {}  # in the ticket's order
        self._ready: dict[str, None] = {}  # in the order in which they became ready
        self._active: dict[str, asyncio.Task[None]] = {}
        self._changed = asyncio.Event()
        self._all_at_work = f"Waits for a free worker: all {workers} are at work."
        self.paused = False
        for ticket in board.tickets.values():
            self._open_dependencies[ticket.id] = dict.fromkeys(ticket.depends_on)
            for dependency in self._open_dependencies[ticket.id]:
                self._dependants[dependency].append(ticket.id)

    async def run(self) -> None:
        """Work the whole graph. Cancelled, it cancels its tickets, waits for their ends, and says so on the board."""
        self._graph.prepare()
        for ticket_id, dependencies in self._open_dependencies.items():
            if dependencies:
                self._board.change(ticket_id, TicketStatus.PENDING, _waits_for(dependencies))
        self._collect_ready()
        try:
            while True:
                self._changed.clear()
                self._start_what_can()
                if not self._active and not self._ready:
                    return
                await self._changed.wait()
        finally:
            await self._cancel_all()

    def pause(self) -> None:
        """Start no more tickets; those that run go on."""
        self.paused = True
        for ticket_id in self._ready:
            self._board.change(ticket_id, TicketStatus.READY, _PAUSED)

    def resume(self) -> None:
        """Start tickets again."""
        self.paused = False
        for ticket_id in self._ready:
            self._board.change(ticket_id, TicketStatus.READY, self._all_at_work)
        self._changed.set()

    def _collect_ready(self) -> None:
        for ticket_id in self._graph.get_ready():
            if not self._board.status(ticket_id).ended:
                self._ready[ticket_id] = None

    def _start_what_can(self) -> None:
        started = []
        waited_for: set[str] = set()
        for ticket_id in self._ready if not self.paused else ():
            if not self._slots.free:
                break
            ticket = self._board.tickets[ticket_id]
            blocker = self._overlapping(ticket)
            if blocker is not None:
                # Only the next in line hears the name, which changes with every ticket that ends: this stays linear.
                active_id, path = blocker
                next_in_line = active_id not in waited_for
                waited_for.add(active_id)
                named = f"Waits for {active_id}, which works on {path}."
                reason = named if next_in_line else f"Waits for its turn to work on {path}."
                self._board.change(ticket_id, TicketStatus.READY, reason)
            elif self._slots.try_take():
                started.append(ticket_id)
                self._active[ticket_id] = asyncio.create_task(self._carry(ticket), name=f"ticket {ticket_id}")
        for ticket_id in started:
            del self._ready[ticket_id]
        self._say_why_not()

    def _say_why_not(self) -> None:
        """Tell those that became ready and did not start why they wait; each is told once: this stays linear."""
        for ticket_id in reversed(self._ready):
            if self._board.status(ticket_id) is TicketStatus.READY:
                break
            self._board.change(ticket_id, TicketStatus.READY, _PAUSED if self.paused else self._all_at_work)

    def _overlapping(self, ticket: TicketSpec) -> tuple[str, str] | None:
        """An active ticket that works on one of its paths, and that path."""
        for active_id in self._active:
            path = overlap(ticket, self._board.tickets[active_id])
            if path is not None:
                return active_id, path
        return None

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
            del self._active[ticket.id]
            self._ended(ticket.id, end)
            self._changed.set()

    def _ended(self, ticket_id: str, end: TicketEnd) -> None:
        self._board.change(ticket_id, end.status, end.reason)
        if end.status is TicketStatus.DONE:
            self._graph.done(ticket_id)
            for dependant in self._dependants[ticket_id]:
                del self._open_dependencies[dependant][ticket_id]
                if self._open_dependencies[dependant] and not self._board.status(dependant).ended:
                    waits = _waits_for(self._open_dependencies[dependant])
                    self._board.change(dependant, TicketStatus.PENDING, waits)
            self._collect_ready()
        elif end.status is not TicketStatus.CANCELLED:
            self._block_dependants(ticket_id, end.status)

    def _block_dependants(self, ticket_id: str, status: TicketStatus) -> None:
        cause, todo = ticket_id, list(self._dependants[ticket_id])
        while todo:
            dependant = todo.pop()
            if not self._board.status(dependant).ended:
                verb = "was skipped" if status is TicketStatus.SKIPPED else "is blocked"
                self._board.change(dependant, TicketStatus.BLOCKED, f"It needs {cause}, which {verb}.")
                todo.extend(self._dependants[dependant])

    async def _cancel_all(self) -> None:
        await cancel_and_wait(self._active.values())
        self._board.cancel_rest("The run was cancelled before it started.")


async def cancel_and_wait(tasks: Iterable["asyncio.Task[None]"]) -> None:
    """Cancel tasks and return when all have ended."""
    waiting: list[Awaitable[None]] = []
    for task in tuple(tasks):
        task.cancel()
        waiting.append(task)
    if waiting:
        await asyncio.gather(*waiting, return_exceptions=True)


def _waits_for(dependencies: Collection[str]) -> str:
    """The first of them by name: a ticket that needs a thousand says it in one line, and a thousand times."""
    names = list(islice(dependencies, _NAMED))
    more = len(dependencies) - len(names)
    *others, last = [*names, f"{more} more"] if more else names
    return f"Waits for {', '.join(others)} and {last}." if others else f"Waits for {last}."
