"""The demo in a window: it plans and starts by itself, waits for the first approval, and offers to go on."""

import asyncio
from collections.abc import Callable
from dataclasses import replace

from slop_qt.app import run_window
from slop_qt.core.approvals import Approval, DecidedBy, Mode
from slop_qt.core.errors import SlopError
from slop_qt.core.state import Changes, RunState
from slop_qt.engine import Engine
from slop_qt.headless.demo import Demo
from slop_qt.launch import LaunchOptions
from slop_qt.mma import commands, shapes
from slop_qt.window import MainWindow

__all__ = ["BOUND", "DemoGuide", "run_demo_window"]

_WAITING = "The demo is a real run; only the models' answers are scripted. It waits for your first decision, below."
_GO_ON = "You decide about everything that has an effect. Or let the demo's own rules decide the rest:"
_BY_ITSELF = "The demo goes on by itself. Watch the streams; its end waits for you."
_ENDED = "The run has ended. Look at its diff, then apply it to the branch main."
_ENDED_WITH_NOTHING = "The run has ended, and nothing was merged. Run the track again, or quit."
_APPLIED = "Applied: the work is on the branch main, and the plan is marked. That is all there is to it."
# Its answers fit no other project, and its data folder is temporary: what was done there would be thrown away.
BOUND = "the demo stays with its own project."


def run_demo_window(options: LaunchOptions, demo: Demo) -> int:
    """Open the demo's project in a window. Returns the exit code."""

    async def opened(engine: Engine, window: MainWindow) -> None:
        await DemoGuide(engine, window, demo).guide()

    return run_window(replace(options, mode=Mode.ASK), opened, bound=BOUND)


class DemoGuide:
    """Takes the person through the demo with one banner. Lives in the main thread's loop.

    It does nothing that the person could not do with the same buttons, and it decides no approval before they have.
    """

    def __init__(self, engine: Engine, window: MainWindow, demo: Demo) -> None:
        self._engine = engine
        self._window = window
        self._demo = demo
        self._run_id = ""

    async def guide(self) -> None:
        """From the epic to Apply, which is the person's, as is stopping it on the way."""
        try:
            await self._begin()
        except SlopError as error:
            self._window.show_error(error)
            return
        self._window.show_banner(_WAITING)
        await self._until(lambda: any(_by_a_person(approval) for approval in self._run.approvals.values()))
        self._window.show_banner(_GO_ON, "Let it go on by itself", self._go_on)
        await self._until(lambda: self._run.ended)
        self._window.show_banner(_ENDED if self._run.merged else _ENDED_WITH_NOTHING)
        await self._until(lambda: self._run.applied_commit is not None)
        self._window.show_banner(_APPLIED)

    @property
    def _run(self) -> RunState:
        return self._engine.feed.state.runs[self._run_id]

    async def _begin(self) -> None:
        registry = self._engine.registry
        planned = await registry.call(commands.EPIC_PLAN, shapes.PlanEpic(text=self._demo.epic))
        track_id = planned.tracks[0].id
        await registry.call(commands.TRACK_PLAN, shapes.TrackRef(track_id=track_id))
        started = await registry.call(commands.RUN_START, shapes.StartRun(track_id=track_id, mode=Mode.ASK))
        self._run_id = started.run_id

    async def _until(self, condition: Callable[[], bool]) -> None:
        """Return as soon as it holds in the state."""
        holds = asyncio.Event()

        def look(_: Changes) -> None:
            if condition():
                holds.set()

        self._engine.feed.subscribe(look)
        try:
            if not condition():
                await holds.wait()
        finally:
            self._engine.feed.unsubscribe(look)

    def _go_on(self) -> None:
        if self._engine.session is not None and not self._run.ended:
            self._engine.session.relax(self._run_id, Mode.EDITS, self._demo.rules)
            self._window.show_banner(_BY_ITSELF)


def _by_a_person(approval: Approval) -> bool:
    return approval.by in {DecidedBy.USER, DecidedBy.AUTOMATION}
