"""A run and its budget: who waits says so on the board, the run pauses and goes on, and planning is refused."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from agent_support import RecordingSink
from cockpit import Cockpit, mend, mends, proposes_track, refused, reports
from virtual_time import run_in_virtual_time

from slop_qt.core.budgets import BudgetLimits, SpendAsk, WorstCase
from slop_qt.core.errors import BudgetError, NotFoundError
from slop_qt.core.tickets import TicketStatus
from slop_qt.mma.board import TicketBoard
from slop_qt.mma.budget import Budget
from slop_qt.mma.budget_ledger import Spending
from slop_qt.mma.run_budget import RunBudget
from slop_qt.store.settings import load_settings

OpenCockpit = Callable[..., Awaitable[Cockpit]]
USED = {"input_tokens": 30, "output_tokens": 10}


def forty(ask: SpendAsk) -> WorstCase:
    """What the scripted answers come to, exactly: 40 tokens, and a price that nobody is told."""
    return WorstCase(0.4 if ask.model != "unknown" else None, 40)


async def opened(open_cockpit: OpenCockpit, *turns: dict[str, Any], **settings: Any) -> Cockpit:
    cockpit = await open_cockpit(*turns, **settings)
    cockpit.worst_case = forty
    return cockpit


async def paused(cockpit: Cockpit, run_id: str) -> None:
    await cockpit.until(lambda: run_id in cockpit.feed.state.runs and cockpit.the_run(run_id).status == "paused")


async def test_a_run_pauses_where_the_budget_does_not_cover_it_and_goes_on_with_a_higher_one(
    open_cockpit: OpenCockpit,
) -> None:
    cockpit = await opened(open_cockpit, mends("a", usage=USED), mends("b", usage=USED))
    run_id = await cockpit.begin(mend("a"), mend("b", "A"), budget_usd=0.5)
    await paused(cockpit, run_id)
    reason = "Waits for the budget: this request may cost up to 0.40 USD, and 0.10 of 0.50 USD are left for this run."
    ticket = cockpit.the_run(run_id).tickets["B"]
    assert (ticket.status, ticket.reason) == ("running", reason)
    fault = cockpit.feed.state.faults[-1]
    assert (fault.where, fault.run_id) == ("budget", run_id)
    assert fault.message.startswith("The budget does not cover the next request of Tier 3: B: this request may cost")
    assert "run.resume with budget_usd" in fault.hint and "--budget-usd" in fault.hint
    assert [request.caller.ticket for request in cockpit.provider.requests] == ["A"], "it was not sent"
    standing = await cockpit.call("budget.show")
    assert standing.waiting == {"Tier 3: B": reason}
    assert (standing.run.spent_usd, standing.run.spent_tokens, standing.run.limit_usd) == (0.4, 40, 0.5)

    assert (await cockpit.call("run.resume")).status == "running"
    await paused(cockpit, run_id)
    assert len(cockpit.of("fault")) == 2, "it says again why"
    await cockpit.call("run.resume", budget_usd=0.8)
    assert (await cockpit.call("run.wait")).status == "done"
    reasons = cockpit.reasons("B")
    first = next(number for number, said in enumerate(reasons) if said and said.startswith("Waits for the budget"))
    assert reasons[first - 1] == reasons[-2] is None, "what was said before it waited is said again"
    assert (await cockpit.call("mma.status")).budget_usd == 0.8
    standing = await cockpit.call("budget.show")
    assert (standing.run.spent_tokens, standing.run.reserved_usd, standing.waiting) == (80, 0.0, {})
    assert (await cockpit.call("usage.stats")).total.input_tokens == 60


async def test_a_limit_that_is_raised_in_the_window_resumes_what_the_budget_has_paused(
    open_cockpit: OpenCockpit,
) -> None:
    cockpit = await opened(open_cockpit, mends("a", usage=USED), budget=BudgetLimits(run_tokens=30, day_usd=9.0))
    run_id = await cockpit.begin(mend("a"))
    await paused(cockpit, run_id)
    assert cockpit.the_run(run_id).budget_tokens == 30
    assert "--budget-tokens" in cockpit.feed.state.faults[-1].hint
    limits = {"run_tokens": 40, "day_usd": 7.5, "day_tokens": 1000}
    standing = await cockpit.call("budget.set", limits=limits)
    assert (standing.run.limit_tokens, standing.day.limit_usd, standing.day.limit_tokens) == (40, 7.5, 1000)
    assert (await cockpit.call("run.wait")).status == "done"
    assert [event.kind for event in cockpit.of("run_paused", "run_resumed")] == ["run_paused", "run_resumed"]
    kept = load_settings(cockpit.folder / "settings.toml").budget
    assert kept == BudgetLimits(day_usd=7.5, day_tokens=1000), "the run's own are its own"
    assert (await cockpit.call("budget.show", run_id=run_id)).run.spent_tokens == 40
    await refused(cockpit.call("budget.set", run_id=run_id, limits={"run_usd": 1.0}), "it has ended")
    await refused(cockpit.call("budget.show", run_id="nobody"), "nobody", NotFoundError)


async def test_a_day_whose_budget_is_spent_waits_for_the_next(tmp_path: Path) -> None:
    before = await Cockpit(tmp_path, mends("a", usage=USED)).open()
    try:
        run_id = (await before.run(mend("a"))).run_id
    finally:
        await before.close()
    cockpit = await Cockpit(tmp_path, mends("b", usage=USED), budget=BudgetLimits(day_tokens=79)).open()
    try:
        cockpit.worst_case = forty
        day = (await cockpit.call("budget.show", run_id=run_id)).day
        assert (day.spent_tokens, day.limit_tokens) == (40, 79), "what was spent before counts on"
        second = await cockpit.begin(mend("b"))
        await paused(cockpit, second)
        assert "39 of 79 tokens are left for today" in str(cockpit.the_run(second).tickets["B"].reason)
        assert "wait for tomorrow" in cockpit.feed.state.faults[-1].hint
    finally:
        await cockpit.close()


class AtOnce:
    """core.ports.Offload for what is quick."""

    async def run(self, job: Callable[[], Any]) -> Any:
        return job()


def test_the_next_day_lets_a_run_go_on_by_itself() -> None:
    day, happened = ["2026-11-27"], []

    async def over_midnight() -> None:
        sink, loop = RecordingSink(), asyncio.get_running_loop()
        board = TicketBoard(sink, "R", (mend("a"),))
        board.change("A", TicketStatus.RUNNING, "Works.", 1)
        spent = {day[0]: Spending(tokens=70)}
        limits = BudgetLimits(day_tokens=100)
        budget = Budget(
            sink=sink, offload=AtOnce(), worst_case=forty, limits=lambda: limits, spent=spent, day=lambda: day[0]
        )
        stopped = asyncio.Event()

        def pause() -> None:
            happened.append("paused")
            stopped.set()

        run = RunBudget(
            budget,
            sink,
            board,
            "R",
            is_paused=stopped.is_set,
            pause=pause,
            resume=lambda: happened.append("resumed"),
        )
        run.start(None, None)
        waits = asyncio.create_task(budget.reserve(SpendAsk("R", "Tier 3: A", "A", "p", "m", 30, 10)))
        await stopped.wait()
        await asyncio.sleep(100)
        assert not waits.done() and happened == ["paused"]
        day[0] = "2026-11-28"
        since = loop.time()
        with await waits:
            assert loop.time() - since <= 30
        await asyncio.sleep(0.1)
        run.close()
        reasons = [event.reason for event in sink.of("ticket_changed")]
        assert reasons[0] == reasons[-1] == "Works." and len(reasons) >= 3

    run_in_virtual_time(over_midnight())
    assert happened == ["paused", "resumed"]


async def test_a_model_without_a_price_is_not_asked_under_a_limit_in_money(open_cockpit: OpenCockpit) -> None:
    cockpit = await open_cockpit(mends("a", usage=USED))
    run_id = await cockpit.begin(mend("a"), budget_usd=5.0)
    await paused(cockpit, run_id)
    reason = str(cockpit.the_run(run_id).tickets["A"].reason)
    assert reason.startswith("Waits for the budget: no price is known for model-3 (scripted), so the limit of 5.00 USD")
    assert "Set a limit in tokens instead" in cockpit.feed.state.faults[-1].hint
    assert cockpit.provider.requests == []
    await cockpit.call("budget.set", limits={"run_tokens": 10**9})
    assert (await cockpit.call("run.wait")).status == "done"


async def test_tier_4_waits_too_and_its_ticket_says_again_what_it_said(open_cockpit: OpenCockpit) -> None:
    cockpit = await opened(
        open_cockpit,
        mends("a", "left\n", usage=USED, attempt=1),
        reports(usage=USED),
        mends("a", usage=USED, attempt=2),
    )
    run_id = await cockpit.begin(mend("a"), budget_usd=0.5)
    await paused(cockpit, run_id)
    await cockpit.call("run.resume", budget_usd=9.0)
    assert (await cockpit.call("run.wait")).status == "done"
    looks = "Attempt 1 failed its verification; Tier 4 looks at it."
    reasons = cockpit.reasons("A")
    first = reasons.index(looks)
    assert str(reasons[first + 1]).startswith("Waits for the budget:")
    assert reasons[first + 2] == looks


async def test_who_paused_a_run_resumes_it(open_cockpit: OpenCockpit) -> None:
    cockpit = await opened(open_cockpit, mends("a", usage=USED), rules=())
    run_id = await cockpit.begin(mend("a"), budget_usd=0.5)
    await cockpit.pending(run_id, "merge", "A")
    await cockpit.call("run.pause")
    await cockpit.call("budget.set", limits={"run_usd": 3.0})
    await cockpit.feed.settle()
    assert cockpit.the_run(run_id).status == "paused", "a person did"
    await cockpit.call("run.resume")
    await cockpit.decide(run_id, "merge", "A", "approve")
    assert (await cockpit.call("run.wait")).status == "done"


async def test_a_run_that_waits_can_be_cancelled_at_once(open_cockpit: OpenCockpit) -> None:
    cockpit = await opened(open_cockpit, mends("a", usage=USED))
    run_id = await cockpit.begin(mend("a"), budget_usd=0.1)
    await paused(cockpit, run_id)
    assert (await cockpit.call("run.cancel")).status == "cancelled"
    standing = await cockpit.call("budget.show")
    assert (standing.run.reserved_usd, standing.waiting, standing.run.limit_usd) == (0.0, {}, 0.1)
    assert cockpit.the_run(run_id).tickets["A"].status == "cancelled"


async def test_planning_that_the_day_does_not_cover_fails_at_once(open_cockpit: OpenCockpit) -> None:
    cockpit = await opened(open_cockpit, proposes_track(usage=USED), budget=BudgetLimits(day_usd=0.7, run_usd=0.1))
    await cockpit.call("epic.plan", text="An epic.")
    error = await refused(
        cockpit.call("epic.plan", text="Another."), "0.30 of 0.70 USD are left for today", BudgetError
    )
    assert "day_usd under [budget] in your settings" in str(error)
    assert len(cockpit.provider.requests) == 1
    run = cockpit.feed.state.newest_run
    assert run is not None and run.status == "failed"
