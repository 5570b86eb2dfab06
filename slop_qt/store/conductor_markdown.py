"""Conductor's Markdown and JSON as text: finds the lines that mean something, and changes those alone.

The form is that of the Gemini CLI extension Conductor 0.4, as written by it; what is not known is kept as it is.
"""

import io
import itertools
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass

from slop_qt.core.tracks import TrackStatus

__all__ = [
    "TrackEntry",
    "append_track",
    "mark_tasks",
    "read_registry",
    "registry_header",
    "replace_members",
    "set_track_marker",
]

_MARKERS = {
    " ": TrackStatus.NEW,
    "~": TrackStatus.IN_PROGRESS,
    "x": TrackStatus.DONE,
    "b": TrackStatus.BLOCKED,
}
_TRACK = re.compile(r"(- \[)([ ~xb])(\] \*\*Track: )(.+)(\*\*[ \t]*)")
_LINK = re.compile(r"\*Link: \[\./tracks/([A-Za-z0-9][A-Za-z0-9._-]*)/\]\(\./tracks/\1/\)\*[ \t]*")
_TASK = re.compile(r"([ \t]*- \[)([ ~xb])(\] )(.*?)([ \t]*)")
_TASK_LABEL = re.compile(r"Task: *")
_TASK_SHA = re.compile(r" +[0-9a-f]{7,40}$")
_SHA_LENGTH = 7


@dataclass(frozen=True, slots=True)
class TrackEntry:
    """One track of tracks.md; `line` is the index of its marker's line."""

    id: str
    title: str
    status: TrackStatus
    line: int


def read_registry(text: str) -> list[TrackEntry]:
    """The tracks of tracks.md, in its order: `- [ ] **Track: Title**` with the link on the next line."""
    lines = _lines(text)
    entries = []
    for index, (line, following) in enumerate(itertools.pairwise(lines)):
        track, link = _TRACK.fullmatch(_content(line)), _LINK.fullmatch(_content(following))
        if track and link:
            entries.append(TrackEntry(link[1], track[4].strip(), _MARKERS[track[2]], index))
    return entries


def registry_header() -> str:
    """What a new tracks.md begins with."""
    return "# Project Tracks\n\nEvery track of this project, with its status.\n"


def append_track(text: str, track_id: str, title: str) -> str:
    """tracks.md with a new track at its end."""
    end = _line_end(text)
    if text and not text.endswith(("\n", "\r")):
        text += end
    return text + end.join(
        ("", "---", "", f"- [ ] **Track: {title}**", f"*Link: [./tracks/{track_id}/](./tracks/{track_id}/)*", "")
    )


def set_track_marker(text: str, entry: TrackEntry, status: TrackStatus) -> str:
    """tracks.md with another marker on the entry's line."""
    marker = next(marker for marker, meaning in _MARKERS.items() if meaning is status)
    lines = _lines(text)
    lines[entry.line] = _TRACK.sub(lambda match: f"{match[1]}{marker}{match[3]}{match[4]}{match[5]}", lines[entry.line])
    return "".join(lines)


def mark_tasks(text: str, tasks: Mapping[str, str]) -> tuple[str, tuple[str, ...]]:
    """plan.md with these tasks done: `[x]`, and the first seven characters of the commit's SHA at the end of the line.

    tasks maps a task's text, with or without the word `Task:`, to a SHA. Of several tasks with one text the first
    that is not done is meant, else the first.

    Returns:
        The new text, and the tasks that are not in the plan.
    """
    lines = _lines(text)
    unknown = []
    for task, sha in tasks.items():
        found = _find_task(lines, _task_name(task))
        if found is None:
            unknown.append(task)
        else:
            lines[found] = _done(lines[found], sha[:_SHA_LENGTH])
    return "".join(lines), tuple(unknown)


def replace_members(text: str, values: Mapping[str, str]) -> str:
    """A JSON object's text with other strings for some of its own members; members that it lacks stay lacking.

    Raises:
        ValueError: the text is not a JSON object.
    """
    decoder = json.JSONDecoder()
    if not isinstance(json.loads(text), dict):
        raise ValueError("not a JSON object")
    pieces, done = [], 0
    position = _skip(text, text.index("{") + 1)
    while text[position] != "}":
        name, position = decoder.raw_decode(text, position)
        start = _skip(text, _skip(text, position) + 1)
        _, stop = decoder.raw_decode(text, start)
        if name in values:
            pieces += [text[done:start], json.dumps(values[name], ensure_ascii=False)]
            done = stop
        position = _skip(text, stop)
        if text[position] == ",":
            position = _skip(text, position + 1)
    return "".join((*pieces, text[done:]))


def _skip(text: str, position: int) -> int:
    while text[position] in " \t\r\n":
        position += 1
    return position


def _lines(text: str) -> list[str]:
    return list(io.StringIO(text, newline=""))  # str.splitlines would also split at form feeds and the like


def _content(line: str) -> str:
    return line.rstrip("\r\n")


def _line_end(text: str) -> str:
    return "\r\n" if "\r\n" in text else "\n"


def _task_name(text: str) -> str:
    return _TASK_LABEL.sub("", text.strip(), count=1)


def _find_task(lines: list[str], name: str) -> int | None:
    done = None
    for index, line in enumerate(lines):
        match = _TASK.fullmatch(_content(line))
        if match is None:
            continue
        if match[2] == "x":
            if done is None and name in {_task_name(match[4]), _task_name(_TASK_SHA.sub("", match[4]))}:
                done = index
        elif _task_name(match[4]) == name:
            return index
    return done


def _done(line: str, sha: str) -> str:
    content = _content(line)
    match = _TASK.fullmatch(content)
    assert match is not None, "the line was found by this pattern"
    text = _TASK_SHA.sub("", match[4]) if match[2] == "x" else match[4]
    return f"{match[1]}x{match[3]}{text} {sha}{line[len(content) :]}"
