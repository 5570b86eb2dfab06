"""tracks.md as text: reads every form that is met, writes Conductor 0.4's, and changes a marker alone."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from types import MappingProxyType

from slop_qt.core.tracks import TrackStatus
from slop_qt.store.conductor.lines import Edit, Line, apply_edits, line_end_of, presentable, read_lines

__all__ = ["MARKERS", "RegistryEntry", "append_track", "read_registry", "registry_header", "set_marker"]

# A capital X is what other editors of check lists write.
MARKERS: Mapping[str, TrackStatus] = MappingProxyType(
    {
        " ": TrackStatus.NEW,
        "~": TrackStatus.IN_PROGRESS,
        "x": TrackStatus.DONE,
        "X": TrackStatus.DONE,
        "b": TrackStatus.BLOCKED,
    }
)
_WRITTEN = {status: marker for marker, status in MARKERS.items() if marker != "X"}
_TRACK = re.compile(
    r"[ \t]*(?:#{1,6}|[-*+])[ \t]+(?:\d{1,9}[.)][ \t]+)?"  # a heading or a list item, perhaps numbered
    r"\[([^\[\]]{0,20})\][ \t]*"
    r"(\*\*|__)?Track(?:[ \t]+\d+)?[ \t]*[:\uff1a](\*\*|__)?[ \t]*(.*)",
    re.IGNORECASE,
)
_LINK = re.compile(r"[ \t]*(?:[-*+>][ \t]+)?[*_]{0,2}Link:[*_]{0,2}[ \t]*\[[^\[\]]*\]\(([^()]*)\)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class RegistryEntry:
    """One track of tracks.md as it is written there.

    marker is what stands in the brackets, marker_at where in the text; link and link_line are None where no link
    follows before the next track.
    """

    title: str
    marker: str
    marker_at: tuple[int, int]
    line: int
    link: str | None
    link_line: int | None

    @property
    def status(self) -> TrackStatus:
        """What the marker means; one that is not known says of nothing that it has begun."""
        return MARKERS.get(self.marker, TrackStatus.NEW)


def read_registry(text: str) -> list[RegistryEntry]:
    """The tracks, in their order, with the link that belongs to each."""
    lines = read_lines(text).meant
    starts = [index for index, line in enumerate(lines) if _TRACK.fullmatch(line.content)]
    return [_entry(lines[start:end]) for start, end in pairwise([*starts, len(lines)])]


def registry_header() -> str:
    """What a new tracks.md begins with."""
    return "# Project Tracks\n\nEvery track of this project, with its status.\n"


def append_track(text: str, link: str, title: str) -> str:
    """tracks.md with a new track at its end; link leads to its folder."""
    end = line_end_of(text)
    if text and not text.endswith(("\n", "\r")):
        text += end
    return text + end.join(("", "---", "", f"- [ ] **Track: {title}**", f"*Link: [{link}]({link})*", ""))


def set_marker(text: str, entry: RegistryEntry, status: TrackStatus) -> str:
    """tracks.md with another marker in the entry's brackets."""
    return apply_edits(text, [Edit(*entry.marker_at, _WRITTEN[status])])


def _entry(lines: Sequence[Line]) -> RegistryEntry:
    match = _TRACK.fullmatch(lines[0].content)
    assert match is not None, "an entry begins with such a line"
    links = ((line.number, found[1]) for line in lines[1:] if (found := _LINK.match(line.content)))
    link_line, link = next(links, (None, None))
    at = lines[0].start + match.start(1)
    return RegistryEntry(
        title=presentable(_title(match[4], match[2] if match[3] is None else None)),
        marker=match[1],
        marker_at=(at, at + len(match[1])),
        line=lines[0].number,
        link=link,
        link_line=link_line,
    )


def _title(rest: str, emphasis: str | None) -> str:
    """What follows `Track:`, without what closes the emphasis that is still open there, and what comes after it."""
    title, closed, _ = rest.rpartition(emphasis) if emphasis else (rest, "", "")
    return (title if closed else rest).strip()
