"""Tier 1 and Tier 2: from an epic to tracks, from a track to tickets."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import partial

from slop_qt.agents.prompts import epic_prompt, track_prompt
from slop_qt.core.errors import ConflictError, NotPossibleError, UnusableAnswerError
from slop_qt.core.planning_basis import PlanningBasis
from slop_qt.core.tickets import TicketSpec
from slop_qt.core.tracks import Track, TrackDraft
from slop_qt.mma.planning_runs import PlanningRun, PlanningRuns
from slop_qt.mma.runs import Runs
from slop_qt.mma.session_parts import SessionParts
from slop_qt.tools.submit_tickets import SubmitTickets, SubmitTicketsArguments
from slop_qt.tools.submit_tracks import SubmitTracksArguments

__all__ = ["Planning"]


class Planning:
    """Has epics and tracks cut, and writes what is accepted. Lives in the main thread's loop."""

    def __init__(self, parts: SessionParts, runs: PlanningRuns, door: Runs) -> None:
        """`runs` is in what the tiers are asked, `door` by which tickets are written."""
        self._parts = parts
        self._runs = runs
        self._door = door

    async def propose_tracks(self, epic: str) -> tuple[str, tuple[TrackDraft, ...]]:
        """Have Tier 1 cut the epic. Nothing is written.

        Raises:
            ConfigurationError: its provider or prompt cannot be used.
            ProviderError: Tier 1 gave no answer that can be used; an UnusableAnswerError has what it gave.
            NotPossibleError: it was cancelled.
        """

        async def work(run: PlanningRun) -> tuple[TrackDraft, ...]:
            tracks = await self._parts.offload.run(self._parts.folder.tracks)
            prompt = epic_prompt(epic, await self._runs.material(), tracks)
            basis = PlanningBasis(titles=tuple(track.title for track in tracks))
            answer = await self._runs.ask(run, prompt, SubmitTracksArguments, basis=basis)
            return tuple(TrackDraft(**track.model_dump()) for track in answer.tracks)

        return await self._runs.carry_out(epic, 1, work)

    async def accept_tracks(self, drafts: Sequence[TrackDraft]) -> tuple[Track, ...]:
        """Write the tracks to conductor/."""
        today = datetime.now(UTC).date()
        folder = self._parts.folder
        return await self._parts.offload.run(lambda: tuple(folder.add_track(draft, today) for draft in drafts))

    async def plan_tickets(self, track: Track) -> tuple[str, tuple[TicketSpec, ...]]:
        """Have Tier 2 cut the track, and write its tickets.json.

        Raises:
            ConfigurationError: its provider or prompt cannot be used.
            ProviderError: Tier 2 gave no answer that can be used; an UnusableAnswerError has what it gave.
            NotPossibleError: it was cancelled.
        """

        async def work(run: PlanningRun) -> tuple[TicketSpec, ...]:
            before = await self._parts.offload.run(partial(self._parts.folder.read_track, track.id))
            spec = await self._parts.offload.run(partial(self._parts.folder.spec, track.id))
            plan = await self._parts.offload.run(partial(self._parts.folder.plan, track.id))
            prompt = track_prompt(track, spec, plan, await self._runs.material())
            basis = PlanningBasis(plan=plan)
            answer = await self._runs.ask(run, prompt, SubmitTicketsArguments, basis=basis, track=track)
            tickets = tuple(ticket.spec() for ticket in answer.tickets)
            await self._write_planned(track.id, tickets, before.tickets_digest)
            return tickets

        return await self._runs.carry_out(f"Tickets for {track.title}", 2, work, track.id)

    async def _write_planned(self, track_id: str, tickets: Sequence[TicketSpec], base_digest: str) -> None:
        """Write what Tier 2 planned, unless somebody has edited the tickets meanwhile: then both are kept."""
        try:
            await self.write_tickets(track_id, tickets, base_digest)
        except (ConflictError, NotPossibleError) as error:
            planned = [ticket.model_dump(mode="json") for ticket in tickets]
            raise UnusableAnswerError(
                f"What Tier 2 planned was not written: {error.message}",
                "Open it, and keep of it what you like; undo brings back what was there. Or plan again.",
                answer=json.dumps({"tickets": planned}, ensure_ascii=False),
                tool=SubmitTickets.name,
                track_id=track_id,
            ) from error

    async def write_tickets(self, track_id: str, tickets: Sequence[TicketSpec], base_digest: str | None = None) -> str:
        """Replace the track's tickets, also in the run that works on them. Returns the file's digest.

        Raises:
            InvalidInputError: a cycle, an unknown dependency or a duplicate id, with its name.
            ConflictError: base_digest is given, and tickets.json has been changed since.
            NotPossibleError: a run has started or ended what they change or leave out.
        """
        write = partial(self._parts.folder.set_tickets, track_id, tickets, base_digest)
        return await self._door.write_tickets(track_id, tickets, lambda: self._parts.offload.run(write))
