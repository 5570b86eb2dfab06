"""The tracks of the project, as the window last read them, with their tickets as the newest run has them."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

from PySide6.QtCore import QObject, Signal

from slop_qt.core.errors import SlopError
from slop_qt.core.state import RunState
from slop_qt.core.tickets import Ticket
from slop_qt.mma import commands, shapes
from slop_qt.mma.command_registry import CommandRegistry
from slop_qt.qt.event_bridge import EventBridge

__all__ = ["TrackSource"]


class TrackSource(QObject):
    """Reads tracks through the registry, again whenever a run begins or ends. Lives in the GUI thread.

    Signals:
        changed: the tracks, or what is planned in them, are others now.
        failed(SlopError): they could not be read; what was read before stays.
    """

    changed = Signal()
    failed = Signal(object)

    def __init__(
        self,
        bridge: EventBridge,
        registry: CommandRegistry,
        start: Callable[[Coroutine[Any, Any, None]], None],
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._bridge = bridge
        self._registry = registry
        self._start = start
        self._tracks: tuple[shapes.TrackShown, ...] = ()
        self._reading = False
        self._stale = False
        self._settled = asyncio.Event()
        self._settled.set()
        bridge.runs_changed.connect(self.reload)

    @property
    def tracks(self) -> tuple[shapes.TrackShown, ...]:
        """In the order of tracks.md."""
        return self._tracks

    def find(self, track_id: str | None) -> shapes.TrackShown | None:
        """The track of that id."""
        return next((shown for shown in self._tracks if shown.track.id == track_id), None)

    def run(self, track_id: str | None) -> RunState | None:
        """The track's newest run."""
        runs = reversed(self._bridge.state.runs.values())
        return next((run for run in runs if track_id is not None and run.track_id == track_id), None)

    def tickets(self, track_id: str | None) -> tuple[Ticket, ...]:
        """The track's tickets: as its newest run has them, else as planned."""
        run = self.run(track_id)
        if run is not None and run.tickets:
            return tuple(run.tickets.values())
        shown = self.find(track_id)
        return shown.tickets if shown is not None else ()

    def reload(self) -> None:
        """Read them again; at once, or when the reading that is under way has ended."""
        if self._reading:
            self._stale = True
            return
        self._reading = True
        self._settled.clear()
        self._start(self._read())

    async def settled(self) -> None:
        """Return when what is to be read has been read, or could not be."""
        await self._settled.wait()

    async def _read(self) -> None:
        try:
            self._stale = True
            while self._stale:
                self._stale = False
                await self._read_all()
        except SlopError as error:
            self.failed.emit(error)
        finally:
            self._reading = False
            self._settled.set()

    async def _read_all(self) -> None:
        listed = await self._registry.call(commands.TRACK_LIST, shapes.Nothing())
        shown = [
            await self._registry.call(commands.TRACK_SHOW, shapes.TrackRef(track_id=track.id))
            for track in listed.tracks
        ]
        if tuple(shown) != self._tracks:
            self._tracks = tuple(shown)
            self.changed.emit()
