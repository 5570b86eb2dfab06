"""What `slop-qt conductor check` finds, and the reader of files that finds what is wrong with a file as such."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from slop_qt.core.errors import StoreError
from slop_qt.store.conductor.lines import BYTE_ORDER_MARK, as_bytes, as_text, split_lines
from slop_qt.store.conductor.places import ConductorPlaces
from slop_qt.store.files import read_if_there

__all__ = ["ConductorFinding", "FileReader", "Severity", "reason_of"]

# A problem has to be mended; a note is worth knowing, and the file can be worked with as it is.
Severity = Literal["problem", "note"]

_MEBIBYTE = 1 << 20
_LARGEST = 64 * _MEBIBYTE


@dataclass(frozen=True, slots=True)
class ConductorFinding:
    """One thing in one file. path is relative to the project, line counts from 1."""

    path: str
    line: int
    what: str
    track_id: str | None = None
    severity: Severity = "problem"


def reason_of(places: ConductorPlaces, error: StoreError) -> str:
    """Why something could not be read, with paths relative to the project."""
    return error.message.replace(f"{places.project}/", "").rstrip(".")


class FileReader:
    """Reads each file once, and keeps what is to be said of it as a file. For one check, in one thread."""

    def __init__(self, places: ConductorPlaces) -> None:
        self._places = places
        self._texts: dict[str, str | None] = {}
        self._windows: list[str] = []
        self.findings: list[ConductorFinding] = []

    def read(self, path: str, track_id: str | None = None) -> str | None:
        """Its text with every byte kept; None where it is not there or cannot be read, which is then a finding."""
        if path not in self._texts:
            self._texts[path] = self._read(path, track_id)
        return self._texts[path]

    def line_ends(self) -> Iterator[ConductorFinding]:
        """One note for all files with Windows line ends, to be asked for when all are read."""
        if self._windows:
            others = len(self._windows) - 1
            which = f"it and {others} more of the files have" if others else "it has"
            what = f"{which} Windows line ends, which are kept"
            yield ConductorFinding(self._windows[0], 1, what, severity="note")

    def _read(self, path: str, track_id: str | None) -> str | None:
        try:
            place = self._places.inside(path)
            if place.is_file() and place.stat().st_size > _LARGEST:
                size = place.stat().st_size / _MEBIBYTE
                raise StoreError(f"it has {size:.0f} MiB, which is too much to be checked")
            content = read_if_there(place)
        except StoreError as error:
            self.findings.append(ConductorFinding(path, 1, reason_of(self._places, error), track_id))
            return None
        if content is None:
            return None
        text = as_text(content)
        self._look_at(path, track_id, content, text)
        return text

    def _look_at(self, path: str, track_id: str | None, content: bytes, text: str) -> None:
        def note(line: int, what: str) -> None:
            self.findings.append(ConductorFinding(path, line, what, track_id, "note"))

        lines = split_lines(text)
        ends = {_end_of(line) for line in lines} - {""}
        if text.startswith(BYTE_ORDER_MARK):
            note(1, "it begins with a byte order mark, which is kept")
        if len(content) > _MEBIBYTE:
            note(1, f"it has {len(content) / _MEBIBYTE:.1f} MiB, which is more than a model can read")
        if len(ends) > 1:
            other = next(i for i, line in enumerate(lines, 1) if _end_of(line) != _end_of(lines[0]))
            note(other, "from here on line ends are of more than one kind; each is kept")
        elif ends == {"\r"}:
            note(1, "its line ends are lone carriage returns, which are kept")
        elif ends == {"\r\n"}:
            self._windows.append(path)
        if lines and lines[-1] and not lines[-1].endswith(("\n", "\r")):
            note(len(lines), "there is no line end at the end of the file")
        wrong = next((i for i, line in enumerate(lines, 1) if not _is_utf8(line)), None)
        if wrong is not None:
            what = "it is not UTF-8 here: the bytes are kept, and it cannot be edited as text before they are mended"
            self.findings.append(ConductorFinding(path, wrong, what, track_id))


def _end_of(line: str) -> str:
    return line[len(line.rstrip("\r\n")) :]


def _is_utf8(line: str) -> bool:
    try:
        as_bytes(line).decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True
