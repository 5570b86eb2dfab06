"""A run whose tickets change while it goes on: what has started stays, all else is worked as it is planned now."""

import asyncio
from collections.abc import Sequence

import pytest
from agent_support import WAIT_S
from conductor_support import DIAMOND, ENDS, Gates, Port, World, graphs, node, settle
from hypothesis import given, settings
from hypothesis import strategies as st

from slop_qt.core.approvals import Mode
from slop_qt.core.errors import NotPossibleError
from slop_qt.core.events import RunPrepared, RunStarted
from slop_qt.core.state import SessionState
from slop_qt.core.tickets import TicketSpec, TicketStatus, check_graph
from slop_qt.mma.board import TicketStanding
from slop_qt.mma.conductor import Slot, TicketEnd

BLOCKED = TicketEnd(TicketStatus.BLOCKED, "It did not work.")


async def replan(world: World, *tickets: TicketSpec) -> None:
    world.conductor.check(tickets)
    with world.conductor.held():
        await settle()
        world.conductor.replan(tickets)


async def test_an_added_ticket_is_worked_a_removed_one_is_not_and_an_edited_one_as_it_is_now() -> None:
    gates = Gates()
    briefs: dict[str, str] = {}

    async def carry(ticket: TicketSpec, slot: Slot) -> TicketEnd:
        briefs[ticket.id] = ticket.brief
        return await gates.carry(ticket, slot)

    world = World(DIAMOND, Port(carry))
    task = world.start()
    await gates.arrived("A")
    await replan(world, node("A"), node("C", "A").model_copy(update={"brief": "Anew."}), node("X"), node("D", "C"))
    await gates.arrived("X")  # it needs nothing
    gates.open("A", "C", "D", "X")
    await asyncio.wait_for(task, WAIT_S)
    assert world.ends() == {"A": "done", "C": "done", "X": "done", "D": "done"}
    assert (briefs["C"], world.port.started) == ("Anew.", ["A", "X", "C", "D"])


@pytest.mark.parametrize(
    ("tickets", "says"),
    [
        ([node("X"), node("B", "A")], "A has started or ended in this run: it cannot be changed or removed"),
        ([node("A", "B"), node("B")], "A and X have started or ended: they cannot be changed or removed in run R-1."),
        ([node("A"), node("X", files=("x",)), node("N")], "What can be changed: B; new tickets can be added."),
    ],
)
async def test_what_has_started_or_ended_cannot_be_changed_and_is_named(tickets: list[TicketSpec], says: str) -> None:
    gates = Gates()
    world = World([node("A"), node("X"), node("B", "A")], Port(gates.carry))
    task = world.start()
    gates.open("X")
    await gates.arrived("A")
    await world.sink.seen(lambda event: event.kind == "ticket_changed" and event.status == "done")
    with pytest.raises(NotPossibleError) as refusal:
        world.conductor.check(tickets)
    assert says in str(refusal.value)
    gates.open("A", "B")
    await asyncio.wait_for(task, WAIT_S)
    with pytest.raises(NotPossibleError, match="All of its tickets have started; new tickets can be added"):
        world.conductor.check([])


async def test_a_ticket_is_fixed_from_the_moment_in_which_it_begins() -> None:
    world = World([node("A")])
    task = world.start()
    await asyncio.sleep(0)  # its task is made, and has not run yet
    assert world.port.started == [] and world.board.attempt("A") == 0
    with pytest.raises(NotPossibleError, match="A has started"):
        world.conductor.check([node("A", files=("other.py",))])
    await asyncio.wait_for(task, WAIT_S)


