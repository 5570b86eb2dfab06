"""The rule by which tickets go: when one is ready, which may work side by side, and what a failed one takes with it."""

from collections.abc import Callable, Collection, Iterable, Iterator
from typing import NamedTuple

from slop_qt.core.tickets import TicketSpec, overlap

__all__ = ["InTheWay", "Lineup"]

_NOTHING: dict[str, None] = {}


class InTheWay(NamedTuple):
    """A ticket at work, and the path of its that another one wants."""

    ticket_id: str
    path: str


class Lineup:
    """Where the tickets of a graph are in their order: bookkeeping only, so that a forecast goes by it as a run does.

    Work grows with the number of tickets and edges, but for `plan`, which looks at all of them.

    Attributes:
        ready: those whose dependencies are done and that have not begun, in the order in which they became so.
        active: those that have begun and not ended: nobody else works on their files.
    """

    def __init__(self, tickets: Iterable[TicketSpec]) -> None:
        """They make a graph that holds (`check_graph`)."""
        self.ready: dict[str, None] = {}
        self.active: dict[str, None] = {}
        self._tickets: dict[str, TicketSpec] = {}
        self._waits_for: dict[str, dict[str, None]] = {}  # dependencies that are not done, in the ticket's order
        self._dependants: dict[str, dict[str, None]] = {}
        self.plan(tickets)

    def plan(self, tickets: Iterable[TicketSpec], done: Callable[[str], bool] = lambda _: False) -> None:
        """Go by these tickets from now on, of which some may be done. What is ready or active stays so until told."""
        self._tickets = {ticket.id: ticket for ticket in tickets}
        self._waits_for = {
            ticket.id: {needed: None for needed in ticket.depends_on if not done(needed)}
            for ticket in self._tickets.values()
        }
        self._dependants = {}
        for ticket_id, needed in self._waits_for.items():
            for dependency in needed:
                self._dependants.setdefault(dependency, {})[ticket_id] = None

    def waits_for(self, ticket_id: str) -> Collection[str]:
        """Its dependencies that are not done, in its own order."""
        return self._waits_for[ticket_id]

    def open(self, ticket_ids: Iterable[str]) -> None:
        """Line up those of them that wait for no dependency: tickets that have not begun."""
        for ticket_id in ticket_ids:
            if not self._waits_for[ticket_id]:
                self.ready[ticket_id] = None

    def start(self, free: int) -> list[tuple[str, InTheWay | None]]:
        """Begin what may begin on so many free workers: each ready ticket that was looked at, in order.

        With None it is active from now on; else it stays ready, for what is in its way.
        """
        looked_at: list[tuple[str, InTheWay | None]] = []
        for ticket_id in self.ready:
            if free <= 0:
                break
            in_the_way = self._in_the_way(self._tickets[ticket_id])
            if in_the_way is None:
                self.active[ticket_id] = None
                free -= 1
            looked_at.append((ticket_id, in_the_way))
        for ticket_id, in_the_way in looked_at:
            if in_the_way is None:
                del self.ready[ticket_id]
        return looked_at

    def done(self, ticket_id: str) -> Collection[str]:
        """It has ended well: lines up what waited for it alone. Returns all that depend on it."""
        self.active.pop(ticket_id, None)
        dependants = self._dependants.get(ticket_id, _NOTHING)
        for dependant in dependants:
            del self._waits_for[dependant][ticket_id]
        self.open(dependants)
        return dependants

    def given_up(self, ticket_id: str) -> None:
        """It has ended, and not well: what depends on it never gets ready."""
        self.active.pop(ticket_id, None)

    def behind(self, ticket_id: str, passed: Callable[[str], bool]) -> Iterator[str]:
        """What depends on it, through others too; where one is passed over, so is what is behind that one alone."""
        todo = list(self._dependants.get(ticket_id, _NOTHING))
        while todo:
            dependant = todo.pop()
            if not passed(dependant):
                yield dependant
                todo.extend(self._dependants.get(dependant, _NOTHING))

    def _in_the_way(self, ticket: TicketSpec) -> InTheWay | None:
        for active_id in self.active:
            path = overlap(ticket, self._tickets[active_id])
            if path is not None:
                return InTheWay(active_id, path)
        return None
