"""The conductor, with tickets that take no time: order, limits, reasons, and what a failed ticket takes with it."""

import asyncio
import graphlib
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
from agent_support import WAIT_S, RecordingSink
from conductor_support import DIAMOND, DONE, ENDS, Gates, Port, World, ends_as, graphs, node, settle
from hypothesis import given, settings
from hypothesis import strategies as st

from slop_qt.core.errors import WorkspaceError
from slop_qt.core.tickets import TicketSpec, TicketStatus
from slop_qt.mma.board import TicketBoard
from slop_qt.mma.conductor import Slot, TicketEnd


async def test_a_diamond_is_worked_from_its_top_to_its_bottom() -> None:
    gates = Gates()
    world = World(DIAMOND, Port(gates.carry))
    task = world.start()
    await gates.arrived("A")
    assert world.port.started == ["A"]
    gates.open("A")
    await gates.arrived("B", "C")  # side by side
    assert set(world.port.active) == {"B", "C"}
    gates.open("B")
    await world.reason("D", "Waits for C.")
    await settle()
    assert "D" not in world.port.started
    gates.open("C", "D")
    await asyncio.wait_for(task, WAIT_S)
    assert set(world.ends().values()) == {"done"}
    assert world.reasons("D")[:2] == ["Waits for B and C.", "Waits for C."]


async def test_the_worker_limit_is_never_exceeded_and_who_waits_says_so() -> None:
    world = await World([node(f"T{n}") for n in range(20)], workers=3).run()
    assert world.port.most_active == 3 and len(world.port.ended) == 20
    assert world.reasons("T19")[0] == "Waits for a free worker: all 3 are at work."
    assert world.port.started == [f"T{n}" for n in range(20)]


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("src/a.py", "src/a.py"),
        ("src/", "src/a.py"),
        ("src/a.py", "src/"),
        ("src", "src/deep/er/"),
        (".", "x.py"),
    ],
)
async def test_tickets_of_one_path_do_not_run_side_by_side_and_the_later_says_for_whom_it_waits(
    first: str, second: str
) -> None:
    tickets = [node("A", files=(first,)), node("B", files=(second,)), node("C", files=("docs/c.md",))]
    if first == ".":
        tickets.pop()
    world = await World(tickets).run()
    assert world.port.overlaps == [] and set(world.ends().values()) == {"done"}
    assert any("Waits for A, which works on" in (reason or "") for reason in world.reasons("B"))


async def test_paths_that_only_look_alike_do_not_wait() -> None:
    gates = Gates()
    world = World([node("A", files=("src/a.py",)), node("B", files=("src/a.pyi", "src/a"))], Port(gates.carry))
    task = world.start()
    await gates.arrived("A", "B")
    gates.open("A", "B")
    await task


async def test_what_needs_a_blocked_ticket_is_blocked_with_its_name_and_the_rest_goes_on() -> None:
    tickets = [*DIAMOND, node("E", "D"), node("X"), node("Y", "X")]
    blocked = TicketEnd(TicketStatus.BLOCKED, "It did not work.")
    world = await World(tickets, Port(ends_as(B=blocked))).run()
    assert world.ends() == {
        "A": "done",
        "B": "blocked",
        "C": "done",
        "D": "blocked",
        "E": "blocked",
        "X": "done",
        "Y": "done",
    }
    assert world.reasons("B")[-1] == "It did not work."
    assert world.reasons("D")[-1] == world.reasons("E")[-1] == "It needs B, which is blocked."
    assert "D" not in world.port.started


async def test_what_needs_a_skipped_ticket_says_so() -> None:
    world = await World(DIAMOND, Port(ends_as(C=TicketEnd(TicketStatus.SKIPPED, "Not now.")))).run()
    assert world.ends() == {"A": "done", "B": "done", "C": "skipped", "D": "blocked"}
    assert world.reasons("D")[-1] == "It needs C, which was skipped."


async def test_a_ticket_that_fails_in_an_unexpected_way_is_blocked_alone_and_shown() -> None:
    async def carry(ticket: TicketSpec, _: Slot) -> TicketEnd:
        if ticket.id == "B":
            raise WorkspaceError("git refused.", "Look at the disk.")
        return DONE

    world = await World([*DIAMOND, node("X")], Port(carry)).run()
    assert world.ends() == {"A": "done", "B": "blocked", "C": "done", "D": "blocked", "X": "done"}
    (fault,) = world.sink.of("fault")
    assert fault.where == "B" and "git refused." in fault.message and fault.hint == "Look at the disk."
    assert world.reasons("B")[-1] == "git refused. Look at the disk."


