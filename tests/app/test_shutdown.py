"""Quit in every way, again and again, with 16 busy workers: nothing may be left behind and nothing may hang."""

import asyncio
import gc
import os
import signal
import subprocess
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path

import pytest
from PySide6.QtCore import QEvent
from PySide6.QtWidgets import QApplication
from simulation_support import until

from slop_qt.app import run_window
from slop_qt.core.approvals import ApprovalKind, Mode
from slop_qt.core.settings import Rule
from slop_qt.core.state import Changes
from slop_qt.engine import Engine
from slop_qt.headless.main import run_headless
from slop_qt.launch import LaunchOptions
from slop_qt.mma import commands, shapes
from slop_qt.store.conductor.folder import ConductorFolder
from slop_qt.store.journal import Journal

# In each of four ways, with a window and without one: a hundred in all. A window costs five times a run, and one in
# which all are busy five times an idle one: once in each way.
BUSY_RUNS, IDLE_WINDOWS, IDLE_RUNS = 2, 11, 11
QuitBy = Callable[[Engine, object], Callable[[], object]]
WORKERS = 16
TRACK = "busy_20261122"
SLEEP = f"sleep 1000.{os.getpid()}"  # nobody else on this machine sleeps for exactly that long


def git(folder: Path, *arguments: str) -> str:
    return subprocess.run(
        ["git", "-c", "user.name=t", "-c", "user.email=t@localhost", *arguments],
        cwd=folder,
        check=True,
        capture_output=True,
        text=True,
    ).stdout


def scenario() -> str:
    """Half of the workers stream for ever, a quarter runs commands, and a quarter has a provider that went silent."""
    turns = ["[defaults]\nchunk_chars = 8\nchunks_per_s = 200\n"]
    for number in range(WORKERS):
        lines = ["[[turn]]", "tier = 3", f'ticket = "T-{number:03}"']
        if number % 4 == 2:
            lines += ['text = "now a command"', "[[turn.tool]]", 'name = "run_command"']
            lines += [f'input = {{ command = "{SLEEP} & {SLEEP}" }}']
        elif number % 4 == 3:
            lines += ['text = "and then silence"', "[turn.fault]", 'kind = "hang"', "after_chunks = 1"]
        else:
            lines += [f'text = "{"word " * 8000}"']
        turns.append("\n".join(lines))
    return "\n".join(turns)


