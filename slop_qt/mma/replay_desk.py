"""The commands of a recording: what can be read of it is answered, everything else refused in one sentence."""

from pathlib import Path
from typing import Any

from slop_qt.core.approvals import DecidedBy
from slop_qt.core.budgets import BudgetStanding
from slop_qt.core.errors import NotFoundError, NotPossibleError, SlopError
from slop_qt.core.events import RunPrepared, RunStarted
from slop_qt.core.ports import Offload
from slop_qt.core.shape import Shape
from slop_qt.core.tickets import TicketSpec
from slop_qt.core.tracks import Track
from slop_qt.mma import commands, plan_shapes, queries, shapes
from slop_qt.mma.budget_desk import spent_scope
from slop_qt.mma.command_registry import CommandRegistry
from slop_qt.mma.playback import Playback
from slop_qt.mma.reading import Reading
from slop_qt.mma.recording import Recording
from slop_qt.store.conductor.folder import ConductorFolder

__all__ = ["ReplayDesk", "recorded_track_id"]

_HINT = "Open its project with slop-qt to work on it."


def recorded_track_id(recording: Recording) -> str | None:
    """The track that was run or planned; None for the planning of an epic."""
    for event in recording.events:
        if isinstance(event, RunStarted) and event.track_id is not None:
            return event.track_id
        if isinstance(event, RunPrepared):
            return event.planned_track_id
    return None


class ReplayDesk:
    """Answers from the state at the position that is played, and from the project's conductor/ as it is now, where
    that is still there. Lives in the main thread's loop.
    """

    def __init__(self, playback: Playback, project: Path | None, offload: Offload) -> None:
        """project is the folder that the run was in; None where nobody knows it any more."""
        self._playback = playback
        self._recording = playback.recording
        self._folder = ConductorFolder(project) if project is not None and project.is_dir() else None
        self._offload = offload
        self._reading = Reading(lambda: playback.state)
        self._refusal = f"This is a recording of run {self._recording.run_id}: nothing is sent or executed."

    def register(self, registry: CommandRegistry) -> None:
        """Attach every command there is."""
        for command in commands.ALL_COMMANDS:
            registry.register(command, self._refuse)
        self._reading.register(registry)
        registry.register(commands.TRACK_LIST, self._list_tracks)
        registry.register(commands.TRACK_SHOW, self._show_track)
        registry.register(commands.TRACK_READ, self._read_track)
        registry.register(commands.BUDGET_SHOW, self._show_budget)

    async def _refuse(self, _params: Shape, _: DecidedBy) -> Any:
        raise NotPossibleError(self._refusal, _HINT)

    async def _list_tracks(self, _params: shapes.Nothing, _: DecidedBy) -> shapes.Tracks:
        return shapes.Tracks(tracks=tuple(await self._tracks()))

    async def _show_track(self, params: shapes.TrackRef, _: DecidedBy) -> shapes.TrackShown:
        track, spec, plan, planned = await self._track(params.track_id)
        tickets = queries.with_run_state(self._playback.state, track.id, planned)
        return shapes.TrackShown(track=track, spec=spec, plan=plan, tickets=tickets)

    async def _read_track(self, params: shapes.TrackRef, _: DecidedBy) -> plan_shapes.TrackDocuments:
        """To be read only: each part says that it is one of a recording."""
        track, spec, plan, planned = await self._track(params.track_id)
        return plan_shapes.TrackDocuments(
            track=track,
            spec=plan_shapes.Document(text=spec, digest="", problem=self._refusal),
            plan=plan_shapes.Document(text=plan, digest="", problem=self._refusal),
            tickets=planned,
            tickets_digest="",
            tickets_problem=self._refusal,
        )

    async def _show_budget(self, params: shapes.RunRef, _: DecidedBy) -> BudgetStanding:
        if params.run_id is None and self._playback.state.newest_run is None:
            return BudgetStanding()
        run = self._reading.run(params)
        return BudgetStanding(run_id=run.run_id, run=spent_scope(run))

    async def _tracks(self) -> list[Track]:
        """Those of the folder, and the recorded one, if it is not there any more."""
        found: list[Track] = []
        if self._folder is not None:
            try:
                found = await self._offload.run(self._folder.tracks)
            except SlopError:
                found = []  # the recording does not depend on what became of the folder
        recorded = recorded_track_id(self._recording)
        if recorded is not None and all(track.id != recorded for track in found):
            found.append(self._recorded_track(recorded))
        return found

    async def _track(self, track_id: str) -> tuple[Track, str, str, tuple[TicketSpec, ...]]:
        """A track with its spec, its plan and its tickets: those of the recorded one as the run began with them."""
        tracks = await self._tracks()
        track = next((each for each in tracks if each.id == track_id), None)
        if track is None:
            known = ", ".join(each.id for each in tracks) or "none"
            raise NotFoundError(f"There is no track {track_id}.", f"Tracks: {known}.")
        spec, plan, planned = await self._offload.run(lambda: self._files_of(track_id))
        return track, spec, plan, self._recorded_tickets(track_id) or planned

    def _files_of(self, track_id: str) -> tuple[str, str, tuple[TicketSpec, ...]]:
        """Called in the helper pool."""
        if self._folder is None:
            return "", "", ()
        try:
            return self._folder.spec(track_id), self._folder.plan(track_id), self._folder.tickets(track_id)
        except SlopError:
            return "", "", ()

    def _recorded_tickets(self, track_id: str) -> tuple[TicketSpec, ...]:
        if track_id != recorded_track_id(self._recording):
            return ()
        return next((event.tickets for event in self._recording.events if isinstance(event, RunPrepared)), ())

    def _recorded_track(self, track_id: str) -> Track:
        prepared = (event for event in self._recording.events if isinstance(event, RunPrepared))
        title = next((event.title for event in prepared), "") or track_id
        folder = f"conductor/tracks/{track_id}"
        return Track(id=track_id, title=title, spec_path=f"{folder}/spec.md", plan_path=f"{folder}/plan.md")
