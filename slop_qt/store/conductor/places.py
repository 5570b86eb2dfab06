"""Where the files of conductor/ lie: by the links of its indexes, else where they are by default."""

import posixpath
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from slop_qt.core.errors import InvalidInputError, StoreError
from slop_qt.store.conductor.index import read_index, resolve_link
from slop_qt.store.conductor.lines import as_text
from slop_qt.store.files import read_bytes

__all__ = ["INDEX", "PROJECT_LINKS", "TICKETS", "TRACK_LINKS", "ConductorPlaces", "TrackPlace"]

INDEX = "index.md"
TICKETS = "tickets.json"
# Labels of an index, and what is meant where it has no such link.
PROJECT_LINKS: Mapping[str, str] = MappingProxyType(
    {
        "Product Definition": "product.md",
        "Product Guidelines": "product-guidelines.md",
        "Tech Stack": "tech-stack.md",
        "Workflow": "workflow.md",
        "Code Style Guides": "code_styleguides/",
        "Tracks Registry": "tracks.md",
        "Tracks Directory": "tracks/",
    }
)
TRACK_LINKS: Mapping[str, str] = MappingProxyType(
    {"Specification": "spec.md", "Implementation Plan": "plan.md", "Metadata": "metadata.json"}
)
_ARCHIVE = "archive"
_FILES_OF_TRACKS = frozenset({INDEX, *TRACK_LINKS.values(), TICKETS})


@dataclass(frozen=True, slots=True)
class TrackPlace:
    """A track's id, and its folder relative to the project."""

    id: str
    folder: str


class ConductorPlaces:
    """Finds the files of one project's conductor/ folder. For helper threads: it reads indexes.

    An index that cannot be read, and a link that leads to nothing or out of the project, count as not there: what
    is meant is then where it is by default. `conductor check` says so. Paths that are given back are relative to
    the project until `inside` has followed them.
    """

    def __init__(self, project: Path, folder: str = "conductor") -> None:
        self.project = project.resolve()
        self.folder = folder

    def inside(self, relative: str | Path) -> Path:
        """The path with its symbolic links followed.

        Raises:
            StoreError: they lead out of the project, or in a circle.
        """
        path = self.project / relative
        try:
            resolved = path.resolve()
        except (OSError, RuntimeError, ValueError) as error:
            raise StoreError(f"{path} cannot be followed: {error}.", "Mend the symbolic link.") from error
        if not resolved.is_relative_to(self.project):
            raise StoreError(f"{path} leads out of the project, to {resolved}.", "Replace the symbolic link.")
        return resolved

    @property
    def index(self) -> str:
        """The project's index."""
        return f"{self.folder}/{INDEX}"

    @property
    def archive(self) -> str:
        """Where the folders of tracks that are over may lie."""
        return f"{self.folder}/{_ARCHIVE}"

    def registry(self) -> str:
        """tracks.md."""
        return self._linked(self.folder, PROJECT_LINKS)["Tracks Registry"]

    def tracks_folder(self) -> str:
        """Where the folders of tracks lie."""
        return self._linked(self.folder, PROJECT_LINKS)["Tracks Directory"]

    def documents(self) -> dict[str, str]:
        """The documents about the product as a whole, by their labels in the project's index."""
        return self._linked(self.folder, PROJECT_LINKS)

    def files_of(self, track_folder: str) -> dict[str, str]:
        """A track's files, by their labels in the track's index."""
        return self._linked(track_folder, TRACK_LINKS)

    def track_at(self, registry: str, target: str, tracks_folder: str) -> TrackPlace:
        """The track that a link in the registry leads to.

        Raises:
            InvalidInputError: to none: its folder has to lie in the folder of tracks or in the archive.
        """
        reached = resolve_link(posixpath.dirname(registry), target, self.folder)
        if posixpath.basename(reached) in _FILES_OF_TRACKS:
            reached = posixpath.dirname(reached)
        parents = (tracks_folder, f"{self.folder}/tracks", self.archive)
        parent, track_id = posixpath.split(reached)
        if parent in parents and not track_id.startswith(".") and track_id.isprintable():
            return TrackPlace(track_id, reached)
        for above in parents:
            if reached.startswith(f"{above}/"):
                track_id = reached.removeprefix(f"{above}/")
                raise InvalidInputError(f"{track_id!r} cannot be the id of a track: an id is the name of one folder")
        raise InvalidInputError(f"the link {target} leads to no folder of {tracks_folder}/ or {self.archive}/")

    def _linked(self, folder: str, defaults: Mapping[str, str]) -> dict[str, str]:
        """Where the index of the folder says that each of these is, else where it is by default."""
        found = {label: posixpath.normpath(f"{folder}/{name}") for label, name in defaults.items()}
        try:
            text = as_text(read_bytes(self.inside(f"{folder}/{INDEX}")))
        except (FileNotFoundError, StoreError):
            return found
        labels = {label.lower(): label for label in defaults}
        for link in read_index(text):
            label = labels.pop(link.label.lower(), None)  # the first link of a label counts
            if label is not None:
                found[label] = self._reached(folder, link.target, found[label])
        return found

    def _reached(self, folder: str, target: str, default: str) -> str:
        try:
            reached = resolve_link(folder, target, self.folder)
            return reached if reached == default or self.inside(reached).exists() else default
        except (InvalidInputError, StoreError, OSError):
            return default