@pytest.fixture
def options(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> LaunchOptions:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    project = tmp_path / "project"
    project.mkdir()
    (project / "file.txt").write_text("content\n")
    git(project, "init", "--quiet", "--initial-branch=main")
    git(project, "add", "--all")
    git(project, "commit", "--quiet", "--message", "Start")
    write_track(project)
    script = tmp_path / "scenario.toml"
    script.write_text(scenario())
    return LaunchOptions(
        project=project,
        provider="scripted",
        scenario=script,
        data_dir=tmp_path / "data",
        automation=str(tmp_path / "s.sock"),
        mode=Mode.EDITS,
        workers=WORKERS,
        rules=(Rule(action="allow", kind=ApprovalKind.COMMAND),),
        settings_path=tmp_path / "settings.toml",
    )


def write_track(project: Path) -> None:
    from datetime import date

    from slop_qt.core.tickets import TicketSpec
    from slop_qt.core.tracks import TrackDraft

    folder = ConductorFolder(project)
    track = folder.add_track(TrackDraft(title="Busy", spec="# Spec\n", plan="# Plan\n"), date(2026, 11, 22))
    folder.set_tickets(
        track.id, [TicketSpec(id=f"T-{number:03}", title="Be busy", brief="b") for number in range(WORKERS)]
    )
    git(project, "add", "--all")
    git(project, "commit", "--quiet", "--message", "Plan")


async def when_all_are_busy(engine: Engine, then: Callable[[], object]) -> None:
    """Start the run, and do `then` in the moment in which every worker has sent something."""
    track = (await engine.registry.call(commands.TRACK_LIST, shapes.Nothing())).tracks[0]
    run_id = (await engine.registry.call(commands.RUN_START, shapes.StartRun(track_id=track.id))).run_id
    state = engine.feed.state

    def look(_: Changes) -> None:
        streams = state.runs[run_id].streams.values()
        calls = sum(1 for stream in streams for item in stream.items if item.kind == "tool_call")
        if len(streams) == WORKERS and all(stream.length for stream in streams) and calls == WORKERS // 4:
            engine.feed.unsubscribe(look)
            then()

    engine.feed.subscribe(look)


def children() -> list[str]:
    """The command lines of the workers' commands that are alive."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                command = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
            except OSError:
                continue
            if SLEEP in command:
                found.append(command)
    return found


def threads() -> int:
    return len(list(Path("/proc/self/task").iterdir()))


def wait_for_threads(most: int, cycle: int) -> None:
    """Some of them, in libraries, end on their own a moment after what they did is closed."""
    until(lambda: threads() <= most, f"the threads of cycle {cycle} to end")


def settle(application: QApplication, *, collect: bool = True) -> None:
    """Let deleted objects go, and their threads with them; garbage, too, which takes a while."""
    application.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    application.processEvents()
    if collect:
        gc.collect()


def nothing_is_left(options: LaunchOptions) -> None:
    assert children() == []
    assert git(options.project, "worktree", "list").count("\n") == 1
    assert not list((options.project / ".git").rglob("*.lock"))
    assert git(options.project, "status", "--porcelain", "--", ":!conductor") == ""
    assert options.automation is not None
    assert not Path(options.automation).exists()
    journal = Journal(next((options.data_folder / "projects").iterdir()) / "journal.sqlite3")
    kinds = [event.kind for event in journal.read()]
    assert kinds.count("run_started") == kinds.count("run_ended")
    assert kinds.count("worker_started") == kinds.count("worker_ended")


def by_signal(number: signal.Signals) -> QuitBy:
    return lambda _engine, _window: lambda: os.kill(os.getpid(), number)


def by_closing(_engine: Engine, window: object) -> Callable[[], object]:
    return window.close  # type: ignore[attr-defined,no-any-return]


def by_command(engine: Engine, _window: object) -> Callable[[], object]:
    tasks = set()

    def ask() -> None:
        tasks.add(asyncio.ensure_future(engine.registry.call(commands.APP_QUIT, shapes.Nothing())))

    return ask


WAYS = {
    "app.quit": (by_command, 0),
    "window closed": (by_closing, 0),
    "SIGINT": (by_signal(signal.SIGINT), 130),
    "SIGTERM": (by_signal(signal.SIGTERM), 130),
}


def test_a_window_in_which_all_are_busy_opens_and_quits(options: LaunchOptions, qapp: QApplication) -> None:
    async def opened(quit_by: QuitBy, engine: Engine, window: object) -> None:
        await when_all_are_busy(engine, quit_by(engine, window))

    before = 0
    for cycle, (way, (quit_by, code)) in enumerate(WAYS.items()):
        assert run_window(options, partial(opened, quit_by)) == code, way
        settle(qapp)
        before = before or threads()
        wait_for_threads(before, cycle)
        nothing_is_left(options)
        assert not [widget for widget in qapp.topLevelWidgets() if widget.isVisible()]


@pytest.mark.parametrize("way", WAYS)
def test_a_window_in_which_nothing_is_done_opens_and_quits(
    way: str, options: LaunchOptions, qapp: QApplication
) -> None:
    quit_by, code = WAYS[way]
    before = 0
    for cycle in range(IDLE_WINDOWS):

        async def opened(engine: Engine, window: object) -> None:
            quit_by(engine, window)()

        assert run_window(options, opened) == code
        settle(qapp, collect=cycle % 10 == 0)
        before = before or threads()
        wait_for_threads(before, cycle)
    nothing_is_left(options)


def test_what_a_window_begins_in_the_last_moment_ends_before_its_first_step(
    options: LaunchOptions, qapp: QApplication, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As when a file of a track changes while the project ends. A coroutine that nobody awaits fails the test."""
    begun: list[asyncio.Task[None]] = []

    async def opened(engine: Engine, window: object) -> None:
        shutdown = engine.shutdown

        async def shutdown_and_begin(part: Callable[[], Awaitable[None]] | None = None) -> list[str]:
            alive = await shutdown(part)
            before = asyncio.all_tasks()
            window.read_tracks()  # type: ignore[attr-defined]
            begun.extend(asyncio.all_tasks() - before)
            return alive

        monkeypatch.setattr(engine, "shutdown", shutdown_and_begin)
        by_command(engine, window)()

    assert run_window(options, opened) == 0
    assert begun, "there was something to end"
    assert all(task.cancelled() for task in begun)
    begun.clear()
    settle(qapp)
    nothing_is_left(options)


@pytest.mark.parametrize("way", ["app.quit", "SIGINT", "SIGTERM", "its end"])
def test_a_run_without_a_window_starts_and_quits(way: str, options: LaunchOptions, qapp: QApplication) -> None:
    quit_by, code = WAYS.get(way, (None, 7))

    async def job(engine: Engine) -> int:
        reached = asyncio.Event()
        await when_all_are_busy(engine, quit_by(engine, None) if quit_by else reached.set)
        await reached.wait()
        return 7

    before = 0
    for cycle in range(BUSY_RUNS):
        assert run_headless(options, job, json=True) == code
        settle(qapp)
        before = before or threads()
        wait_for_threads(before, cycle)
    nothing_is_left(options)


@pytest.mark.parametrize("way", ["app.quit", "SIGINT", "SIGTERM", "its end"])
def test_a_run_in_which_nothing_is_done_starts_and_quits(way: str, options: LaunchOptions, qapp: QApplication) -> None:
    quit_by, code = WAYS.get(way, (None, 7))

    async def job(engine: Engine) -> int:
        if quit_by:
            quit_by(engine, None)()
            await asyncio.Event().wait()
        return 7

    before = 0
    for cycle in range(IDLE_RUNS):
        assert run_headless(options, job, json=True) == code
        settle(qapp, collect=cycle % 10 == 0)
        before = before or threads()
        wait_for_threads(before, cycle)
    nothing_is_left(options)
