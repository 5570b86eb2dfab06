"""The editable state of the selected track, for every panel that shows or changes it."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from PySide6.QtCore import QObject, Signal, Slot
from PySide6.QtGui import QUndoGroup, QUndoStack

from slop_qt.core import ticket_edits
from slop_qt.core.errors import NotPossibleError, SlopError
from slop_qt.core.replanning import fixed_tickets
from slop_qt.core.ticket_checks import TicketProblem
from slop_qt.core.tickets import TicketSpec
from slop_qt.qt.editing.edited_track import EditedTrack
from slop_qt.qt.editing.problem_finder import ProblemFinder
from slop_qt.qt.editing.track_shelf import EditorParts, TrackShelf
from slop_qt.qt.event_bridge import EventBridge
from slop_qt.qt.selection import Selection
from slop_qt.qt.throttle import Throttle
from slop_qt.qt.track_source import TrackSource

__all__ = ["TrackEditor"]

_CHECK_MS = 150


class TrackEditor(QObject):
    """Follows the selection; what was edited in other tracks stays as it is, with its history. Lives in the GUI thread.

    Edits of tickets that make a graph are saved by themselves, soon; spec and plan by `save`. What is unsaved is kept
    as a draft. Refused edits raise InvalidInputError, which names the circle, the dependency or the started ticket.

    Signals:
        track_changed: another track is edited now, or the selected one has been read.
        tickets_changed, text_changed, dirty_changed, problems_changed: of the track that is edited.
        state_changed: loading, conflicts or what can be edited are other than before.
        ticket_wanted(str): the ticket of that id shall be shown in its form.
        edited_at(str, str, str): undo or redo changed something: spec, plan or tickets, which ticket, which field.
        noticed(str): a sentence about what somebody else did to the track's files, or about a draft.
        failed(SlopError): reading or writing it failed; nothing that was edited is lost.
    """

    track_changed = Signal()
    tickets_changed = Signal()
    text_changed = Signal()
    dirty_changed = Signal()
    problems_changed = Signal()
    state_changed = Signal()
    ticket_wanted = Signal(str)
    edited_at = Signal(str, str, str)
    noticed = Signal(str)
    failed = Signal(object)

    def __init__(
        self,
        parts: EditorParts,
        selection: Selection,
        tracks: TrackSource,
        bridge: EventBridge,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._parts = parts
        self._selection = selection
        self._source = tracks
        self._current: EditedTrack | None = None
        self._finder = ProblemFinder(parts.editing.offload, parts.editing.verify_problem)
        self._problems: tuple[TicketProblem, ...] = ()
        self._dirty = False
        self._checking = False
        self.undo_group = QUndoGroup(self)
        self._no_stack = QUndoStack(self)
        self._shelf = TrackShelf(parts, self)
        self._shelf.opened.connect(self._opened)
        self._shelf.failed.connect(self.failed)
        self._shelf.written.connect(tracks.reload)
        self._check = Throttle(self._find_problems, _CHECK_MS, self)
        selection.changed.connect(self._follow)
        tracks.changed.connect(self.reload)
        bridge.tickets_changed.connect(self._look_at_run)
        bridge.runs_changed.connect(self._look_at_run)
        self._follow()

    @property
    def track(self) -> EditedTrack | None:
        """What is edited; None where no track is selected, or it has not been read yet."""
        return self._current if self._current is not None and self._current.loaded else None

    @property
    def undo_stack(self) -> QUndoStack:
        """The history of the selected track; an empty one where none is."""
        return self.track.stack if self.track is not None else self._no_stack

    @property
    def tickets(self) -> tuple[TicketSpec, ...]:
        """The tickets as edited."""
        return self.track.tickets.current if self.track is not None else ()

    @property
    def fixed(self) -> frozenset[str]:
        """Tickets that have started in the track's run that is under way."""
        return self.track.tickets.fixed if self.track is not None else frozenset()

    @property
    def problems(self) -> tuple[TicketProblem, ...]:
        """What is wrong with the tickets, as far as it has been looked for."""
        return self._problems

    @property
    def is_editable(self) -> bool:
        """Whether tickets can be edited."""
        track = self.track
        return track is not None and not track.gone and track.tickets.problem is None

    @property
    def dirty(self) -> bool:
        """Whether something of the selected track is not saved."""
        return self.track is not None and bool(self.track.unsaved)

    def connect_tickets(self, source_id: str, target_id: str) -> None:
        """Let the target depend on the source."""
        track = self._editable()
        wanted = ticket_edits.connected(track.tickets.current, source_id, target_id)
        track.tickets.edit(wanted, f"connection of {source_id} to {target_id}", target_id)

    def disconnect_tickets(self, source_id: str, target_id: str) -> None:
        """Let the target depend on the source no longer."""
        track = self._editable()
        wanted = ticket_edits.disconnected(track.tickets.current, source_id, target_id)
        track.tickets.edit(wanted, f"separation of {source_id} and {target_id}", target_id)

    def add_ticket(self, after_id: str | None) -> str:
        """A new ticket, behind the one that it then depends on; selects it and returns its id."""
        track = self._editable()
        wanted, new_id = ticket_edits.added(track.tickets.current, after_id)
        track.tickets.edit(wanted, f"new ticket {new_id}", new_id)
        self._selection.select(track.track_id, new_id)
        return new_id

    def duplicate_ticket(self, ticket_id: str) -> str:
        """The same once more; selects it and returns its id."""
        track = self._editable()
        wanted, new_id = ticket_edits.duplicated(track.tickets.current, ticket_id)
        track.tickets.edit(wanted, f"copy of {ticket_id}", new_id)
        self._selection.select(track.track_id, new_id)
        return new_id

    def remove_ticket(self, ticket_id: str) -> None:
        """Take it away; what depended on it does so no longer."""
        track = self._editable()
        place = next((at for at, ticket in enumerate(track.tickets.current) if ticket.id == ticket_id), 0)
        track.tickets.edit(ticket_edits.removed(track.tickets.current, ticket_id), f"removal of {ticket_id}", ticket_id)
        if self._selection.ticket_id == ticket_id:
            rest = track.tickets.current
            self._selection.select(track.track_id, rest[min(place, len(rest) - 1)].id if rest else None)

    def change_ticket(self, ticket_id: str, ticket: TicketSpec) -> None:
        """Give it other fields; with another id, what depends on it follows."""
        track = self._editable()
        track.tickets.change(ticket_id, ticket)
        if ticket.id != ticket_id and self._selection.ticket_id == ticket_id:
            self._selection.select(track.track_id, ticket.id)

    def replace_tickets(self, tickets: Sequence[TicketSpec]) -> None:
        """All of them by others: a revision that was accepted, or a proposal that was kept and may be wrong."""
        self._editable().tickets.hold(tickets, "replacement of the tickets")

    def want_ticket(self, ticket_id: str) -> None:
        """Show that ticket in its form."""
        self._selection.select(self._selection.track_id, ticket_id)
        self._selection.panel_wanted.emit("plan")
        self.ticket_wanted.emit(ticket_id)

    def end_typing(self) -> None:
        """What is typed next is a step of its own, also in the same field."""
        if self.track is not None:
            self.track.tickets.end_typing()

    def undo(self) -> None:
        """Take the newest step of the selected track back."""
        self.undo_stack.undo()

    def redo(self) -> None:
        """Take it again."""
        self.undo_stack.redo()

    def save(
        self, *, done: Callable[[], None] | None = None, refused: Callable[[SlopError], None] | None = None
    ) -> None:
        """Write what is unsaved in the selected track, then call `done`.

        Where that fails, or has to be decided first, `refused` is called, or `failed` emitted where it is None.
        """
        if self.track is not None:
            self._shelf.save(self.track, done, refused)
        elif done is not None:
            done()

    def keep_mine(self, name: str) -> None:
        """Of spec, plan or tickets: write what is here over what somebody else wrote."""
        if self.track is not None:
            self._shelf.keep_mine(self.track, name)

    def take_theirs(self, name: str) -> None:
        """Of spec, plan or tickets: show what somebody else wrote."""
        if self.track is not None:
            self.track.take_theirs(name)

    @Slot()
    def reload(self) -> None:
        """Read the files of every track that was looked at: they may have changed."""
        self._shelf.reload()

    async def keep(self) -> None:
        """Keep what is unsaved, and go on. Raises StoreError."""
        await self._shelf.keep()

    async def close(self) -> None:
        """Keep what is unsaved, now: the application ends."""
        self._check.hold()
        await self._shelf.close()

    def _editable(self) -> EditedTrack:
        track = self.track
        if track is None or not self.is_editable:
            reason = "No track is selected." if track is None else track.gone or track.tickets.problem or ""
            raise NotPossibleError(f"The tickets cannot be edited. {reason}".strip())
        return track

    @Slot()
    def _follow(self) -> None:
        track_id = self._selection.track_id
        if track_id == (self._current.track_id if self._current is not None else None):
            return
        if track_id is None:
            self._current = None
            self._show()
            return
        self._current = track = self._shelf.track(track_id)
        first = not track.loaded
        self._show()
        self._shelf.read(track, partial(self._was_read, track, first))

    def _opened(self, track: EditedTrack) -> None:
        self.undo_group.addStack(track.stack)
        track.state_changed.connect(partial(self._state_changed, track))
        track.noticed.connect(partial(self._relay, track, self.noticed.emit))
        track.tickets.changed.connect(partial(self._tickets_changed, track))
        track.tickets.edited_at.connect(partial(self._ticket_edited, track))
        track.tickets.kept.connect(partial(self._relay, track, self._say_kept))
        for text in track.texts:
            text.changed.connect(partial(self._text_changed, track))
            text.edited_at.connect(partial(self._text_edited, track, text.name))

    def _show(self) -> None:
        """Say that everything is another track's."""
        self.undo_group.setActiveStack(self.undo_stack if self.track is not None else None)  # type: ignore[arg-type]
        self._problems = ()
        self._look_at_run()
        for signal in (self.track_changed, self.tickets_changed, self.text_changed, self.problems_changed):
            signal.emit()
        self._state_changed(self._current)
        self._check.ask()

    def _was_read(self, track: EditedTrack, first: bool) -> None:
        if track is not self._current:
            return
        if first:
            self._show()
        if track.draft_notice:
            self.noticed.emit(track.draft_notice)
            track.draft_notice = ""

    def _find_problems(self) -> None:
        if not self._checking:
            self._checking = True
            self._parts.start(self._check_all())

    async def _check_all(self) -> None:
        try:
            tickets = self.tickets
            problems = await self._finder.find(tickets)
            if tickets is not self.tickets:
                self._check.ask()
            elif problems != self._problems:
                self._problems = problems
                self.problems_changed.emit()
        finally:
            self._checking = False

    @Slot()
    def _look_at_run(self) -> None:
        track = self.track
        if track is None:
            return
        run = self._source.run(track.track_id)
        fixed = fixed_tickets(run.tickets.values()) if run is not None and not run.ended else frozenset()
        if fixed != track.tickets.fixed:
            track.tickets.fixed = fixed
            self.tickets_changed.emit()

    def _tickets_changed(self, track: EditedTrack) -> None:
        if track is self._current:
            self.tickets_changed.emit()
            self._check.ask()

    def _text_changed(self, track: EditedTrack) -> None:
        if track is self._current:
            self.text_changed.emit()

    def _state_changed(self, track: EditedTrack | None) -> None:
        if track is self._current:
            self.state_changed.emit()
            if self.dirty != self._dirty:
                self._dirty = self.dirty
                self.dirty_changed.emit()

    def _text_edited(self, track: EditedTrack, where: str, _position: int) -> None:
        if track is self._current:
            self.edited_at.emit(where, "", "")

    def _ticket_edited(self, track: EditedTrack, ticket_id: str, field: str) -> None:
        if track is not self._current:
            return
        if ticket_id and any(ticket.id == ticket_id for ticket in self.tickets):
            self._selection.select(track.track_id, ticket_id)
        self.edited_at.emit("tickets", ticket_id, field)

    def _relay(self, track: EditedTrack, say: Callable[[Any], None], what: object) -> None:
        if track is self._current:
            say(what)

    def _say_kept(self, ticket_ids: tuple[str, ...]) -> None:
        self.noticed.emit(f"{', '.join(ticket_ids)} started meanwhile and stays as it is.")