async def test_an_error_without_words_still_gives_a_reason() -> None:
    async def carry(_ticket: TicketSpec, _: Slot) -> TicketEnd:
        raise KeyError

    world = await World([node("A")], Port(carry)).run()
    assert world.reasons("A")[-1] == "KeyError"


async def test_paused_nothing_new_starts_what_runs_goes_on_and_all_that_waits_says_so() -> None:
    gates = Gates()
    world = World([*DIAMOND, node("X"), node("Y")], Port(gates.carry), workers=2)
    task = world.start()
    await gates.arrived("A", "X")
    world.conductor.pause()
    gates.open("A", "X")
    await world.reason("Y", "The run is paused.")
    for name in ("B", "C"):  # they became ready after the pause
        await world.reason(name, "The run is paused.")
    await settle()
    assert world.port.started == ["A", "X"] and not world.port.active and not task.done()
    world.conductor.resume()
    gates.open("B", "C", "D", "Y")
    await asyncio.wait_for(task, WAIT_S)
    assert set(world.ends().values()) == {"done"}


async def test_a_run_that_was_paused_before_it_began_waits() -> None:
    world = World([node("A")])
    world.conductor.pause()
    task = world.start()
    await world.reason("A", "The run is paused.")
    assert world.port.started == []
    world.conductor.resume()
    await asyncio.wait_for(task, WAIT_S)


async def test_cancelled_it_ends_its_tickets_waits_for_their_ends_and_says_so_of_all() -> None:
    cleaned: list[str] = []
    gates = Gates()

    async def carry(ticket: TicketSpec, slot: Slot) -> TicketEnd:
        try:
            return await gates.carry(ticket, slot)
        except asyncio.CancelledError:
            await settle()  # cleaning up takes a while
            cleaned.append(ticket.id)
            raise

    world = World([*DIAMOND, node("X"), node("Y")], Port(carry), workers=2)
    task = world.start()
    await gates.arrived("A", "X")
    task.cancel()
    await asyncio.wait([task], timeout=WAIT_S)
    assert task.cancelled() and sorted(cleaned) == ["A", "X"]
    assert set(world.ends().values()) == {"cancelled"}
    assert world.reasons("A")[-1] == "The run was cancelled."
    assert world.reasons("D")[-1] == "The run was cancelled before it started."


async def test_what_was_done_before_a_cancel_stays_done() -> None:
    gates = Gates()
    world = World(DIAMOND, Port(gates.carry))
    task = world.start()
    gates.open("A")
    await gates.arrived("B")
    task.cancel()
    await asyncio.wait([task])
    assert world.ends() == {"A": "done", "B": "cancelled", "C": "cancelled", "D": "cancelled"}


class TestSlot:
    """A ticket that waits for its review lets another have the worker."""

    async def test_given_back_it_is_taken_by_another_and_had_again_before_new_tickets(self) -> None:
        log: list[str] = []
        reviewed = asyncio.Event()

        async def carry(ticket: TicketSpec, slot: Slot) -> TicketEnd:
            log.append(f"{ticket.id} works")
            if ticket.id == "A":
                slot.give_back()
                slot.give_back()  # twice gives it back once
                await reviewed.wait()
                await slot.hold()
                await slot.hold()
                log.append("A works again")
            elif ticket.id == "B":
                reviewed.set()
                await settle()
            return DONE

        world = await World([node("A"), node("B"), node("C")], Port(carry), workers=1).run()
        assert log == ["A works", "B works", "A works again", "C works"]
        assert set(world.ends().values()) == {"done"}

    async def test_a_ticket_in_review_keeps_its_files(self) -> None:
        seen: list[str] = []

        async def carry(ticket: TicketSpec, slot: Slot) -> TicketEnd:
            seen.append(ticket.id)
            if ticket.id == "A":
                slot.give_back()
                await settle()
                assert seen == ["A", "C"]
            return DONE

        tickets = [node("A", files=("a.py",)), node("B", files=("a.py",)), node("C")]
        await World(tickets, Port(carry), workers=1).run()
        assert seen == ["A", "C", "B"]

    async def test_an_error_while_it_is_given_back_does_not_free_a_worker_twice(self) -> None:
        async def carry(ticket: TicketSpec, slot: Slot) -> TicketEnd:
            if ticket.id == "A":
                slot.give_back()
                raise RuntimeError("in review")
            await settle()
            return DONE

        world = await World([node("A"), *(node(f"T{n}") for n in range(9))], Port(carry), workers=2).run()
        assert world.port.most_active <= 3 and Counter(world.ends().values()) == {"blocked": 1, "done": 9}


