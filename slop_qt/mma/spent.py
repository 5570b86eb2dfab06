"""What earlier tickets of this project came to: what an estimate rests on."""

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from slop_qt.core.settings import ModelChoice
from slop_qt.core.state import RunState, SessionState
from slop_qt.core.tickets import TicketStatus
from slop_qt.core.usage import NO_USAGE, Usage

__all__ = ["Price", "Spent", "cost_usd", "spent_on_tickets"]

# What one response of that usage costs at that model; None where no price is known.
Price = Callable[[ModelChoice, Usage], float | None]

# Tiers that work on tickets: the one that does the work, and the one that says why it failed.
_WORKER, _QA = 3, 4
# Tickets that came to their own end; one that was cut short would make them look cheaper than they are.
_COUNTED = frozenset({TicketStatus.DONE, TicketStatus.BLOCKED})


@dataclass(frozen=True, slots=True)
class Spent:
    """One ticket of an earlier run, all its attempts together: usage by tier and model."""

    by_model: Mapping[tuple[int, str], Usage]

    @property
    def input_tokens(self) -> int:
        """All input, cached or not."""
        return sum(usage.input_tokens for usage in self.by_model.values())

    @property
    def output_tokens(self) -> int:
        """All output, reasoning included."""
        return sum(usage.output_tokens for usage in self.by_model.values())


def spent_on_tickets(state: SessionState, worker: ModelChoice) -> tuple[Spent, ...]:
    """The tickets of all runs that this model alone has worked on to their end, whichever one looked at its failures.

    Leaving out those that another model looked at would leave the easy ones.
    """
    return tuple(spent for run in state.runs.values() for spent in _of_run(run, worker))


def _of_run(run: RunState, worker: ModelChoice) -> Iterator[Spent]:
    workers: dict[str | None, set[ModelChoice]] = defaultdict(set)
    for stream in run.streams.values():
        if stream.tier == _WORKER:
            workers[stream.ticket_id].add(ModelChoice(provider=stream.provider, model=stream.model))
    usages: dict[str | None, dict[tuple[int, str], Usage]] = defaultdict(dict)
    for key, usage in run.usage.items():
        if key.tier in {_WORKER, _QA} and usage.requests:
            of_ticket = usages[key.ticket_id]
            of_ticket[key.tier, key.model] = of_ticket.get((key.tier, key.model), NO_USAGE) + usage
    for ticket in run.tickets.values():
        models = {model for tier, model in usages[ticket.id] if tier == _WORKER}
        alone = models == {worker.model} and workers[ticket.id] == {worker}
        if alone and ticket.status in _COUNTED:
            yield Spent(usages[ticket.id])


def cost_usd(spent: Spent, tiers: Mapping[int, ModelChoice], price: Price) -> float | None:
    """What the same would cost with the models that the tiers have now; None where a price is not known.

    What a model of today has cost is taken as it was counted: that knows each response's size and cache. Anything else
    is priced as so many responses of average size.
    """
    costs = [_cost_usd(usage, tiers[tier], model, price) for (tier, model), usage in spent.by_model.items()]
    known = [cost for cost in costs if cost is not None]
    return sum(known) if len(known) == len(costs) else None


def _cost_usd(usage: Usage, choice: ModelChoice, model: str, price: Price) -> float | None:
    if model == choice.model and usage.cost_usd is not None:
        return usage.cost_usd
    average = Usage(
        requests=1,
        input_tokens=usage.input_tokens // usage.requests,
        output_tokens=usage.output_tokens // usage.requests,
        cache_read_tokens=usage.cache_read_tokens // usage.requests,
        cache_write_tokens=usage.cache_write_tokens // usage.requests,
    )
    of_one = price(choice, average)
    return None if of_one is None else of_one * usage.requests
