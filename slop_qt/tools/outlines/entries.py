"""What stands inside what: the marks of a text as a tree, without those that an outline does not show."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from slop_qt.tools.outlines.languages import SourceLanguage
from slop_qt.tools.outlines.marks import Mark

__all__ = ["Entry", "arrange"]

_ATTACHED = frozenset({"comment", "decorator"})
_NEAR = 200  # bytes
_IN_FUNCTIONS = frozenset({"function", "container"})
# What grammars leave outside of the declaration that it belongs to.
_LEADING = re.compile(rb"\s*((?:(?:export|default|declare|abstract|type|const|var|let) +)+)\Z")


@dataclass(slots=True)
class Entry:
    """A mark, where its text begins with the words before it, and what it contains in order.

    count is how many there are of imports, of which one entry stands for all.
    """

    mark: Mark
    start: int
    kids: list["Entry"] = field(default_factory=list)
    count: int = 1


def arrange(source: SourceLanguage, data: bytes, marks: Sequence[Mark]) -> Entry:
    """The text as an entry that contains all others. marks come outer before inner."""
    return _Arranging(source, data).arrange(marks)


class _Arranging:
    """The stack of what is open, and the comments and decorators that wait for what they belong to."""

    def __init__(self, source: SourceLanguage, data: bytes) -> None:
        whole = Mark("container", 0, len(data), 0, 0, len(data))
        self._nested = source.nested
        self._data = data
        self._open = [Entry(whole, 0)]
        self._waiting: list[Mark] = []
        self._covered = 0
        self._imports: Entry | None = None

    def arrange(self, marks: Sequence[Mark]) -> Entry:
        for mark in marks:
            while len(self._open) > 1 and self._open[-1].mark.body_end <= mark.start:
                self._covered = max(self._covered, self._open.pop().mark.end)
            self._take(mark)
        return self._open[0]

    def _take(self, mark: Mark) -> None:
        inside = self._open[-1]
        outer = inside.mark
        if mark.start < max(self._covered, outer.body_start) or mark.end > outer.body_end:
            return
        if mark.kind in _ATTACHED:
            self._wait(mark)
        elif mark.kind == "doc":
            inside.kids.append(Entry(mark, mark.start))
            self._covered = mark.end
        elif outer.kind in ("function", "member") and (mark.kind not in _IN_FUNCTIONS or not self._nested):
            return
        elif mark.kind == "import":
            self._count_import(mark)
        else:
            self._add(mark, inside)

    def _wait(self, mark: Mark) -> None:
        line = self._line_start(mark.start, 0)
        if mark.kind == "comment" and self._data[line : mark.start].strip():
            self._waiting.clear()  # it speaks of what stands before it
            return
        if self._waiting and not self._adjoins(self._waiting[-1], mark.start):
            self._waiting.clear()
        self._waiting.append(mark)
        self._covered = mark.end

    def _add(self, mark: Mark, inside: Entry) -> None:
        entry = Entry(mark, self._with_leading_words(mark, max(self._covered, inside.mark.body_start)))
        if self._waiting and self._adjoins(self._waiting[-1], entry.start):
            inside.kids.extend(Entry(waiting, waiting.start) for waiting in self._waiting)
        self._waiting.clear()
        inside.kids.append(entry)
        if mark.has_body:
            self._open.append(entry)
        else:
            self._covered = mark.end

    def _count_import(self, mark: Mark) -> None:
        self._covered = mark.end
        if self._imports is None:
            self._imports = Entry(mark, mark.start)
            self._open[-1].kids.append(self._imports)
        else:
            self._imports.count += 1

    def _adjoins(self, before: Mark, start: int) -> bool:
        between = self._data[before.end : start]
        return len(between) <= _NEAR and not between.strip() and between.count(b"\n") <= 1

    def _line_start(self, start: int, least: int) -> int:
        """Where its line begins, from least on; in a very long line, a little before it."""
        least = max(least, start - _NEAR)
        return max(self._data.rfind(b"\n", least, start) + 1, least)

    def _with_leading_words(self, mark: Mark, least: int) -> int:
        line = self._line_start(mark.start, least)
        found = _LEADING.match(self._data[line : mark.start])
        return line + found.start(1) if found else mark.start
