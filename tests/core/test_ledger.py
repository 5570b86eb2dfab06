"""The ledger: every response once, whatever it is grouped by, and the same after a restart."""

import csv
import io
import math
import random
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from event_strategies import TIMES, histories
from hypothesis import given, settings
from hypothesis import strategies as st

from slop_qt.core import events as ev
from slop_qt.core.approvals import Mode
from slop_qt.core.course import Course
from slop_qt.core.ledger import DIMENSIONS, Dimension, LedgerRow, LedgerSums, group_of, grouped, ledger_csv, ledger_rows
from slop_qt.core.state import SessionState
from slop_qt.core.usage import NO_USAGE, Usage, total_usage

BEGAN = datetime(2026, 11, 27, 9, 0, tzinfo=UTC)
RUNS = {"R-1": "books", "R-2": "books", "R-3": "maps", "P-1": None}
# Parts of a dollar that binary fractions add up exactly, in any order.
COSTS = st.none() | st.integers(0, 10**9).map(lambda count: count / 1024)
COUNTS = st.integers(0, 10**12)
USAGES = st.builds(
    Usage,
    requests=st.integers(1, 3),
    input_tokens=COUNTS,
    output_tokens=COUNTS,
    cache_read_tokens=COUNTS,
    cache_write_tokens=COUNTS,
    reasoning_tokens=COUNTS,
    cost_usd=COSTS,
)
REPORTS = st.builds(
    ev.UsageReported,
    run_id=st.sampled_from(sorted(RUNS)),
    time=TIMES,
    stream_id=st.just("s"),
    tier=st.integers(1, 4),
    ticket_id=st.none() | st.sampled_from(["T-001", "T-002"]),
    model=st.sampled_from(["large", "small", "=cmd()"]),
    usage=USAGES,
)


def beginnings() -> list[ev.Event]:
    return [
        event
        for run_id, track in RUNS.items()
        for event in (
            ev.RunStarted(run_id=run_id, track_id=track, mode=Mode.ASK, workers=4, time=BEGAN),
            ev.RunPrepared(run_id=run_id, title=f"Title of {run_id}", time=BEGAN),
        )
    ]


def fold(events: list[ev.Event]) -> SessionState:
    state = SessionState()
    for seq, event in enumerate(events, 1):
        state.apply(event.model_copy(update={"seq": seq}))
    return state


def through_the_journal(events: list[ev.Event]) -> list[ev.Event]:
    return [ev.parse_event(ev.dump_event(event)) for event in events]


def spent(seconds: float, tokens: int, cost: float | None = 0.5) -> ev.UsageReported:
    usage = Usage(requests=1, input_tokens=tokens, cost_usd=cost)
    time = BEGAN + timedelta(seconds=seconds)
    return ev.UsageReported(run_id="R-1", stream_id="s", tier=3, model="m", usage=usage, time=time)


WANTED: dict[Dimension, Callable[[ev.UsageReported], object]] = {
    "run": lambda report: report.run_id,
    "track": lambda report: RUNS[report.run_id or ""],
    "ticket": lambda report: report.ticket_id and (RUNS[report.run_id or ""], report.ticket_id),
    "tier": lambda report: report.tier,
    "model": lambda report: report.model,
    "day": lambda report: report.time.astimezone().date().isoformat(),
}


@settings(deadline=None)
@given(st.lists(REPORTS, max_size=40))
def test_each_response_is_counted_once_in_every_grouping(reports: list[ev.UsageReported]) -> None:
    rows = list(ledger_rows(fold([*beginnings(), *reports]).runs.values()))
    everything = total_usage(report.usage for report in reports)
    assert set(WANTED) == set(DIMENSIONS)
    for dimension, key in WANTED.items():
        by_hand: dict[object, list[Usage]] = {}
        for report in reports:
            by_hand.setdefault(key(report), []).append(report.usage)
        groups = grouped(rows, dimension)
        assert groups == {group: total_usage(usages) for group, usages in by_hand.items()}
        assert total_usage(groups.values()) == everything


