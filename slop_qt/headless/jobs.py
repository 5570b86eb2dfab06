"""What can be done without a window: `plan`, and `run` with a track or an epic."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from slop_qt.core.errors import ConfigurationError, NotPossibleError
from slop_qt.core.forecast import Forecast
from slop_qt.core.state import RunState
from slop_qt.core.tracks import Track
from slop_qt.engine import Engine
from slop_qt.headless.forecast_lines import forecast_line, forecast_lines
from slop_qt.headless.kept_answer import answers_kept
from slop_qt.headless.main import Job
from slop_qt.headless.summary import summary_lines
from slop_qt.headless.words import one_line
from slop_qt.mma import commands, shapes
from slop_qt.mma.plan_shapes import ForecastTrack
from slop_qt.mma.session import Session

__all__ = ["RunJob", "Say", "plan", "run", "say_nothing"]

# Where a job's own lines for people go.
Say = Callable[[Sequence[str]], None]


@dataclass(frozen=True, slots=True)
class RunJob:
    """What `slop-qt run` was asked to do: one track, or an epic and all its tracks."""

    track: str | None = None
    epic: str | None = None
    budget_usd: float | None = None
    budget_tokens: int | None = None
    apply: bool = False


def plan(epic: str, say: Say) -> Job:
    """Tier 1 and Tier 2: tracks and their tickets, accepted at once."""

    async def job(engine: Engine) -> int:
        await _session(engine).require_providers(1, 2)
        for track in await _plan_epic(engine, epic):
            await _plan_track(engine, track, say)
            say(forecast_lines(await _forecast(engine, track.id)))
        return 0

    return job


def run(what: RunJob, say: Say) -> Job:
    """A track, or an epic's tracks one after another, each as a run of its own."""

    async def job(engine: Engine) -> int:
        await _require_ready(engine, what)
        if what.track is not None:
            return 0 if await _run_track(engine, what.track, what, None, say) is not None else 1
        base: str | None = None
        for track in await _plan_epic(engine, what.epic or ""):
            await _plan_track(engine, track, say)
            ended = await _run_track(engine, track.id, what, base, say)
            if ended is None:
                return 1
            if not what.apply:
                base = await _session(engine).integration_head(ended.run_id)
        return 0

    return job


def say_nothing(_lines: Sequence[str]) -> None:
    """Where standard output belongs to a program."""


async def _require_ready(engine: Engine, what: RunJob) -> None:
    """Fail before a token is paid for where the run could not start.

    Raises:
        ConfigurationError: a tier's provider cannot be used, or mode auto has no sandbox.
    """
    session = _session(engine)
    try:
        session.require_mode(engine.settings.mode)
    except NotPossibleError as error:
        raise ConfigurationError(error.message, error.hint) from error
    await session.require_providers(*((1, 2, 3, 4) if what.epic is not None else (3, 4)))


async def _plan_epic(engine: Engine, epic: str) -> tuple[Track, ...]:
    async with answers_kept(engine.answers, engine.offload):
        planned = await engine.registry.call(commands.EPIC_PLAN, shapes.PlanEpic(text=epic))
    return planned.tracks


async def _plan_track(engine: Engine, track: Track, say: Say) -> None:
    async with answers_kept(engine.answers, engine.offload):
        planned = await engine.registry.call(commands.TRACK_PLAN, shapes.TrackRef(track_id=track.id))
    lines = [one_line(f"Track {track.id}: {track.title}")]
    for ticket in planned.tickets:
        needs = f" (after {', '.join(ticket.depends_on)})" if ticket.depends_on else ""
        lines.append(f"    {one_line(f'{ticket.id}  {ticket.title}{needs}')}")
    say(lines)


async def _forecast(engine: Engine, track_id: str) -> Forecast:
    return await engine.registry.call(commands.TRACK_FORECAST, ForecastTrack(track_id=track_id))


async def _run_track(engine: Engine, track_id: str, what: RunJob, base: str | None, say: Say) -> RunState | None:
    """One run to its end, applied if that is wanted; None where it did not reach its goal."""
    if say is not say_nothing:
        say([forecast_line(await _forecast(engine, track_id))])
    start = shapes.StartRun(track_id=track_id, budget_usd=what.budget_usd)
    run_id = await _session(engine).start_run(start, base, budget_tokens=what.budget_tokens)
    await engine.registry.call(commands.RUN_WAIT, shapes.WaitRun(run_id=run_id))
    diff = await engine.registry.call(commands.RUN_DIFF, shapes.DiffRun(run_id=run_id))
    ended = engine.feed.state.runs[run_id]
    say(summary_lines(ended, diff.diff))
    branch = f"slop/{run_id}/integration"
    if ended.status != "done":
        say([f"What was merged is on the branch {branch}."] if ended.merged else [])
        return None
    if ended.merged and what.apply:
        applied = await engine.registry.call(commands.RUN_APPLY, shapes.RunRef(run_id=run_id))
        say([f"Applied to {ended.base_branch} as {applied.commit}."])
    elif ended.merged:
        say([f"Not applied: the work is on the branch {branch}."])
    return ended


def _session(engine: Engine) -> Session:
    assert engine.session is not None, "the engine has started"
    return engine.session
