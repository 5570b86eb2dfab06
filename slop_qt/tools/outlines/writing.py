"""How an outline is written: the lines that are kept, with their numbers, in the shape of the language."""

from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby

from slop_qt.tools.outlines.entries import Entry
from slop_qt.tools.outlines.languages import SourceLanguage
from slop_qt.tools.outlines.marks import Mark

__all__ = ["write_outline"]

_LEFT_OUT = "…"
_LONGEST_LINE = 240
_LONGEST_VALUE = 120
_ONE_LINER = 100
_MOST_LINES = 24
_MOST_ALIKE = 60
_DEEPEST = 40  # columns
_INDENT = " " * 4
_GROUPS = frozenset({"container", "group"})
_ALIKE = frozenset({"value", "declaration", "comment"})


def write_outline(source: SourceLanguage, data: bytes, whole: Entry) -> list[str]:
    """The outline's lines, each with the number that it has in the text."""
    return _Writing(source, data).write(whole)


@dataclass(frozen=True, slots=True)
class _Step:
    """An entry to be written, or its last line; without an entry, a note. indent is for what begins within a line."""

    entry: Entry | None
    indent: str
    closing: bool = False
    note: str = ""


class _Writing:
    """Goes through the entries with a stack of its own: how deep a text nests is up to who wrote it."""

    def __init__(self, source: SourceLanguage, data: bytes) -> None:
        self._braces = source.braces
        self._data = data
        self._starts = [0, *_line_starts(data)]
        self._width = max(len(str(len(self._starts))), 4)
        self._lines: list[str] = []

    def write(self, whole: Entry) -> list[str]:
        todo = _steps(whole.kids, "")
        while todo:
            step = todo.pop()
            entry, indent = step.entry, step.indent
            if entry is None:
                self._lines.append(" " * self._width + f"  {indent}{step.note}")
                continue
            own = self._indent(entry, indent)
            if step.closing:
                self._close(entry, own)
            elif not entry.mark.has_body:
                self._write_plain(entry, own)
            elif self._is_one_liner(entry):
                self._put(self._row(entry.start), own + self._text(entry.start, entry.mark.end))
            elif entry.kids:
                opening = self._text(entry.mark.body_start, entry.mark.body_start + 1)
                self._write_header(entry, own, f" {opening}" if self._braces else "")
                todo.append(_Step(entry, indent, closing=True))
                todo.extend(_steps(entry.kids, (own + _INDENT)[:_DEEPEST]))
            else:
                self._write_header(entry, own, self._without_body(entry.mark))
        return self._lines

    def _write_header(self, entry: Entry, own: str, ending: str) -> None:
        *rows, (last, text) = self._rows(entry.start, entry.mark.header_end, own, _MOST_LINES)
        for row in rows:
            self._put(*row)
        self._put(last, text + ending)

    def _without_body(self, mark: Mark) -> str:
        if not self._braces:
            return f" {_LEFT_OUT}"
        start, end = mark.body_start + 1, mark.body_end - 1
        inside = f" {_LEFT_OUT} " if self._data[start:end].strip() else ""
        return f" {self._text(start - 1, start)}{inside}{self._text(end, mark.body_end)}{self._after(mark)}"

    def _close(self, entry: Entry, own: str) -> None:
        """The last line of what has something inside: it says where it ends, and whether there was more."""
        mark, left_out = entry.mark, entry.mark.kind not in _GROUPS
        if all(kid.mark.kind == "doc" for kid in entry.kids):
            left_out = bool(self._data[entry.kids[-1].mark.end : mark.body_end - self._braces].strip())
        if self._braces:
            closing = self._text(mark.body_end - 1, mark.body_end) + self._after(mark)
            self._put(self._row(mark.body_end - 1), own + (f"{_LEFT_OUT} {closing}" if left_out else closing))
        elif left_out:
            body = self._data[mark.body_start : mark.body_end].rstrip()
            self._put(self._row(mark.body_start + len(body) - 1), f"{own}{_INDENT}{_LEFT_OUT}")

    def _write_plain(self, entry: Entry, own: str) -> None:
        mark = entry.mark
        if mark.kind == "import":
            self._put(self._row(mark.start), f"({entry.count} imports)" if entry.count > 1 else "(1 import)")
        elif mark.kind in ("value", "decorator"):
            row, text = self._rows(entry.start, mark.end, own, 1)[0]
            shown = text if len(text) <= _LONGEST_VALUE else f"{text[:_LONGEST_VALUE]} {_LEFT_OUT}"
            self._put(row, shown)
        else:
            for number, line in self._rows(entry.start, mark.end, own, _MOST_LINES):
                self._put(number, line)

    def _is_one_liner(self, entry: Entry) -> bool:
        mark = entry.mark
        short = mark.kind in _GROUPS and mark.end - entry.start <= _ONE_LINER
        return short and self._row(entry.start) == self._row(mark.end) and not any(k.mark.has_body for k in entry.kids)

    def _after(self, mark: Mark) -> str:
        """What still belongs to it behind its body, as a type's name does in C."""
        text = self._text(mark.body_end, mark.end)
        return text if len(text) <= _ONE_LINER and "\n" not in text else ""

    def _rows(self, start: int, end: int, indent: str, most: int) -> list[tuple[int, str]]:
        """The lines from start to end that are not blank, numbered from 0, the first with the indentation given."""
        rows: list[tuple[int, str]] = []
        row, at = self._row(start), start
        while at < end:
            if len(rows) == most:
                number, text = rows[-1]
                rows[-1] = (number, f"{text} {_LEFT_OUT}")
                break
            line_end = min(self._starts[row + 1] if row + 1 < len(self._starts) else end, end)
            text = self._text(at, min(line_end, at + 4 * _LONGEST_LINE)).rstrip()
            if text.strip():
                rows.append((row, indent + text if at == start else text))
            row, at = row + 1, line_end
        return rows or [(self._row(start), indent)]

    def _indent(self, entry: Entry, otherwise: str) -> str:
        line = self._starts[self._row(entry.start)]
        before = self._data[line : min(entry.start, line + _DEEPEST)]
        if entry.start - line > _DEEPEST or before.strip():
            return otherwise
        return before.decode("utf-8", "replace")

    def _row(self, byte: int) -> int:
        return bisect_right(self._starts, byte) - 1

    def _text(self, start: int, end: int) -> str:
        return self._data[start:end].decode("utf-8", "replace")

    def _put(self, row: int, text: str) -> None:
        shown = text if len(text) <= _LONGEST_LINE else f"{text[:_LONGEST_LINE]} {_LEFT_OUT}"
        self._lines.append(f"{row + 1:>{self._width}}  {shown}".rstrip())


def _steps(kids: list[Entry], indent: str) -> list[_Step]:
    """What is to be written, last first; of many of one kind in a row only some, and how many more there are."""
    steps: list[_Step] = []
    for kind, group in groupby(kids, key=lambda kid: kid.mark.kind):
        alike = list(group)
        shown = alike[:_MOST_ALIKE] if kind in _ALIKE else alike
        steps.extend(_Step(kid, indent) for kid in shown)
        if len(shown) < len(alike):
            steps.append(_Step(None, indent, note=f"({len(alike) - len(shown)} more of the same kind)"))
    return steps[::-1]


def _line_starts(data: bytes) -> Iterator[int]:
    at = data.find(b"\n") + 1
    while at:
        yield at
        at = data.find(b"\n", at) + 1
