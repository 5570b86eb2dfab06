"""`plan` and `run` without a window."""

import asyncio
import sys
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any, TextIO

from PySide6.QtCore import QCoreApplication

from slop_qt.core.approvals import Approval
from slop_qt.core.errors import ConfigurationError, SlopError, UsageError
from slop_qt.core.state import RunState
from slop_qt.engine import Engine
from slop_qt.headless.asking import NobodyThere, TerminalDesk, what_would_pass
from slop_qt.headless.progress import JsonLines, ProgressLines, summary_lines
from slop_qt.launch import LaunchOptions, settings_for
from slop_qt.mma import commands, shapes
from slop_qt.mma.session import Session
from slop_qt.qt.main_loop import MainLoop

__all__ = ["Job", "RunJob", "exit_code_for", "plan", "run", "run_headless"]

Job = Callable[[Engine], Coroutine[Any, Any, int]]


@dataclass(frozen=True, slots=True)
class RunJob:
    """What `slop-qt run` was asked to do: one track, or an epic and all its tracks."""

    track: str | None = None
    epic: str | None = None
    budget_usd: float | None = None
    apply: bool = False
    json: bool = False


def exit_code_for(error: SlopError) -> int:
    """2 wrong usage, 3 configuration or key missing, else 1."""
    if isinstance(error, UsageError):
        return 2
    return 3 if isinstance(error, ConfigurationError) else 1


def run_headless(options: LaunchOptions, job: Job, *, json: bool = False, may_ask: bool = True) -> int:
    """Open the project, do the job, and shut down in order. Returns the exit code.

    Raises:
        SlopError: the settings or options do not hold; nothing was opened.
    """
    settings = settings_for(options)
    application = QCoreApplication.instance() or QCoreApplication(["slop-qt"])
    main_loop = MainLoop(application)
    engine = Engine(options, settings, main_loop, headless=True)

    async def main() -> list[str]:
        try:
            await engine.start()
        except SlopError as error:
            return await _fail(engine, main_loop, error)
        out = sys.stderr if json else sys.stdout
        json_lines = JsonLines(main_loop.loop) if json else None
        if json_lines is not None:
            engine.bus.subscribe_committed(json_lines.take)
        else:
            engine.feed.subscribe(ProgressLines(engine.feed.state, out).hear)
        terminal = _listen_for_decisions(engine, main_loop) if may_ask else None
        main_loop.start(_work(engine, main_loop, job))
        await main_loop.until_quit()
        if terminal is not None:
            terminal.close()
        alive = await engine.shutdown()
        if json_lines is not None:
            json_lines.flush()
        return alive

    return main_loop.run(main, engine.emergency_close)


def plan(epic: str) -> Job:
    """Tier 1 and Tier 2: tracks and their tickets, accepted at once."""

    async def job(engine: Engine) -> int:
        planned = await engine.registry.call(commands.EPIC_PLAN, shapes.PlanEpic(text=epic))
        for track in planned.tracks:
            tickets = await engine.registry.call(commands.TRACK_PLAN, shapes.TrackRef(track_id=track.id))
            print(f"{track.id}: {track.title}")  # noqa: T201
            for ticket in tickets.tickets:
                needs = f" (after {', '.join(ticket.depends_on)})" if ticket.depends_on else ""
                print(f"  {ticket.id}: {ticket.title}{needs}")  # noqa: T201
        return 0

    return job


def run(what: RunJob) -> Job:
    """A track, or an epic's tracks one after another, each as a run of its own."""

    async def job(engine: Engine) -> int:
        out = sys.stderr if what.json else sys.stdout
        track_ids = [what.track] if what.track else await _planned(engine, what.epic or "")
        base: str | None = None
        for track_id in track_ids:
            assert engine.session is not None
            ended = await run_track(engine, engine.session, shapes.StartRun(track_id=track_id), what, base, out)
            if ended.status != "done":
                return 1
            if what.apply:
                applied = await engine.registry.call(commands.RUN_APPLY, shapes.RunRef(run_id=ended.run_id))
                print(f"Applied as {applied.commit}.", file=out)
            else:
                base = f"slop/{ended.run_id}/integration"
        return 0

    return job


async def run_track(
    engine: Engine, session: Session, start: shapes.StartRun, what: RunJob, base: str | None, out: TextIO
) -> RunState:
    """One run to its end, with its summary printed to out."""
    start = start.model_copy(update={"budget_usd": what.budget_usd})
    run_id = await session.start_run(start, base)
    await engine.registry.call(commands.RUN_WAIT, shapes.WaitRun(run_id=run_id))
    diff = await engine.registry.call(commands.RUN_DIFF, shapes.DiffRun(run_id=run_id))
    ended = engine.feed.state.runs[run_id]
    for line in summary_lines(ended, _stat(diff.diff)):
        print(line, file=out)
    return ended


async def _planned(engine: Engine, epic: str) -> list[str]:
    planned = await engine.registry.call(commands.EPIC_PLAN, shapes.PlanEpic(text=epic))
    for track in planned.tracks:
        await engine.registry.call(commands.TRACK_PLAN, shapes.TrackRef(track_id=track.id))
    return [track.id for track in planned.tracks]


async def _work(engine: Engine, main_loop: MainLoop, job: Job) -> None:
    try:
        code = await job(engine)
    except SlopError as error:
        if not main_loop.quitting:
            print(f"slop-qt: {error}", file=sys.stderr)  # noqa: T201
        code = exit_code_for(error)
    except asyncio.CancelledError:
        main_loop.request_quit(1)
        raise
    except BaseException:
        main_loop.request_quit(1)
        raise
    main_loop.request_quit(code)


async def _fail(engine: Engine, main_loop: MainLoop, error: SlopError) -> list[str]:
    print(f"slop-qt: {error}", file=sys.stderr)  # noqa: T201
    main_loop.request_quit(exit_code_for(error))
    return await engine.shutdown()


def _listen_for_decisions(engine: Engine, main_loop: MainLoop) -> TerminalDesk | None:
    state = engine.feed.state
    if sys.stdin is not None and sys.stdin.isatty():
        terminal = TerminalDesk(state, engine.registry, main_loop.loop)
        engine.feed.subscribe(terminal.hear)
        return terminal
    if engine.socket is None:

        def give_up(approval: Approval) -> None:
            if not main_loop.quitting:
                message = f"{approval.title}: this waits for a decision, and nobody can be asked here."
                print(f"slop-qt: {message} {what_would_pass(approval)}", file=sys.stderr)  # noqa: T201
                main_loop.request_quit(3)

        engine.feed.subscribe(NobodyThere(state, give_up).hear)
    return None


def _stat(diff: str) -> str:
    lines = diff.splitlines()
    files = sum(1 for line in lines if line.startswith("diff --git "))
    added = sum(1 for line in lines if line.startswith("+") and not line.startswith("+++"))
    removed = sum(1 for line in lines if line.startswith("-") and not line.startswith("---"))
    return f"{files} files changed, {added} lines added, {removed} removed." if files else "Nothing changed."
