"""What a text declares, found by its language's grammar, as places in its bytes."""

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from slop_qt.tools.outlines.languages import SourceLanguage, load_grammar

if TYPE_CHECKING:
    from tree_sitter import Node

__all__ = ["Mark", "Marks", "find_marks"]

# The binding holds the interpreter's lock while it works. Each of these many bytes it asks for more, and whoever waits
# for the lock, the window above all, gets it then.
_CHUNK = 16 << 10
_STRETCH = 32 << 10  # is searched at once: the binding's own way of being interrupted there crashes (0.26.1)
_PATIENCE_S = 10.0  # of computing
_HAVE_BODIES = frozenset({"container", "function", "group", "member"})
_ATTACHED = frozenset({"comment", "decorator", "doc"})
# What ends a declaration without being a part of it, in some grammars.
_ENDINGS = (b";", b",", b":")
_BLANKS = b" \t\r\n\f\v"
_COMMENTS = frozenset({"comment", "line_comment", "block_comment"})


class Mark(NamedTuple):  # there may be hundreds of thousands, and a tuple is made in a third of the time
    """One thing that was found: bytes start to end, of which body_start to body_end are a body with its brackets.

    header_end is where what stands before the body ends. Without a body, all three are end.
    """

    kind: str
    start: int
    end: int
    header_end: int
    body_start: int
    body_end: int

    @property
    def has_body(self) -> bool:
        """Whether it can have something inside."""
        return self.kind in _HAVE_BODIES


@dataclass(frozen=True, slots=True)
class Marks:
    """All that was found, outer before inner; broken is how many parts could not be parsed."""

    found: list[Mark]
    broken: int


def find_marks(source: SourceLanguage, data: bytes) -> Marks | None:
    """Parse and search. None where it takes too long. May be called from any thread, and is slow: 0.5 s a megabyte."""
    from tree_sitter import Parser, QueryCursor

    grammar = load_grammar(source)
    patience = _Patience()
    try:
        tree = Parser(grammar.language).parse(
            lambda offset, _: data[offset : offset + _CHUNK], encoding="utf8", progress_callback=patience.over_parsing
        )
    except ValueError:  # what the binding says where the callback ended it
        if patience.over():
            return None
        raise
    cursor = QueryCursor(grammar.query)
    found: dict[tuple[str, int, int], Mark] = {}
    broken: set[tuple[int, int]] = set()
    for first in range(0, len(data), _STRETCH):
        if patience.over():
            return None
        cursor.set_byte_range(first, first + _STRETCH)
        for _, captures in cursor.matches(tree.root_node):
            broken.update(node.byte_range for node in captures.pop("broken", ()))
            body = captures.pop("body", [None])[0]
            for kind, nodes in captures.items():
                for node in nodes:
                    key = (kind, *node.byte_range)
                    if key not in found:  # what reaches over several stretches is found in each
                        found[key] = _mark(source, data, kind, node, body)
    return Marks(sorted(found.values(), key=_order), len(broken))


class _Patience:
    """Ends what takes too long: some texts make a parser try everything."""

    def __init__(self) -> None:
        self._until = time.thread_time() + _PATIENCE_S

    def over(self) -> bool:
        return time.thread_time() > self._until

    def over_parsing(self, _offset: int, _has_error: bool) -> bool:
        return self.over()


def _order(mark: Mark) -> tuple[int, int, bool, bool]:
    """Outer before inner; of the same place, what says most of it."""
    return mark.start, -mark.end, not mark.has_body, mark.kind != "value"


def _mark(source: SourceLanguage, data: bytes, kind: str, node: "Node", body: "Node | None") -> Mark:
    start, end = node.byte_range
    while end > start and data[end - 1] in _BLANKS:  # some grammars count a comment's line end as part of it
        end -= 1
    if source.braces and kind not in _ATTACHED and data[end : end + 1] in _ENDINGS:
        end += 1
    if body is None:
        return Mark(kind, start, end, end, end, end)
    body_start, body_end = body.byte_range
    if not source.braces:
        return Mark(kind, start, end, _header_end(node, body_start), body_start, body_end)
    opening = b"(" if data[body_end - 1 : body_end] == b")" else b"{"
    opened = data.find(opening, body_start, body_end)
    if opened > body_start:  # where the grammar has no node for the block by itself
        return Mark(kind, start, end, len(data[start:opened].rstrip()) + start, opened, body_end)
    return Mark(kind, start, end, _header_end(node, body_start), body_start, body_end)


def _header_end(node: "Node", body_start: int) -> int:
    """Where the last thing before the body ends that is not a comment."""
    end = node.start_byte
    for child in node.children:
        if child.start_byte >= body_start:
            break
        if child.end_byte > body_start:
            end = body_start
        elif child.type not in _COMMENTS:
            end = child.end_byte
    return end
