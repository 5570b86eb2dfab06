"""What is wrong with tickets as they are edited: looked for beside the GUI thread, and never twice for one line."""

from collections.abc import Awaitable, Callable
from functools import partial

from slop_qt.core.ports import Offload
from slop_qt.core.ticket_checks import TicketProblem, graph_problems
from slop_qt.core.ticket_edits import Tickets

__all__ = ["ProblemFinder", "VerifyProblem"]

# Why the shell cannot read a line, in its words; None where it can.
VerifyProblem = Callable[[str], Awaitable[str | None]]


class ProblemFinder:
    """Lives in the GUI thread; the work is done elsewhere."""

    def __init__(self, offload: Offload, verify_problem: VerifyProblem) -> None:
        self._offload = offload
        self._verify_problem = verify_problem
        self._known: dict[str, str | None] = {}

    async def find(self, tickets: Tickets) -> tuple[TicketProblem, ...]:
        """Everything that is wrong with them: errors of the graph, overlapping files, lines no shell can read."""
        problems = list(await self._offload.run(partial(graph_problems, tickets)))
        for ticket in tickets:
            if ticket.verify is None:
                continue
            reason = await self._reason(ticket.verify)
            if reason is not None:
                message = f"Ticket {ticket.id}: the shell cannot read its verify command: {reason}."
                problems.append(TicketProblem(ticket.id, "verify", message))
        return tuple(problems)

    async def _reason(self, line: str) -> str | None:
        if line not in self._known:
            self._known[line] = await self._verify_problem(line)
        return self._known[line]
