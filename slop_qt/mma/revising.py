"""Tier 2 again, in the middle of a track: what has not started is planned anew with what has been learnt."""

from functools import partial

from slop_qt.agents.prompts import Revision, revision_prompt
from slop_qt.core.approvals import DecidedBy
from slop_qt.core.errors import NotPossibleError, StoreError, WorkspaceError
from slop_qt.core.planning_basis import PlanningBasis
from slop_qt.core.state import RunState
from slop_qt.core.tickets import TicketSpec
from slop_qt.mma import commands, queries
from slop_qt.mma.applying import Applying
from slop_qt.mma.command_registry import CommandRegistry
from slop_qt.mma.lessons import stories
from slop_qt.mma.plan_shapes import ReviseTrack, TicketsRevised
from slop_qt.mma.planning_runs import PlanningRun, PlanningRuns
from slop_qt.mma.session_parts import SessionParts
from slop_qt.store.conductor.tracks import StoredTrack
from slop_qt.tools.submit_tickets import SubmitTicketsArguments

__all__ = ["Revising"]


class Revising:
    """Has the rest of a track's tickets revised, while a run goes on or afterwards. Lives in the main thread's loop.

    Nothing is written: the answer is a proposal, to be saved as any other edit of the tickets.
    """

    def __init__(self, parts: SessionParts, runs: PlanningRuns, applying: Applying) -> None:
        self._parts = parts
        self._runs = runs
        self._applying = applying

    def register(self, registry: CommandRegistry) -> None:
        """Attach the command."""
        registry.register(commands.TRACK_REVISE, self._revise)

    async def _revise(self, params: ReviseTrack, _: DecidedBy) -> TicketsRevised:
        track = await self._parts.track(params.track_id)
        stored = await self._parts.offload.run(partial(self._parts.folder.read_track, track.id))
        problem = stored.tickets_problem or stored.spec.problem or stored.plan.problem
        if problem is not None:
            raise StoreError(problem)
        if not stored.tickets:
            raise NotPossibleError(f"Track {track.id} has no tickets to revise.", "Plan its tickets first.")

        async def work(run: PlanningRun) -> tuple[TicketSpec, ...]:
            return await self._ask(run, stored, params.wish)

        run_id, tickets = await self._runs.carry_out(f"Revised tickets for {track.title}", 2, work, track.id)
        return TicketsRevised(
            run_id=run_id,
            track_id=track.id,
            before=stored.tickets,
            tickets=tickets,
            base_digest=stored.tickets_digest,
        )

    async def _ask(self, run: PlanningRun, stored: StoredTrack, wish: str) -> tuple[TicketSpec, ...]:
        track, before, spec, plan = stored.track, stored.tickets, stored.spec.text, stored.plan.text
        material = await self._runs.material()
        newest = queries.newest_run_of(self._parts.feed.state, track.id)
        merged = await self._merged(newest)
        learnt = stories(newest, before)
        fixed = {story.ticket.id for story in learnt if story.fixed}
        basis = PlanningBasis(plan=plan, fixed=tuple(ticket for ticket in before if ticket.id in fixed))
        prompt = revision_prompt(track, spec, plan, material, Revision(learnt, merged, wish))
        answer = await self._runs.ask(run, prompt, SubmitTicketsArguments, basis=basis, track=track)
        return tuple(ticket.spec() for ticket in answer.tickets)

    async def _merged(self, run: RunState | None) -> str:
        """The diff of what the person's files do not have yet."""
        if run is None or not run.merged or run.applied_commit is not None:
            return ""
        try:
            return await self._applying.diff(run, None, None)
        except WorkspaceError as error:  # its branch may be gone; the summaries are not
            return f"It cannot be shown: {error.message}"
