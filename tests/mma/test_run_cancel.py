"""A run that is cancelled: in the middle of anything, it ends, and leaves nothing behind."""

import asyncio
import os
import threading
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from agent_support import WAIT_S, is_gone, turn
from cockpit import (
    ABC,
    ALLOW_COMMANDS,
    Cockpit,
    mend,
    mends,
    refused,
)

from slop_qt.core.approvals import ApprovalState
from slop_qt.core.events import Event
from slop_qt.core.tickets import TicketStatus
from slop_qt.workspace.worktrees import RunWorkspace

OpenCockpit = Callable[..., Awaitable[Cockpit]]


async def settle() -> None:
    """Let everything on this loop go as far as it can."""
    for _ in range(20):
        await asyncio.sleep(0)


class TestCancel:
    """Cancelled in the middle of anything, a run ends, says so, and leaves nothing behind."""

    async def cancelled(self, cockpit: Cockpit, run_id: str) -> None:
        # Twice at once: a person who presses again, or quits meanwhile.
        await asyncio.gather(*(cockpit.call("run.cancel", run_id=run_id) for _ in range(2)))
        run = cockpit.the_run(run_id)
        assert (run.status, run.reason) == ("cancelled", "The run was cancelled.")
        assert all(ticket.status.ended for ticket in run.tickets.values())
        assert all(stream.closed for stream in run.streams.values())
        assert run.pending_approvals == [] and cockpit.worktrees() == []
        assert len([event for event in cockpit.of("run_ended") if event.run_id == run_id]) == 1
        cockpit.untouched()
        await refused(cockpit.call("run.cancel", run_id=run_id), "not under way")

    async def test_while_models_stream(self, open_cockpit: OpenCockpit) -> None:
        hang = {"kind": "hang", "after_chunks": 2}
        cockpit = await open_cockpit(mends("a", fault=hang), mends("b", fault=hang), mends("c"))
        run_id = await cockpit.begin(*ABC)
        streams = cockpit.the_run(run_id).streams
        await cockpit.until(
            lambda: {name: s.text for name, s in streams.items()} == {"Tier 3: A": "I mend a", "Tier 3: B": "I mend b"}
        )
        await self.cancelled(cockpit, run_id)
        assert {stream.outcome for stream in streams.values()} == {"cancelled"}

    async def test_while_a_workers_command_runs(self, open_cockpit: OpenCockpit, tmp_path: Path) -> None:
        os.mkfifo(pipe := tmp_path / "pipe")
        sleeps = turn(3, ("run_command", {"command": f"sleep 300 & echo $! > {pipe}; wait"}), ticket="A")
        cockpit = await open_cockpit(sleeps, rules=(ALLOW_COMMANDS,))
        run_id = await cockpit.begin(mend("a"))
        pid = int(await asyncio.wait_for(cockpit.offload.run(pipe.read_text), WAIT_S))
        await self.cancelled(cockpit, run_id)
        assert is_gone(pid)

    async def test_while_a_verification_runs(self, open_cockpit: OpenCockpit, tmp_path: Path) -> None:
        os.mkfifo(pipe := tmp_path / "pipe")
        cockpit = await open_cockpit(mends("a"))
        run_id = await cockpit.begin(mend("a", verify=f"echo $$ > {pipe}; sleep 300"))
        pid = int(await asyncio.wait_for(cockpit.offload.run(pipe.read_text), WAIT_S))
        await self.cancelled(cockpit, run_id)
        assert is_gone(pid)

    async def test_while_merged_work_is_verified_the_merge_is_taken_back(
        self, open_cockpit: OpenCockpit, tmp_path: Path
    ) -> None:
        os.mkfifo(pipe := tmp_path / "pipe")
        verify = f"case $PWD in *integration) echo $$ > {pipe}; sleep 300;; esac"
        cockpit = await open_cockpit(mends("a"))
        run_id = await cockpit.begin(mend("a", verify=verify))
        await asyncio.wait_for(cockpit.offload.run(pipe.read_text), WAIT_S)
        assert cockpit.head(cockpit.integration(run_id)) != cockpit.start
        await self.cancelled(cockpit, run_id)
        assert cockpit.head(cockpit.integration(run_id)) == cockpit.start
        assert cockpit.the_run(run_id).merged == {}

    async def test_in_the_middle_of_a_merge_the_merge_is_taken_back(
        self, open_cockpit: OpenCockpit, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        merging, go_on, merge = threading.Event(), threading.Event(), RunWorkspace.merge

        def held(self: RunWorkspace, ticket_id: str, message: str) -> Any:
            merging.set()
            assert go_on.wait(WAIT_S)
            return merge(self, ticket_id, message)

        monkeypatch.setattr(RunWorkspace, "merge", held)
        cockpit = await open_cockpit(mends("a"))
        run_id = await cockpit.begin(mend("a"))
        assert await cockpit.offload.run(lambda: merging.wait(WAIT_S))
        cancel = asyncio.create_task(self.cancelled(cockpit, run_id))
        await settle()
        impatient = asyncio.create_task(cockpit.call("run.cancel", run_id=run_id))
        await settle()
        assert not cancel.done()  # it has been asked for, and waits for the merge
        go_on.set()
        await impatient
        await cancel
        assert cockpit.head(cockpit.integration(run_id)) == cockpit.start

    async def test_while_something_waits_for_the_person(self, open_cockpit: OpenCockpit) -> None:
        cockpit = await open_cockpit(mends("a"), mends("b"), rules=())
        run_id = await cockpit.begin(*ABC)
        await cockpit.pending(run_id, "merge", "A", "B")
        await self.cancelled(cockpit, run_id)
        assert {a.state for a in cockpit.the_run(run_id).approvals.values() if a.kind == "merge"} == {
            ApprovalState.EXPIRED
        }

    async def test_before_anything_has_begun(self, open_cockpit: OpenCockpit) -> None:
        cockpit = await open_cockpit(mends("a"))
        began: list[str] = []

        def cancel_at_once(event: Event) -> None:
            if event.kind == "run_prepared" and not began:
                began.append(event.run_id or "")
                tasks.append(asyncio.create_task(cockpit.call("run.cancel", run_id=event.run_id)))

        tasks: list[asyncio.Task[Any]] = []
        cockpit.sink.on_event = cancel_at_once
        run_id = await cockpit.begin(mend("a"))
        await asyncio.gather(*tasks)
        assert run_id == began[0] and cockpit.the_run(run_id).status == "cancelled"
        assert cockpit.the_run(run_id).tickets["A"].status is TicketStatus.CANCELLED and cockpit.worktrees() == []

    async def test_as_it_ends_by_itself_it_still_ends_once(self, open_cockpit: OpenCockpit) -> None:
        cockpit = await open_cockpit(mends("a"))
        tasks: list[asyncio.Task[Any]] = []

        def cancel_when_done(event: Event) -> None:
            if event.kind == "ticket_changed" and event.status is TicketStatus.DONE:
                # a few turns later: the run is tidying up
                loop.call_soon(loop.call_soon, lambda: tasks.append(loop.create_task(cockpit.call("run.cancel"))))

        loop = asyncio.get_running_loop()
        cockpit.sink.on_event = cancel_when_done
        run_id = await cockpit.begin(mend("a"))
        await cockpit.call("run.wait", run_id=run_id)
        await asyncio.gather(*tasks, return_exceptions=True)
        assert tasks and len([event for event in cockpit.of("run_ended") if event.run_id == run_id]) == 1
        assert cockpit.the_run(run_id).status == "done" and cockpit.worktrees() == []
        assert (await cockpit.run(mend("b", verify=None), workers=1)).status == "blocked"  # another can begin

    async def test_what_was_merged_before_is_kept_and_can_be_applied(self, open_cockpit: OpenCockpit) -> None:
        cockpit = await open_cockpit(mends("a"), mends("b", fault={"kind": "hang"}))
        run_id = await cockpit.begin(mend("a"), mend("b", "A"))
        await cockpit.at(run_id, "B", "running")
        await self.cancelled(cockpit, run_id)
        commit = (await cockpit.call("run.apply", run_id=run_id)).commit
        assert (cockpit.project / "a.txt").read_text() == "right\n" and len(commit) == 40
        assert "- [~] **Track" in (cockpit.project / "conductor" / "tracks.md").read_text()

    async def test_closing_the_session_cancels_what_is_under_way(self, open_cockpit: OpenCockpit) -> None:
        cockpit = await open_cockpit(mends("a", fault={"kind": "hang"}))
        run_id = await cockpit.begin(mend("a"))
        await cockpit.at(run_id, "A", "running")
        await cockpit.session.close()
        assert cockpit.the_run(run_id).status == "cancelled" and cockpit.worktrees() == []
        await refused(cockpit.call("run.start", track_id=cockpit.the_run(run_id).track_id), "closing")
