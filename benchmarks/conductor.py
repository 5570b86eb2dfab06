"""How long the conductor takes for tickets that take no time, against the same graph through graphlib.

`python -m benchmarks.conductor` works layers of ten tickets, each of which needs two of the layer above and has a file
of its own, with eight workers through a port that is done at once: no thread and no git, but with a journal.
Ours ends when the run has and its last event is on disk; the floor is handing out the same graph with graphlib, one
ticket after another. Both are measured in turn. The last line of the output is the result: a list of [tickets, our
seconds, graphlib's, events].
"""

import asyncio
import graphlib
import json
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from slop_qt.core.durability import publish_durably
from slop_qt.core.events import RunEnded
from slop_qt.core.tickets import TicketSpec, TicketStatus
from slop_qt.mma.board import TicketBoard
from slop_qt.mma.bus import Bus
from slop_qt.mma.conductor import Conductor, Slot, TicketEnd
from slop_qt.store.journal import Journal

__all__ = ["layers"]

# Tickets, and how often each is measured; one more warms up and is not counted.
_SIZES = ((1_000, 9), (3_000, 5), (10_000, 5))
_WIDTH = 10
_WORKERS = 8
_CLOSE_S = 30.0

_Measured = tuple[int, float, float, int]


class _AtOnce:
    """A TicketPort that has nothing to do."""

    async def carry(self, _ticket: TicketSpec, _slot: Slot) -> TicketEnd:
        return TicketEnd(TicketStatus.DONE)


def layers(count: int) -> tuple[TicketSpec, ...]:
    """That many tickets in layers of ten."""
    return tuple(
        TicketSpec(
            id=f"T{number}",
            title=f"Ticket {number}",
            brief="Nothing.",
            files=(f"src/{number}.py",),
            depends_on=tuple(f"T{other}" for other in _above(number)),
        )
        for number in range(count)
    )


def _above(number: int) -> list[int]:
    """Two of the layer above: the one in the same place, and its neighbour."""
    layer, place = divmod(number, _WIDTH)
    return [(layer - 1) * _WIDTH + (place + step) % _WIDTH for step in (0, 1)] if layer else []


async def _ours(tickets: Sequence[TicketSpec], bus: Bus) -> float:
    begin = time.perf_counter()
    board = TicketBoard(bus, "R", tickets)
    await Conductor("R", board, _AtOnce(), bus, workers=_WORKERS).run()
    status, reason = board.outcome()
    await publish_durably(bus, RunEnded(run_id="R", status=status, reason=reason))
    took = time.perf_counter() - begin
    assert reason == f"All {len(tickets)} tickets are done."
    return took


def _floor(tickets: Sequence[TicketSpec]) -> float:
    begin = time.perf_counter()
    sorter = graphlib.TopologicalSorter({ticket.id: ticket.depends_on for ticket in tickets})
    sorter.prepare()
    while sorter.is_active():
        for ticket_id in sorter.get_ready():
            sorter.done(ticket_id)
    return time.perf_counter() - begin


def _measure(tickets: Sequence[TicketSpec], folder: Path) -> _Measured:
    journal = Journal(folder / "journal.sqlite3")
    journal.open()
    bus = Bus(journal)
    try:
        ours = asyncio.run(_ours(tickets, bus))
        events = bus.last_seq - bus.first_seq + 1
    finally:
        bus.close()
        journal.close(_CLOSE_S)
    return len(tickets), ours, _floor(tickets), events


def _main() -> None:
    measured: list[_Measured] = []
    for count, repetitions in _SIZES:
        tickets = layers(count)
        for repetition in range(repetitions + 1):
            with tempfile.TemporaryDirectory(prefix="slop-qt-bench-") as folder:
                one = _measure(tickets, Path(folder))
            if repetition:
                measured.append(one)
    print(json.dumps(measured))


if __name__ == "__main__":
    _main()
