"""One run's git work, awaited: in the helper pool, and one piece at a time."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from slop_qt.core.errors import NotPossibleError
from slop_qt.core.ports import Offload
from slop_qt.workspace.merging import MergeOutcome
from slop_qt.workspace.worktrees import RunWorkspace

__all__ = ["RunRepository"]

T = TypeVar("T")


class RunRepository:
    """A RunWorkspace behind a lock. Lives in the main thread's loop.

    `merging` is held by who merges, verifies and perhaps undoes: nobody else merges in between. `closed` is whether
    its worktrees go, or are gone.
    """

    def __init__(self, workspace: RunWorkspace, offload: Offload) -> None:
        self._workspace = workspace
        self._offload = offload
        self._one_at_a_time = asyncio.Lock()
        self._prepared_or_closed = asyncio.Event()
        self.merging = asyncio.Lock()
        self.closed = False

    @property
    def integration_path(self) -> Path:
        """The worktree of the integration branch."""
        return self._workspace.integration_path

    async def prepare(self) -> None:
        """Create the integration branch and its worktree."""
        await self._do(self._workspace.prepare)
        self._prepared_or_closed.set()

    async def prepared(self) -> Path:
        """The worktree of the integration branch, once it is there.

        Raises:
            NotPossibleError: it is gone, or will never be there.
        """
        await self._prepared_or_closed.wait()
        if self.closed:
            raise NotPossibleError("The run is over: its integration branch has no worktree any more.")
        return self.integration_path

    async def add_ticket(self, ticket_id: str, attempt: int) -> Path:
        """A fresh worktree for an attempt, from the integration branch as it is now."""
        return await self._do(lambda: self._workspace.add_ticket(ticket_id, attempt))

    async def commit_ticket(self, ticket_id: str, message: str) -> str | None:
        """Commit what the attempt changed; None where that is nothing."""
        return await self._do(lambda: self._workspace.commit_ticket(ticket_id, message))

    async def ticket_diff(self, ticket_id: str) -> str:
        """What the ticket's branch or worktree changes."""
        return await self._do(lambda: self._workspace.ticket_diff(ticket_id))

    async def files(self, ticket_id: str | None = None) -> tuple[str, ...]:
        """Every file that the ticket's worktree began with, or that the integration branch has now, by name."""
        return await self._do(lambda: self._workspace.files(ticket_id))

    async def ticket_files(self, ticket_id: str) -> tuple[str, ...]:
        """The files that the ticket's commit changes, by name."""
        return await self._do(lambda: self._workspace.ticket_files(ticket_id))

    async def integration_head(self) -> str:
        """The commit that the integration branch is at."""
        return await self._do(self._workspace.integration_head)

    async def merge(self, ticket_id: str, message: str) -> MergeOutcome:
        """Merge the ticket's branch into the integration branch."""
        return await self._do(lambda: self._workspace.merge(ticket_id, message))

    async def undo_merge(self, head: str) -> None:
        """Put the integration branch back."""
        await self._do(lambda: self._workspace.undo_merge(head))

    async def close(self) -> None:
        """Remove the run's worktrees; the branches stay."""
        self.closed = True
        self._prepared_or_closed.set()
        await self._do(self._workspace.close)

    async def _do(self, job: Callable[[], T]) -> T:
        async with self._one_at_a_time:
            # Shielded: a cancelled wait must not let the next job of this run's git in beside a running one.
            running = asyncio.ensure_future(self._offload.run(job))
            try:
                return await asyncio.shield(running)
            except asyncio.CancelledError:
                await asyncio.wait([running])
                raise
