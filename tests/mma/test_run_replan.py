"""Tickets that are written while a run works on them: file, run, journal and Apply say the same."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import pytest
from agent_support import WAIT_S, Threads
from cockpit import Cockpit, mend, mends, refused

from slop_qt.core.errors import ConflictError, InvalidInputError, NotPossibleError, StoreError
from slop_qt.core.tickets import TicketSpec

T = TypeVar("T")
OpenCockpit = Callable[..., Awaitable[Cockpit]]


async def write(cockpit: Cockpit, run_id: str, *tickets: TicketSpec) -> Any:
    plain = [spec.model_dump(mode="json") for spec in tickets]
    return await cockpit.call("track.set_tickets", track_id=cockpit.the_run(run_id).track_id, tickets=plain)


def on_disk(cockpit: Cockpit, run_id: str) -> tuple[TicketSpec, ...]:
    return cockpit.conductor_folder.tickets(cockpit.the_run(run_id).track_id or "")


def of_run(cockpit: Cockpit, run_id: str) -> tuple[TicketSpec, ...]:
    fields = set(TicketSpec.model_fields)
    return tuple(TicketSpec(**one.model_dump(include=fields)) for one in cockpit.the_run(run_id).tickets.values())


async def test_a_run_is_replanned_while_its_first_ticket_waits(open_cockpit: OpenCockpit) -> None:
    cockpit = await open_cockpit(mends("a"), mends("c"), mends("d", ticket="D"), rules=())
    run_id = await cockpit.begin(mend("a"), mend("b", "A"), mend("c", "A", "B"))
    await cockpit.pending(run_id, "merge", "A")
    # B goes, C no longer needs it and says so in its brief, D comes.
    planned = (
        mend("a"),
        mend("c", "A", brief="Only c, and with care."),
        mend("d", "C", verify="test -e d.txt", plan_tasks=("Mend b",)),
    )
    await write(cockpit, run_id, *planned)
    run = cockpit.the_run(run_id)
    assert on_disk(cockpit, run_id) == planned == of_run(cockpit, run_id)
    assert [ticket.status for ticket in run.tickets.values()] == ["review", "pending", "pending"]
    status = await cockpit.call("mma.status", run_id=run_id)
    assert [ticket.id for ticket in status.tickets] == ["A", "C", "D"]
    await refused(cockpit.call("run.diff", run_id=run_id, ticket_id="B"), "has no ticket B", Exception)
    for name in ("A", "C", "D"):
        await cockpit.decide(run_id, "merge", name, "approve")
    waited = await cockpit.call("run.wait", run_id=run_id)
    assert (waited.status, {one.id: str(one.status) for one in waited.tickets}) == (
        "done",
        {"A": "done", "C": "done", "D": "done"},
    )
    assert "Only c, and with care." in cockpit.prompts(3, "C")[0] and cockpit.prompts(3, "B") == []
    assert cockpit.show(cockpit.integration(run_id), "b.txt") == "wrong\n"
    cockpit.untouched()
    await cockpit.call("run.apply", run_id=run_id)
    plan = cockpit.conductor_folder.plan(run.track_id or "")
    for task, ticket_id in (("Mend a", "A"), ("Mend b", "D"), ("Mend c", "C")):
        assert f"- [x] Task: {task} {run.merged[ticket_id][:7]}" in plan
    assert (await cockpit.call("track.list")).tracks[0].status == "done"


async def test_after_a_restart_a_replanned_run_is_the_same(tmp_path: Path) -> None:
    cockpit = await Cockpit(tmp_path, mends("a"), mends("c"), rules=()).open()
    try:
        run_id = await cockpit.begin(mend("a"), mend("b", "A"))
        await cockpit.pending(run_id, "merge", "A")
        await write(cockpit, run_id, mend("a"), mend("c", "A"))
        for name in ("A", "C"):
            await cockpit.decide(run_id, "merge", name, "approve")
        assert (await cockpit.call("run.wait")).status == "done"
    finally:
        await cockpit.close()
    again = await Cockpit(tmp_path).open()
    try:
        assert again.feed.state.snapshot() == cockpit.feed.state.snapshot()
        assert list(again.the_run(run_id).tickets) == ["A", "C"]
    finally:
        await again.close()


async def test_what_has_started_is_refused_by_its_name_and_nothing_is_written(open_cockpit: OpenCockpit) -> None:
    cockpit = await open_cockpit(mends("a"), mends("b"), rules=())
    first = (mend("a"), mend("b", "A"))
    run_id = await cockpit.begin(*first)
    await cockpit.pending(run_id, "merge", "A")
    seq = cockpit.bus.last_seq
    error = await refused(write(cockpit, run_id, mend("b")), "A has started or ended in this run")
    assert "What can be changed: B; new tickets can be added." in str(error)
    await refused(write(cockpit, run_id, mend("a", title="Other"), mend("b", "A")), "A has started or ended")
    await refused(write(cockpit, run_id, mend("a"), mend("b", "X")), "X, which is not a ticket", InvalidInputError)
    circle = (mend("a"), mend("b", "C"), mend("c", "B"))
    await refused(write(cockpit, run_id, *circle), "in a circle: ", InvalidInputError)
    assert on_disk(cockpit, run_id) == first == of_run(cockpit, run_id) and cockpit.bus.last_seq == seq
    for name in ("A", "B"):
        await cockpit.decide(run_id, "merge", name, "approve")
    assert (await cockpit.call("run.wait")).status == "done"
    await write(cockpit, run_id, mend("c"))  # it is over: the file is for the next one
    assert [spec.id for spec in on_disk(cockpit, run_id)] == ["C"]
    assert list(cockpit.the_run(run_id).tickets) == ["A", "B"]


async def test_an_editor_hands_its_tickets_to_the_run_unless_the_file_is_another_one_by_now(
    open_cockpit: OpenCockpit,
) -> None:
    cockpit = await open_cockpit(mends("a"), rules=())
    run_id = await cockpit.begin(mend("a"), mend("b", "A"))
    await cockpit.pending(run_id, "merge", "A")
    track_id = cockpit.the_run(run_id).track_id
    read = await cockpit.call("track.read", track_id=track_id)
    plain = [spec.model_dump(mode="json") for spec in (mend("a"), mend("c", "A"))]
    save = partial(cockpit.call, "track.save_tickets", track_id=track_id, tickets=plain)
    await refused(save(base_digest="0" * 64), "changed", ConflictError)
    assert list(cockpit.the_run(run_id).tickets) == ["A", "B"]
    saved = await save(base_digest=read.tickets_digest)
    assert list(cockpit.the_run(run_id).tickets) == ["A", "C"]
    assert (await cockpit.call("track.read", track_id=track_id)).tickets_digest == saved.digest != read.tickets_digest
    await cockpit.call("run.cancel", run_id=run_id)


async def test_the_same_tickets_again_are_no_replanning(open_cockpit: OpenCockpit) -> None:
    cockpit = await open_cockpit(mends("a"), rules=())
    run_id = await cockpit.begin(mend("a"))
    await cockpit.pending(run_id, "merge", "A")
    await write(cockpit, run_id, mend("a"))
    assert cockpit.of("run_replanned") == []


async def test_a_file_that_cannot_be_written_leaves_the_run_as_it_was(open_cockpit: OpenCockpit) -> None:
    cockpit = await open_cockpit(mends("a"), mends("b"), rules=())
    run_id = await cockpit.begin(mend("a"), mend("b", "A"))
    await cockpit.pending(run_id, "merge", "A")
    (file,) = cockpit.project.glob("conductor/tracks/*/tickets.json")
    file.unlink()
    file.mkdir()
    await refused(write(cockpit, run_id, mend("a"), mend("c", "A")), "tickets.json", StoreError)
    assert list(cockpit.the_run(run_id).tickets) == ["A", "B"]
    for name in ("A", "B"):
        await cockpit.decide(run_id, "merge", name, "approve")
    assert (await cockpit.call("run.wait")).status == "done"


class SlowDisk(Threads):
    """A helper pool in which the writing of tickets waits, once a test holds it, until the test lets it go on."""

    def __init__(self) -> None:
        super().__init__()
        self.reached = asyncio.Event()
        self.free = asyncio.Event()
        self.free.set()

    async def run(self, job: Callable[[], T]) -> T:
        if isinstance(job, partial) and job.func.__name__ == "set_tickets" and not self.free.is_set():
            self.reached.set()
            await self.free.wait()
        return await super().run(job)


@pytest.fixture
async def slow(tmp_path: Path) -> AsyncIterator[Cockpit]:
    """A run of one ticket, A, that waits for its review while other tickets are being written."""
    cockpit = Cockpit(tmp_path, mends("a"), mends("b"), rules=())
    cockpit.offload = SlowDisk()
    await cockpit.open()
    yield cockpit
    await cockpit.close()


async def writing_held(cockpit: Cockpit, run_id: str, *tickets: TicketSpec) -> tuple[SlowDisk, "asyncio.Task[Any]"]:
    disk = cockpit.offload
    assert isinstance(disk, SlowDisk)
    await cockpit.pending(run_id, "merge", "A")
    disk.free.clear()
    writing = asyncio.create_task(write(cockpit, run_id, *tickets))
    await asyncio.wait_for(disk.reached.wait(), WAIT_S)
    return disk, writing


async def test_a_run_whose_last_ticket_ends_while_others_are_written_goes_on_with_them(slow: Cockpit) -> None:
    cockpit = slow
    run_id = await cockpit.begin(mend("a"))
    disk, writing = await writing_held(cockpit, run_id, mend("a"), mend("b", "A"))
    await cockpit.decide(run_id, "merge", "A", "approve")
    await cockpit.at(run_id, "A", "done")
    assert not cockpit.the_run(run_id).ended
    disk.free.set()
    await writing
    await cockpit.decide(run_id, "merge", "B", "approve")
    assert (await cockpit.call("run.wait")).status == "done"
    assert on_disk(cockpit, run_id) == of_run(cockpit, run_id) and "B" in cockpit.the_run(run_id).merged


async def test_a_run_that_is_cancelled_meanwhile_ends_with_the_tickets_that_were_written(slow: Cockpit) -> None:
    cockpit = slow
    run_id = await cockpit.begin(mend("a"), mend("c", "A"))
    disk, writing = await writing_held(cockpit, run_id, mend("a"), mend("b", "A"))
    cancelling = asyncio.create_task(cockpit.call("run.cancel", run_id=run_id))
    await cockpit.at(run_id, "A", "cancelled")
    late = asyncio.create_task(write(cockpit, run_id, mend("a"), mend("d", "A")))
    await asyncio.sleep(0)
    disk.free.set()
    await writing
    await cancelling
    run = cockpit.the_run(run_id)
    assert {name: str(ticket.status) for name, ticket in run.tickets.items()} == {"A": "cancelled", "B": "cancelled"}
    await asyncio.gather(late, return_exceptions=True)
    error = late.exception()
    assert isinstance(error, NotPossibleError) and "is at its end" in str(error)
    assert on_disk(cockpit, run_id) == of_run(cockpit, run_id)


async def test_whoever_asks_may_go_what_was_begun_is_done(slow: Cockpit) -> None:
    cockpit = slow
    run_id = await cockpit.begin(mend("a"))
    disk, writing = await writing_held(cockpit, run_id, mend("a"), mend("b", "A"))
    writing.cancel()
    await asyncio.wait([writing])
    disk.free.set()
    await cockpit.until(lambda: "B" in cockpit.the_run(run_id).tickets)
    assert on_disk(cockpit, run_id) == of_run(cockpit, run_id)
    await cockpit.call("run.cancel", run_id=run_id)


async def test_tickets_of_another_track_are_not_the_runs_business(open_cockpit: OpenCockpit) -> None:
    cockpit = await open_cockpit(mends("a"), rules=())
    run_id = await cockpit.begin(mend("a"))
    await cockpit.pending(run_id, "merge", "A")
    await cockpit.track(mend("b"))
    assert list(cockpit.the_run(run_id).tickets) == ["A"] and cockpit.of("run_replanned") == []
