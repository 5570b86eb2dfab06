"""What two plans of one track differ in, ticket by ticket."""

import difflib
from collections.abc import Sequence
from dataclasses import dataclass

from slop_qt.core.tickets import TicketSpec

__all__ = ["TicketChanges", "ticket_changes"]

_ALL_LINES = 1 << 30  # a ticket is shown whole, changed lines and others


@dataclass(frozen=True, slots=True)
class TicketChanges:
    """Ids of the tickets that differ, each in the order of its plan; diff is a unified one with a file a ticket."""

    added: tuple[str, ...]
    removed: tuple[str, ...]
    changed: tuple[str, ...]
    diff: str


def ticket_changes(before: Sequence[TicketSpec], after: Sequence[TicketSpec]) -> TicketChanges:
    """How `after` differs from `before`."""
    old, new = {ticket.id: ticket for ticket in before}, {ticket.id: ticket for ticket in after}
    added = tuple(ticket_id for ticket_id in new if ticket_id not in old)
    removed = tuple(ticket_id for ticket_id in old if ticket_id not in new)
    changed = tuple(ticket_id for ticket_id in new if ticket_id in old and old[ticket_id] != new[ticket_id])
    differing = [ticket_id for ticket_id in (*new, *removed) if ticket_id in {*added, *removed, *changed}]
    diff = "".join(_diff(ticket_id, old.get(ticket_id), new.get(ticket_id)) for ticket_id in differing)
    return TicketChanges(added, removed, changed, diff)


def _diff(ticket_id: str, before: TicketSpec | None, after: TicketSpec | None) -> str:
    titled = after or before
    name = f"{ticket_id}  {titled.title}" if titled is not None else ticket_id
    lines = difflib.unified_diff(
        _lines(before),
        _lines(after),
        f"a/{name}" if before else "/dev/null",
        f"b/{name}" if after else "/dev/null",
        n=_ALL_LINES,
        lineterm="",
    )
    return "".join(f"{line}\n" for line in lines)


def _lines(ticket: TicketSpec | None) -> list[str]:
    """The ticket as a person reads it."""
    if ticket is None:
        return []
    return [
        f"Title: {ticket.title}",
        "Brief:",
        *(f"  {line}" for line in ticket.brief.splitlines()),
        "Files:",
        *(f"  {path}" for path in ticket.files),
        f"Depends on: {', '.join(ticket.depends_on) or 'nothing'}",
        f"Verified by: {ticket.verify or 'nothing'}",
        "Plan tasks:",
        *(f"  {task}" for task in ticket.plan_tasks),
    ]
