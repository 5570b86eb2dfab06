"""The lines of a Conductor file as they are on disk, and which of them mean something.

Text is here what bytes decode to with `surrogateescape`: bytes that are no UTF-8 come back as they were.
"""

import io
import re
from collections.abc import Sequence
from dataclasses import dataclass

__all__ = [
    "BYTE_ORDER_MARK",
    "Edit",
    "Line",
    "Lines",
    "apply_edits",
    "as_bytes",
    "as_text",
    "line_end_of",
    "presentable",
    "read_lines",
    "split_lines",
]

BYTE_ORDER_MARK = "\ufeff"

_FENCE = re.compile(r"[ \t]*(?:[-*+][ \t]+)?(`{3,}|~{3,})(.*)", re.DOTALL)
_COMMENT = re.compile(r"[ \t]*<!--")
_LINE_END = re.compile(r"\r\n|\r|\n")


@dataclass(frozen=True, slots=True)
class Line:
    """One line: number counts from 1, start is the offset of its first character, content has no line end."""

    number: int
    start: int
    content: str


@dataclass(frozen=True, slots=True)
class Lines:
    """Those that mean something. unclosed is the line that begins a code block or a comment which never ends."""

    meant: tuple[Line, ...]
    unclosed: Line | None


@dataclass(frozen=True, slots=True)
class Edit:
    """The characters from start to stop are to be replaced by text."""

    start: int
    stop: int
    text: str


def as_text(content: bytes) -> str:
    """Bytes as text that keeps each of them."""
    return content.decode("utf-8", "surrogateescape")


def as_bytes(text: str) -> bytes:
    """The bytes that the text was made of."""
    return text.encode("utf-8", "surrogateescape")


def presentable(text: str) -> str:
    """The text for anybody who shows or sends it: what was no UTF-8 is a replacement character."""
    return as_bytes(text).decode("utf-8", "replace")


def split_lines(text: str) -> list[str]:
    """Lines with their ends: LF, CR LF or a lone CR. (str.splitlines would also split at form feeds and the like.)"""
    return list(io.StringIO(text, newline=""))


def line_end_of(text: str) -> str:
    """The line end that the text begins with; LF where it has none."""
    found = _LINE_END.search(text)
    return found[0] if found else "\n"


def read_lines(text: str) -> Lines:
    """The lines outside code blocks and comments. A block that never ends hides nothing: somebody forgot its end."""
    lines = _numbered(text)
    meant: list[Line] = []
    index, unclosed = 0, None
    while index < len(lines):
        end = _end_of_block(lines, index) if unclosed is None else index
        if end is None:
            unclosed = lines[index]
        elif end > index:
            index = end + 1
            continue
        meant.append(lines[index])
        index += 1
    return Lines(tuple(meant), unclosed)


def apply_edits(text: str, edits: Sequence[Edit]) -> str:
    """The text with these edits, which do not touch each other."""
    pieces, done = [], 0
    for edit in sorted(edits, key=lambda edit: edit.start):
        pieces += [text[done : edit.start], edit.text]
        done = edit.stop
    return "".join((*pieces, text[done:]))


def _numbered(text: str) -> list[Line]:
    lines, start = [], 0
    for number, line in enumerate(split_lines(text), 1):
        mark = len(BYTE_ORDER_MARK) if number == 1 and line.startswith(BYTE_ORDER_MARK) else 0
        lines.append(Line(number, start + mark, line[mark:].rstrip("\r\n")))
        start += len(line)
    return lines


def _end_of_block(lines: Sequence[Line], index: int) -> int | None:
    """The last line of the block that begins here: the line itself where none does, None where it never ends."""
    content = lines[index].content
    if _COMMENT.match(content):
        return next((at for at in range(index, len(lines)) if "-->" in lines[at].content), None)
    fence = _FENCE.fullmatch(content)
    if fence is None or (fence[1][0] == "`" and "`" in fence[2]):
        return index
    closing = re.compile(rf"[ \t]*{re.escape(fence[1][0])}{{{len(fence[1])},}}[ \t]*")
    return next((at for at in range(index + 1, len(lines)) if closing.fullmatch(lines[at].content)), None)
