"""What a run has taught about its tickets, from its streams: the journal has them, so a restart keeps it."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from slop_qt.agents.prompts import AttemptStory, TicketStory
from slop_qt.core.replanning import fixed_tickets
from slop_qt.core.state import RunState
from slop_qt.core.stream_state import StreamState
from slop_qt.core.tickets import TicketSpec, as_they_stand

__all__ = ["stories"]

_WORKER, _QA = "finish_ticket", "report_failure"


def stories(run: RunState | None, planned: Sequence[TicketSpec]) -> tuple[TicketStory, ...]:
    """The planned tickets with what the run knows of each; nothing is known without one."""
    ran = run.tickets if run else {}
    fixed = fixed_tickets(ran.values())
    attempts = _attempts(run) if run else {}
    return tuple(
        TicketStory(ticket, ticket.id in fixed, attempts.get(ticket.id, ())) for ticket in as_they_stand(planned, ran)
    )


def _attempts(run: RunState) -> Mapping[str, tuple[AttemptStory, ...]]:
    said: dict[str, dict[int, dict[str, str]]] = defaultdict(lambda: defaultdict(dict))
    for stream in run.streams.values():
        if stream.ticket_id is None:
            continue
        for name in (_WORKER, _QA):
            said[stream.ticket_id][stream.attempt].update(_answer(stream, name))
    return {
        ticket_id: tuple(
            AttemptStory(
                attempt, words.get("summary", ""), cause=words.get("cause", ""), advice=words.get("advice", "")
            )
            for attempt, words in sorted(by_attempt.items())
            if words
        )
        for ticket_id, by_attempt in said.items()
    }


def _answer(stream: StreamState, name: str) -> Mapping[str, Any]:
    """The arguments of the call of that name that was accepted, or nothing."""
    accepted = {item.call_id for item in stream.items if item.kind == "tool_result" and item.name == name and item.ok}
    for item in stream.items:
        if item.kind == "tool_call" and item.call_id in accepted and isinstance(item.arguments, dict):
            return item.arguments
    return {}
