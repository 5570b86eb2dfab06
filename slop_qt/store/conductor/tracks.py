"""The tracks of a project as tracks.md and the indexes say, each with its files."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from slop_qt.core.errors import InvalidInputError, NotFoundError, StoreError
from slop_qt.core.tickets import TicketSpec
from slop_qt.core.tracks import Track
from slop_qt.store.conductor.documents import StoredText, digest_of, read_document
from slop_qt.store.conductor.lines import as_text
from slop_qt.store.conductor.places import TICKETS, ConductorPlaces, TrackPlace
from slop_qt.store.conductor.registry import RegistryEntry, read_registry
from slop_qt.store.conductor.tickets import read_tickets
from slop_qt.store.files import read_bytes, read_if_there

__all__ = ["LABELS", "RegisteredTrack", "RegisteredTracks", "StoredTrack"]

# What an editor calls a document, and what an index does.
LABELS: Mapping[str, str] = MappingProxyType({"spec": "Specification", "plan": "Implementation Plan"})


@dataclass(frozen=True, slots=True)
class StoredTrack:
    """A track with all its files as an editor gets them; tickets_problem says why tickets.json cannot be used."""

    track: Track
    spec: StoredText
    plan: StoredText
    tickets: tuple[TicketSpec, ...]
    tickets_digest: str
    tickets_problem: str | None


@dataclass(frozen=True, slots=True)
class RegisteredTrack:
    """A track of tracks.md with its place, and the text and the file in which it stands."""

    written: RegistryEntry
    place: TrackPlace
    text: str
    registry: Path


class RegisteredTracks:
    """Finds tracks and their files, reading tracks.md and the indexes each time. For helper threads.

    Raises as ConductorFolder does.
    """

    def __init__(self, places: ConductorPlaces) -> None:
        self._places = places

    def entries(self) -> dict[str, RegisteredTrack]:
        """The tracks that can be followed, by their ids."""
        registry = self._places.registry()
        path = self._places.inside(registry)
        content = read_if_there(path)
        if content is None:
            return {}
        text, tracks_folder = as_text(content), self._places.tracks_folder()
        entries: dict[str, RegisteredTrack] = {}
        for written in read_registry(text):
            if written.link is None:
                continue
            try:
                place = self._places.track_at(registry, written.link, tracks_folder)
            except InvalidInputError:
                continue
            entries.setdefault(place.id, RegisteredTrack(written, place, text, path))
        return entries

    def entry(self, track_id: str) -> RegisteredTrack:
        """The track of that id."""
        entries = self.entries()
        if track_id not in entries:
            known = ", ".join(entries) or "none"
            registry = self._places.project / self._places.registry()
            raise NotFoundError(f"There is no track {track_id!r} in {registry}.", f"Known tracks: {known}.")
        return entries[track_id]

    def track(self, entry: RegisteredTrack) -> Track:
        """As everybody else knows it."""
        files = self._places.files_of(entry.place.folder)
        return Track(
            id=entry.place.id,
            title=entry.written.title,
            status=entry.written.status,
            spec_path=files[LABELS["spec"]],
            plan_path=files[LABELS["plan"]],
        )

    def path_of(self, entry: RegisteredTrack, label: str) -> Path:
        """Its file with that label of the index; there may be none."""
        return self._places.inside(self._places.files_of(entry.place.folder)[label])

    def tickets_path(self, entry: RegisteredTrack) -> Path:
        """Its tickets.json; there may be none."""
        return self._places.inside(f"{entry.place.folder}/{TICKETS}")

    def stored(self, track_id: str) -> StoredTrack:
        """The track and its files to be edited. A file that cannot be used is a problem and no error."""
        entry = self.entry(track_id)
        documents = {name: self._document(entry, label) for name, label in LABELS.items()}
        tickets: tuple[TicketSpec, ...] = ()
        content, problem = None, None
        try:
            path = self.tickets_path(entry)
            content = read_bytes(path)
            tickets = read_tickets(content, path)
        except FileNotFoundError:
            pass
        except StoreError as error:
            problem = str(error)
        return StoredTrack(
            self.track(entry), **documents, tickets=tickets, tickets_digest=digest_of(content), tickets_problem=problem
        )

    def _document(self, entry: RegisteredTrack, label: str) -> StoredText:
        try:
            return read_document(self.path_of(entry, label))
        except StoreError as error:
            return StoredText("", "", str(error))
