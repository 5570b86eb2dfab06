"""The tracks of a project on disk, in Conductor's written form, so that either program can work on them."""

import posixpath
import re
import threading
import unicodedata
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import date
from functools import wraps
from pathlib import Path
from typing import Concatenate, Literal, ParamSpec, TypeVar

from slop_qt.core.errors import InvalidInputError, StoreError
from slop_qt.core.events import utc_now
from slop_qt.core.tickets import TicketSpec, check_graph
from slop_qt.core.tracks import Track, TrackDraft, TrackStatus
from slop_qt.store.conductor.documents import digest_of, edited, require_unchanged
from slop_qt.store.conductor.index import written_index
from slop_qt.store.conductor.json_text import json_value, replace_members, written_json
from slop_qt.store.conductor.lines import BYTE_ORDER_MARK, as_bytes, as_text
from slop_qt.store.conductor.places import INDEX, PROJECT_LINKS, TRACK_LINKS, ConductorPlaces
from slop_qt.store.conductor.plan import SHA, find_tasks, mark_tasks
from slop_qt.store.conductor.registry import (
    MARKERS,
    append_track,
    registry_header,
    set_marker,
)
from slop_qt.store.conductor.tickets import as_planned, read_tickets, written_tickets
from slop_qt.store.conductor.tracks import LABELS, RegisteredTracks, StoredTrack
from slop_qt.store.files import read_bytes, read_if_there, read_text, write_atomically

__all__ = ["ConductorFolder"]

P = ParamSpec("P")
R = TypeVar("R")

_SHORT_NAME_LENGTH = 32
# metadata.json knows no word for blocked: the work is begun and not over.
_METADATA_STATUS = {
    TrackStatus.NEW: "new",
    TrackStatus.IN_PROGRESS: "in_progress",
    TrackStatus.DONE: "completed",
    TrackStatus.BLOCKED: "in_progress",
}


def _alone(method: Callable[Concatenate["ConductorFolder", P], R]) -> Callable[Concatenate["ConductorFolder", P], R]:
    """One writer at a time: each reads a file, changes it and writes it back."""

    @wraps(method)
    def alone(self: "ConductorFolder", /, *args: P.args, **kwargs: P.kwargs) -> R:
        with self._writing:
            return method(self, *args, **kwargs)

    return alone


