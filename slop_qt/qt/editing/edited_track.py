"""One track while it is edited: its two documents and its tickets, with one history of edits, and its files."""

import asyncio
from datetime import UTC, datetime
from functools import partial

from pydantic import TypeAdapter, ValidationError
from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QUndoStack

from slop_qt.core.errors import InvalidInputError, NotFoundError, SlopError
from slop_qt.core.line_ends import in_editor
from slop_qt.core.ports import Offload
from slop_qt.core.ticket_checks import graph_errors
from slop_qt.core.tickets import TicketSpec
from slop_qt.core.tracks import Track
from slop_qt.mma import commands, plan_shapes, shapes
from slop_qt.mma.command_registry import CommandRegistry
from slop_qt.mma.plan_shapes import Document, TrackDocuments
from slop_qt.qt.editing.edited_text import EditedText
from slop_qt.qt.editing.edited_tickets import EditedTickets
from slop_qt.store.drafts import Draft, DraftStore

__all__ = ["EditedTrack"]

_TICKETS = "tickets"
_TICKETS_FILE = TypeAdapter(tuple[TicketSpec, ...])


class EditedTrack(QObject):
    """Lives in the GUI thread, for as long as the window: its history outlasts a look at another track.

    Reading, saving and taking over follow each other, never overlap. gone says that the track is no more; empty else.
    draft_notice says what was found unsaved from an earlier time, until somebody has told it.

    Signals:
        state_changed: unsaved, loading, conflicts or problems are other than before.
        noticed(str): a sentence about something that somebody else did.
    """

    state_changed = Signal()
    noticed = Signal(str)

    def __init__(
        self, track_id: str, registry: CommandRegistry, offload: Offload, drafts: DraftStore, parent: QObject
    ) -> None:
        super().__init__(parent)
        self.track_id = track_id
        self.track: Track | None = None
        self.gone = ""
        self.draft_notice = ""
        self.stack = QUndoStack(self)
        self.spec = EditedText("spec", self.stack, self)
        self.plan = EditedText("plan", self.stack, self)
        self.tickets = EditedTickets(self.stack, self)
        self._registry = registry
        self._offload = offload
        self._drafts = drafts
        self._kept: set[str] = set()
        self._alone = asyncio.Lock()
        for part in (self.spec, self.plan, self.tickets):
            part.state_changed.connect(self.state_changed)

    @property
    def texts(self) -> tuple[EditedText, EditedText]:
        """Spec and plan."""
        return self.spec, self.plan

    @property
    def loaded(self) -> bool:
        """Whether there is something to edit."""
        return self.track is not None

    @property
    def unsaved(self) -> tuple[str, ...]:
        """What differs from its file: spec, plan, tickets."""
        parts = (("spec", self.spec), ("plan", self.plan), (_TICKETS, self.tickets))
        return tuple(name for name, part in parts if part.unsaved)

    @property
    def conflicts(self) -> tuple[str, ...]:
        """What somebody else changed while it was unsaved: spec, plan, tickets."""
        parts = (("spec", self.spec), ("plan", self.plan), (_TICKETS, self.tickets))
        return tuple(name for name, part in parts if part.theirs is not None)

    async def read(self) -> None:
        """Read the files, for the first time or because they may have changed. Raises SlopError."""
        async with self._alone:
            await self._read()

    async def save(self) -> bool:
        """Write everything that is unsaved and can be written; False where a conflict has to be decided first.

        Raises:
            SlopError: it cannot be written; nothing is lost.
        """
        async with self._alone:
            saved = [await self._save_text(text) for text in self.texts]
            saved.append(await self._save_tickets())
        errors = graph_errors(self.tickets.current) if self.tickets.unsaved else ()
        if errors:
            raise InvalidInputError(f"The tickets are not saved: {errors[0].message}", "Mend them, or undo.")
        return all(saved)

    async def save_tickets(self) -> bool:
        """Write the tickets if they differ and make a graph. Raises as `save` does."""
        async with self._alone:
            return await self._save_tickets()

    async def keep_mine(self, name: str) -> bool:
        """Save what is here over what somebody else wrote. Raises as `save` does."""
        text = self._text(name)
        if text is not None and text.theirs is not None:
            text.rebase(text.theirs)
            text.mark_unsaved()
        elif self.tickets.theirs is not None:
            self.tickets.rebase(*self.tickets.theirs)
        return await self.save()

    def take_theirs(self, name: str) -> None:
        """Show what somebody else wrote; undo brings back what was here."""
        text = self._text(name)
        if text is not None and text.theirs is not None:
            text.take_over(text.theirs)
        elif self.tickets.theirs is not None:
            self.tickets.take_over(*self.tickets.theirs, None)

    async def keep_drafts(self) -> None:
        """Keep what is unsaved, and forget what is not any more. Raises StoreError."""
        unsaved = self.unsaved
        for text in self.texts:
            if text.name in unsaved and text.loaded:
                snapshot = await text.snapshot(end_typing=False)
                await self._keep(text.name, await self._offload.run(snapshot.written), snapshot.base.digest)
        if _TICKETS in unsaved:
            await self._keep(_TICKETS, _TICKETS_FILE.dump_json(self.tickets.current).decode(), self.tickets.base_digest)
        for name in self._kept - set(unsaved):
            self._kept.discard(name)
            await self._offload.run(partial(self._drafts.drop, self.track_id, name))

    async def _read(self) -> None:
        try:
            documents = await self._registry.call(commands.TRACK_READ, shapes.TrackRef(track_id=self.track_id))
        except NotFoundError as error:
            if self.track is None:
                raise
            self._say_gone(error.message)
            return
        self.gone = ""
        if self.track is None:
            await self._fill(documents)
        else:
            for text, document in zip(self.texts, (documents.spec, documents.plan), strict=True):
                await self._take_text(text, document)
            self._take_tickets(documents)
        self.track = documents.track
        self.state_changed.emit()

    async def _fill(self, documents: TrackDocuments) -> None:
        kept = []
        for text, document in zip(self.texts, (documents.spec, documents.plan), strict=True):
            draft = await self._draft(text.name)
            plain = await self._offload.run(partial(in_editor, document.text))
            if draft is None:
                await text.load(document, plain)
                continue
            kept.append(draft)
            await text.load(document.model_copy(update={"digest": draft.base_digest}), plain, draft.text)
            text.set_theirs(document if draft.base_digest != document.digest else None)
        draft = await self._draft(_TICKETS)
        self._fill_tickets(documents, draft)
        kept += [draft] if draft is not None else []
        if kept:
            names = " and ".join(each.document for each in kept)
            when = max(each.time for each in kept).astimezone().strftime("%d %B, %H:%M")
            self.draft_notice = f"These are your unsaved edits of the {names}, kept on {when}. Save or undo them."

    def _fill_tickets(self, documents: TrackDocuments, draft: Draft | None) -> None:
        tickets, digest, problem = documents.tickets, documents.tickets_digest, documents.tickets_problem
        if draft is None:
            self.tickets.load(tickets, digest, problem)
            return
        self.tickets.load(tickets, draft.base_digest, problem)
        self.tickets.hold(_TICKETS_FILE.validate_json(draft.text), "unsaved edit of the tickets")
        self.tickets.set_theirs((tickets, digest) if draft.base_digest != digest else None)

    async def _take_text(self, text: EditedText, document: Document) -> None:
        file = f"{text.name}.md"
        if (document.digest, document.problem) == (text.base.digest, text.base.problem):
            text.set_theirs(None)
        elif document.problem is not None:
            text.rebase(document)
        elif not document.digest:
            text.rebase(document)
            text.mark_unsaved()
            self.noticed.emit(f"{file} was deleted elsewhere. Its text is still here: saving writes it again.")
        elif not text.unsaved:
            text.take_over(document)
            self.noticed.emit(f"{file} was changed elsewhere. Undo brings back what was here.")
        elif (await text.snapshot(end_typing=False)).text == in_editor(document.text):
            text.take_over(document)
        else:
            text.set_theirs(document)

    def _take_tickets(self, documents: TrackDocuments) -> None:
        tickets, digest, problem = documents.tickets, documents.tickets_digest, documents.tickets_problem
        mine = self.tickets
        if (digest, problem) == (mine.base_digest, mine.problem):
            mine.set_theirs(None)
        elif problem is not None:
            mine.problem, mine.base_digest = problem, digest
        elif mine.unsaved and tickets != mine.current:
            mine.set_theirs((tickets, digest))
        else:
            replaced = mine.current and tickets != mine.current
            mine.take_over(tickets, digest, problem)
            if replaced:
                what = "changed" if digest else "deleted"
                self.noticed.emit(f"tickets.json was {what} elsewhere. Undo brings back what was here.")

    async def _save_text(self, text: EditedText) -> bool:
        if text.theirs is not None:
            return False
        if not text.unsaved or not text.editable or self.gone:
            return True
        snapshot = await text.snapshot()
        text.saving(snapshot)
        content = await self._offload.run(snapshot.written)
        params = plan_shapes.SaveText(
            track_id=self.track_id, document=text.name, text=content, base_digest=snapshot.base.digest
        )
        try:
            written = await self._registry.call(commands.TRACK_SAVE_TEXT, params)
        except SlopError:
            await self._read()
            if text.theirs is None:
                raise
            return False
        text.saved(Document(text=content, digest=written.digest))
        return True

    async def _save_tickets(self) -> bool:
        mine = self.tickets
        while mine.unsaved and mine.valid and mine.problem is None and not self.gone:
            if mine.theirs is not None:
                return False
            tickets = mine.current
            params = plan_shapes.SaveTickets(track_id=self.track_id, tickets=tickets, base_digest=mine.base_digest)
            try:
                written = await self._registry.call(commands.TRACK_SAVE_TICKETS, params)
            except SlopError:
                await self._read()
                if mine.theirs is None:
                    raise
                return False
            mine.rebase(tickets, written.digest)
        return True

    async def _draft(self, name: str) -> Draft | None:
        draft = await self._offload.run(partial(self._drafts.find, self.track_id, name))
        if draft is not None:
            self._kept.add(name)
        return draft if draft is None or name != _TICKETS or _holds_tickets(draft) else None

    async def _keep(self, name: str, text: str, base_digest: str) -> None:
        draft = Draft(track_id=self.track_id, document=name, text=text, base_digest=base_digest, time=datetime.now(UTC))
        self._kept.add(name)
        await self._offload.run(partial(self._drafts.keep, draft))

    def _text(self, name: str) -> EditedText | None:
        return next((text for text in self.texts if text.name == name), None)

    def _say_gone(self, message: str) -> None:
        if not self.gone:
            self.gone = f"{message} What was here can still be read and copied."
            self.state_changed.emit()


def _holds_tickets(draft: Draft) -> bool:
    try:
        _TICKETS_FILE.validate_json(draft.text)
    except ValidationError:
        return False
    return True
