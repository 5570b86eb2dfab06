"""`slop-qt conductor check`: everything in a conductor/ folder that a reader may stumble over, by file and line."""

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from pathlib import Path

from slop_qt.core.errors import InvalidInputError, SlopError, StoreError
from slop_qt.store.conductor.check_files import strange_entries
from slop_qt.store.conductor.check_tracks import CheckedTrack, check_track
from slop_qt.store.conductor.findings import ConductorFinding, FileReader, reason_of
from slop_qt.store.conductor.index import read_index, resolve_link
from slop_qt.store.conductor.lines import read_lines
from slop_qt.store.conductor.places import INDEX, ConductorPlaces, TrackPlace
from slop_qt.store.conductor.registry import MARKERS, RegistryEntry, read_registry

__all__ = ["ConductorReport", "MissingCommits", "check_conductor"]

# Those of the commits that are in no history of the repository around the project. Raises SlopError where nobody knows.
MissingCommits = Callable[[Collection[str]], Collection[str]]


@dataclass(frozen=True, slots=True)
class ConductorReport:
    """What was found, in the order of files and lines; tracks is how many were looked at.

    unchecked are sentences about what could not be looked at.
    """

    findings: tuple[ConductorFinding, ...]
    tracks: int
    unchecked: tuple[str, ...] = ()

    @property
    def clean(self) -> bool:
        """Whether nothing has to be mended."""
        return all(finding.severity == "note" for finding in self.findings)


def check_conductor(project: Path, folder: str, missing_commits: MissingCommits) -> ConductorReport:
    """Look at the folder of that name in the project. Blocking. Nothing is written, nothing outside is read."""
    return _Check(ConductorPlaces(project, folder), missing_commits).report()


