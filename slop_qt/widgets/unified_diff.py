"""Reads a unified diff, as git writes it, into files and numbered lines."""

import re
from collections import deque
from dataclasses import dataclass, field
from typing import Literal

__all__ = ["DiffFile", "DiffLine", "read_diff"]

LineKind = Literal["same", "added", "removed", "hunk", "note"]
_HUNK = re.compile(r"@@ -(\d+)(?:,(\d+))? \+(\d+)(?:,(\d+))? @@(.*)")
_GIT_HEAD = re.compile(r'diff --git ("?a/.*?"?) ("?b/.*"?)$')
_ESCAPE = re.compile(r'\\([0-7]{3}|["\\abfnrtv])')
_ESCAPED = {'"': 34, "\\": 92, "a": 7, "b": 8, "f": 12, "n": 10, "r": 13, "t": 9, "v": 11}


@dataclass(frozen=True, slots=True)
class DiffLine:
    """One line: its text without the sign, and its number on either side (None where it is not there)."""

    kind: LineKind
    text: str
    old: int | None = None
    new: int | None = None

    @property
    def sign(self) -> str:
        """As in a unified diff."""
        return {"added": "+", "removed": "-", "same": " "}.get(self.kind, "")


@dataclass(slots=True)
class DiffFile:
    """What happens to one file. note says what is not seen in lines: new, deleted, renamed, binary."""

    path: str
    note: str = ""
    lines: list[DiffLine] = field(default_factory=list)

    @property
    def added(self) -> int:
        """Lines added."""
        return sum(line.kind == "added" for line in self.lines)

    @property
    def removed(self) -> int:
        """Lines removed."""
        return sum(line.kind == "removed" for line in self.lines)


def read_diff(text: str) -> list[DiffFile]:
    """The files of a unified diff, in its order. What is no part of one is left out; nothing raises."""
    files: list[DiffFile] = []
    lines = deque(text.split("\n"))
    while lines:
        line = lines.popleft()
        head = _GIT_HEAD.match(line)
        hunk = _HUNK.match(line)
        if head:
            files.append(DiffFile(_path(head[2])))
        elif line.startswith("--- "):
            old = _path(line[4:])
            new = _path(lines.popleft()[4:]) if lines else old
            if not files or files[-1].lines or files[-1].path not in {old, new}:
                files.append(DiffFile(old if new == "/dev/null" else new))
            files[-1].note = files[-1].note or _note_of(old, new)
        elif hunk and files:
            _read_hunk(files[-1], hunk, lines)
        elif files:
            _read_extended(files[-1], line)
    return files


def _read_hunk(file: DiffFile, hunk: re.Match[str], lines: deque[str]) -> None:
    old, new = int(hunk[1]), int(hunk[3])
    old_end, new_end = old + int(hunk[2] or 1), new + int(hunk[4] or 1)
    file.lines.append(DiffLine("hunk", hunk[0]))
    while old < old_end or new < new_end:
        if not lines or not lines[0].startswith(("+", "-", " ", "\\")):
            return  # the hunk says that it is longer than it is
        line = lines.popleft()
        if line.startswith("+"):
            file.lines.append(DiffLine("added", line[1:], None, new))
            new += 1
        elif line.startswith("-"):
            file.lines.append(DiffLine("removed", line[1:], old, None))
            old += 1
        elif line.startswith("\\"):
            file.lines.append(DiffLine("note", line[2:]))
        else:
            file.lines.append(DiffLine("same", line[1:], old, new))
            old, new = old + 1, new + 1


def _read_extended(file: DiffFile, line: str) -> None:
    if line.startswith("\\"):
        file.lines.append(DiffLine("note", line[2:]))
    elif line.startswith("new file"):
        file.note = "new"
    elif line.startswith("deleted file"):
        file.note = "deleted"
    elif line.startswith("rename from "):
        file.note = f"renamed from {line[12:]}"
    elif line.startswith(("Binary files", "GIT binary patch")):
        file.note = f"{file.note} binary".strip()
    elif line.startswith("new mode "):
        file.note = f"mode {line[9:]}"


def _note_of(old: str, new: str) -> str:
    if old == "/dev/null":
        return "new"
    return "deleted" if new == "/dev/null" else ""


def _path(text: str) -> str:
    """The path that a diff's head names, without a/ or b/, tab and quotes (git quotes what is not plain ASCII)."""
    path = text.split("\t", maxsplit=1)[0].strip() if not text.startswith('"') else text.strip()
    if path.startswith('"') and path.endswith('"') and len(path) > 1:
        raw = _ESCAPE.sub(lambda match: chr(int(match[1], 8) if match[1].isdigit() else _ESCAPED[match[1]]), path[1:-1])
        path = raw.encode("latin-1", errors="ignore").decode("utf-8", errors="replace")
    return path[2:] if path.startswith(("a/", "b/")) else path
