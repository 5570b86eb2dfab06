"""The two JSON files of a track as text: where their values stand, and how one is changed alone."""

import json
import re
from bisect import bisect_right
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from slop_qt.store.conductor.lines import BYTE_ORDER_MARK

__all__ = ["JsonSpan", "LineNumbers", "json_value", "replace_members", "spans", "written_json"]

_DECODER = json.JSONDecoder()
_BLANK = re.compile(r"[ \t\r\n]*")
_LINE_END = re.compile(r"\r\n|\r|\n")


@dataclass(frozen=True, slots=True)
class JsonSpan:
    """Where a value stands in the text; path is the names and indexes that lead to it."""

    path: tuple[str | int, ...]
    start: int
    stop: int


class LineNumbers:
    """Which line of a text an offset is in, counted from 1."""

    def __init__(self, text: str) -> None:
        self._starts = [match.end() for match in _LINE_END.finditer(text)]

    def at(self, offset: int) -> int:
        """The line's number."""
        return bisect_right(self._starts, offset) + 1


def json_value(text: str) -> object:
    """What the text says; a byte order mark before it is passed over.

    Raises:
        ValueError: it is not JSON.
    """
    try:
        return json.loads(text.removeprefix(BYTE_ORDER_MARK))
    except RecursionError:
        raise ValueError("it is nested too deeply") from None


def written_json(content: object) -> str:
    """The form in which both files are written."""
    return json.dumps(content, indent=2, ensure_ascii=False) + "\n"


def replace_members(text: str, values: Mapping[str, str]) -> str:
    """A JSON object's text with other strings for some of its own members; members that it lacks stay lacking.

    Raises:
        ValueError: the text is not a JSON object.
    """
    if not isinstance(json_value(text), dict):
        raise ValueError("not a JSON object")
    pieces, done = [], 0
    for span in spans(text, depth=1):
        name = str(span.path[0])
        if name in values:
            pieces += [text[done : span.start], json.dumps(values[name], ensure_ascii=False)]
            done = span.stop
    return "".join((*pieces, text[done:]))


def spans(text: str, depth: int) -> Iterator[JsonSpan]:
    """Where every value stands that at most that many names and indexes lead to. The text is JSON.

    A name that is there twice comes twice.
    """
    start = len(BYTE_ORDER_MARK) if text.startswith(BYTE_ORDER_MARK) else 0
    yield from _within(text, _after_blank(text, start), (), depth)


def _within(text: str, start: int, path: tuple[str | int, ...], depth: int) -> Iterator[JsonSpan]:
    if depth == 0 or text[start] not in "{[":
        return
    names = text[start] == "{"
    position, index = _after_blank(text, start + 1), 0
    while text[position] not in "}]":
        name: str | int = index
        if names:
            name, position = _DECODER.raw_decode(text, position)
            position = _after_blank(text, _after_blank(text, position) + 1)
        _, stop = _DECODER.raw_decode(text, position)
        yield JsonSpan((*path, name), position, stop)
        yield from _within(text, position, (*path, name), depth - 1)
        position, index = _after_blank(text, stop), index + 1
        if text[position] == ",":
            position = _after_blank(text, position + 1)


def _after_blank(text: str, position: int) -> int:
    match = _BLANK.match(text, position)
    assert match is not None, "the pattern also matches nothing"
    return match.end()
