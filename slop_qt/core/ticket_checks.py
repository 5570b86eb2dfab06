"""Everything that is wrong with tickets, at once and in sentences: for a form, a model, or a file that is checked."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from pydantic import ValidationError

from slop_qt.core.forecast import FileOverlap
from slop_qt.core.tickets import TicketSpec, cycles, overlap

__all__ = ["TicketProblem", "errors_of", "field_problems", "graph_errors", "graph_problems", "unordered_overlaps"]

_IN_WORDS = {
    "missing": "is missing",
    "string_type": "must be text",
    "string_too_short": "must not be empty",
    "tuple_type": "must be a list",
    "extra_forbidden": "is not a field of a ticket",
}


@dataclass(frozen=True, slots=True)
class TicketProblem:
    """One thing that is wrong; message is a whole sentence that names the ticket.

    field is a name of TicketSpec's. An error keeps tickets from being written; a warning does not: they can be run.
    """

    ticket_id: str
    field: str
    message: str
    severity: Literal["error", "warning"] = "error"


def field_problems(fields: Mapping[str, Any]) -> tuple[TicketProblem, ...]:
    """What is wrong with one ticket by itself, from its fields as typed, parsed or read."""
    try:
        TicketSpec.model_validate(fields)
    except ValidationError as error:
        ticket_id = str(fields.get("id") or "") or "without an id"
        details = error.errors(include_url=False, include_context=False)
        return tuple(
            TicketProblem(ticket_id, str(detail["loc"][0]), _sentence(ticket_id, detail["loc"], detail))
            for detail in details
        )
    return ()


def graph_errors(tickets: Sequence[TicketSpec]) -> tuple[TicketProblem, ...]:
    """What keeps tickets from being worked together: an id used twice, a dependency on nothing, circles by their names.

    Quick enough to be asked at every keystroke.
    """
    problems = [*_duplicates(tickets), *_unknown_dependencies(tickets)]
    for circle in cycles({ticket.id: ticket.depends_on for ticket in tickets}):
        message = f"The tickets depend on each other in a circle: {' → '.join((*circle, circle[0]))}."
        problems.append(TicketProblem(circle[0], "depends_on", message))
    return tuple(problems)


def graph_problems(tickets: Sequence[TicketSpec]) -> tuple[TicketProblem, ...]:
    """Everything that is wrong with tickets together: the errors, and what is worth a warning.

    Overlapping files between tickets of which neither depends on the other, even through others, are warnings: such
    tickets are worked one after the other, in no certain order. They are looked for where there is no circle.
    """
    errors = graph_errors(tickets)
    if cycles({ticket.id: ticket.depends_on for ticket in tickets}):
        return errors
    return (*errors, *(_overlap_warning(pair) for pair in unordered_overlaps(tickets)))


def unordered_overlaps(tickets: Sequence[TicketSpec]) -> tuple[FileOverlap, ...]:
    """Pairs that change one path, of which neither depends on the other, even through others. Expects no circle."""
    before = _ancestors({ticket.id: ticket.depends_on for ticket in tickets})
    pairs = []
    for at, later in sorted(_pairs_with_common_paths(tickets)):
        first, second = tickets[at], tickets[later]
        if first.id in before[second.id] or second.id in before[first.id] or first.id == second.id:
            continue
        path = overlap(first, second)
        if path is not None:
            pairs.append(FileOverlap(first=first.id, second=second.id, path=path))
    return tuple(pairs)


def errors_of(problems: Iterable[TicketProblem]) -> tuple[TicketProblem, ...]:
    """Those that keep the tickets from being written."""
    return tuple(problem for problem in problems if problem.severity == "error")


def _sentence(ticket_id: str, where: Sequence[int | str], detail: Mapping[str, Any]) -> str:
    name = ".".join(str(part) for part in where)
    words = _IN_WORDS.get(detail["type"])
    if words is None:
        return f"Ticket {ticket_id}: {str(detail['msg']).removeprefix('Value error, ')}."
    return f"Ticket {ticket_id}: {name} {words}."


def _duplicates(tickets: Sequence[TicketSpec]) -> list[TicketProblem]:
    seen: set[str] = set()
    problems = []
    for ticket in tickets:
        if ticket.id in seen:
            problems.append(TicketProblem(ticket.id, "id", f"The ticket id {ticket.id} is used more than once."))
        seen.add(ticket.id)
    return problems


def _unknown_dependencies(tickets: Sequence[TicketSpec]) -> list[TicketProblem]:
    known = {ticket.id for ticket in tickets}
    return [
        TicketProblem(
            ticket.id,
            "depends_on",
            f"Ticket {ticket.id} depends on {dependency}, which is not a ticket of this track.",
        )
        for ticket in tickets
        for dependency in ticket.depends_on
        if dependency not in known
    ]


def _overlap_warning(pair: FileOverlap) -> TicketProblem:
    message = (
        f"{pair.first} and {pair.second} both change {pair.path} and neither depends on the other: "
        "they run one after the other, in no certain order."
    )
    return TicketProblem(pair.second, "files", message, "warning")


def _pairs_with_common_paths(tickets: Sequence[TicketSpec]) -> set[tuple[int, int]]:
    """Places of tickets, lower first, that may overlap. Trying every pair would take a second for 300 tickets."""
    declaring: dict[str, set[int]] = defaultdict(set)
    for place, ticket in enumerate(tickets):
        for path in ticket.files:
            declaring[_plain(path)].add(place)
    return {
        (min(place, other), max(place, other))
        for path, places in declaring.items()
        for above in (path, *_folders_above(path))
        for other in declaring.get(above, ())
        for place in places
        if place != other
    }


def _plain(path: str) -> str:
    return path.rstrip("/").removeprefix("./") or "."


def _folders_above(path: str) -> Iterator[str]:
    while "/" in path:
        path = path.rpartition("/")[0]
        yield path
    yield "."


def _ancestors(graph: Mapping[str, Sequence[str]]) -> Mapping[str, set[str]]:
    """All that each ticket depends on, through others too. Expects no circle."""
    found: dict[str, set[str]] = defaultdict(set)
    known = set(graph)
    todo = list(graph)
    finished: set[str] = set()
    while todo:
        ticket_id = todo[-1]
        open_ones = [d for d in graph[ticket_id] if d in known and d not in finished]
        if open_ones:
            todo += open_ones
            continue
        todo.pop()
        finished.add(ticket_id)
        for dependency in graph[ticket_id]:
            found[ticket_id] |= {dependency} | found[dependency]
    return found
