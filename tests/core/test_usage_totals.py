"""However usage is reported, by whom and in what order: the sums are those that one makes by hand."""

from collections.abc import Callable

from hypothesis import given
from hypothesis import strategies as st

from slop_qt.core import events as ev
from slop_qt.core.approvals import Mode
from slop_qt.core.state import RunState, SessionState
from slop_qt.core.usage import NO_USAGE, Usage

COUNTS = ("requests", "input_tokens", "output_tokens", "cache_read_tokens", "cache_write_tokens", "reasoning_tokens")
TOKENS = st.integers(0, 10**12)
# Parts of a dollar that binary fractions add up exactly: what is wrong by the smallest one is wrong.
DOLLARS = st.integers(0, 10**9).map(lambda count: count / 1024)
USAGES = st.builds(
    Usage,
    requests=st.integers(1, 5),
    input_tokens=TOKENS,
    output_tokens=TOKENS,
    cache_read_tokens=TOKENS,
    cache_write_tokens=TOKENS,
    reasoning_tokens=TOKENS,
    cost_usd=st.none() | DOLLARS,
)
PRICED = USAGES.filter(lambda usage: usage.cost_usd is not None)
REPORTS = st.builds(
    ev.UsageReported,
    run_id=st.sampled_from(["R-1", "R-2"]),
    stream_id=st.sampled_from(["Tier 1", "Tier 3: T-1", "Tier 3: T-2 #2"]),
    tier=st.integers(1, 4),
    ticket_id=st.none() | st.sampled_from(["T-1", "T-2", "T-3"]),
    model=st.sampled_from(["large", "small", "unpriced"]),
    usage=USAGES | PRICED,
)


def folded(reports: list[ev.UsageReported]) -> dict[str, RunState]:
    """The runs after these reports have gone through the journal's words."""
    state = SessionState()
    begun = [ev.RunStarted(run_id=run_id, track_id="t", mode=Mode.ASK, workers=4) for run_id in ("R-1", "R-2")]
    for seq, event in enumerate([*begun, *reports], 1):
        state.apply(ev.parse_event(ev.dump_event(event.model_copy(update={"seq": seq}))))
    return state.runs


def by_hand(usages: list[Usage]) -> dict[str, int | float | None]:
    """The sum of each number; one unknown price makes the sum unknown, and nothing has cost nothing."""
    total: dict[str, int | float | None] = {name: sum(getattr(usage, name) for usage in usages) for name in COUNTS}
    costs = [usage.cost_usd for usage in usages]
    total["cost_usd"] = None if None in costs else sum(int(cost * 1024) for cost in costs if cost is not None) / 1024
    return total


def of(reports: list[ev.UsageReported], keep: Callable[[ev.UsageReported], bool]) -> dict[str, int | float | None]:
    return by_hand([report.usage for report in reports if keep(report)])


@given(st.lists(REPORTS, max_size=60))
def test_the_totals_of_a_run_are_the_sums_of_what_was_reported(reports: list[ev.UsageReported]) -> None:
    for run_id, run in folded(reports).items():
        mine = [report for report in reports if report.run_id == run_id]
        assert run.usage_total().model_dump() == by_hand([report.usage for report in mine])
        for tier in (1, 2, 3, 4):
            assert run.usage_by_tier()[f"Tier {tier}"].model_dump() == of(mine, lambda r, t=tier: r.tier == t)
        tickets, models = run.usage_by_ticket(), run.usage_by_model()
        assert set(tickets) == {report.ticket_id for report in mine} - {None}
        assert set(models) == {report.model for report in mine}
        for name, usage in tickets.items():
            assert usage.model_dump() == of(mine, lambda r, n=name: r.ticket_id == n)
        for name, usage in models.items():
            assert usage.model_dump() == of(mine, lambda r, n=name: r.model == n)


@given(st.lists(REPORTS, max_size=30).flatmap(lambda reports: st.tuples(st.just(reports), st.permutations(reports))))
def test_the_order_of_reports_changes_no_total(both: tuple[list[ev.UsageReported], list[ev.UsageReported]]) -> None:
    reports, shuffled = both
    assert {run_id: run.usage_total() for run_id, run in folded(reports).items()} == {
        run_id: run.usage_total() for run_id, run in folded(shuffled).items()
    }


@given(st.lists(USAGES, max_size=20), st.integers(0, 20))
def test_nothing_among_them_changes_no_sum(usages: list[Usage], place: int) -> None:
    total, among = NO_USAGE, NO_USAGE
    for usage in usages:
        total += usage
    for usage in [*usages[:place], NO_USAGE, *usages[place:]]:
        among += usage
    assert total == among
    assert total.model_dump() == by_hand(usages)
