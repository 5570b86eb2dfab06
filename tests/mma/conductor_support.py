"""The conductor without git, agents or time: tickets that end as a test says, and graphs of any form."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence

from agent_support import WAIT_S, RecordingSink, ticket
from hypothesis import strategies as st

from slop_qt.core.tickets import TicketSpec, TicketStatus, overlap
from slop_qt.mma.board import TicketBoard
from slop_qt.mma.conductor import Conductor, Slot, TicketEnd

DONE = TicketEnd(TicketStatus.DONE)
Carry = Callable[[TicketSpec, Slot], Awaitable[TicketEnd]]


def node(name: str, *needs: str, files: tuple[str, ...] = ()) -> TicketSpec:
    return ticket(name, depends_on=needs, files=files)


DIAMOND = (node("A"), node("B", "A"), node("C", "A"), node("D", "B", "C"))


class Port:
    """A TicketPort that remembers what ran when. `carry` says what a ticket comes to; by default it is done."""

    def __init__(self, carry: Carry | None = None) -> None:
        self._carry = carry
        self.started: list[str] = []
        self.ended: list[str] = []
        self.active: dict[str, TicketSpec] = {}
        self.most_active = 0
        self.overlaps: list[tuple[str, str]] = []

    async def carry(self, ticket: TicketSpec, slot: Slot) -> TicketEnd:
        self.started.append(ticket.id)
        self.overlaps += [(ticket.id, other.id) for other in self.active.values() if overlap(ticket, other)]
        self.active[ticket.id] = ticket
        self.most_active = max(self.most_active, len(self.active))
        try:
            await asyncio.sleep(0)
            return await self._carry(ticket, slot) if self._carry else DONE
        finally:
            del self.active[ticket.id]
            self.ended.append(ticket.id)


class World:
    """One conductor with its board, port and events."""

    def __init__(self, tickets: Sequence[TicketSpec], port: Port | None = None, workers: int = 4) -> None:
        self.sink = RecordingSink()
        self.board = TicketBoard(self.sink, "R-1", tickets)
        self.port = port or Port()
        self.conductor = Conductor("R-1", self.board, self.port, self.sink, workers=workers)

    async def run(self) -> "World":
        await asyncio.wait_for(self.conductor.run(), WAIT_S)
        return self

    def start(self) -> "asyncio.Task[None]":
        return asyncio.create_task(self.conductor.run())

    def ends(self) -> dict[str, str]:
        return {ticket_id: str(self.board.status(ticket_id)) for ticket_id in self.board.tickets}

    def reasons(self, ticket_id: str) -> list[str | None]:
        return [event.reason for event in self.sink.of("ticket_changed") if event.ticket_id == ticket_id]

    async def reason(self, ticket_id: str, part: str) -> None:
        await self.sink.seen(
            lambda event: (
                event.kind == "ticket_changed" and event.ticket_id == ticket_id and part in (event.reason or "")
            )
        )


def ends_as(**ends: TicketEnd) -> Carry:
    async def carry(ticket: TicketSpec, _: Slot) -> TicketEnd:
        return ends.get(ticket.id, DONE)

    return carry


class Gates:
    """Tickets that wait until the test lets them go on."""

    def __init__(self) -> None:
        self._gates: dict[str, asyncio.Event] = {}
        self._at: dict[str, asyncio.Event] = {}

    async def carry(self, ticket: TicketSpec, _: Slot) -> TicketEnd:
        self._event(self._at, ticket.id).set()
        await self._event(self._gates, ticket.id).wait()
        return DONE

    async def arrived(self, *names: str) -> None:
        for name in names:
            await asyncio.wait_for(self._event(self._at, name).wait(), WAIT_S)

    def open(self, *names: str) -> None:
        for name in names:
            self._event(self._gates, name).set()

    @staticmethod
    def _event(events: dict[str, asyncio.Event], name: str) -> asyncio.Event:
        return events.setdefault(name, asyncio.Event())


async def settle() -> None:
    for _ in range(10):
        await asyncio.sleep(0)


@st.composite
def graphs(draw: st.DrawFn) -> list[TicketSpec]:
    """Any graph without circles of up to 14 tickets, some of which touch one file."""
    names = [f"T{n}" for n in range(draw(st.integers(1, 14)))]
    tickets = []
    for index, name in enumerate(names):
        needs = draw(st.lists(st.sampled_from(names[:index]), unique=True, max_size=4)) if index else []
        files = draw(st.lists(st.sampled_from(["a.py", "b.py", "src/", "src/c.py"]), max_size=2))
        tickets.append(node(name, *needs, files=tuple(files)))
    return list(draw(st.permutations(tickets)))


ENDS = {
    "done": DONE,
    "blocked": TicketEnd(TicketStatus.BLOCKED, "No."),
    "skipped": TicketEnd(TicketStatus.SKIPPED, "No."),
}