@settings(deadline=None, max_examples=50)
@given(histories())
def test_what_the_journal_kept_gives_the_same_ledger_again(history: list[ev.Event]) -> None:
    before, after = fold(history), fold(through_the_journal(history))
    assert before.snapshot() == after.snapshot()
    assert list(ledger_rows(before.runs.values())) == list(ledger_rows(after.runs.values()))


@settings(deadline=None)
@given(st.lists(st.tuples(st.floats(-10, 1e6), USAGES), max_size=200))
def test_a_course_has_all_that_was_spent_in_few_stretches(spendings: list[tuple[float, Usage]]) -> None:
    course = Course()
    for seconds, usage in spendings:
        course.add(seconds, usage)
    total = total_usage(usage for _, usage in spendings)
    assert len(course.input_tokens) == len(course.output_tokens) == len(course.cost_usd) <= 120
    assert sum(course.input_tokens) == total.input_tokens and sum(course.output_tokens) == total.output_tokens
    assert (course.tokens_so_far() or [0])[-1] == total.input_tokens + total.output_tokens
    costs = course.cost_so_far()
    assert (None if costs is None else (costs or [0.0])[-1]) == total.cost_usd
    last = max((seconds for seconds, _ in spendings), default=0.0)
    assert course.duration_s - course.stretch_s <= max(0.0, last) and (not spendings or last < course.duration_s)


@settings(deadline=None, max_examples=60)
@given(st.lists(REPORTS, max_size=30), st.sampled_from(DIMENSIONS), st.randoms())
def test_sums_that_are_kept_are_those_that_are_counted_anew(
    reports: list[ev.UsageReported], dimension: Dimension, chance: random.Random
) -> None:
    state, kept, stale = fold(beginnings()), LedgerSums(dimension), set(RUNS)
    for report in reports:
        state.apply(report)
        stale.add(report.run_id or "")
        if chance.random() < 0.3:
            before = dict(kept.groups)
            touched = kept.count([run for run in state.runs.values() if run.run_id in stale])
            assert {group for group in kept.groups if kept.groups[group] != before.get(group)} == touched
            stale.clear()
    kept.count([run for run in state.runs.values() if run.run_id in stale])
    assert kept.groups == grouped(ledger_rows(state.runs.values()), dimension)
    assert kept.total == total_usage(report.usage for report in reports)
    begun_again = fold(beginnings()).runs["R-1"]
    kept.count([begun_again])
    del state.runs["R-1"]
    assert kept.groups == grouped(ledger_rows(state.runs.values()), dimension)


def test_a_course_says_how_fast_and_how_much_by_when() -> None:
    course = fold([*beginnings(), spent(0, 10), spent(2.9, 20), spent(2, 4)]).runs["R-1"].course
    assert (course.stretch_s, course.duration_s) == (1, 3)
    assert course.tokens_per_second() == [10, 0, 24]
    assert course.tokens_so_far() == [10, 10, 34]
    assert course.cost_so_far() == [0.5, 0.5, 1.5]
    longer = fold([*beginnings(), spent(0, 10), spent(3, 6), spent(240, 8)]).runs["R-1"].course
    assert (longer.stretch_s, len(longer.input_tokens), longer.tokens_per_second()[:2]) == (4, 61, [4.0, 0.0])
    assert fold([*beginnings(), spent(0, 10), spent(1, 5, None)]).runs["R-1"].course.cost_so_far() is None


def test_ten_thousand_responses_take_no_more_room_than_a_few_hundred() -> None:
    course = Course()
    for second in range(10_000):
        course.add(second * 3.0, Usage(requests=1, input_tokens=7, output_tokens=3, cost_usd=0.25))
    assert (course.stretch_s, len(course.cost_usd)) == (256, 118)
    assert math.isclose(course.tokens_per_second()[50], 10 / 3, rel_tol=0.02)
    assert sum(course.cost_usd) == 2500


