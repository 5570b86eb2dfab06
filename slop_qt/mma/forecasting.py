"""The dry run: what a run of a track would look like, from its tickets and from what earlier ones have cost."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Literal

from slop_qt.core.approvals import DecidedBy
from slop_qt.core.forecast import Estimate, Forecast, TicketForecast
from slop_qt.core.settings import ModelChoice
from slop_qt.core.ticket_checks import unordered_overlaps
from slop_qt.core.tickets import TicketSpec, check_graph
from slop_qt.mma import commands
from slop_qt.mma.command_registry import CommandRegistry
from slop_qt.mma.estimates import ENOUGH, combined, estimate
from slop_qt.mma.lineup import Lineup
from slop_qt.mma.plan_shapes import ForecastTrack
from slop_qt.mma.session_parts import SessionParts
from slop_qt.mma.spent import Price, Spent, cost_usd, spent_on_tickets

__all__ = ["Forecasting", "forecast", "rounds"]

_FAIR = 4


class Forecasting:
    """Answers track.forecast. Lives in the main thread's loop; what takes time is done in the helper pool."""

    def __init__(self, parts: SessionParts) -> None:
        self._parts = parts

    def register(self, registry: CommandRegistry) -> None:
        """Attach the command."""
        registry.register(commands.TRACK_FORECAST, self._forecast)

    async def _forecast(self, params: ForecastTrack, _: DecidedBy) -> Forecast:
        """Nothing is asked of a model, and nothing changes.

        Raises:
            NotFoundError: there is no such track.
            InvalidInputError: its tickets make no graph that can be worked.
        """
        parts, tiers = self._parts, self._parts.settings.tiers
        track = await parts.track(params.track_id)
        tickets = await parts.offload.run(partial(parts.folder.tickets, track.id))
        spent = spent_on_tickets(parts.feed.state, tiers[3])
        workers = params.workers or parts.settings.limits.workers
        return await parts.offload.run(
            lambda: forecast(track.id, tickets, workers, history=_history(spent, tiers, parts.price))
        )


@dataclass(frozen=True, slots=True)
class _History:
    """What is to be expected of any ticket of this project, and what that rests on."""

    samples: int
    input_tokens: Estimate | None
    output_tokens: Estimate | None
    tokens: Estimate | None
    cost_usd: Estimate | None
    basis: str

    @property
    def confidence(self) -> Literal["none", "low", "fair", "good"]:
        if not self.samples:
            return "none"
        return "good" if self.samples >= ENOUGH else "fair" if self.samples >= _FAIR else "low"


def _history(spent: Sequence[Spent], tiers: Mapping[int, ModelChoice], price: Price) -> _History:
    costs = [cost for one in spent if (cost := cost_usd(one, tiers, price)) is not None]
    return _History(
        samples=len(spent),
        input_tokens=estimate([one.input_tokens for one in spent]),
        output_tokens=estimate([one.output_tokens for one in spent]),
        tokens=estimate([one.input_tokens + one.output_tokens for one in spent]),
        cost_usd=estimate(costs),
        basis=_basis(len(spent), len(costs), tiers[3].model),
    )


def _basis(samples: int, priced: int, model: str) -> str:
    if not samples:
        return f"No ticket of this project has been worked by {model} yet."
    tickets = f"{samples} earlier ticket{'s' if samples > 1 else ''}"
    few = ": few, so the range is wide" if samples < ENOUGH else ""
    missing = f"{samples - priced} of them" if priced else "they" if samples > 1 else "it"
    cost = f"; what {missing} cost is not known" if priced < samples else ""
    return f"From {tickets} of this project worked by {model}{few}{cost}."


def forecast(track_id: str, tickets: Sequence[TicketSpec], workers: int, *, history: _History) -> Forecast:
    """What a run of these tickets would look like. For a helper thread: it looks at every pair of them.

    Raises:
        InvalidInputError: they make no graph that can be worked.
    """
    order = check_graph(tickets)
    stages = rounds(tickets, len(tickets))
    stage_of = {ticket_id: stage for stage, together in enumerate(stages) for ticket_id in together}
    known = len(tickets) if history.samples else 0
    priced = len(tickets) if history.cost_usd is not None else 0
    return Forecast(
        track_id=track_id,
        workers=workers,
        stages=stages,
        at_once=max((len(together) for together in rounds(tickets, workers)), default=0),
        critical_path=_critical_path(tickets, order),
        overlaps=unordered_overlaps(tickets),
        tickets=tuple(
            TicketForecast(
                ticket_id=ticket.id,
                stage=stage_of[ticket.id],
                input_tokens=history.input_tokens,
                output_tokens=history.output_tokens,
                cost_usd=history.cost_usd,
                basis=history.basis,
            )
            for ticket in tickets
        ),
        tokens=combined([history.tokens] * known if history.tokens else []),
        cost_usd=combined([history.cost_usd] * priced if history.cost_usd else []),
        unknown=len(tickets) - known,
        unpriced=known - priced,
        confidence=history.confidence,
    )


def rounds(tickets: Sequence[TicketSpec], workers: int) -> tuple[tuple[str, ...], ...]:
    """What is worked together, one after the other, if all tickets take equally long: by the conductor's own rule."""
    lineup = Lineup(tickets)
    lineup.open(ticket.id for ticket in tickets)
    found = []
    while lineup.ready:
        lineup.start(workers)
        together = tuple(lineup.active)
        found.append(together)
        for ticket_id in together:
            lineup.done(ticket_id)
    return tuple(found)


def _critical_path(tickets: Sequence[TicketSpec], order: Sequence[str]) -> tuple[str, ...]:
    """The longest chain of dependencies; of several the one whose last ticket is planned first."""
    needs = {ticket.id: ticket.depends_on for ticket in tickets}
    length: dict[str, int] = {}
    for ticket_id in order:
        length[ticket_id] = 1 + max((length[needed] for needed in needs[ticket_id]), default=0)
    chain: list[str] = []
    candidates: Sequence[str] = tuple(needs)
    while candidates:
        chain.append(max(candidates, key=lambda ticket_id: length[ticket_id]))
        candidates = needs[chain[-1]]
    return tuple(reversed(chain))