class ConductorFolder:
    """Reads and writes `conductor/` of one project. Nothing is kept in memory: the files are the truth.

    Every method does file work, for a helper thread; those that write wait for each other. Only the characters that
    mean what changes are changed, whatever form or encoding the rest has. All raise StoreError, with the path, where a
    file cannot be read or written or lies outside the project; where a track is named, NotFoundError if there is none
    of that id.
    """

    def __init__(self, project: Path) -> None:
        self._places = ConductorPlaces(project)
        self._tracks = RegisteredTracks(self._places)
        self._writing = threading.Lock()

    def tracks(self) -> list[Track]:
        """The tracks of tracks.md, in its order; none where there is no such file. Of two with one id the first."""
        return [self._tracks.track(entry) for entry in self._tracks.entries().values()]

    def spec(self, track_id: str) -> str:
        """The text of the specification."""
        return self._read_of(track_id, "spec")

    def plan(self, track_id: str) -> str:
        """The text of the plan."""
        return self._read_of(track_id, "plan")

    def tickets(self, track_id: str) -> tuple[TicketSpec, ...]:
        """The planned tickets, none where there is no tickets.json. Whether they make a graph is not checked here."""
        path = self._tracks.tickets_path(self._tracks.entry(track_id))
        try:
            return read_tickets(read_bytes(path), path)
        except FileNotFoundError:
            return ()

    def read_track(self, track_id: str) -> StoredTrack:
        """The track and its files to be edited. A file that cannot be used is a problem and no error."""
        return self._tracks.stored(track_id)

    @_alone
    def save_text(self, track_id: str, document: Literal["spec", "plan"], text: str, base_digest: str) -> str:
        """Write the specification or the plan as edited, LF for every line end. Returns the file's new digest.

        Raises:
            ConflictError: the file's digest is not base_digest.
        """
        path = self._tracks.path_of(self._tracks.entry(track_id), LABELS[document])
        content = read_if_there(path)
        require_unchanged(path, content, base_digest)
        changed = edited(content, text)
        if changed != content:
            self._make_folder(path.parent)
            write_atomically(path, changed)
        return digest_of(changed)

    @_alone
    def add_track(self, draft: TrackDraft, today: date) -> Track:
        """Write a new track, with conductor/ around it if need be. tracks.md comes last: it makes the track exist."""
        entries, places = self._tracks.entries(), self._places
        title = " ".join(draft.title.split()) or "Untitled"
        folder = places.tracks_folder()
        track_id = self._free_id(folder, title, today, entries.keys())
        now = _timestamp()
        metadata = {
            "track_id": track_id,
            "type": draft.type,
            "status": _METADATA_STATUS[TrackStatus.NEW],
            "created_at": now,
            "updated_at": now,
            "description": title,
        }
        made = self._make_folder(places.inside(f"{folder}/{track_id}"))
        write_atomically(made / "spec.md", _ended(draft.spec))
        write_atomically(made / "plan.md", _ended(draft.plan))
        write_atomically(made / "metadata.json", written_json(metadata))
        write_atomically(made / INDEX, written_index(f"Track {track_id} Context", tuple(TRACK_LINKS.items())))
        self._write_first_index()
        registry = places.registry()
        path = places.inside(registry)
        content = read_if_there(path)
        before = registry_header() if content is None else as_text(content)
        link = f"./{posixpath.relpath(folder, posixpath.dirname(registry))}/{track_id}/"
        write_atomically(path, as_bytes(append_track(before, link, title)))
        return self._tracks.track(self._tracks.entry(track_id))

    @_alone
    def set_tickets(self, track_id: str, tickets: Sequence[TicketSpec], base_digest: str | None = None) -> str:
        """Replace the track's tickets; a file that says the same already is left alone, one that cannot be used is
        kept under another name. Returns the file's digest.

        Raises:
            InvalidInputError: they make no graph that can be worked.
            ConflictError: base_digest is given, and the file's digest is another.
        """
        path = self._tracks.tickets_path(self._tracks.entry(track_id))
        check_graph(tickets)
        content = read_if_there(path)
        if base_digest is not None:
            require_unchanged(path, content, base_digest)
        if content is not None:
            try:
                if read_tickets(content, path) == tuple(as_planned(ticket) for ticket in tickets):
                    return digest_of(content)
            except StoreError:
                write_atomically(_free_name(path.with_name("tickets-unusable.json")), content)
        self._make_folder(path.parent)
        changed = written_tickets(tickets).encode()
        write_atomically(path, changed)
        return digest_of(changed)

    @_alone
    def set_status(self, track_id: str, status: TrackStatus) -> None:
        """Set the marker in tracks.md, which is the truth, and the status in metadata.json, where there is one."""
        entry = self._tracks.entry(track_id)
        path = self._tracks.path_of(entry, "Metadata")
        metadata = read_if_there(path)
        changed = None if metadata is None else _with_status(path, as_text(metadata), _METADATA_STATUS[status])
        if entry.written.status is not status or entry.written.marker not in MARKERS:
            write_atomically(entry.registry, as_bytes(set_marker(entry.text, entry.written, status)))
        if changed is not None:
            write_atomically(path, as_bytes(changed))

    def task_lines(self, track_id: str, tasks: Collection[str]) -> dict[str, int]:
        """In which lines of the plan these tasks stand, from 1; those that are not in it are left out."""
        return find_tasks(as_text(self._plan_of(track_id)[1]), tasks)

    @_alone
    def mark_tasks(self, track_id: str, tasks: Mapping[str, str]) -> tuple[str, ...]:
        """Mark tasks of the plan as done, each with the SHA of its commit. Returns those that are not in the plan.

        Raises:
            InvalidInputError: what stands for a SHA is none.
        """
        for task, sha in tasks.items():
            if not SHA.fullmatch(sha):
                raise InvalidInputError(f"The task {task!r} cannot be marked: {sha!r} is not the SHA of a commit.")
        path, content = self._plan_of(track_id)
        changed, unknown = mark_tasks(as_text(content), tasks)
        if as_bytes(changed) != content:
            write_atomically(path, as_bytes(changed))
        return unknown

    def _plan_of(self, track_id: str) -> tuple[Path, bytes]:
        path = self._tracks.path_of(self._tracks.entry(track_id), LABELS["plan"])
        content = read_if_there(path)
        if content is None:
            raise _missing(path)
        return path, content

    def _read_of(self, track_id: str, document: str) -> str:
        path = self._tracks.path_of(self._tracks.entry(track_id), LABELS[document])
        try:
            return read_text(path).removeprefix(BYTE_ORDER_MARK)
        except FileNotFoundError:
            raise _missing(path) from None

    def _write_first_index(self) -> None:
        path = self._places.inside(self._places.index)
        if path.exists():
            return
        links = PROJECT_LINKS.items()
        shown = [link for link in links if link[0] == "Tracks Registry" or (path.parent / link[1]).exists()]
        write_atomically(path, written_index("Project Context", shown))

    def _free_id(self, folder: str, title: str, today: date, taken: Collection[str]) -> str:
        short, day = _short_name(title), today.strftime("%Y%m%d")
        folders = [self._places.project / above for above in (folder, self._places.archive)]
        number, candidate = 1, f"{short}_{day}"
        while candidate in taken or any((above / candidate).exists() for above in folders):
            number += 1
            candidate = f"{short}_{number}_{day}"
        return candidate

    def _make_folder(self, path: Path) -> Path:
        folder = self._places.inside(path)
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise StoreError(f"{folder} could not be created: {error}.", "Check permissions and free space.") from error
        return folder


def _with_status(path: Path, metadata: str, word: str) -> str | None:
    """The text of metadata.json with another status and time; None where it says so already."""
    try:
        before = json_value(metadata)
        changed = replace_members(metadata, {"status": word, "updated_at": _timestamp()})
    except ValueError as error:
        raise StoreError(f"{path} is not a JSON object: {error}.", "Mend it or remove it, then try again.") from error
    return None if isinstance(before, dict) and before.get("status") == word else changed


def _missing(path: Path) -> StoreError:
    return StoreError(f"{path} is missing.", "Write it, or remove the track from tracks.md.")


def _free_name(path: Path) -> Path:
    number, candidate = 1, path
    while candidate.exists():
        number += 1
        candidate = path.with_stem(f"{path.stem}-{number}")
    return candidate


def _short_name(title: str) -> str:
    plain = unicodedata.normalize("NFKD", title).encode("ascii", "ignore").decode().lower()
    words = re.findall(r"[a-z0-9]+", plain)
    return "_".join(words)[:_SHORT_NAME_LENGTH].rstrip("_") or "track"


def _timestamp() -> str:
    return utc_now().strftime("%Y-%m-%dT%H:%M:%SZ")


def _ended(text: str) -> str:
    return text if text.endswith("\n") else text + "\n"
