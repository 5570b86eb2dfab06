"""The tracks of a project on disk, in Conductor's written form, so that either program can work on them."""

import json
import re
import threading
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from functools import wraps
from pathlib import Path
from typing import Concatenate, ParamSpec, TypeVar

from pydantic import ValidationError

from slop_qt.core.errors import InvalidInputError, NotFoundError, StoreError
from slop_qt.core.events import utc_now
from slop_qt.core.shape import Shape
from slop_qt.core.tickets import TicketSpec, check_graph
from slop_qt.core.tracks import Track, TrackDraft, TrackStatus
from slop_qt.store import conductor_markdown as markdown
from slop_qt.store.files import read_text, write_atomically

__all__ = ["ConductorFolder"]

P = ParamSpec("P")
R = TypeVar("R")

_FOLDER = "conductor"
_REGISTRY = "tracks.md"
_TICKETS_VERSION = 1
_SHORT_NAME_LENGTH = 32
_SHA = re.compile(r"[0-9a-f]{7,64}")
# metadata.json knows no word for blocked: the work is begun and not over.
_METADATA_STATUS = {
    TrackStatus.NEW: "new",
    TrackStatus.IN_PROGRESS: "in_progress",
    TrackStatus.DONE: "completed",
    TrackStatus.BLOCKED: "in_progress",
}
_INDEX_LINKS = (
    ("Product Definition", "product.md"),
    ("Product Guidelines", "product-guidelines.md"),
    ("Tech Stack", "tech-stack.md"),
    ("Workflow", "workflow.md"),
    ("Code Style Guides", "code_styleguides/"),
    ("Tracks Registry", _REGISTRY),
    ("Tracks Directory", "tracks/"),
)
_TRACK_LINKS = (("Specification", "spec.md"), ("Implementation Plan", "plan.md"), ("Metadata", "metadata.json"))


class _TicketsFile(Shape):
    """tickets.json."""

    version: int
    tickets: tuple[TicketSpec, ...]


def _alone(method: Callable[Concatenate["ConductorFolder", P], R]) -> Callable[Concatenate["ConductorFolder", P], R]:
    """One writer at a time: each reads a file, changes it and writes it back."""

    @wraps(method)
    def alone(self: "ConductorFolder", /, *args: P.args, **kwargs: P.kwargs) -> R:
        with self._writing:
            return method(self, *args, **kwargs)

    return alone


