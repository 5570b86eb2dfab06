"""The end of a run in a few lines: tickets, what changed, tokens and cost by tier, and where the work is."""

from slop_qt.core.state import RunState
from slop_qt.core.tickets import Ticket
from slop_qt.core.usage import Usage
from slop_qt.headless.progress import MARKS
from slop_qt.headless.words import one_line

__all__ = ["diff_stat", "summary_lines"]


def summary_lines(run: RunState, diff: str) -> list[str]:
    """What a run came to; diff is its unified diff."""
    lines = ["", *(_ticket_line(ticket) for ticket in run.tickets.values()), "", diff_stat(diff)]
    usages = [(name, usage) for name, usage in run.usage_by_tier().items() if usage.requests]
    if usages:
        lines += ["", f"{'':8}{'requests':>10}{'input':>12}{'cached':>12}{'output':>12}{'USD':>12}"]
        lines += [_usage_line(name, usage) for name, usage in (*usages, ("total", run.usage_total()))]
    return [*lines, ""]


def diff_stat(diff: str) -> str:
    """A unified diff of git's in one sentence."""
    files = added = removed = 0
    in_header = True
    for line in diff.split("\n"):
        if line.startswith("diff --git "):
            files += 1
            in_header = True
        elif line.startswith("@@ "):
            in_header = False
        elif not in_header:  # whose `---` and `+++` are names and no lines of a file
            added += line.startswith("+")
            removed += line.startswith("-")
    if not files:
        return "Nothing changed."
    return f"{files} file{'s' if files > 1 else ''} changed, lines: {added} added, {removed} removed."


def _ticket_line(ticket: Ticket) -> str:
    attempts = f"  ({ticket.attempt} attempts)" if ticket.attempt > 1 else ""
    reason = f" — {ticket.reason}" if ticket.reason else ""
    return f"  {MARKS[ticket.status]} {one_line(f'{ticket.id}  {ticket.title}{attempts}{reason}')}"


def _usage_line(name: str, usage: Usage) -> str:
    cost = "unknown" if usage.cost_usd is None else f"{usage.cost_usd:.4f}"
    return (
        f"{name:8}{usage.requests:>10,}{usage.input_tokens:>12,}{usage.cache_read_tokens:>12,}"
        f"{usage.output_tokens:>12,}{cost:>12}"
    )
