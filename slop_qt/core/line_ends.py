"""Line ends of a file through an editor that knows only one: what was not changed keeps those that it had."""

import re
from collections import Counter
from collections.abc import Callable, Iterator
from difflib import SequenceMatcher

__all__ = ["FILE_LINE_END", "common_ends", "in_editor", "with_line_ends"]

_FEW_COMPARISONS = 1_000_000  # lines times lines

FILE_LINE_END = re.compile("\r\n|[\n\r]")
# What Qt's text documents make a new paragraph of; U+2028 stays a character of its line.
_LINE_END = re.compile("\r\n|[\n\r\u2029\ufdd0\ufdd1]")


def in_editor(text: str) -> str:
    """The text with each line end as a line feed."""
    return _LINE_END.sub("\n", text)


def with_line_ends(original: str, edited: str, line_end: re.Pattern[str] = _LINE_END) -> str:
    """`edited` (line feeds only) as it is written: unchanged lines end as in `original`, new ones as most of those do.

    line_end is what became line feeds in `edited`: what `in_editor` makes them of, or FILE_LINE_END. Which lines are
    unchanged is looked for where a file has line ends of several kinds; where the two differ in very many lines, lines
    that stand there often may count as new.
    """
    ends = line_end.findall(original)
    counts = Counter(ends)
    if len(counts) <= 1:
        return edited.replace("\n", ends[0]) if ends else edited
    usual = counts.most_common(1)[0][0]
    lines = edited.split("\n")
    kept = dict(_unchanged(line_end.sub("\n", original).split("\n"), lines))
    chosen = [ends[kept[at]] if kept.get(at, len(ends)) < len(ends) else usual for at in range(len(lines) - 1)]
    for at in range(1, len(chosen)):
        if (chosen[at - 1], lines[at], chosen[at]) == ("\r", "", "\n"):
            chosen[at] = "\r"  # or both together would be one end
    return "".join(line + ending for line, ending in zip(lines, (*chosen, ""), strict=True))


def common_ends(before: str, after: str) -> tuple[int, int]:
    """How many characters both begin with, and of the rest how many both end with."""
    shorter = min(len(before), len(after))
    start = _most(shorter, lambda length: before.startswith(after[:length]))
    end = _most(shorter - start, lambda length: before.endswith(after[len(after) - length :]))
    return start, end


def _unchanged(before: list[str], after: list[str]) -> Iterator[tuple[int, int]]:
    """Lines that are the same: number in `after`, number in `before`."""
    shorter = min(len(before), len(after))
    start = next((at for at in range(shorter) if before[at] != after[at]), shorter)
    end = next((at for at in range(shorter - start) if before[-1 - at] != after[-1 - at]), shorter - start)
    yield from ((at, at) for at in range(start))
    yield from ((len(after) - 1 - at, len(before) - 1 - at) for at in range(end))
    old, new = before[start : len(before) - end], after[start : len(after) - end]
    many = len(old) * len(new) > _FEW_COMPARISONS  # then lines that stand often are not compared, which takes long
    for block in SequenceMatcher(None, old, new, autojunk=many).get_matching_blocks():
        yield from ((start + block.b + at, start + block.a + at) for at in range(block.size))


def _most(limit: int, holds: Callable[[int], bool]) -> int:
    """The largest length up to the limit for which it holds; where it holds for one, it holds for all below."""
    low, high = 0, limit
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if holds(middle) else (low, middle - 1)
    return low
