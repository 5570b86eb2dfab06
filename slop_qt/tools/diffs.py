"""Unified diffs of one file, quick also where difflib would take minutes (and hold every other thread up)."""

import difflib
from collections.abc import Iterator, Sequence

__all__ = ["unified_diff"]

_CONTEXT = 3
_MAX_COMPARISONS = 4_000_000  # lines times lines: under a second at the worst

_Change = tuple[str, int, int, int, int]


def unified_diff(path: str, old: str | None, new: str) -> str:
    """The diff from `old` (None: no such file yet) to `new`, as `git diff` writes it; empty where nothing differs."""
    before, after = _lines(old or ""), _lines(new)
    hunks = list(_hunks(before, after))
    if not hunks and old is not None:
        return ""
    source = "/dev/null" if old is None else f"a/{path}"
    return "".join([f"--- {source}\n+++ b/{path}\n", *hunks])


def _lines(text: str) -> list[str]:
    """Lines end at a line feed and nowhere else: form feeds and the like are part of a line."""
    lines = text.split("\n")
    return [f"{line}\n" for line in lines[:-1]] + lines[-1:] * (lines[-1] != "")


def _hunks(before: Sequence[str], after: Sequence[str]) -> Iterator[str]:
    for group in _groups(before, after):
        _, old_start, _, new_start, _ = group[0]
        _, _, old_end, _, new_end = group[-1]
        yield f"@@ -{_range(old_start, old_end)} +{_range(new_start, new_end)} @@\n"
        for kind, old_from, old_to, new_from, new_to in group:
            if kind == "equal":
                yield from (_marked(" ", line) for line in before[old_from:old_to])
            else:
                yield from (_marked("-", line) for line in before[old_from:old_to])
                yield from (_marked("+", line) for line in after[new_from:new_to])


def _groups(before: Sequence[str], after: Sequence[str]) -> Iterator[list[_Change]]:
    """difflib's groups of changes, looked for only between the lines that both begin with and both end with."""
    shorter = min(len(before), len(after))
    start = next((i for i in range(shorter) if before[i] != after[i]), shorter)
    end = next((i for i in range(shorter - start) if before[-1 - i] != after[-1 - i]), shorter - start)
    start, end = max(0, start - _CONTEXT), max(0, end - _CONTEXT)
    old, new = before[start : len(before) - end], after[start : len(after) - end]
    if len(old) * len(new) > _MAX_COMPARISONS:
        yield [("replace", start, start + len(old), start, start + len(new))]
        return
    for group in difflib.SequenceMatcher(None, old, new, autojunk=False).get_grouped_opcodes(_CONTEXT):
        yield [(kind, a + start, b + start, c + start, d + start) for kind, a, b, c, d in group]


def _range(start: int, end: int) -> str:
    length = end - start
    if length == 1:
        return str(start + 1)
    return f"{start + 1 if length else start},{length}"


def _marked(mark: str, line: str) -> str:
    return f"{mark}{line}" if line.endswith("\n") else f"{mark}{line}\n\\ No newline at end of file\n"