async def test_what_was_blocked_only_by_another_goes_on_when_it_needs_that_one_no_more() -> None:
    gates = Gates()

    async def carry(ticket: TicketSpec, slot: Slot) -> TicketEnd:
        return BLOCKED if ticket.id == "B" else await gates.carry(ticket, slot)

    world = World([*DIAMOND, node("E", "D"), node("X")], Port(carry))
    task = world.start()
    gates.open("A", "C")
    await world.reason("E", "It needs B, which is blocked.")
    await replan(world, *DIAMOND[:3], node("D", "C"), node("E", "D"), node("F", "B"), node("X"))
    assert (str(world.board.status("E")), world.reasons("E")[-1]) == ("pending", "Waits for D.")
    await gates.arrived("D")
    assert world.reasons("F") == ["It needs B, which is blocked."]  # what is blocked, also blocks what is new
    gates.open("D", "E", "X")
    await asyncio.wait_for(task, WAIT_S)
    assert world.ends() == {
        "A": "done",
        "B": "blocked",
        "C": "done",
        "D": "done",
        "E": "done",
        "F": "blocked",
        "X": "done",
    }
    assert world.port.started.count("B") == 1


async def test_a_ticket_that_failed_before_its_first_attempt_does_not_begin_again() -> None:
    gates = Gates()

    async def carry(ticket: TicketSpec, slot: Slot) -> TicketEnd:
        if ticket.id == "A":
            raise OSError("The disk is full.")
        return await gates.carry(ticket, slot)

    world = World([node("A"), node("X")], Port(carry))
    task = world.start()
    await gates.arrived("X")
    await world.reason("A", "The disk is full.")
    with pytest.raises(NotPossibleError, match="A has started or ended"):
        world.conductor.check([node("A", files=("b.py",)), node("X")])
    gates.open("X")
    await asyncio.wait_for(task, WAIT_S)


async def test_a_paused_run_can_be_replanned_and_starts_nothing_before_it_goes_on() -> None:
    gates = Gates()
    world = World([node("A"), node("B", "A"), node("C", "A")], Port(gates.carry))
    task = world.start()
    await gates.arrived("A")
    world.conductor.pause()
    await replan(world, node("A"), node("B", files=("b.py",)), node("N"))
    for name in ("B", "N"):
        await world.reason(name, "The run is paused.")
    gates.open("A", "B", "N")
    await settle()
    assert world.port.started == ["A"] and not task.done()
    world.conductor.resume()
    await asyncio.wait_for(task, WAIT_S)
    assert world.ends() == {"A": "done", "B": "done", "N": "done"}


async def test_a_run_does_not_end_while_tickets_are_handed_to_it() -> None:
    gates = Gates()
    world = World([node("A")], Port(gates.carry))
    task = world.start()
    await gates.arrived("A")
    with world.conductor.held():
        gates.open("A", "B")
        await world.sink.seen(lambda event: event.kind == "ticket_changed" and event.status == "done")
        await settle()
        assert not task.done()
        world.conductor.replan([node("A"), node("B", "A")])
    await asyncio.wait_for(task, WAIT_S)
    assert world.ends() == {"A": "done", "B": "done"}


async def test_a_run_that_has_not_begun_can_be_replanned() -> None:
    world = World(DIAMOND)
    await replan(world, node("B", "N"), node("N"))
    await world.run()
    assert world.ends() == {"B": "done", "N": "done"} and world.port.started == ["N", "B"]


async def test_a_ticket_that_got_other_files_says_anew_for_what_it_waits() -> None:
    gates = Gates()
    world = World([node("A", files=("a.py",)), node("X"), node("B", files=("a.py",))], Port(gates.carry), workers=2)
    task = world.start()
    await world.reason("B", "Waits for a free worker")
    gates.open("X")
    await world.reason("B", "Waits for A, which works on a.py.")
    world.conductor.pause()
    world.conductor.resume()
    await settle()
    await replan(world, node("A", files=("a.py",)), node("X"), node("B", files=("b.py",)))
    await gates.arrived("B")
    gates.open("A", "B")
    await asyncio.wait_for(task, WAIT_S)


def folded(world: World, first: Sequence[TicketSpec]) -> SessionState:
    state = SessionState()
    state.apply(RunStarted(run_id="R-1", track_id="t", mode=Mode.ASK, workers=1))
    state.apply(RunPrepared(run_id="R-1", title="T", tickets=tuple(first)))
    for event in world.sink.events:
        state.apply(event)
    return state


def is_fixed(world: World, name: str) -> bool:
    try:
        world.conductor.check([spec for other, spec in world.board.tickets.items() if other != name])
    except NotPossibleError:
        return True
    return False


