"""What a ticket's picture says beyond the ticket: why it is not running, who works on it, what is wrong with it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import Any

from slop_qt.core.state import RunState
from slop_qt.core.ticket_checks import TicketProblem, errors_of
from slop_qt.core.tickets import Ticket, TicketSpec, TicketStatus

__all__ = ["TicketNote", "in_run", "notes"]

_NAMED = 3  # tickets that a sentence names before it counts the rest
_UNDER_WAY = {TicketStatus.RUNNING, TicketStatus.VERIFYING, TicketStatus.MERGING, TicketStatus.DONE}
_planned = attrgetter(*TicketSpec.model_fields)


@dataclass(frozen=True, slots=True)
class TicketNote:
    """Short texts for one ticket, each empty where there is nothing to say.

    why is a sentence: why it does not run, or what its run says of it. worker is the model that works or worked on it.
    problem is a sentence, or several, that say what has to be mended before it can run.
    """

    why: str = ""
    worker: str = ""
    problem: str = ""


def in_run(specs: Sequence[TicketSpec], run: RunState | None) -> tuple[Ticket, ...]:
    """The tickets as edited, each standing where the run has it; those that the run does not know are pending."""
    known: Mapping[str, Ticket] = run.tickets if run is not None else {}
    return tuple(_standing(spec, known.get(spec.id)) for spec in specs)


def notes(
    tickets: Sequence[Ticket], run: RunState | None, problems: Iterable[TicketProblem] = ()
) -> dict[str, TicketNote]:
    """What is to be said of each ticket, by its id."""
    done = {ticket.id for ticket in tickets if ticket.status is TicketStatus.DONE}
    wrong: dict[str, list[str]] = {}
    for problem in errors_of(problems):
        wrong.setdefault(problem.ticket_id, []).append(problem.message)
    workers = _workers(run)
    return {
        ticket.id: TicketNote(
            why=_why(ticket, run, done),
            worker=workers.get(ticket.id, ""),
            problem=" ".join(wrong.get(ticket.id, ())),
        )
        for ticket in tickets
    }


def _standing(spec: TicketSpec, ran: Ticket | None) -> Ticket:
    """What an editor holds is shown as it is, also while it is not valid."""
    if ran is not None and _planned(ran) == _planned(spec):
        return ran
    fields: dict[str, Any] = dict(spec)
    if ran is not None:
        fields |= {"status": ran.status, "reason": ran.reason, "attempt": ran.attempt}
    return Ticket.model_construct(**fields)


def _why(ticket: Ticket, run: RunState | None, done: set[str]) -> str:
    if ticket.reason:
        return ticket.reason
    if ticket.status in _UNDER_WAY:
        return ""
    if run is not None and run.ended:
        return "Its run has ended." if ticket.id in run.tickets else "It is not part of the run, which has ended."
    missing = [needed for needed in ticket.depends_on if needed not in done]
    if missing:
        return f"Waits for {_listed(missing)}."
    if run is None:
        return "Starts with the run."
    return "Waits for its turn." if ticket.id in run.tickets else "It is not part of the run yet."


def _workers(run: RunState | None) -> dict[str, str]:
    """The model of each ticket's newest worker."""
    streams = run.streams.values() if run is not None else ()
    return {stream.ticket_id: stream.model for stream in streams if stream.tier == 3 and stream.ticket_id is not None}


def _listed(names: Sequence[str]) -> str:
    more = len(names) - _NAMED
    *others, last = [*names[:_NAMED], f"{more} more"] if more > 0 else names
    return f"{', '.join(others)} and {last}" if others else last
