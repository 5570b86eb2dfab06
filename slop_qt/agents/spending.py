"""What a request of an agent asks of the budget before it is sent."""

from collections.abc import Awaitable, Callable
from functools import partial

from slop_qt.agents.request import AgentRequest
from slop_qt.core.budgets import SpendAsk
from slop_qt.core.conversation import ModelRequest
from slop_qt.core.ports import Reservation, SpendGate
from slop_qt.providers.token_bounds import most_output_tokens

__all__ = ["spending_of"]


def spending_of(
    gate: SpendGate | None, agent: AgentRequest, request: ModelRequest, input_tokens: int
) -> Callable[[], Awaitable[Reservation]] | None:
    """Sets aside, each time it is called, the most that one send of the request can come to; None: nothing has to be.

    input_tokens is an upper bound of its input.
    """
    if gate is None:
        return None
    ask = SpendAsk(
        run_id=agent.run_id,
        stream_id=agent.stream_id,
        ticket_id=agent.ticket.id if agent.ticket else None,
        provider=agent.choice.provider,
        model=request.model,
        input_tokens=input_tokens,
        output_tokens=most_output_tokens(request),
        cache_ttl=request.cache_ttl,
    )
    return partial(gate.reserve, ask)
