"""How late the window is while 64 agents stream 1,000 tokens a second each, and what that costs.

`python -m benchmarks.streams` opens the window on a small project and starts runs of 16, 32 and 64 tickets, all at work
at once: real worktrees, lanes, journal and fold; the scripted provider sends 132 characters every 33 ms. Tier 3's panel
shows four streams side by side. Measured is while all of them stream. Afterwards every stream must hold every
character, and so must the four views. The last line of the output is the result: a list of {streams, rate, p99_ms,
max_ms, cpu}; rate is tokens a second and stream, cpu seconds a second; the first one is the idle window's (streams 0).
"""

import asyncio
import json
import sys
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

from PySide6.QtWidgets import QDockWidget, QToolButton

from benchmarks.answers import text_of
from benchmarks.lateness import Lateness, LatenessProbe
from benchmarks.sample_project import Folders, folders
from benchmarks.waiting import until
from slop_qt.app import run_window
from slop_qt.core.approvals import Mode
from slop_qt.core.state import Changes, RunState
from slop_qt.core.tickets import TicketSpec
from slop_qt.core.tracks import TrackDraft
from slop_qt.engine import Engine
from slop_qt.launch import LaunchOptions
from slop_qt.mma import commands, shapes
from slop_qt.store.conductor.folder import ConductorFolder
from slop_qt.widgets.stream_view import StreamView
from slop_qt.window import MainWindow

__all__ = ["SIZES"]

# Streams at once, and seconds that each of them lasts.
SIZES = ((16, 8), (32, 8), (64, 14), (64, 14))

_CHUNK_CHARS = 132
_CHUNKS_PER_S = 30
_IDLE_S = 2.0
_VISIBLE = 4


@dataclass(frozen=True, slots=True)
class Load:
    """One run: its track, and what each of its streams comes to."""

    track_id: str
    texts: dict[str, str]  # by stream

    @classmethod
    def prepare(cls, folder: ConductorFolder, number: int, streams: int, seconds: int) -> "Load":
        """Write the track and its tickets."""
        track = folder.add_track(TrackDraft(title=f"Load {number}", spec="# Load\n", plan="# Load\n"), date(2026, 1, 1))
        names = [f"L{number}-{at:02}" for at in range(1, streams + 1)]
        folder.set_tickets(track.id, [TicketSpec(id=name, title=f"Stream {name}", brief="Write.") for name in names])
        text = text_of(seconds * _CHUNK_CHARS * _CHUNKS_PER_S // 4)
        return cls(track.id, {f"Tier 3: {name}": f"{name}: {text}" for name in names})

    def turns(self) -> str:
        """Its part of the scenario."""
        return "".join(
            f"[[turn]]\ntier = 3\nticket = {json.dumps(stream.removeprefix('Tier 3: '))}\n"
            f"text = {json.dumps(text, ensure_ascii=False)}\n"
            '[[turn.tool]]\nname = "finish_ticket"\ninput = { summary = "Written." }\n'
            for stream, text in self.texts.items()
        )


class StreamsBench:
    """Puts the loads on one window, one after another."""

    def __init__(self, engine: Engine, window: MainWindow) -> None:
        self._engine = engine
        self._window = window
        self._probe = LatenessProbe()

    async def results(self, loads: list[Load]) -> list[dict[str, float]]:
        """The idle window's, and each load's."""
        self._show_four()
        await asyncio.sleep(_IDLE_S / 2)
        self._probe.start()
        await asyncio.sleep(_IDLE_S)
        idle = _result(0, 0.0, self._probe.stop())
        return [idle, *[await self._put(load) for load in loads]]

    async def _put(self, load: Load) -> dict[str, float]:
        start = shapes.StartRun(track_id=load.track_id, mode=Mode.EDITS, workers=len(load.texts))
        started = await self._engine.registry.call(commands.RUN_START, start)
        run = self._engine.feed.state.runs[started.run_id]
        await self._when(lambda: len(run.streams) == len(load.texts) and all(s.length for s in run.streams.values()))
        before = _length(run)
        self._probe.start()
        await self._when(lambda: any(stream.closed for stream in run.streams.values()))
        seen = self._probe.stop()
        rate = (_length(run) - before) / 4 / seen.seconds / len(load.texts)
        await self._engine.registry.call(commands.RUN_WAIT, shapes.WaitRun(run_id=run.run_id))
        assert run.status == "done", run.reason
        assert {name: stream.text for name, stream in run.streams.items()} == load.texts, "characters are missing"
        await self._check_views(run)
        return _result(len(load.texts), rate, seen)

    def _show_four(self) -> None:
        self._window.build_panels()
        dock = self._window.findChild(QDockWidget, "dock.tier3")
        toggle = self._window.findChild(QToolButton, "tier3.side_by_side")
        assert isinstance(dock, QDockWidget) and isinstance(toggle, QToolButton)
        dock.raise_()
        toggle.click()

    async def _check_views(self, run: RunState) -> None:
        views = [view for view in self._window.findChildren(StreamView) if view.isVisible()]
        shown = [view for view in views if view.stream in run.streams.values()]
        assert len(shown) == _VISIBLE, f"{len(shown)} streams of the run are seen"
        await until(
            lambda: all(view.stream is not None and view.text() == view.stream.text for view in shown),
            "the views have every character",
        )

    async def _when(self, condition: Callable[[], bool]) -> None:
        met: asyncio.Future[None] = asyncio.get_running_loop().create_future()

        def look(_: Changes) -> None:
            if not met.done() and condition():
                met.set_result(None)

        self._engine.feed.subscribe(look)
        async with asyncio.timeout(60):
            await met
        self._engine.feed.unsubscribe(look)


def _length(run: RunState) -> int:
    return sum(stream.length for stream in run.streams.values())


def _result(streams: int, rate: float, seen: Lateness) -> dict[str, float]:
    return {"streams": streams, "rate": rate, "p99_ms": seen.p99_ms, "max_ms": seen.max_ms, "cpu": seen.cpu}


def _prepare(where: Folders) -> tuple[list[Load], LaunchOptions]:
    folder = ConductorFolder(where.project)
    loads = [Load.prepare(folder, number, *size) for number, size in enumerate(SIZES, 1)]
    scenario = where.project.parent / "scenario.toml"
    defaults = f"[defaults]\nchunk_chars = {_CHUNK_CHARS}\nchunks_per_s = {_CHUNKS_PER_S}\n"
    scenario.write_text(defaults + "".join(load.turns() for load in loads), encoding="utf-8")
    return loads, LaunchOptions(
        where.project, scenario=scenario, data_dir=where.data, settings_path=where.settings, model="scripted"
    )


def _main() -> None:
    results: list[dict[str, float]] = []
    with folders() as where:
        loads, options = _prepare(where)

        async def opened(engine: Engine, window: MainWindow) -> None:
            try:
                results.extend(await StreamsBench(engine, window).results(loads))
            finally:
                await engine.registry.call(commands.APP_QUIT, shapes.Nothing())

        code = run_window(options, opened)
    print(json.dumps(results))
    sys.exit(code)


if __name__ == "__main__":
    _main()
