"""One open project: its planning, runs and applying, and the commands by which all of it is driven."""

import asyncio
from collections.abc import Sequence

from slop_qt.core.approvals import ApprovalState, DecidedBy, Mode
from slop_qt.core.errors import NotPossibleError, WaitTimedOutError
from slop_qt.core.events import ApprovalResolved, RunEnded
from slop_qt.core.settings import Rule
from slop_qt.core.state import Changes, RunState
from slop_qt.core.tickets import Ticket
from slop_qt.mma import commands, queries, shapes
from slop_qt.mma.applying import Applying
from slop_qt.mma.budget import Budget, spent_by_day
from slop_qt.mma.budget_desk import BudgetDesk
from slop_qt.mma.command_registry import CommandRegistry
from slop_qt.mma.context_desk import ContextDesk
from slop_qt.mma.context_texts import ContextTexts
from slop_qt.mma.forecasting import Forecasting
from slop_qt.mma.plan_desk import PlanDesk
from slop_qt.mma.planning import Planning
from slop_qt.mma.planning_runs import PlanningRuns
from slop_qt.mma.reading import Reading
from slop_qt.mma.remembering import Remembering
from slop_qt.mma.revising import Revising
from slop_qt.mma.run_order import RunOrder
from slop_qt.mma.runs import Runs
from slop_qt.mma.session_parts import SessionParts

__all__ = ["Session"]

_INTERRUPTED = "The application ended while it was under way."


