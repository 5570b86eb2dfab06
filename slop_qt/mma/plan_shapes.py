"""Parameters and results of what the window does with plans, beyond the automation protocol's own methods."""

from typing import Annotated, Literal

from pydantic import Field

from slop_qt.core.shape import Shape
from slop_qt.core.tickets import TicketSpec
from slop_qt.core.tracks import Track

__all__ = [
    "Document",
    "DocumentName",
    "ForecastTrack",
    "ReviseTrack",
    "SaveText",
    "SaveTickets",
    "Saved",
    "TicketsRevised",
    "TrackDocuments",
]

DocumentName = Literal["spec", "plan"]


class Document(Shape):
    """A file's text, and the SHA-256 of its bytes in hex; text and digest are empty where there is no file.

    Line ends are as in the file; a byte order mark is not part of the text. problem is a sentence that says why it
    cannot be shown or edited as text; None where it can.
    """

    text: str
    digest: str
    problem: str | None = None


class TrackDocuments(Shape):
    """A track as an editor needs it. tickets_problem says why tickets.json cannot be used; None where it can."""

    track: Track
    spec: Document
    plan: Document
    tickets: tuple[TicketSpec, ...]
    tickets_digest: str
    tickets_problem: str | None = None


class SaveText(Shape):
    """A document as edited. It is refused where the file's digest is not base_digest: somebody else changed it."""

    track_id: str
    document: DocumentName
    text: str
    base_digest: str


class SaveTickets(Shape):
    """The whole graph as edited; refused as SaveText. Where the track is being run, the run takes it over."""

    track_id: str
    tickets: tuple[TicketSpec, ...]
    base_digest: str


class Saved(Shape):
    """The digest of the file as written."""

    digest: str


class ForecastTrack(Shape):
    """The track's tickets on that many workers (None: as set)."""

    track_id: str
    workers: Annotated[int, Field(ge=1, le=64)] | None = None


class ReviseTrack(Shape):
    """Have Tier 2 revise what has not started; wish is what the person wants of it, and may be empty."""

    track_id: str
    wish: str = ""


class TicketsRevised(Shape):
    """What Tier 2 proposes; nothing is written. before is what it was given, with base_digest for saving."""

    run_id: str
    track_id: str
    before: tuple[TicketSpec, ...]
    tickets: tuple[TicketSpec, ...]
    base_digest: str
