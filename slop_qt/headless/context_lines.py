"""A request's composition on a terminal: a row for each part, the total, and what would be left out."""

from collections.abc import Iterator, Sequence

from slop_qt.agents.context.preview import Composition
from slop_qt.core.context import ContextReport
from slop_qt.core.errors import UsageError
from slop_qt.core.tickets import TicketSpec
from slop_qt.core.tracks import Track
from slop_qt.headless.words import one_line

__all__ = ["composition_lines", "part_text"]

_LABEL = 40
_HEADINGS = ("#", "Kind", "Label", "Tokens", "Share", "Cached", "Reason")
_RIGHT = frozenset({"#", "Tokens", "Share"})


def composition_lines(track: Track, ticket: TicketSpec, composition: Composition) -> list[str]:
    """All of it as aligned lines."""
    report = composition.report
    title = f"{ticket.id} of {track.id}, {report.model}: what its worker would start with, from the files as they are."
    lines = [one_line(title), ""]
    lines += _table([_HEADINGS, *_rows(composition)])
    lines += ["", one_line(_total(report)), *_left_out(report)]
    if ticket.depends_on:
        needed = ", ".join(ticket.depends_on)
        lines.append(one_line(f"What its dependencies came to is added when they are done: {needed}."))
    return lines


def part_text(composition: Composition, name: str) -> str:
    """The exact text of the part with that number or label.

    Raises:
        UsageError: there is none, or more than one; it names the parts.
    """
    parts = composition.report.parts
    found = [at for at, part in enumerate(parts) if name in {part.label, str(at + 1)}]
    if len(found) == 1:
        return composition.texts[found[0]]
    known = ", ".join(f"{at} {part.label}" for at, part in enumerate(parts, start=1))
    what = "Several parts are called" if found else "There is no part"
    raise UsageError(f"--text {name}: {what} {name}.", f"Parts: {known}.")


def _rows(composition: Composition) -> Iterator[tuple[str, ...]]:
    report = composition.report
    about = "≈ " if report.measured == "estimate" else ""
    for at, (part, reason) in enumerate(zip(report.parts, composition.reasons, strict=True), start=1):
        share = f"{100 * part.tokens / report.used_tokens:.1f} %" if report.used_tokens else ""
        cached = "yes" if part.cached else "no"
        label = one_line(part.label)
        shown = label if len(label) <= _LABEL else f"…{label[1 - _LABEL :]}"
        yield str(at), part.kind, shown, f"{about}{part.tokens:,}", share, cached, one_line(reason)


def _table(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    widths = [max(len(row[column]) for row in rows) for column in range(len(_HEADINGS))]
    for row in rows:
        cells = (
            cell.rjust(width) if heading in _RIGHT else cell.ljust(width)
            for heading, cell, width in zip(_HEADINGS, row, widths, strict=True)
        )
        yield "  ".join(cells).rstrip()


def _total(report: ContextReport) -> str:
    about = "≈ " if report.measured == "estimate" else ""
    if not report.limit_tokens:
        return f"Total: {about}{report.used_tokens:,} tokens; how many the model takes is not known."
    share = 100 * report.used_tokens / report.limit_tokens
    return f"Total: {about}{report.used_tokens:,} tokens of {report.limit_tokens:,} ({share:.1f} %)."


def _left_out(report: ContextReport) -> Iterator[str]:
    left = report.used_tokens - sum(trimming.tokens for trimming in report.would_trim)
    if not report.would_trim and left <= (report.limit_tokens or left):
        yield "Nothing would be left out."
    for trimming in report.would_trim:
        yield one_line(f"Would be left out: {trimming.label}, ≈ {trimming.tokens:,} tokens. {trimming.reason}")
    if 0 < report.limit_tokens < left:
        yield "It does not fit: choose outlines or lines of files, or exclude some."