def test_what_tier_2_spends_counts_to_the_track_that_it_plans() -> None:
    events = beginnings()
    events[-1] = ev.RunPrepared(run_id="P-1", title="Tickets for Maps", planned_track_id="maps", time=BEGAN)
    usage = Usage(requests=1, input_tokens=5, cost_usd=1.0)
    events.append(ev.UsageReported(run_id="P-1", stream_id="Tier 2", tier=2, model="m", usage=usage))
    (row,) = ledger_rows(fold(through_the_journal(events)).runs.values())
    assert (row.track_id, group_of(row, "track"), group_of(row, "ticket")) == ("maps", "maps", None)


def test_tickets_of_one_name_in_two_tracks_are_two() -> None:
    usage = Usage(requests=1, cost_usd=1.0)
    events = beginnings() + [
        ev.UsageReported(run_id=run_id, stream_id="s", tier=3, ticket_id="T-001", model="m", usage=usage)
        for run_id in ("R-1", "R-2", "R-3")
    ]
    groups = grouped(ledger_rows(fold(events).runs.values()), "ticket")
    assert {group: each.requests for group, each in groups.items()} == {("books", "T-001"): 2, ("maps", "T-001"): 1}


def row(**fields: object) -> LedgerRow:
    plain = LedgerRow("R-1", "Books", BEGAN.isoformat(), "books", "T-001", 3, "small", "2026-11-27", NO_USAGE)
    return plain._replace(**fields)  # type: ignore[arg-type]


def test_csv_has_every_dimension_and_number_with_its_unit() -> None:
    usage = Usage(
        requests=2,
        input_tokens=1_234_567,
        output_tokens=89,
        cache_read_tokens=3,
        cache_write_tokens=4,
        reasoning_tokens=5,
        cost_usd=0.0000125,
    )
    text = ledger_csv([row(usage=usage), row(track_id=None, ticket_id=None, usage=Usage(requests=1))])
    assert text == (
        "run,run_title,run_started,track,ticket,tier,model,day,requests,input_tokens,cache_read_tokens,"
        "cache_write_tokens,output_tokens,reasoning_tokens,cost_usd\r\n"
        "R-1,Books,2026-11-27T09:00:00+00:00,books,T-001,3,small,2026-11-27,2,1234567,3,4,89,5,0.0000125\r\n"
        "R-1,Books,2026-11-27T09:00:00+00:00,,,3,small,2026-11-27,1,0,0,0,0,0,\r\n"
    )


@pytest.mark.parametrize("title", ['Say "hi", twice', "two\r\nlines", "Zoë 👩‍🚀", "a;b", ""])
def test_csv_gives_text_back_as_it_was(title: str) -> None:
    parsed = list(csv.DictReader(io.StringIO(ledger_csv([row(run_title=title)]), newline="")))
    assert [each["run_title"] for each in parsed] == [title]


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "\n", " =", "\uff1d"])
@pytest.mark.parametrize("column", ["run_title", "track_id", "ticket_id", "model", "run_id"])
def test_no_cell_of_a_csv_is_a_formula(start: str, column: str) -> None:
    text = f"{start}HYPERLINK(1)"
    (parsed,) = csv.reader(io.StringIO(ledger_csv([row(**{column: text})]), newline="").readlines()[1:])
    assert text not in parsed and f"'{text}" in parsed


@settings(deadline=None)
@given(st.lists(st.tuples(st.text(), st.text() | st.just("\ud83d"), COSTS), max_size=5))
def test_any_csv_is_utf_8_and_has_its_sums(entries: list[tuple[str, str, float | None]]) -> None:
    rows = [row(run_title=title, model=model, usage=Usage(requests=1, cost_usd=cost)) for title, model, cost in entries]
    text = ledger_csv(rows).encode("utf-8").decode("utf-8")
    _, *lines = csv.reader(io.StringIO(text, newline=""))
    assert [None if line[-1] == "" else float(line[-1]) for line in lines] == [cost for *_, cost in entries]