class Session:
    """What the commands of the registry do. Lives in the main thread's loop.

    base_commit of `start_run` aside, everything is what the automation protocol says of the methods.
    """

    def __init__(self, parts: SessionParts) -> None:
        self._parts = parts
        self._state = parts.feed.state
        self._reading = Reading(lambda: parts.feed.state)
        budget = Budget(
            sink=parts.sink,
            offload=parts.offload,
            worst_case=parts.worst_case,
            limits=lambda: parts.settings.budget,
            spent=spent_by_day(self._state.runs.values()),
        )
        self._planning_runs = PlanningRuns(parts, budget)
        self._runs = Runs(parts, budget)
        self._budget_desk = BudgetDesk(parts, budget, self._runs)
        self._planning = Planning(parts, self._planning_runs, self._runs)
        self._applying = Applying(parts)
        self._plan_desk = PlanDesk(parts, self._planning.write_tickets)
        self._context_texts = ContextTexts(parts, self._run)
        self._forecasting = Forecasting(parts)
        self._context_desk = ContextDesk(parts, self._runs)
        self._remembering = Remembering(parts.preferences, parts.offload, parts.desk)
        self._revising = Revising(parts, self._planning_runs, self._applying)

    def register(self, registry: CommandRegistry) -> None:
        """Attach every command of a project."""
        registry.register(commands.EPIC_PLAN, self._plan_epic)
        registry.register(commands.EPIC_PROPOSE, self._propose)
        registry.register(commands.EPIC_ACCEPT, self._accept)
        registry.register(commands.TRACK_LIST, self._tracks)
        registry.register(commands.TRACK_SHOW, self._show_track)
        registry.register(commands.TRACK_PLAN, self._plan_track)
        registry.register(commands.TRACK_SET_TICKETS, self._set_tickets)
        self._plan_desk.register(registry)
        registry.register(commands.RUN_START, self._start)
        registry.register(commands.RUN_PAUSE, self._pause)
        registry.register(commands.RUN_RESUME, self._resume)
        registry.register(commands.RUN_CANCEL, self._cancel)
        registry.register(commands.RUN_WAIT, self._wait)
        registry.register(commands.RUN_DIFF, self._diff)
        registry.register(commands.RUN_APPLY, self._apply)
        registry.register(commands.APPROVALS_RESOLVE, self._resolve)
        self._reading.register(registry)
        self._context_texts.register(registry)
        self._budget_desk.register(registry)
        self._forecasting.register(registry)
        self._context_desk.register(registry)
        self._revising.register(registry)

    def close_interrupted(self) -> None:
        """Say of runs and approvals of an earlier process, which nobody works on any more, that they are over."""
        for run in self._state.runs.values():
            if run.ended:
                continue
            for approval in run.pending_approvals:
                update = {"state": ApprovalState.EXPIRED, "by": DecidedBy.POLICY, "note": _INTERRUPTED}
                resolved = ApprovalResolved(run_id=run.run_id, approval=approval.model_copy(update=update))
                self._parts.sink.publish(resolved)
            reason = f"{_INTERRUPTED} What was merged is kept on slop/{run.run_id}/integration."
            self._parts.sink.publish(RunEnded(run_id=run.run_id, status="failed", reason=reason))

    def require_idle(self, what_for: str) -> None:
        """Raises NotPossibleError, which begins with what_for, where closing now would cut something short."""
        if (run_id := self._runs.under_way) is not None:
            reason, hint = f"run {run_id} is under way", "Wait for its end, or cancel it."
        elif (run_id := self._planning_runs.under_way) is not None:
            reason, hint = f"the planning {run_id} is under way", "Wait for its end, or cancel it."
        elif self._applying.under_way:
            reason, hint = "a run is being applied", "Ask again in a moment."
        elif self._runs.writing:
            reason, hint = "tickets are being written", "Ask again in a moment."
        else:
            return
        raise NotPossibleError(f"{what_for}: {reason} in {self._parts.project}.", hint)

    async def close(self) -> None:
        """Cancel every agent and wait for their ends."""
        await asyncio.gather(self._planning_runs.close(), self._runs.close())
        await self._remembering.close()

    async def start_run(
        self, params: shapes.StartRun, base_commit: str | None = None, *, budget_tokens: int | None = None
    ) -> str:
        """As run.start, perhaps from another commit than the person's HEAD, and with a limit in tokens."""
        track = await self._parts.track(params.track_id)
        settings = self._parts.settings
        return await self._runs.start(
            RunOrder(
                track=track,
                mode=params.mode or settings.mode,
                workers=params.workers or settings.limits.workers,
                budget_usd=params.budget_usd,
                budget_tokens=budget_tokens,
                base_commit=base_commit,
            )
        )

    def require_mode(self, mode: Mode) -> None:
        """Raises NotPossibleError where no run could start in that mode."""
        self._runs.require_mode(mode)

    async def require_providers(self, *tiers: int) -> None:
        """Raises ConfigurationError where the provider of one of these tiers, or a system prompt, cannot be used."""
        await self._parts.require_providers(*tiers)
        await self._parts.load_prompts()

    async def integration_head(self, run_id: str) -> str:
        """The commit that has all that a run merged: where the next one may start from."""
        return await self._applying.integration_head(self._state.runs[run_id])

    def relax(self, run_id: str, mode: Mode, rules: Sequence[Rule]) -> None:
        """Let more of the run pass from now on, what waits already included."""
        self._runs.relax(run_id, mode, tuple(rules))

    async def _plan_epic(self, params: shapes.PlanEpic, _: DecidedBy) -> shapes.TracksPlanned:
        run_id, drafts = await self._planning.propose_tracks(params.text)
        return shapes.TracksPlanned(run_id=run_id, tracks=await self._planning.accept_tracks(drafts))

    async def _propose(self, params: shapes.PlanEpic, _: DecidedBy) -> shapes.TracksProposed:
        run_id, drafts = await self._planning.propose_tracks(params.text)
        return shapes.TracksProposed(run_id=run_id, tracks=drafts)

    async def _accept(self, params: shapes.AcceptTracks, _: DecidedBy) -> shapes.TracksPlanned:
        return shapes.TracksPlanned(run_id=params.run_id, tracks=await self._planning.accept_tracks(params.tracks))

    async def _tracks(self, _params: shapes.Nothing, _: DecidedBy) -> shapes.Tracks:
        return shapes.Tracks(tracks=tuple(await self._parts.offload.run(self._parts.folder.tracks)))

    async def _show_track(self, params: shapes.TrackRef, _: DecidedBy) -> shapes.TrackShown:
        track = await self._parts.track(params.track_id)
        folder = self._parts.folder
        spec, plan, planned = await self._parts.offload.run(
            lambda: (folder.spec(track.id), folder.plan(track.id), folder.tickets(track.id))
        )
        tickets = queries.with_run_state(self._state, track.id, planned)
        return shapes.TrackShown(track=track, spec=spec, plan=plan, tickets=tickets)

    async def _plan_track(self, params: shapes.TrackRef, _: DecidedBy) -> shapes.TicketsPlanned:
        track = await self._parts.track(params.track_id)
        run_id, tickets = await self._planning.plan_tickets(track)
        return shapes.TicketsPlanned(run_id=run_id, tickets=tuple(Ticket(**spec.model_dump()) for spec in tickets))

    async def _set_tickets(self, params: shapes.SetTickets, _: DecidedBy) -> shapes.TicketsSet:
        track = await self._parts.track(params.track_id)
        specs = params.specs()
        await self._planning.write_tickets(track.id, specs)
        return shapes.TicketsSet(tickets=tuple(Ticket(**spec.model_dump()) for spec in specs))

    async def _start(self, params: shapes.StartRun, _: DecidedBy) -> shapes.RunStarted:
        return shapes.RunStarted(run_id=await self.start_run(params))

    async def _pause(self, params: shapes.RunRef, _: DecidedBy) -> shapes.RunStatusResult:
        run = self._run(params)
        await self._parts.feed.caught_up(self._runs.pause(run.run_id))
        return shapes.RunStatusResult(status=run.status)

    async def _resume(self, params: shapes.ResumeRun, _: DecidedBy) -> shapes.RunStatusResult:
        run = self._run(params)
        await self._parts.feed.caught_up(self._runs.resume(run.run_id, params.budget_usd))
        return shapes.RunStatusResult(status=run.status)

    async def _cancel(self, params: shapes.RunRef, _: DecidedBy) -> shapes.RunStatusResult:
        run = self._run(params)
        if self._planning_runs.cancel(run.run_id):
            await self._ended(run)
        else:
            await self._runs.cancel(run.run_id)
        return shapes.RunStatusResult(status=run.status)

    async def _wait(self, params: shapes.WaitRun, _: DecidedBy) -> shapes.MmaStatus:
        run = self._run(params)
        try:
            async with asyncio.timeout(params.timeout_s):
                await self._ended(run)
        except TimeoutError:
            message = f"Run {run.run_id} has not ended after {params.timeout_s:g} s: it is {run.status}."
            raise WaitTimedOutError(message, state=queries.status_of(run).model_dump(mode="json")) from None
        return queries.status_of(run)

    async def _diff(self, params: shapes.DiffRun, _: DecidedBy) -> shapes.Diff:
        run = self._run(params)
        working = self._runs.repository(run.run_id)
        return shapes.Diff(diff=await self._applying.diff(run, params.ticket_id, working))

    async def _apply(self, params: shapes.RunRef, _: DecidedBy) -> shapes.Commit:
        return shapes.Commit(commit=await self._applying.apply(self._run(params)))

    async def _resolve(self, params: shapes.ResolveApproval, by: DecidedBy) -> shapes.ApprovalResult:
        if params.remember:
            approval, seq = await self._remembering.resolve(params, by)
        else:
            approval, seq = self._parts.desk.resolve(
                params.id, params.decision, edited=params.edited, note=params.note, by=by
            )
        await self._parts.feed.caught_up(seq)
        return shapes.ApprovalResult(approval=approval)

    def _run(self, params: shapes.RunRef) -> RunState:
        return self._reading.run(params)

    async def _ended(self, run: RunState) -> None:
        """Return when the run has ended in the state."""
        if run.ended:
            return
        ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()

        def look(_: Changes) -> None:
            if run.ended and not ended.done():
                ended.set_result(None)

        self._parts.feed.subscribe(look)
        try:
            await ended
        finally:
            self._parts.feed.unsubscribe(look)