@settings(max_examples=75, deadline=None)
@given(graphs(), st.integers(1, 5), st.data())
def test_in_any_graph_every_ticket_ends_and_nothing_starts_before_what_it_needs(
    tickets: list[TicketSpec], workers: int, data: st.DataObject
) -> None:
    outcomes = {
        spec.id: data.draw(st.sampled_from(["done", "done", "done", "blocked", "skipped", "raises"]), label=spec.id)
        for spec in tickets
    }
    by_id = {spec.id: spec for spec in tickets}

    async def carry(spec: TicketSpec, slot: Slot) -> TicketEnd:
        for needed in spec.depends_on:
            assert needed in world.port.ended and outcomes[needed] == "done", f"{spec.id} before {needed}"
        if outcomes[spec.id] == "raises":
            raise ValueError("No.")
        if len(spec.id) % 2:
            slot.give_back()
            await slot.hold()
        return ENDS[outcomes[spec.id]]

    world = World(tickets, Port(carry), workers)
    asyncio.run(world.run())
    assert world.port.overlaps == [] and len(set(world.port.started)) == len(world.port.started)

    def expected(name: str) -> str:
        if any(expected(needed) != "done" for needed in by_id[name].depends_on):
            return "blocked"
        return "blocked" if outcomes[name] == "raises" else outcomes[name]

    assert world.ends() == {name: expected(name) for name in by_id}
    ended = Counter(event.ticket_id for event in world.sink.of("ticket_changed") if event.status.ended)
    assert ended == dict.fromkeys(by_id, 1)  # and each says so once
    assert not any(event.message.startswith("T") and "before" in event.message for event in world.sink.of("fault"))


def layered(count: int) -> list[TicketSpec]:
    """Layers of ten, each ticket needing two of the layer above."""
    return [
        node(f"T{n}", *(f"T{m}" for m in {n - 10, n - 10 - n % 3} if m >= 0 and m // 10 == n // 10 - 1))
        for n in range(count)
    ]


SHAPES: dict[str, Callable[[int], list[TicketSpec]]] = {
    "wide": lambda count: [node(f"T{n}") for n in range(count)],
    "chain": lambda count: [node(f"T{n}", *([f"T{n - 1}"] if n else [])) for n in range(count)],
    "layers": layered,
}


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("count", [1000, 4000])
async def test_thousands_of_tickets_take_events_in_proportion(shape: str, count: int) -> None:
    tickets = SHAPES[shape](count)
    assert len(tuple(graphlib.TopologicalSorter({t.id: t.depends_on for t in tickets}).static_order())) == count
    world = await World(tickets, workers=8).run()
    assert set(world.ends().values()) == {"done"}
    assert len(world.sink.events) <= 5 * count


async def test_a_thousand_tickets_of_one_file_take_events_in_proportion() -> None:
    tickets = [node(f"T{n}", files=("src/one.py",)) for n in range(1000)]
    world = await World(tickets, workers=8).run()
    assert set(world.ends().values()) == {"done"} and world.port.overlaps == []
    assert len(world.sink.events) <= 5 * 1000
    assert world.port.started == [spec.id for spec in tickets]


async def test_a_ticket_that_needs_a_thousand_names_the_next_few() -> None:
    names = [f"T{n}" for n in range(1000)]
    world = await World([*(node(name) for name in names), node("END", *names)], workers=8).run()
    assert world.reasons("END")[0] == "Waits for T0, T1, T2, T3 and 996 more."
    assert set(world.ends().values()) == {"done"}
    assert len(world.sink.events) <= 5 * 1000 and max(len(reason or "") for reason in world.reasons("END")) < 80


async def test_one_blocked_root_blocks_ten_thousand_once_each() -> None:
    tickets = [node("ROOT"), *(node(f"T{n}", "ROOT") for n in range(4000))]
    blocked = TicketEnd(TicketStatus.BLOCKED, "No.")
    world = await World(tickets, Port(ends_as(ROOT=blocked))).run()
    assert Counter(world.ends().values()) == {"blocked": 4001}
    assert world.port.started == ["ROOT"] and len(world.sink.events) <= 3 * 4000


def test_the_board_says_nothing_twice() -> None:
    sink = RecordingSink()
    board = TicketBoard(sink, "R-1", [node("A")])
    changes: list[tuple[TicketStatus, Any]] = [
        (TicketStatus.READY, "because"),
        (TicketStatus.READY, "because"),
        (TicketStatus.RUNNING, None),
        (TicketStatus.RUNNING, None),
    ]
    for status, reason in changes:
        board.change("A", status, reason)
    board.change("A", TicketStatus.RUNNING, attempt=2)
    board.change("A", TicketStatus.VERIFYING)
    assert [(event.status, event.reason, event.attempt) for event in sink.events] == [  # type: ignore[union-attr]
        ("ready", "because", 0),
        ("running", None, 0),
        ("running", None, 2),
        ("verifying", None, 2),
    ]
