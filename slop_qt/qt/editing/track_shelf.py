"""The tracks that were looked at, with what is edited in each: read, saved and kept."""

from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from functools import partial
from typing import Any

from PySide6.QtCore import QObject, Signal

from slop_qt.core.errors import ConflictError, SlopError
from slop_qt.core.ports import Offload
from slop_qt.mma.command_registry import CommandRegistry
from slop_qt.qt.editing.edited_track import EditedTrack
from slop_qt.qt.editing.problem_finder import VerifyProblem
from slop_qt.qt.throttle import Throttle
from slop_qt.store.drafts import DraftStore

__all__ = ["Editing", "EditorParts", "Refused", "TrackShelf"]

_SAVE_MS = 300
_KEEP_MS = 400

Refused = Callable[[SlopError], None]


@dataclass(frozen=True, slots=True)
class Editing:
    """What edits are checked and kept with."""

    offload: Offload
    drafts: DraftStore
    verify_problem: VerifyProblem


@dataclass(frozen=True, slots=True)
class EditorParts:
    """The editor's collaborators. start runs a coroutine on the loop."""

    registry: CommandRegistry
    editing: Editing
    start: Callable[[Coroutine[Any, Any, None]], None]


class TrackShelf(QObject):
    """Tickets are saved by themselves, soon after they changed; drafts of all else are kept as soon. Lives in the GUI
    thread.

    Signals:
        opened(EditedTrack): that track is looked at for the first time; it has not been read yet.
        written: files of a track are others now, by our own hand.
        failed(SlopError): reading or writing failed; nothing that was edited is lost.
    """

    opened = Signal(object)
    written = Signal()
    failed = Signal(object)

    def __init__(self, parts: EditorParts, parent: QObject) -> None:
        super().__init__(parent)
        self._parts = parts
        self._tracks: dict[str, EditedTrack] = {}
        self._saving = Throttle(self._save_tickets, _SAVE_MS, self)
        self._keeping = Throttle(self._keep_drafts, _KEEP_MS, self)

    def track(self, track_id: str) -> EditedTrack:
        """That track, perhaps not read yet."""
        if track_id not in self._tracks:
            editing = self._parts.editing
            track = EditedTrack(track_id, self._parts.registry, editing.offload, editing.drafts, self)
            track.state_changed.connect(self._keeping.ask)
            track.tickets.changed.connect(self._saving.ask)
            track.tickets.changed.connect(self._keeping.ask)
            for text in track.texts:
                text.changed.connect(self._keeping.ask)
            self._tracks[track_id] = track
            self.opened.emit(track)
        return self._tracks[track_id]

    def read(self, track: EditedTrack, done: Callable[[], None]) -> None:
        """Read its files; then call `done`, also where that failed."""
        self._parts.start(self._read(track, done))

    def reload(self) -> None:
        """Read the files of every track anew: they may have changed."""
        for track in self._tracks.values():
            self._parts.start(self._attempt(track.read))

    def save(self, track: EditedTrack, done: Callable[[], None] | None = None, refused: Refused | None = None) -> None:
        """Write what is unsaved in it, then call `done`.

        Where that fails, or has to be decided first, `refused` is called, or `failed` emitted where it is None.
        """
        self._parts.start(self._attempt(partial(self._write, track.save, done), refused))

    def keep_mine(self, track: EditedTrack, name: str) -> None:
        """Write what is here over what somebody else wrote."""
        self._parts.start(self._attempt(partial(self._write, partial(track.keep_mine, name), None)))

    async def keep(self) -> None:
        """Keep what is unsaved, as `close` will, while it can still be refused.

        Raises:
            StoreError: a draft cannot be written.
        """
        for track in self._tracks.values():
            await track.keep_drafts()

    async def close(self) -> None:
        """Keep what is unsaved, now: the application ends."""
        self._saving.hold()
        self._keeping.hold()
        for track in self._tracks.values():
            await self._attempt(track.save_tickets)
            await self._attempt(track.keep_drafts)

    async def _read(self, track: EditedTrack, done: Callable[[], None]) -> None:
        await self._attempt(track.read)
        done()

    async def _write(self, save: Callable[[], Coroutine[Any, Any, bool]], done: Callable[[], None] | None) -> None:
        if not await save():
            if done is not None:
                raise ConflictError(
                    "A file of this track was changed by somebody else, and you have unsaved edits of it.",
                    "Decide in the Plan panel which of them to keep.",
                )
            return
        self.written.emit()
        if done is not None:
            done()

    async def _attempt(self, work: Callable[[], Coroutine[Any, Any, Any]], refused: Refused | None = None) -> None:
        try:
            await work()
        except SlopError as error:
            (refused or self.failed.emit)(error)

    def _save_tickets(self) -> None:
        for track in self._tracks.values():
            if track.tickets.unsaved and track.tickets.theirs is None:
                self._parts.start(self._attempt(partial(self._write, track.save_tickets, None)))

    def _keep_drafts(self) -> None:
        for track in self._tracks.values():
            self._parts.start(self._attempt(track.keep_drafts))
