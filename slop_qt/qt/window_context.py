"""What the window and its panels are given: everything they may use, and nothing that they build themselves."""

from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol, TypeVar

from PySide6.QtCore import QSettings
from shiboken6 import isValid

from slop_qt.core.approvals import Mode
from slop_qt.core.errors import SlopError
from slop_qt.core.events import utc_now
from slop_qt.core.ports import Offload, ThrottleState
from slop_qt.core.shape import Shape
from slop_qt.mma.command_registry import Command, CommandRegistry
from slop_qt.qt.editing.track_shelf import Editing, EditorParts
from slop_qt.qt.event_bridge import EventBridge, Feed
from slop_qt.qt.selection import Selection
from slop_qt.qt.theme import Theme
from slop_qt.qt.track_editor import TrackEditor
from slop_qt.qt.track_source import TrackSource

__all__ = ["ErrorSurface", "Start", "WindowContext", "WindowFacts", "make_context"]

Start = Callable[[Coroutine[Any, Any, None]], None]

P = TypeVar("P", bound=Shape)
R = TypeVar("R", bound=Shape)


class ErrorSurface(Protocol):
    """A panel that shows what went wrong where it went wrong. Any QObject with this method."""

    def show_error(self, error: SlopError) -> None:
        """Show it until it is dismissed or the next command succeeds."""
        ...


@dataclass(frozen=True, slots=True)
class WindowFacts:
    """What the window says about the program and does not compute.

    socket is the automation socket's path, None where it is off. project is a name to show, None before one is open.
    recording is the run that is played back, None where everything is live: in a recording nothing can be done.
    """

    version: str
    project: str | None = None
    socket: str | None = None
    sandboxed: bool = False
    mode: Mode = Mode.ASK
    workers: int = 4
    recording: str | None = None


@dataclass(frozen=True, slots=True)
class WindowContext:
    """The window's collaborators. All live in the GUI thread.

    start runs a coroutine on the loop and reports what it raises; quit starts the orderly shutdown and returns at once.
    settings keeps the window's geometry and nothing else. editor has what is edited of the selected track. offload is
    for what would hold the GUI thread up. throttles says how each provider in use is slowed down.
    """

    bridge: EventBridge
    tracks: TrackSource
    editor: TrackEditor
    offload: Offload
    registry: CommandRegistry
    theme: Theme
    selection: Selection
    settings: QSettings
    facts: WindowFacts
    throttles: Callable[[], Sequence[ThrottleState]]
    start: Start
    quit: Callable[[], None]

    def dispose(self) -> None:
        """Have its own objects deleted, after the window: what is connected to them holds them, and all else, alive."""
        for each in (self.editor, self.selection, self.tracks, self.bridge):
            each.deleteLater()

    def send(
        self,
        surface: ErrorSurface,
        command: Command[P, R],
        params: P,
        done: Callable[[R], None] | None = None,
        failed: Callable[[], None] | None = None,
    ) -> None:
        """Carry a command out, in the background.

        `done` gets the result; `failed` is called after the surface has shown the error. Neither is called when the
        surface's window is gone by then.
        """
        self.start(self._send(surface, command, params, done, failed))

    async def _send(
        self,
        surface: ErrorSurface,
        command: Command[P, R],
        params: P,
        done: Callable[[R], None] | None,
        failed: Callable[[], None] | None,
    ) -> None:
        try:
            result = await self.registry.call(command, params)
        except SlopError as error:
            if isValid(surface):
                surface.show_error(error)
                if failed is not None:
                    failed()
            return
        if done is not None and isValid(surface):
            done(result)


def make_context(
    *,
    feed: Feed,
    registry: CommandRegistry,
    theme: Theme,
    settings: QSettings,
    facts: WindowFacts,
    throttles: Callable[[], Sequence[ThrottleState]],
    editing: Editing,
    start: Start,
    on_quit: Callable[[], None],
    now: Callable[[], datetime] = utc_now,
) -> WindowContext:
    """The context of one window, with the objects that every panel shares. now: the moment that the feed is at."""
    bridge = EventBridge(feed, now=now)
    tracks = TrackSource(bridge, registry, start)
    selection = Selection()
    return WindowContext(
        bridge=bridge,
        tracks=tracks,
        editor=TrackEditor(EditorParts(registry, editing, start), selection, tracks, bridge),
        offload=editing.offload,
        registry=registry,
        theme=theme,
        selection=selection,
        settings=settings,
        facts=facts,
        throttles=throttles,
        start=start,
        quit=on_quit,
    )
