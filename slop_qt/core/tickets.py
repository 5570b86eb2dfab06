"""Tickets, and what makes a set of them a graph that can be worked (shape: Ticket in the automation protocol)."""

import graphlib
import re
from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum
from pathlib import PurePosixPath
from typing import Annotated

from pydantic import AfterValidator, Field

from slop_qt.core.errors import InvalidInputError
from slop_qt.core.shape import Shape

__all__ = [
    "DeclaredPath",
    "Ticket",
    "TicketId",
    "TicketSpec",
    "TicketStatus",
    "as_they_stand",
    "check_graph",
    "cycles",
    "declares",
    "overlap",
]

_TICKET_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")


class TicketStatus(StrEnum):
    """Where a ticket stands in its run."""

    PENDING = "pending"
    READY = "ready"
    RUNNING = "running"
    VERIFYING = "verifying"
    REVIEW = "review"
    MERGING = "merging"
    DONE = "done"
    BLOCKED = "blocked"
    SKIPPED = "skipped"
    CANCELLED = "cancelled"

    @property
    def ended(self) -> bool:
        """Whether nothing more happens to the ticket in this run."""
        return self in {self.DONE, self.BLOCKED, self.SKIPPED, self.CANCELLED}


def _ticket_id(value: str) -> str:
    if not _TICKET_ID.fullmatch(value) or value == "integration":
        raise ValueError(
            f"ticket id {value!r} must be 1 to 64 letters, digits, '_' or '-', begin with a letter or digit, "
            "and not be 'integration'"
        )
    return value


def _declared_path(value: str) -> str:
    path = PurePosixPath(value)
    if not value.strip() or path.is_absolute() or ".." in path.parts or "\\" in value or "\0" in value:
        raise ValueError(f"file {value!r} must be a path inside the repository, relative to its root")
    return value.removeprefix("./")


TicketId = Annotated[str, AfterValidator(_ticket_id)]
DeclaredPath = Annotated[str, AfterValidator(_declared_path)]


class TicketSpec(Shape):
    """What to do: one node of a track's graph, as planned and as kept in tickets.json.

    files are paths relative to the repository, or directories ending in "/"; verify is a line for /bin/sh -c, or None.
    """

    id: TicketId
    title: Annotated[str, Field(min_length=1)]
    brief: str
    files: tuple[DeclaredPath, ...] = ()
    depends_on: tuple[str, ...] = ()
    verify: str | None = None
    plan_tasks: tuple[str, ...] = ()


class Ticket(TicketSpec):
    """A ticket in a run: the plan, where it stands, and why."""

    status: TicketStatus = TicketStatus.PENDING
    reason: str | None = None
    attempt: int = 0


def as_they_stand(specs: Iterable[TicketSpec], tickets: Mapping[str, Ticket]) -> tuple[Ticket, ...]:
    """What is planned, with where the ticket of the same id stands; one that is not there has not started."""
    found = ((spec, tickets.get(spec.id)) for spec in specs)
    return tuple(
        Ticket(**spec.model_dump(), status=ticket.status, reason=ticket.reason, attempt=ticket.attempt)
        if ticket is not None
        else Ticket(**spec.model_dump())
        for spec, ticket in found
    )


def check_graph(tickets: Sequence[TicketSpec]) -> tuple[str, ...]:
    """An order in which the tickets could be worked.

    Raises:
        InvalidInputError: a duplicate id, an unknown dependency or a cycle, with the names in it.
    """
    ids = [ticket.id for ticket in tickets]
    duplicates = (
        sorted({ticket_id for ticket_id in ids if ids.count(ticket_id) > 1}) if len(set(ids)) < len(ids) else []
    )
    if duplicates:
        raise InvalidInputError(
            f"The ticket id {duplicates[0]} is used more than once.", "Give each ticket its own id."
        )
    known = set(ids)
    for ticket in tickets:
        for dependency in ticket.depends_on:
            if dependency not in known:
                raise InvalidInputError(
                    f"Ticket {ticket.id} depends on {dependency}, which is not a ticket of this track.",
                    f"Known tickets: {', '.join(sorted(known))}.",
                )
    sorter = graphlib.TopologicalSorter({ticket.id: ticket.depends_on for ticket in tickets})
    try:
        return tuple(sorter.static_order())
    except graphlib.CycleError as error:
        cycle = " → ".join(reversed(error.args[1]))
        raise InvalidInputError(
            f"The tickets depend on each other in a circle: {cycle}.", "Remove one of these dependencies."
        ) from None


def cycles(depends_on: Mapping[str, Sequence[str]]) -> tuple[tuple[str, ...], ...]:
    """Circles of tickets: each depends on the one after it, the last on the first. Empty where there are none."""
    graph = {ticket_id: list(dict.fromkeys(dependencies)) for ticket_id, dependencies in depends_on.items()}
    found = []
    while True:
        try:
            graphlib.TopologicalSorter(graph).prepare()
        except graphlib.CycleError as error:
            circle = tuple(reversed(error.args[1]))
            found.append(circle[:-1])
            graph[circle[0]].remove(circle[1])
        else:
            return tuple(found)


def _covers(container: str, path: str) -> bool:
    folder = container.rstrip("/")
    return path.rstrip("/") == folder or path.startswith(folder + "/") or folder in {"", "."}


def overlap(first: TicketSpec, second: TicketSpec) -> str | None:
    """A path that both declare (one equals or contains the other), or None. Such tickets are serialised."""
    for mine in first.files:
        for other in second.files:
            if _covers(mine, other) or _covers(other, mine):
                return other
    return None


def declares(ticket: TicketSpec, path: str) -> bool:
    """Whether the ticket declares that file, relative to the repository, or a directory above it."""
    return any(_covers(declared, path) for declared in ticket.files)
