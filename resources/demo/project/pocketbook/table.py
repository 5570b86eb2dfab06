"""Columns of text."""

from __future__ import annotations

from collections.abc import Sequence


def render(headers: Sequence[str], rows: Sequence[Sequence[str]], align: str) -> str:
    """A table with a line under its headers and two spaces between columns.

    `align` has a letter for each column: `l` for words, `r` for numbers.
    """
    if len(align) != len(headers):
        raise ValueError(f"{len(headers)} columns need {len(headers)} letters, not {align!r}")
    widths = [max(map(len, column)) for column in zip(headers, *rows, strict=True)]
    lines = [headers, ["-" * width for width in widths], *rows]
    return "\n".join(_line(cells, widths) for cells in lines)


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    padded = [cell.ljust(width) for cell, width in zip(cells, widths, strict=True)]
    return "  ".join(padded).rstrip()