class ConductorFolder:
    """Reads and writes `conductor/` of one project. Nothing is kept in memory: the files are the truth.

    Every method does file work, for a helper thread; those that write wait for each other. Only the lines that mean
    what changes are changed. All raise StoreError, with the path, where a file cannot be read or written or
    lies outside the project; where a track is named, NotFoundError if there is none of that id.
    """

    def __init__(self, project: Path) -> None:
        self._project = project.resolve()
        self._root = self._project / _FOLDER
        self._writing = threading.Lock()

    def tracks(self) -> list[Track]:
        """The tracks of tracks.md, in its order; none where there is no such file."""
        return [self._track(entry.id, entry.title, entry.status) for entry in self._entries()[1]]

    def spec(self, track_id: str) -> str:
        """The text of spec.md."""
        return self._read_of(track_id, "spec.md")

    def plan(self, track_id: str) -> str:
        """The text of plan.md."""
        return self._read_of(track_id, "plan.md")

    def tickets(self, track_id: str) -> tuple[TicketSpec, ...]:
        """The planned tickets, none where there is no tickets.json. Whether they make a graph is not checked here."""
        self._entry(track_id)
        path = self._inside(self._folder(track_id) / "tickets.json")
        try:
            content = _TicketsFile.model_validate_json(read_text(path))
        except FileNotFoundError:
            return ()
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(str(part) for part in first["loc"]) or "the file"
            raise StoreError(f"{path} cannot be used: {where}: {first['msg']}.", "Mend it, or plan again.") from error
        if content.version != _TICKETS_VERSION:
            raise StoreError(
                f"{path} is of version {content.version}; this slop_qt knows version {_TICKETS_VERSION}.",
                "Use the slop_qt that wrote it, or plan the track again.",
            )
        return content.tickets

    @_alone
    def add_track(self, draft: TrackDraft, today: date) -> Track:
        """Write a new track, with conductor/ around it if need be. tracks.md comes last: it makes the track exist."""
        text, entries = self._entries()
        title = " ".join(draft.title.split()) or "Untitled"
        track_id = self._free_id(title, today, {entry.id for entry in entries})
        now = _timestamp()
        metadata = {
            "track_id": track_id,
            "type": draft.type,
            "status": _METADATA_STATUS[TrackStatus.NEW],
            "created_at": now,
            "updated_at": now,
            "description": title,
        }
        folder = self._make_folder(self._folder(track_id))
        write_atomically(folder / "spec.md", _ended(draft.spec))
        write_atomically(folder / "plan.md", _ended(draft.plan))
        write_atomically(folder / "metadata.json", _json(metadata))
        write_atomically(folder / "index.md", _index(f"Track {track_id} Context", _TRACK_LINKS))
        index = self._inside(self._root / "index.md")
        if not index.exists():
            shown = [link for link in _INDEX_LINKS if link[1] == _REGISTRY or (self._root / link[1]).exists()]
            write_atomically(index, _index("Project Context", shown))
        registry = markdown.registry_header() if text is None else text
        write_atomically(self._inside(self._root / _REGISTRY), markdown.append_track(registry, track_id, title))
        return self._track(track_id, title, TrackStatus.NEW)

    @_alone
    def set_tickets(self, track_id: str, tickets: Sequence[TicketSpec]) -> None:
        """Replace the track's tickets; a file that says the same already is left alone.

        Raises:
            InvalidInputError: they make no graph that can be worked.
        """
        self._entry(track_id)
        check_graph(tickets)
        path = self._inside(self._folder(track_id) / "tickets.json")
        planned = tuple(
            TicketSpec.model_validate(ticket.model_dump(include=set(TicketSpec.model_fields))) for ticket in tickets
        )
        if path.exists() and self.tickets(track_id) == planned:
            return
        self._make_folder(path.parent)
        content = _TicketsFile(version=_TICKETS_VERSION, tickets=planned)
        write_atomically(path, _json(content.model_dump(mode="json")))

    @_alone
    def set_status(self, track_id: str, status: TrackStatus) -> None:
        """Set the marker in tracks.md, which is the truth, and the status in metadata.json, where there is one."""
        text, entry = self._entry(track_id)
        path = self._inside(self._folder(track_id) / "metadata.json")
        try:
            metadata = read_text(path)
            values = {"status": _METADATA_STATUS[status], "updated_at": _timestamp()}
            changed = markdown.replace_members(metadata, values)
        except FileNotFoundError:
            changed = None
        except ValueError as error:
            raise StoreError(
                f"{path} is not a JSON object: {error}.", "Mend it or remove it, then try again."
            ) from error
        if entry.status is not status:
            write_atomically(self._inside(self._root / _REGISTRY), markdown.set_track_marker(text, entry, status))
        if changed is not None and json.loads(metadata).get("status") != values["status"]:
            write_atomically(path, changed)

    @_alone
    def mark_tasks(self, track_id: str, tasks: Mapping[str, str]) -> tuple[str, ...]:
        """Mark tasks of plan.md as done, each with the SHA of its commit. Returns those that are not in the plan.

        Raises:
            InvalidInputError: what stands for a SHA is none.
        """
        for task, sha in tasks.items():
            if not _SHA.fullmatch(sha):
                raise InvalidInputError(f"The task {task!r} cannot be marked: {sha!r} is not the SHA of a commit.")
        text = self.plan(track_id)
        changed, unknown = markdown.mark_tasks(text, tasks)
        if changed != text:
            write_atomically(self._inside(self._folder(track_id) / "plan.md"), changed)
        return unknown

    def _folder(self, track_id: str) -> Path:
        return self._root / "tracks" / track_id

    def _track(self, track_id: str, title: str, status: TrackStatus) -> Track:
        folder = f"{_FOLDER}/tracks/{track_id}"
        return Track(
            id=track_id, title=title, status=status, spec_path=f"{folder}/spec.md", plan_path=f"{folder}/plan.md"
        )

    def _entries(self) -> tuple[str | None, list[markdown.TrackEntry]]:
        try:
            text = read_text(self._inside(self._root / _REGISTRY))
        except FileNotFoundError:
            return None, []
        return text, markdown.read_registry(text)

    def _entry(self, track_id: str) -> tuple[str, markdown.TrackEntry]:
        text, entries = self._entries()
        for entry in entries:
            if entry.id == track_id and text is not None:
                return text, entry
        known = ", ".join(entry.id for entry in entries) or "none"
        raise NotFoundError(f"There is no track {track_id!r} in {self._root / _REGISTRY}.", f"Known tracks: {known}.")

    def _read_of(self, track_id: str, name: str) -> str:
        self._entry(track_id)
        path = self._inside(self._folder(track_id) / name)
        try:
            return read_text(path)
        except FileNotFoundError:
            raise StoreError(f"{path} is missing.", f"Write it, or remove the track from {_REGISTRY}.") from None

    def _free_id(self, title: str, today: date, taken: set[str]) -> str:
        short, day = _short_name(title), today.strftime("%Y%m%d")
        number, candidate = 1, f"{short}_{day}"
        while candidate in taken or any((self._root / folder / candidate).exists() for folder in ("tracks", "archive")):
            number += 1
            candidate = f"{short}_{number}_{day}"
        return candidate

    def _inside(self, path: Path) -> Path:
        """The path with its links resolved, which must not lead out of the project."""
        try:
            resolved = path.resolve()
        except (OSError, RuntimeError) as error:
            raise StoreError(f"{path} cannot be followed: {error}.", "Mend the symbolic link.") from error
        if not resolved.is_relative_to(self._project):
            raise StoreError(f"{path} leads out of the project, to {resolved}.", "Replace the symbolic link.")
        return resolved

    def _make_folder(self, path: Path) -> Path:
        folder = self._inside(path)
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise StoreError(f"{folder} could not be created: {error}.", "Check permissions and free space.") from error
        return folder


def _short_name(title: str) -> str:
    plain = unicodedata.normalize("NFKD", title).encode("ascii", "ignore").decode().lower()
    words = re.findall(r"[a-z0-9]+", plain)
    return "_".join(words)[:_SHORT_NAME_LENGTH].rstrip("_") or "track"


def _timestamp() -> str:
    return utc_now().strftime("%Y-%m-%dT%H:%M:%SZ")


def _ended(text: str) -> str:
    return text if text.endswith("\n") else text + "\n"


def _json(content: object) -> str:
    return json.dumps(content, indent=2, ensure_ascii=False) + "\n"


def _index(heading: str, links: Sequence[tuple[str, str]]) -> str:
    lines = "".join(f"- [{label}](./{target})\n" for label, target in links)
    return f"# {heading}\n\n{lines}"