class _Check:
    """One look at one folder."""

    def __init__(self, places: ConductorPlaces, missing_commits: MissingCommits) -> None:
        self._places = places
        self._missing_commits = missing_commits
        self._files = FileReader(places)
        self._commits: list[tuple[str, ConductorFinding]] = []

    def report(self) -> ConductorReport:
        root = self._places.project / self._places.folder
        if not root.is_dir() and not root.is_symlink():
            what = "is no folder" if root.exists() else "is not there: the project has no tracks yet"
            return ConductorReport((ConductorFinding(self._places.folder, 1, f"it {what}"),), 0)
        findings = list(strange_entries(self._places))
        strange = {finding.path for finding in findings}
        if self._places.folder in strange:  # it is a link to where nothing is to be read
            return ConductorReport(tuple(findings), 0)
        entries = self._registry_entries(findings)
        findings += self._index_links(self._places.folder, None)
        for entry, place in entries.values():
            findings += self._track(entry, place)
        unchecked, lost = self._lost_commits()
        findings += [each for each in self._files.findings if each.path not in strange]
        findings += [*lost, *self._files.line_ends()]
        ordered = sorted(dict.fromkeys(findings), key=lambda each: (each.path, each.line, each.what))
        return ConductorReport(tuple(ordered), len(entries), unchecked)

    def _registry_entries(self, findings: list[ConductorFinding]) -> dict[str, tuple[RegistryEntry, TrackPlace]]:
        """The tracks that can be followed, by their ids; what is wrong with tracks.md is added to the findings."""
        registry = self._places.registry()
        text = self._files.read(registry)
        if text is None:
            if not (self._places.project / registry).exists():
                findings.append(ConductorFinding(registry, 1, "it is not there: the folder has no list of tracks"))
            return {}
        unclosed = read_lines(text).unclosed
        if unclosed is not None:
            findings.append(ConductorFinding(registry, unclosed.number, "the code block or comment never ends"))
        tracks_folder = self._places.tracks_folder()
        entries: dict[str, tuple[RegistryEntry, TrackPlace]] = {}
        titles: dict[str, int] = {}
        for entry in read_registry(text):
            place: TrackPlace | None = None
            try:
                place = self._place(registry, entry, tracks_folder)
            except InvalidInputError as error:
                findings.append(ConductorFinding(registry, entry.link_line or entry.line, error.message))
            track_id = place.id if place else None
            findings += (
                ConductorFinding(registry, line, what, track_id)
                for line, what in _about_entry(entry, place, entries, titles)
            )
            titles.setdefault(entry.title, entry.line)
            if place is not None:
                entries.setdefault(place.id, (entry, place))
        return entries

    def _place(self, registry: str, entry: RegistryEntry, tracks_folder: str) -> TrackPlace:
        if entry.link is None:
            raise InvalidInputError(f"the track {entry.title!r} has no link to its folder: it cannot be read")
        return self._places.track_at(registry, entry.link, tracks_folder)

    def _track(self, entry: RegistryEntry, place: TrackPlace) -> Iterator[ConductorFinding]:
        registry = self._places.registry()
        try:
            is_there = self._places.inside(place.folder).is_dir()
        except StoreError as error:
            self._files.findings.append(ConductorFinding(place.folder, 1, reason_of(self._places, error), place.id))
            return
        if not is_there:
            what = f"the link leads to nothing: there is no folder {place.folder}/"
            yield ConductorFinding(registry, entry.link_line or entry.line, what, place.id)
            return
        yield from self._index_links(place.folder, place.id)
        for parent in (self._places.tracks_folder(), self._places.archive):
            other = f"{parent}/{place.id}"
            if other != place.folder and (self._places.project / other).exists():
                yield ConductorFinding(other, 1, f"the id is used twice: the track lies in {place.folder}/", place.id)
        track = CheckedTrack(place, entry.status if entry.marker in MARKERS else None)
        findings, commits = check_track(self._places, self._files, track)
        self._commits += commits
        yield from findings

    def _index_links(self, folder: str, track_id: str | None) -> Iterator[ConductorFinding]:
        path = f"{folder}/{INDEX}"
        text = self._files.read(path, track_id)
        for link in read_index(text) if text is not None else ():
            if link.target.startswith(("#", "http:", "https:", "mailto:")):
                continue
            try:
                reached = resolve_link(folder, link.target, self._places.folder)
                if not self._places.inside(reached).exists():
                    what = f"the link {link.label!r} leads to nothing: there is no {reached}"
                    yield ConductorFinding(path, link.line, what, track_id)
            except InvalidInputError as error:
                yield ConductorFinding(path, link.line, error.message, track_id)
            except StoreError as error:
                what = f"the link {link.label!r} cannot be followed: {reason_of(self._places, error)}"
                yield ConductorFinding(path, link.line, what, track_id)

    def _lost_commits(self) -> tuple[tuple[str, ...], list[ConductorFinding]]:
        if not self._commits:
            return (), []
        try:
            missing = self._missing_commits({commit for commit, _ in self._commits})
        except SlopError as error:
            return (f"Commits were not looked for: {error}",), []
        return (), [finding for commit, finding in self._commits if commit in missing]


def _about_entry(
    entry: RegistryEntry,
    place: TrackPlace | None,
    entries: dict[str, tuple[RegistryEntry, TrackPlace]],
    titles: dict[str, int],
) -> Iterator[tuple[int, str]]:
    """Lines of tracks.md and what is wrong there with one track, beside those before it."""
    if not entry.marker:
        yield entry.line, f"the track {entry.title!r} has no marker between its brackets"
    elif entry.marker not in MARKERS:
        yield entry.line, f"the marker [{entry.marker}] is not known: [ ], [~], [x] and [b] are"
    if place is not None and place.id in entries:
        first = entries[place.id][0].line
        yield entry.line, f"the id {place.id} is used twice: line {first} has it too, and counts"
    elif entry.title in titles:
        yield entry.line, f"the title {entry.title!r} is used twice: line {titles[entry.title]} has it too"
