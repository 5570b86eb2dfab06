"""One run's git work, awaited: who asks before there is a worktree waits, and who asks too late hears so."""

import asyncio
from collections.abc import Awaitable, Callable

from agent_support import WAIT_S
from cockpit import Cockpit, refused

from slop_qt.mma.run_repository import RunRepository
from slop_qt.workspace.worktrees import RunWorkspace

OpenCockpit = Callable[..., Awaitable[Cockpit]]


async def repository_of(cockpit: Cockpit) -> RunRepository:
    workspace = RunWorkspace(cockpit.repository, cockpit.folder / "worktrees", "R1", cockpit.head())
    return RunRepository(workspace, cockpit.offload)


async def test_who_asks_for_the_worktree_has_it_once_it_is_there(open_cockpit: OpenCockpit) -> None:
    repository = await repository_of(await open_cockpit())
    asking = asyncio.create_task(repository.prepared())
    await asyncio.wait([asking], timeout=0)
    assert not asking.done()
    await repository.prepare()
    path = await asyncio.wait_for(asking, WAIT_S)
    assert (path / "a.txt").read_text() == "wrong\n" and "a.txt" in await repository.files()
    await repository.close()
    assert repository.closed
    await refused(repository.prepared(), "no worktree any more")


async def test_who_waits_for_a_run_that_never_begins_hears_that_it_is_over(open_cockpit: OpenCockpit) -> None:
    repository = await repository_of(await open_cockpit())
    asking = asyncio.create_task(repository.prepared())
    await asyncio.wait([asking], timeout=0)
    await repository.close()
    await refused(asyncio.wait_for(asking, WAIT_S), "The run is over")