def changed(world: World, data: st.DataObject) -> list[TicketSpec]:
    """Other tickets for those that have not started: each as it is, other or gone, and some new ones."""
    fixed = [name for name in world.board.tickets if is_fixed(world, name)]
    assert set(world.port.started) <= set(fixed)
    tickets = {name: world.board.tickets[name] for name in fixed}
    for name in data.draw(st.permutations([name for name in NAMES if name not in fixed]), label="order"):
        now = world.board.tickets.get(name)
        what = data.draw(st.sampled_from(["keep", "edit", "leave out"]), label=name)
        if what == "keep" and now is not None and set(now.depends_on) <= set(tickets):
            tickets[name] = now
        elif what == "edit":
            needs = data.draw(st.lists(st.sampled_from(list(tickets)), unique=True, max_size=3)) if tickets else []
            files = data.draw(st.lists(st.sampled_from(["a.py", "b.py", "src/", "src/c.py"]), max_size=2))
            tickets[name] = node(name, *needs, files=tuple(files))
    return data.draw(st.permutations(list(tickets.values())))


FIELDS = set(TicketSpec.model_fields)
NAMES = [f"T{n}" for n in range(14)]


async def ticks(count: int) -> None:
    for _ in range(count):
        await asyncio.sleep(0)


class Outcomes:
    """What each ticket comes to and how long that takes; `wrong` is what should not have been seen."""

    def __init__(self, data: st.DataObject) -> None:
        outcome = st.sampled_from(["done", "done", "done", "blocked", "skipped", "raises"])
        self._ends = {name: data.draw(outcome, label=name) for name in NAMES}
        self._turns = {name: data.draw(st.integers(0, 6), label=f"turns of {name}") for name in NAMES}
        self.wrong: list[str] = []
        self.world: World

    async def carry(self, spec: TicketSpec, slot: Slot) -> TicketEnd:
        board = self.world.board
        self.wrong += [f"{spec.id} before {name}" for name in spec.depends_on if board.status(name) != "done"]
        if spec != board.tickets[spec.id]:
            self.wrong.append(f"{spec.id} as it was")
        await ticks(self._turns[spec.id])
        if self._turns[spec.id] % 2:
            slot.give_back()
            await ticks(1)
            await slot.hold()
        if self._ends[spec.id] == "raises":
            raise ValueError("No.")
        return ENDS[self._ends[spec.id]]

    def expected(self, name: str) -> str:
        tickets = self.world.board.tickets
        if any(self.expected(needed) != "done" for needed in tickets[name].depends_on):
            return "blocked"
        return "blocked" if self._ends[name] == "raises" else self._ends[name]


async def work_with_changes(world: World, data: st.DataObject) -> None:
    task = world.start()
    for _ in range(data.draw(st.integers(1, 4), label="re-plannings")):
        await ticks(data.draw(st.integers(0, 12), label="after"))
        if task.done():
            break
        tickets = changed(world, data)
        check_graph(tickets)
        world.conductor.check(tickets)
        with world.conductor.held():
            await ticks(data.draw(st.integers(0, 6), label="while it is written"))
            world.conductor.replan(tickets)
    await asyncio.wait_for(task, WAIT_S)


@settings(max_examples=75, deadline=None)
@given(graphs(), st.integers(1, 4), st.data())
def test_however_it_is_replanned_all_that_is_planned_at_last_ends_once_and_in_order(
    tickets: list[TicketSpec], workers: int, data: st.DataObject
) -> None:
    outcomes = Outcomes(data)
    outcomes.world = world = World(tickets, Port(outcomes.carry), workers)
    asyncio.run(work_with_changes(world, data))
    last = world.board.tickets
    assert world.ends() == {name: outcomes.expected(name) for name in last}
    assert outcomes.wrong == [] and world.port.overlaps == []
    assert len(set(world.port.started)) == len(world.port.started) and set(world.port.started) <= set(last)
    told = folded(world, tickets).runs["R-1"].tickets
    assert [TicketStanding(one.id, one.status, one.attempt) for one in told.values()] == list(world.board.standings())
    assert [TicketSpec(**one.model_dump(include=FIELDS)) for one in told.values()] == list(last.values())
