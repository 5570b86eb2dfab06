"""Edits of a ticket graph: each makes other tickets of some, or says by name why it may not be made."""

import re
from collections.abc import Collection, Sequence

from slop_qt.core.errors import InvalidInputError, NotFoundError
from slop_qt.core.ticket_checks import graph_errors
from slop_qt.core.tickets import TicketSpec

__all__ = ["Tickets", "added", "changed", "connected", "disconnected", "duplicated", "kept_fixed", "removed", "require"]

Tickets = tuple[TicketSpec, ...]

_NUMBERED = re.compile(r"(.*?)(\d+)")
_STARTED = "Tickets that have not started yet can still be changed."
_WHOLE = "Change what it names first."


def connected(tickets: Tickets, source_id: str, target_id: str) -> Tickets:
    """The target depends on the source as well."""
    target = _find(tickets, target_id)
    _find(tickets, source_id)
    if source_id in target.depends_on:
        return tickets
    return _with(tickets, target_id, target.model_copy(update={"depends_on": (*target.depends_on, source_id)}))


def disconnected(tickets: Tickets, source_id: str, target_id: str) -> Tickets:
    """The target depends on the source no longer."""
    target = _find(tickets, target_id)
    rest = tuple(each for each in target.depends_on if each != source_id)
    return _with(tickets, target_id, target.model_copy(update={"depends_on": rest}))


def added(tickets: Tickets, after_id: str | None) -> tuple[Tickets, str]:
    """A new ticket at the end, or behind the one that it then depends on; and its id."""
    new_id = _free_id(tickets)
    needs = (_find(tickets, after_id).id,) if after_id is not None else ()
    ticket = TicketSpec(id=new_id, title="New ticket", brief="", depends_on=needs)
    return _inserted(tickets, after_id, ticket), new_id


def duplicated(tickets: Tickets, ticket_id: str) -> tuple[Tickets, str]:
    """The same once more, behind it, with an id of its own; and that id."""
    new_id = _free_id(tickets)
    copy = _find(tickets, ticket_id).model_copy(update={"id": new_id})
    return _inserted(tickets, ticket_id, copy), new_id


def removed(tickets: Tickets, ticket_id: str) -> Tickets:
    """Without it; what depended on it does so no longer."""
    _find(tickets, ticket_id)
    rest = tuple(ticket for ticket in tickets if ticket.id != ticket_id)
    for ticket in rest:
        if ticket_id in ticket.depends_on:
            rest = disconnected(rest, ticket_id, ticket.id)
    return rest


def changed(tickets: Tickets, ticket_id: str, ticket: TicketSpec) -> Tickets:
    """With other fields; where its id is another one, the others depend on that."""
    _find(tickets, ticket_id)
    new = _with(tickets, ticket_id, ticket)
    if ticket.id == ticket_id:
        return new
    return tuple(
        each.model_copy(
            update={"depends_on": tuple(ticket.id if needed == ticket_id else needed for needed in each.depends_on)}
        )
        if ticket_id in each.depends_on
        else each
        for each in new
    )


def require(before: Tickets, after: Tickets, fixed: Collection[str]) -> None:
    """Whether the edit may be made.

    Raises:
        InvalidInputError: it touches a ticket that has started, or makes the graph invalid in a way in which it was
            not before; the message names the tickets.
    """
    then = {ticket.id: ticket for ticket in after}
    for ticket in before:
        if ticket.id in fixed and then.get(ticket.id) != ticket:
            raise InvalidInputError(f"Ticket {ticket.id} has started in this run: it stays as it is.", _STARTED)
    known = {problem.message for problem in graph_errors(before)}
    for problem in graph_errors(after):
        if problem.message not in known:
            raise InvalidInputError(problem.message, _WHOLE)


def kept_fixed(present: Tickets, wanted: Sequence[TicketSpec], fixed: Collection[str]) -> Tickets:
    """`wanted`, but with the tickets that have started as they are at present: of what undo and redo go back to."""
    started = {ticket.id: ticket for ticket in present if ticket.id in fixed}
    merged = tuple(started.get(ticket.id, ticket) for ticket in wanted)
    there = {ticket.id for ticket in merged}
    return (*merged, *(ticket for ticket_id, ticket in started.items() if ticket_id not in there))


def _find(tickets: Tickets, ticket_id: str) -> TicketSpec:
    for ticket in tickets:
        if ticket.id == ticket_id:
            return ticket
    known = ", ".join(ticket.id for ticket in tickets) or "none yet"
    raise NotFoundError(f"There is no ticket {ticket_id} in this track.", f"Tickets: {known}.")


def _with(tickets: Tickets, ticket_id: str, ticket: TicketSpec) -> Tickets:
    return tuple(ticket if each.id == ticket_id else each for each in tickets)


def _inserted(tickets: Tickets, after_id: str | None, ticket: TicketSpec) -> Tickets:
    if after_id is None:
        return (*tickets, ticket)
    place = [each.id for each in tickets].index(after_id) + 1
    return (*tickets[:place], ticket, *tickets[place:])


def _free_id(tickets: Tickets) -> str:
    """The number after the highest, in the form of the last ticket's id."""
    numbered = [match for ticket in tickets if (match := _NUMBERED.fullmatch(ticket.id))]
    prefix, width = (numbered[-1][1], len(numbered[-1][2])) if numbered else ("T-", 3)
    number = max((int(match[2]) for match in numbered if match[1] == prefix), default=0) + 1
    taken = {ticket.id for ticket in tickets}
    while f"{prefix}{number:0{width}}" in taken:
        number += 1
    return f"{prefix}{number:0{width}}"
