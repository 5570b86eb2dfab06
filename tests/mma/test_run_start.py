"""What a run may start from, and what is refused at once."""

import asyncio
from collections.abc import Awaitable, Callable

from agent_support import WAIT_S, finish, turn
from cockpit import (
    Cockpit,
    mend,
    mends,
    refused,
)

from slop_qt.core.approvals import Mode
from slop_qt.core.errors import ConflictError, InvalidInputError, NotFoundError
from slop_qt.core.tickets import TicketStatus
from slop_qt.mma.shapes import StartRun

OpenCockpit = Callable[..., Awaitable[Cockpit]]


class TestStart:
    """What cannot be run says why, at once."""

    async def test_refusals(self, open_cockpit: OpenCockpit) -> None:
        cockpit = await open_cockpit(mends("a", fault={"kind": "hang"}))
        await refused(cockpit.call("run.start", track_id="nothing_1"), "Tracks: none yet", NotFoundError)
        draft = {"title": "Empty", "spec": "s", "plan": "p"}
        (empty,) = (await cockpit.call("epic.accept", run_id="R", tracks=[draft])).tracks
        await refused(cockpit.call("run.start", track_id=empty.id), "has no tickets")
        track_id = await cockpit.track(mend("a"))
        error = await refused(cockpit.call("run.start", track_id=track_id, mode="auto"), "no sandbox")
        assert "--unsandboxed" in str(error)
        for params in ({"workers": 0}, {"workers": 65}, {"budget_usd": 0}, {"mode": "fast"}, {"speed": 9}):
            name = next(iter(params))
            await refused(cockpit.call("run.start", track_id=track_id, **params), name, InvalidInputError)
        run_id = (await cockpit.call("run.start", track_id=track_id)).run_id
        await refused(cockpit.call("run.start", track_id=track_id), run_id, ConflictError)
        two = [cockpit.call("run.cancel"), cockpit.call("run.wait", timeout_s=WAIT_S)]
        await asyncio.gather(*two)

    async def test_of_two_starts_at_once_one_wins(self, open_cockpit: OpenCockpit) -> None:
        cockpit = await open_cockpit(mends("a"))
        track_id = await cockpit.track(mend("a"))
        starts = (cockpit.call("run.start", track_id=track_id) for _ in range(2))
        results = await asyncio.gather(*starts, return_exceptions=True)
        assert sorted(type(result).__name__ for result in results) == ["ConflictError", "RunStarted"]
        assert (await cockpit.call("run.wait")).status == "done"

    async def test_a_graph_that_does_not_hold_is_refused_with_the_names(self, open_cockpit: OpenCockpit) -> None:
        cockpit = await open_cockpit()
        await refused(cockpit.track(mend("a", "B"), mend("b", "A")), "circle: ", InvalidInputError)
        await refused(cockpit.track(mend("a", "Z")), "A depends on Z", InvalidInputError)
        await refused(cockpit.track(mend("a"), mend("a")), "A is used more than once", InvalidInputError)

    async def test_with_unsandboxed_mode_auto_asks_nobody(self, open_cockpit: OpenCockpit) -> None:
        asks = ("ask_user", {"question": "May I?"})
        turns = [turn(3, asks, ("run_command", {"command": "echo right > a.txt"}), finish(), ticket="A")]
        cockpit = await open_cockpit(*turns, mode=Mode.AUTO, rules=(), unsandboxed=True)
        run = await cockpit.run(mend("a"))
        assert run.status == "done" and cockpit.of("approval_requested") == []
        assert cockpit.show(cockpit.integration(run.run_id), "a.txt") == "right\n"

    async def test_a_run_can_begin_where_another_ended(self, open_cockpit: OpenCockpit) -> None:
        cockpit = await open_cockpit(mends("a"), mends("b"))
        first = await cockpit.run(mend("a"))
        base = cockpit.head(cockpit.integration(first.run_id))
        track_id = await cockpit.track(mend("b", verify="grep -qx right a.txt && grep -qx right b.txt"))
        run_id = await cockpit.session.start_run(StartRun(track_id=track_id), base)
        assert (await cockpit.call("run.wait", run_id=run_id)).status == "done"
        assert cockpit.the_run(run_id).base_commit == base
        cockpit.untouched()

    async def test_a_repository_that_cannot_be_worked_on_ends_no_run_in_silence(
        self, open_cockpit: OpenCockpit
    ) -> None:
        cockpit = await open_cockpit(mends("a"))
        (cockpit.folder / "worktrees").write_text("in the way")
        run = await cockpit.run(mend("a"))
        assert run.status == "failed" and run.reason and run.tickets["A"].status is TicketStatus.CANCELLED
        assert cockpit.feed.state.faults[-1].where == "run"
