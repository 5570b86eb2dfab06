"""Tier 2's answer: the tickets that a track is cut into, and what makes them a graph that can be worked."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Annotated

from pydantic import Field
from typing_extensions import override

from slop_qt.core.planning_basis import PlanningBasis
from slop_qt.core.ports import PlanReader
from slop_qt.core.shape import Shape
from slop_qt.core.ticket_checks import errors_of, field_problems, graph_problems
from slop_qt.core.tickets import TicketSpec
from slop_qt.tools.answers import Answer, Words
from slop_qt.tools.contract import Effect, ToolContext, ToolOutput
from slop_qt.tools.refusal import refuse
from slop_qt.tools.shell_syntax import shell_problem

__all__ = ["ProposedTicket", "SubmitTickets", "SubmitTicketsArguments"]

_MOST_TASKS = 100


class ProposedTicket(TicketSpec):
    """A ticket as Tier 2 writes it: its form alone.

    Whether ids and paths can be used is looked at together with all other tickets, so that a model hears all of it in
    one go. Files and dependencies must be said here, even where there are none.
    """

    id: Annotated[Words, Field(description="Short and unique in this track, such as T-001.")]
    title: Annotated[Words, Field(description="What is done afterwards, in a few words.")]
    brief: Annotated[Words, Field(description="All that a worker needs who sees nothing but this ticket.")]
    files: Annotated[
        tuple[str, ...],
        Field(description="The files it changes, relative to the repository; a directory ends in '/'."),
    ]
    depends_on: Annotated[tuple[str, ...], Field(description="Ids of the tickets that must be done before it.")]
    verify: Annotated[str | None, Field(description="A shell line that exits 0 exactly if the ticket is done.")] = None
    plan_tasks: Annotated[tuple[str, ...], Field(description="The plan's tasks that it covers, word for word.")] = ()

    def spec(self) -> TicketSpec:
        """The same as a ticket; raises ValidationError where `SubmitTickets` has not accepted it."""
        return TicketSpec(**self.model_dump())


class SubmitTicketsArguments(Shape):
    """Tier 2's answer."""

    tickets: Annotated[tuple[ProposedTicket, ...], Field(min_length=1)]


class SubmitTickets(Answer[SubmitTicketsArguments]):
    """Ends Tier 2."""

    name = "submit_tickets"
    description = (
        "Hand in the track's tickets as a graph without circles. Tickets that touch the same file never run at the "
        "same time, so cut along files. This ends your work."
    )
    tiers = frozenset({2})
    arguments = SubmitTicketsArguments

    @override
    async def perform(
        self, arguments: SubmitTicketsArguments, context: ToolContext, effect: Effect | None = None
    ) -> ToolOutput:
        tickets, basis = arguments.tickets, context.basis
        judged = await context.offload.run(partial(_judged, tickets, basis, context.plans))
        problems = list(judged.problems)
        for ticket in _free(tickets, basis):
            problems += await _unreadable_command(ticket, context)
        refuse("tickets", problems)
        return ToolOutput("\n".join(["Received.", *judged.remarks]))


@dataclass(frozen=True, slots=True)
class _Judged:
    """What is wrong with tickets, and what is only worth a word."""

    problems: tuple[str, ...]
    remarks: tuple[str, ...]


def _judged(tickets: Sequence[ProposedTicket], basis: PlanningBasis, plans: PlanReader) -> _Judged:
    """All that can be seen without a shell. Its work grows with the square of the tickets: for a helper thread."""
    free = _free(tickets, basis)
    alone = [problem for ticket in free for problem in field_problems(ticket.model_dump())]
    together = graph_problems(tickets)
    problems = [problem.message for problem in (*alone, *errors_of(together))]
    problems += _changed(basis.fixed, tickets)
    if basis.plan is not None:
        problems += _unknown_tasks(free, basis.plan, plans)
    remarks = tuple(problem.message for problem in together if problem.severity == "warning")
    return _Judged(tuple(problems), remarks)


def _free(tickets: Sequence[ProposedTicket], basis: PlanningBasis) -> list[ProposedTicket]:
    """Those that can still be repaired: what has started is not looked at by itself any more."""
    fixed = {ticket.id for ticket in basis.fixed}
    return [ticket for ticket in tickets if ticket.id not in fixed]


def _changed(fixed: Iterable[TicketSpec], tickets: Sequence[ProposedTicket]) -> Iterator[str]:
    proposed = {ticket.id: ticket for ticket in tickets}
    for before in fixed:
        after = proposed.get(before.id)
        if after is None:
            yield f"Ticket {before.id} is missing: it has started, so it has to be handed in again, unchanged."
            continue
        was, now = before.model_dump(), after.model_dump()
        changed = [name for name in was if was[name] != now[name]]
        if changed:
            yield f"Ticket {before.id} has started and must stay as it is: {', '.join(changed)} differs."


def _unknown_tasks(tickets: Iterable[ProposedTicket], plan: str, plans: PlanReader) -> Iterator[str]:
    unknown = set(plans.unknown(plan, [task for ticket in tickets for task in ticket.plan_tasks]))
    for ticket in tickets:
        for task in ticket.plan_tasks:
            if task in unknown:
                yield f"Ticket {ticket.id} covers the plan task {task!r}, which is not in the plan."
    if unknown:
        known = plans.tasks(plan)
        listed = "; ".join(repr(task) for task in known[:_MOST_TASKS])
        more = f"; and {len(known) - _MOST_TASKS} more" if len(known) > _MOST_TASKS else ""
        yield f"The plan's tasks are: {listed}{more}." if known else "The plan has no tasks: leave plan_tasks empty."


async def _unreadable_command(ticket: ProposedTicket, context: ToolContext) -> list[str]:
    if ticket.verify is None:
        return []
    problem = await shell_problem(ticket.verify, context.commands, context.root)
    return [f"Ticket {ticket.id}: /bin/sh cannot read its verify command: {problem}."] if problem else []
