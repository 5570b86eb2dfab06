"""What an editor of plans asks and changes: the documents of a track, and its tickets."""

from collections.abc import Awaitable, Callable, Sequence
from functools import partial

from slop_qt.core.approvals import DecidedBy
from slop_qt.core.tickets import TicketSpec
from slop_qt.mma import commands, shapes
from slop_qt.mma.command_registry import CommandRegistry
from slop_qt.mma.plan_shapes import Document, Saved, SaveText, SaveTickets, TrackDocuments
from slop_qt.mma.session_parts import SessionParts
from slop_qt.store.conductor.documents import StoredText

__all__ = ["PlanDesk", "WriteTickets"]

# Planning.write_tickets: track id, tickets, the digest that tickets.json must have; returns the one that it has then.
WriteTickets = Callable[[str, Sequence[TicketSpec], str | None], Awaitable[str]]


class PlanDesk:
    """Answers track.read, track.save_text and track.save_tickets. Lives in the main thread's loop; keeps nothing.

    What somebody else has changed meanwhile is never overwritten: that is a ConflictError.
    """

    def __init__(self, parts: SessionParts, write_tickets: WriteTickets) -> None:
        self._folder = parts.folder
        self._offload = parts.offload
        self._write_tickets = write_tickets

    def register(self, registry: CommandRegistry) -> None:
        """Attach the commands."""
        registry.register(commands.TRACK_READ, self._read)
        registry.register(commands.TRACK_SAVE_TEXT, self._save_text)
        registry.register(commands.TRACK_SAVE_TICKETS, self._save_tickets)

    async def _read(self, params: shapes.TrackRef, _: DecidedBy) -> TrackDocuments:
        stored = await self._offload.run(partial(self._folder.read_track, params.track_id))
        return TrackDocuments(
            track=stored.track,
            spec=_document(stored.spec),
            plan=_document(stored.plan),
            tickets=stored.tickets,
            tickets_digest=stored.tickets_digest,
            tickets_problem=stored.tickets_problem,
        )

    async def _save_text(self, params: SaveText, _: DecidedBy) -> Saved:
        save = partial(self._folder.save_text, params.track_id, params.document, params.text, params.base_digest)
        return Saved(digest=await self._offload.run(save))

    async def _save_tickets(self, params: SaveTickets, _: DecidedBy) -> Saved:
        return Saved(digest=await self._write_tickets(params.track_id, params.tickets, params.base_digest))


def _document(stored: StoredText) -> Document:
    return Document(text=stored.text, digest=stored.digest, problem=stored.problem)
