"""The ledger: what was spent, by run, track, ticket, tier, model and day, in any grouping, and as CSV."""

import csv
import io
import re
from collections.abc import Iterable, Iterator
from decimal import Decimal
from typing import Literal, NamedTuple

from slop_qt.core.state import RunState
from slop_qt.core.usage import NO_USAGE, Usage, UsageSum, total_usage

__all__ = [
    "DIMENSIONS",
    "Dimension",
    "Group",
    "LedgerRow",
    "LedgerSums",
    "group_of",
    "grouped",
    "ledger_csv",
    "ledger_rows",
]

Dimension = Literal["run", "track", "ticket", "tier", "model", "day"]
DIMENSIONS: tuple[Dimension, ...] = ("run", "track", "ticket", "tier", "model", "day")

# What names a group: the value of its dimension, None where there is none. A ticket's is (track, ticket), since every
# track has its T-001.
Group = str | int | tuple[str | None, str] | None

_COLUMNS = (
    "run",
    "run_title",
    "run_started",
    "track",
    "ticket",
    "tier",
    "model",
    "day",
    "requests",
    "input_tokens",
    "cache_read_tokens",
    "cache_write_tokens",
    "output_tokens",
    "reasoning_tokens",
    "cost_usd",
)
# A spreadsheet takes a cell that begins like this for a formula, and may carry it out (OWASP, CSV Injection); some look
# past blanks first. A model's name or a ticket's id may be anything.
_LIKE_A_FORMULA = re.compile(r"\s*[=+\-@\t\r\n\uff1d\uff0b\uff0d\uff20]")  # the last four are the wide forms


class LedgerRow(NamedTuple):
    """What one model spent, in one tier, on one ticket, on one day of one run: as finely as it is kept.

    track_id is the track that was worked, or planned; None where a planning run planned an epic. ticket_id is None
    where no ticket was worked. day is the local calendar's, as in `2026-11-27`; run_started a moment in ISO 8601.
    """

    run_id: str
    run_title: str
    run_started: str
    track_id: str | None
    ticket_id: str | None
    tier: int
    model: str
    day: str
    usage: Usage


def ledger_rows(runs: Iterable[RunState]) -> Iterator[LedgerRow]:
    """All rows of these runs, in the order in which they were first spent on."""
    for run in runs:
        track_id = run.track_id or run.planned_track_id
        for key, usage in run.usage.items():
            yield LedgerRow(
                run.run_id, run.title, run.started_at, track_id, key.ticket_id, key.tier, key.model, key.day, usage
            )


def group_of(row: LedgerRow, dimension: Dimension) -> Group:
    """What the row counts to, by that dimension."""
    match dimension:
        case "run":
            return row.run_id
        case "track":
            return row.track_id
        case "ticket":
            return None if row.ticket_id is None else (row.track_id, row.ticket_id)
        case "tier":
            return row.tier
        case "model":
            return row.model
        case "day":
            return row.day


def grouped(rows: Iterable[LedgerRow], dimension: Dimension) -> dict[Group, Usage]:
    """The sum of each group, in the order in which they come; a sum with an unknown price is unknown."""
    sums: dict[Group, UsageSum] = {}
    for row in rows:
        group = group_of(row, dimension)
        if group not in sums:
            sums[group] = UsageSum()
        sums[group].add(row.usage)
    return {group: total.usage for group, total in sums.items()}


class LedgerSums:
    """The groups of one dimension over some runs, kept: a run that spends costs what its own groups cost.

    Attributes:
        groups: the sum of each group, in the order in which the groups came.
    """

    def __init__(self, dimension: Dimension) -> None:
        self.groups: dict[Group, Usage] = {}
        self._dimension = dimension
        self._of_runs: dict[str, dict[Group, Usage]] = {}
        self._totals: dict[str, Usage] = {}
        self._spenders: dict[Group, dict[str, None]] = {}

    def __contains__(self, run_id: str) -> bool:
        return run_id in self._of_runs

    @property
    def total(self) -> Usage:
        """All of it."""
        return total_usage(self._totals.values())

    def count(self, runs: Iterable[RunState]) -> set[Group]:
        """Count these runs, in place of what they came to before. Returns the groups that are others by that."""
        touched: dict[Group, None] = {}
        for run in runs:
            touched.update(dict.fromkeys(self._take_over(run)))
        for group in touched:
            self._sum_up(group)
        return set(touched)

    def _take_over(self, run: RunState) -> list[Group]:
        """Returns the groups in which the run has spent something else than it had."""
        before, now = self._of_runs.get(run.run_id, {}), grouped(ledger_rows([run]), self._dimension)
        self._of_runs[run.run_id], self._totals[run.run_id] = now, run.usage_total()
        gone = [group for group in before if group not in now]
        for group in gone:
            del self._spenders[group][run.run_id]
        changed = [group for group, usage in now.items() if before.get(group) != usage]
        for group in changed:
            self._spenders.setdefault(group, {})[run.run_id] = None
        return gone + changed

    def _sum_up(self, group: Group) -> None:
        spenders = self._spenders[group]
        if spenders:
            self.groups[group] = total_usage(self._of_runs[run_id][group] for run_id in spenders)
        else:
            self.groups.pop(group, NO_USAGE)


def ledger_csv(rows: Iterable[LedgerRow]) -> str:
    """The rows as RFC 4180 has them: a header that names units, CRLF, a dot before decimals; to be written as UTF-8.

    An unknown cost is an empty field. Text that a spreadsheet would take for a formula gets an apostrophe before it.
    """
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(_COLUMNS)
    for row in rows:
        writer.writerow(_fields(row))
    return text.getvalue()


def _fields(row: LedgerRow) -> tuple[str | int, ...]:
    usage = row.usage
    return (
        _harmless(row.run_id),
        _harmless(row.run_title),
        row.run_started,
        _harmless(row.track_id or ""),
        _harmless(row.ticket_id or ""),
        row.tier,
        _harmless(row.model),
        row.day,
        usage.requests,
        usage.input_tokens,
        usage.cache_read_tokens,
        usage.cache_write_tokens,
        usage.output_tokens,
        usage.reasoning_tokens,
        "" if usage.cost_usd is None else format(Decimal(repr(usage.cost_usd)), "f"),
    )


def _harmless(text: str) -> str:
    """The text as a cell that is only read; half surrogate pairs, which are no UTF-8, are replaced."""
    readable = text.encode("utf-8", "replace").decode("utf-8")
    return f"'{readable}" if _LIKE_A_FORMULA.match(readable) else readable
