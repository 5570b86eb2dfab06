"""Which earlier tickets an estimate rests on, and what they would cost now."""

import pytest

from slop_qt.core import events as ev
from slop_qt.core.approvals import Mode
from slop_qt.core.settings import ModelChoice
from slop_qt.core.state import SessionState
from slop_qt.core.tickets import TicketSpec, TicketStatus
from slop_qt.core.usage import Usage
from slop_qt.mma.spent import Spent, cost_usd, spent_on_tickets

CHEAP = ModelChoice(provider="anthropic", model="cheap")
STRONG = ModelChoice(provider="anthropic", model="strong")
TIERS = {3: CHEAP, 4: STRONG}


def state_of(*events: ev.Event) -> SessionState:
    state = SessionState()
    state.apply(ev.RunStarted(run_id="R", track_id="t", mode=Mode.ASK, workers=1))
    tickets = tuple(TicketSpec(id=name, title="T", brief="B") for name in ("A", "B", "C"))
    state.apply(ev.RunPrepared(run_id="R", title="T", tickets=tickets))
    for event in events:
        state.apply(event)
    return state


def worked(
    ticket: str, choice: ModelChoice, tokens: int, *, tier: int = 3, cost: float | None = None
) -> list[ev.Event]:
    name = f"Tier {tier}: {ticket}"
    of_stream = {"run_id": "R", "stream_id": name, "tier": tier, "ticket_id": ticket}
    usage = Usage(requests=1, input_tokens=tokens, output_tokens=1, cost_usd=cost)
    return [
        ev.WorkerStarted(**of_stream, provider=choice.provider, model=choice.model),
        ev.UsageReported(**of_stream, model=choice.model, usage=usage),
    ]


def stands(ticket: str, status: TicketStatus) -> ev.Event:
    return ev.TicketChanged(run_id="R", ticket_id=ticket, status=status, attempt=1)


def test_only_what_the_same_model_worked_on_to_its_end_counts() -> None:
    state = state_of(
        *worked("A", CHEAP, 100),
        stands("A", TicketStatus.DONE),
        *worked("B", CHEAP, 30),
        *worked("B", STRONG, 9, tier=4),
        stands("B", TicketStatus.BLOCKED),
        *worked("C", STRONG, 5),
        stands("C", TicketStatus.DONE),
    )
    assert [(one.input_tokens, one.output_tokens) for one in spent_on_tickets(state, CHEAP)] == [(100, 1), (39, 2)]
    assert [one.input_tokens for one in spent_on_tickets(state, STRONG)] == [5]
    elsewhere = CHEAP.model_copy(update={"provider": "another"})
    assert spent_on_tickets(state, elsewhere) == ()


@pytest.mark.parametrize("status", [TicketStatus.RUNNING, TicketStatus.CANCELLED, TicketStatus.SKIPPED])
def test_what_was_cut_short_does_not_count(status: TicketStatus) -> None:
    assert spent_on_tickets(state_of(*worked("A", CHEAP, 100), stands("A", status)), CHEAP) == ()


def test_a_ticket_of_two_models_and_one_that_was_never_worked_do_not_count() -> None:
    both = [*worked("A", CHEAP, 100), *worked("A", STRONG, 100), stands("A", TicketStatus.DONE)]
    assert spent_on_tickets(state_of(*both), CHEAP) == spent_on_tickets(state_of(*both), STRONG) == ()
    assert spent_on_tickets(state_of(stands("B", TicketStatus.DONE)), CHEAP) == ()


def test_a_cost_that_was_counted_is_taken_and_another_models_is_priced_by_the_average_response() -> None:
    counted = Usage(requests=3, input_tokens=300, output_tokens=30, cost_usd=0.5)
    other = Usage(requests=4, input_tokens=400, output_tokens=44, cache_read_tokens=80, cost_usd=9.0)
    asked: list[tuple[ModelChoice, Usage]] = []

    def price(choice: ModelChoice, usage: Usage) -> float | None:
        asked.append((choice, usage))
        return 0.25

    spent = Spent({(3, "cheap"): counted, (4, "older"): other})
    assert cost_usd(spent, TIERS, price) == 0.5 + 4 * 0.25
    assert asked == [(STRONG, Usage(requests=1, input_tokens=100, output_tokens=11, cache_read_tokens=20))]
    assert cost_usd(spent, TIERS, lambda _choice, _usage: None) is None
    assert cost_usd(Spent({(3, "cheap"): counted}), TIERS, lambda _choice, _usage: None) == 0.5
