"""Tier 1 and Tier 2: from an epic to tracks, from a track to tickets, each as a planning run of its own."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from datetime import UTC, datetime
from functools import partial
from typing import Any, TypeVar

from slop_qt.agents.context_builder import outline
from slop_qt.agents.loop import run_agent
from slop_qt.agents.prompts import epic_prompt, system_prompt, track_prompt
from slop_qt.agents.request import AgentRequest
from slop_qt.core.durability import publish_durably
from slop_qt.core.errors import NotPossibleError, ProviderError
from slop_qt.core.events import Fault, RunEnded, RunPrepared, RunStarted, RunStatus
from slop_qt.core.streams import stream_name
from slop_qt.core.tickets import TicketSpec
from slop_qt.core.tracks import Track, TrackDraft
from slop_qt.mma.gate import RunGate
from slop_qt.mma.runs import Runs
from slop_qt.mma.session_parts import SessionParts, new_run_id
from slop_qt.tools.answers import SubmitTicketsArguments, SubmitTracksArguments

__all__ = ["Planning"]

T = TypeVar("T")


class Planning:
    """Runs the planning tiers. Lives in the main thread's loop.

    A caller that is cancelled leaves the planning to its end; `cancel` ends it.
    """

    def __init__(self, parts: SessionParts, door: Runs) -> None:
        """`door` is by which tickets are written."""
        self._parts = parts
        self._door = door
        self._working: dict[str, asyncio.Task[Any]] = {}
        self._ending: dict[str, asyncio.Task[Any]] = {}

    async def propose_tracks(self, epic: str) -> tuple[str, tuple[TrackDraft, ...]]:
        """Have Tier 1 cut the epic. Nothing is written.

        Raises:
            ConfigurationError: its provider cannot be used.
            ProviderError: Tier 1 gave no answer that can be used.
            NotPossibleError: it was cancelled.
        """

        async def work(run_id: str, gate: RunGate) -> tuple[TrackDraft, ...]:
            tracks = await self._parts.offload.run(self._parts.folder.tracks)
            prompt = epic_prompt(epic, await self._outline(), tracks)
            answer = await self._ask(run_id, gate, tier=1, track=None, prompt=prompt)
            if not isinstance(answer, SubmitTracksArguments):
                raise TypeError(f"Tier 1 answered with {type(answer).__name__}")
            fields = set(TrackDraft.model_fields)
            return tuple(TrackDraft(**track.model_dump(include=fields)) for track in answer.tracks)

        return await self._as_run(epic, 1, work)

    async def accept_tracks(self, drafts: Sequence[TrackDraft]) -> tuple[Track, ...]:
        """Write the tracks to conductor/."""
        today = datetime.now(UTC).date()
        folder = self._parts.folder
        return await self._parts.offload.run(lambda: tuple(folder.add_track(draft, today) for draft in drafts))

    async def plan_tickets(self, track: Track) -> tuple[str, tuple[TicketSpec, ...]]:
        """Have Tier 2 cut the track, and write its tickets.json.

        Raises:
            ConfigurationError: its provider cannot be used.
            ProviderError: Tier 2 gave no answer that can be used.
            NotPossibleError: it was cancelled.
        """

        async def work(run_id: str, gate: RunGate) -> tuple[TicketSpec, ...]:
            spec = await self._parts.offload.run(partial(self._parts.folder.spec, track.id))
            plan = await self._parts.offload.run(partial(self._parts.folder.plan, track.id))
            prompt = track_prompt(track, spec, plan, await self._outline())
            answer = await self._ask(run_id, gate, tier=2, track=track.title, prompt=prompt)
            if not isinstance(answer, SubmitTicketsArguments):
                raise TypeError(f"Tier 2 answered with {type(answer).__name__}")
            fields = set(TicketSpec.model_fields)
            tickets = tuple(TicketSpec(**ticket.model_dump(include=fields)) for ticket in answer.tickets)
            await self.write_tickets(track.id, tickets)
            return tickets

        return await self._as_run(f"Tickets for {track.title}", 2, work)

    async def write_tickets(self, track_id: str, tickets: Sequence[TicketSpec]) -> None:
        """Replace the track's tickets, also in the run that works on them.

        Raises:
            InvalidInputError: a cycle, an unknown dependency or a duplicate id, with its name.
            NotPossibleError: a run has started or ended what they change or leave out.
        """
        set_tickets = partial(self._parts.folder.set_tickets, track_id, tickets)
        await self._door.write_tickets(track_id, tickets, lambda: self._parts.offload.run(set_tickets))

    def cancel(self, run_id: str) -> bool:
        """Cancel a planning run; False if there is none of that id under way."""
        work = self._working.get(run_id)
        return work is not None and (bool(work.cancelling()) or work.cancel())

    async def close(self) -> None:
        """Cancel what is under way and wait for its end."""
        for run_id in tuple(self._working):
            self.cancel(run_id)
        if self._ending:
            await asyncio.wait(self._ending.values())

    async def _ask(self, run_id: str, gate: RunGate, *, tier: int, track: str | None, prompt: str) -> object:
        parts = self._parts
        request = AgentRequest(
            run_id=run_id,
            stream_id=stream_name(tier),
            tier=tier,
            track=track,
            ticket=None,
            attempt=1,
            choice=parts.settings.tiers[tier],
            root=parts.project,
            system=system_prompt(tier),
            prompt=prompt,
            limits=parts.settings.limits,
        )
        outcome = await parts.lanes.run(partial(run_agent, request, parts.services(gate)), name=stream_name(tier))
        if outcome.answer is None:
            raise ProviderError(
                f"{stream_name(tier)} gave no answer that can be used: {outcome.error}",
                "Its stream has everything it said; plan again, or choose another model for this tier.",
            )
        return outcome.answer

    async def _outline(self) -> str:
        return outline(await self._parts.offload.run(self._parts.repository.files))

    async def _as_run(
        self, title: str, tier: int, work: Callable[[str, RunGate], Coroutine[Any, Any, T]]
    ) -> tuple[str, T]:
        parts = self._parts
        await parts.require_providers(tier)
        run_id = new_run_id()
        mode = parts.settings.mode
        gate = RunGate(parts.sink, parts.desk, mode, parts.settings.rules)
        parts.sink.publish(RunStarted(run_id=run_id, track_id=None, mode=mode, workers=1))
        parts.sink.publish(RunPrepared(run_id=run_id, title=title))
        working = asyncio.create_task(work(run_id, gate), name=f"planning {run_id}")
        ending = asyncio.create_task(self._to_its_end(run_id, working), name=f"end of planning {run_id}")
        self._working[run_id], self._ending[run_id] = working, ending
        ending.add_done_callback(partial(self._forget, run_id))
        return run_id, await asyncio.shield(ending)

    def _forget(self, run_id: str, ending: asyncio.Task[Any]) -> None:
        del self._working[run_id], self._ending[run_id]
        if not ending.cancelled():
            ending.exception()  # seen: whoever asked may have gone, and the run's own events say how it ended

    async def _to_its_end(self, run_id: str, work: Awaitable[T]) -> T:
        """Never cancelled itself: what began as a run also ends as one."""
        status: RunStatus = "failed"
        reason: str | None = None
        try:
            result = await work
            status = "done"
        except asyncio.CancelledError:
            status, reason = "cancelled", "It was cancelled."
            raise NotPossibleError(f"The planning {run_id} was cancelled.") from None
        except Exception as error:
            reason = str(error)
            hint = getattr(error, "hint", "")
            message = getattr(error, "message", reason)
            self._parts.sink.publish(Fault(run_id=run_id, where="planning", message=message, hint=hint))
            raise
        finally:
            ended = RunEnded(run_id=run_id, status=status, reason=reason)
            await self._parts.feed.caught_up(await publish_durably(self._parts.sink, ended))
        return result
