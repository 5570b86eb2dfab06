"""What a run changes, shown as a diff and, at the person's word, merged into their branch."""

import asyncio
from collections.abc import Mapping
from functools import partial

from slop_qt.core.durability import publish_durably
from slop_qt.core.errors import ConflictError, NotFoundError, NotPossibleError, SlopError
from slop_qt.core.events import Applied, Fault
from slop_qt.core.state import RunState
from slop_qt.core.tickets import TicketStatus
from slop_qt.core.tracks import TrackStatus
from slop_qt.mma.run_repository import RunRepository
from slop_qt.mma.session_parts import SessionParts
from slop_qt.workspace.worktrees import RunWorkspace

__all__ = ["Applying"]


class Applying:
    """Diffs and Apply. Lives in the main thread's loop; git works in the helper pool."""

    def __init__(self, parts: SessionParts) -> None:
        self._parts = parts
        self._one_at_a_time = asyncio.Lock()

    @property
    def under_way(self) -> bool:
        """Whether a run is being merged into the person's branch."""
        return self._one_at_a_time.locked()

    async def diff(self, run: RunState, ticket_id: str | None, working: RunRepository | None) -> str:
        """The unified diff of the run's integration branch, or of one ticket; working is the run that is under way.

        Raises:
            NotFoundError: the run has no such ticket.
        """
        if run.base_commit is None:
            return ""
        workspace = self._workspace(run)
        if ticket_id is None:
            return await self._parts.offload.run(workspace.run_diff)
        if ticket_id not in run.tickets:
            raise NotFoundError(f"Run {run.run_id} has no ticket {ticket_id}.", f"Tickets: {', '.join(run.tickets)}.")
        if ticket_id in run.merged:
            return await self._parts.offload.run(partial(workspace.merge_diff, run.merged[ticket_id]))
        if working is None:
            return ""
        try:
            return await working.ticket_diff(ticket_id)
        except NotPossibleError:
            return ""  # it has no worktree yet: it changes nothing

    async def integration_head(self, run: RunState) -> str:
        """The commit that has all that the run merged."""
        return await self._parts.offload.run(self._workspace(run).integration_head)

    async def apply(self, run: RunState) -> str:
        """Commit the planning files, merge the integration branch into the person's branch, mark the plan.

        Returns the merge commit.

        Raises:
            NotPossibleError: the run is under way, planned only, or merged nothing.
            ConflictError: it is applied already.
            WorkspaceError: the tree has other changes, by name; or it conflicts with the person's branch.
        """
        async with self._one_at_a_time:
            return await self._apply(run)

    async def _apply(self, run: RunState) -> str:
        if run.applied_commit is not None:
            raise ConflictError(f"Run {run.run_id} is already applied, as {run.applied_commit[:7]}.")
        if not run.ended:
            raise NotPossibleError(f"Run {run.run_id} is {run.status}.", "Apply it when it has ended, or cancel it.")
        if run.track_id is None or run.base_commit is None:
            raise NotPossibleError(f"Run {run.run_id} is a planning run.", "There is nothing to apply.")
        if not run.merged:
            raise NotPossibleError(f"Run {run.run_id} merged no ticket.", "There is nothing to apply.")
        merge = partial(
            self._workspace(run).apply,
            branch=run.base_branch,
            commit_message=f"Merge slop_qt run {run.run_id}: {run.title}",
            planning_message=f"chore(conductor): Add new track '{run.title}'",
        )
        commit = await self._parts.offload.run(merge)
        event = Applied(run_id=run.run_id, commit=commit)
        await self._parts.feed.caught_up(await publish_durably(self._parts.sink, event))
        await self._mark(run, run.track_id, commit)
        return commit

    async def _mark(self, run: RunState, track_id: str, applied: str) -> None:
        """Mark the plan. What fails there is told, and does not make the run one that is not applied."""
        try:
            unknown = await self._parts.offload.run(partial(self._mark_plan, run, track_id, applied))
        except SlopError as error:
            message = f"Run {run.run_id} is applied, but its plan could not be marked: {error.message}"
            self._parts.sink.publish(Fault(run_id=run.run_id, where="plan", message=message, hint=error.hint))
            return
        if unknown:
            message = (
                f"Tasks that the plan of track {track_id} does not have could not be marked: {'; '.join(unknown)}."
            )
            hint = "Mark them yourself, or correct the tickets' plan tasks."
            self._parts.sink.publish(Fault(run_id=run.run_id, where="plan", message=message, hint=hint))

    def _mark_plan(self, run: RunState, track_id: str, applied: str) -> tuple[str, ...]:
        """Mark the tasks of finished tickets with their commits, and the track when all is done. Blocking.

        Returns those that the plan does not have.
        """
        workspace = self._workspace(run)
        folder = self._parts.folder
        named = [task for ticket in run.tickets.values() for task in ticket.plan_tasks]
        lines = folder.task_lines(track_id, named)
        for task, sha in _finished_tasks(run, lines, applied).items():
            folder.mark_tasks(track_id, {task: sha})
            workspace.commit_planning(f"conductor(plan): Mark task '{' '.join(task.split())}' as complete")
        if all(ticket.status is TicketStatus.DONE for ticket in run.tickets.values()):
            folder.set_status(track_id, TrackStatus.DONE)
            workspace.commit_planning(f"chore(conductor): Mark track '{run.title}' as complete")
        return tuple(dict.fromkeys(task for task in named if task not in lines))

    def _workspace(self, run: RunState) -> RunWorkspace:
        return RunWorkspace(self._parts.repository, self._parts.worktrees, run.run_id, run.base_commit or "")


def _finished_tasks(run: RunState, lines: Mapping[str, int], applied: str) -> Mapping[str, str]:
    """The plan's tasks that are finished, each with its commit; lines says where in the plan each stands.

    One is finished when every ticket that covers it is, under whichever name. Its commit is the last of their merges;
    where none of them changed anything, it is the run's own: that is where their verification held.
    """
    unfinished = {
        lines.get(task)
        for ticket in run.tickets.values()
        if ticket.status is not TicketStatus.DONE
        for task in ticket.plan_tasks
    }
    changeless = [ticket_id for ticket_id in run.tickets if ticket_id not in run.merged]
    commits = {**dict.fromkeys(changeless, applied), **run.merged}
    finished: dict[int, tuple[str, str]] = {}
    for ticket_id, sha in commits.items():
        for task in run.tickets[ticket_id].plan_tasks:
            if task in lines and lines[task] not in unfinished:
                finished[lines[task]] = (task, sha)
    return dict(finished.values())
