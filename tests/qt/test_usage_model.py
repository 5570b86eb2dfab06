"""The ledger as a table: any grouping, sorted by any column, the total last, and only what changed said."""

import random
from collections.abc import Iterator
from pathlib import Path

import pytest
import story
from PySide6.QtCore import QPersistentModelIndex, QSettings, Qt
from PySide6.QtTest import QAbstractItemModelTester
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot
from window_support import Stage

from slop_qt.core import events as ev
from slop_qt.core.approvals import Mode
from slop_qt.core.ledger import DIMENSIONS
from slop_qt.core.usage import Usage, total_usage
from slop_qt.qt.roles import Role
from slop_qt.qt.usage_model import UsageModel

RISING, FALLING = Qt.SortOrder.AscendingOrder, Qt.SortOrder.DescendingOrder
REQUESTS, COST = 1, 7


@pytest.fixture
def stage(qapp: QApplication, tmp_path: Path) -> Iterator[Stage]:
    stage = Stage(qapp, QSettings(str(tmp_path / "window.ini"), QSettings.Format.IniFormat), dressed=False)
    yield stage
    stage.strike()


@pytest.fixture
def model(stage: Stage) -> UsageModel:
    titles = {"maps": "Draw maps"}
    model = UsageModel(stage.context.bridge, stage.theme, titles.get)
    QAbstractItemModelTester(model, QAbstractItemModelTester.FailureReportingMode.Fatal, model)
    return model


def run(stage: Stage, run_id: str, track: str | None = "books", title: str = "Books", **prepared: object) -> None:
    begun = ev.RunStarted(run_id=run_id, track_id=track, mode=Mode.ASK, workers=4)
    stage.feed.publish(begun, ev.RunPrepared(run_id=run_id, title=title, **prepared))


def spend(stage: Stage, run_id: str, cost: float | None, ticket: str | None = None, **fields: object) -> None:
    usage = Usage(requests=1, input_tokens=100, cost_usd=cost)
    given = {"tier": 3, "model": "small", "stream_id": "s", "ticket_id": ticket} | fields
    stage.feed.publish(ev.UsageReported(run_id=run_id, usage=usage, **given))


def column(model: UsageModel, number: int) -> list[str]:
    return [model.index(row, number).data() for row in range(model.rowCount())]


def test_sorted_by_any_column_either_way_the_total_stays_last(stage: Stage, model: UsageModel) -> None:
    run(stage, "R-1", tickets=story.specs())
    for ticket, cost in (("T-002", 0.5), ("T-001", 2.0), ("T-003", 1.0), ("T-003", 0.25)):
        spend(stage, "R-1", cost, ticket)
    model.group_by("ticket")
    assert [name[:5] for name in column(model, 0)] == ["T-002", "T-001", "T-003", "Total"]
    model.sort(COST, FALLING)
    assert column(model, COST) == ["2.00", "1.25", "0.50", "3.75"]
    model.sort(COST, RISING)
    assert column(model, COST) == ["0.50", "1.25", "2.00", "3.75"]
    model.sort(0, RISING)
    assert [name[:5] for name in column(model, 0)] == ["T-001", "T-002", "T-003", "Total"]
    model.sort(REQUESTS, FALLING)
    assert column(model, REQUESTS) == ["2", "1", "1", "4"]
    model.sort(-1)
    assert [name[:5] for name in column(model, 0)] == ["T-002", "T-001", "T-003", "Total"]


def test_an_unknown_cost_sorts_as_the_most(stage: Stage, model: UsageModel) -> None:
    run(stage, "R-1")
    for name, cost in (("cheap", 0.1), ("unpriced", None), ("dear", 9.0)):
        spend(stage, "R-1", cost, model=name)
    model.group_by("model")
    model.sort(COST, FALLING)
    assert column(model, 0) == ["unpriced", "dear", "cheap", "Total"]
    assert column(model, COST) == ["unknown", "9.00", "0.10", "unknown"]


def test_a_row_that_moves_stays_selected_and_only_what_changed_is_said(
    stage: Stage, model: UsageModel, qtbot: QtBot
) -> None:
    run(stage, "R-1")
    for name, cost in (("first", 3.0), ("second", 2.0), ("third", 1.0)):
        spend(stage, "R-1", cost, model=name)
    model.group_by("model")
    model.sort(COST, FALLING)
    kept = QPersistentModelIndex(model.index(2, 0))
    said: list[int] = []
    model.dataChanged.connect(lambda first, _last: said.append(first.row()))
    with qtbot.assertNotEmitted(model.modelReset):
        spend(stage, "R-1", 1.5, model="third")
        model.refresh()
    assert column(model, 0) == ["first", "third", "second", "Total"]
    assert (kept.row(), kept.data()) == (1, "third")
    assert said == [1, 3]
    with qtbot.assertNotEmitted(model.modelReset), qtbot.waitSignal(model.rowsInserted):
        spend(stage, "R-1", 9.0, model="fourth")
        model.refresh()
    assert column(model, 0) == ["fourth", "first", "third", "second", "Total"]
    assert (kept.row(), kept.data()) == (2, "third")


def test_runs_and_tracks_are_called_what_a_person_calls_them(stage: Stage, model: UsageModel) -> None:
    run(stage, "P-1", None, "\n  Add CSV export.\n\nWith tests.")
    run(stage, "P-2", None, "Tickets for Draw maps", planned_track_id="maps")
    run(stage, "R-1", "books", "Books")
    for run_id in ("P-1", "P-2", "R-1"):
        spend(stage, run_id, 1.0)
    model.group_by("track")
    assert column(model, 0) == ["Planning", "Draw maps", "Books", "Total"]
    model.group_by("run")
    newest, planned, epic, _ = column(model, 0)
    assert newest.endswith("  Books") and epic.endswith("  Planning: Add CSV export.")
    assert planned.endswith("  Planning: Tickets for Draw maps")
    model.sort(0, RISING)
    assert column(model, 0) == [epic, planned, newest, "Total"]


def test_days_are_those_of_the_calendar_newest_first(stage: Stage, model: UsageModel) -> None:
    run(stage, "R-1")
    for day in ("2026-11-26T12:00:00Z", "2026-11-27T12:00:00Z", "2026-01-03T12:00:00Z"):
        stage.feed.publish(ev.parse_event(
            '{"kind":"usage","run_id":"R-1","stream_id":"s","tier":3,"model":"m",'
            f'"usage":{{"requests":1,"input_tokens":1}},"time":"{day}"}}'
        ))  # fmt: skip
    model.group_by("day")
    assert column(model, 0) == ["Fri 27 Nov 2026", "Thu 26 Nov 2026", "Sat 3 Jan 2026", "Total"]


def test_tickets_of_one_name_say_which_track_they_are_of(stage: Stage, model: UsageModel) -> None:
    run(stage, "R-1", "books", "Books", tickets=story.specs()[:1])
    run(stage, "R-2", "maps", "Draw maps")
    for run_id, ticket in (("R-1", "T-001"), ("R-2", "T-001"), ("R-2", "T-009")):
        spend(stage, run_id, 1.0, ticket)
    model.group_by("ticket")
    assert column(model, 0) == ["T-001  Parse amounts (Books)", "T-001 (Draw maps)", "T-009", "Total"]


def test_what_would_be_obeyed_in_a_name_is_shown(stage: Stage, model: UsageModel) -> None:
    run(stage, "R-1")
    spend(stage, "R-1", 1.0, model="gpt\u202e4")
    model.group_by("model")
    assert column(model, 0) == ["gpt⟨U+202E⟩4", "Total"]


@pytest.mark.parametrize("seed", range(4))
def test_whatever_comes_the_rows_are_the_sums_and_keep_qts_rules(stage: Stage, model: UsageModel, seed: int) -> None:
    chance = random.Random(seed)
    kept = QPersistentModelIndex(model.index(1, 0))
    for step in range(80):
        run_id = f"R-{chance.randint(1, 4)}"
        if run_id not in stage.feed.state.runs:
            run(stage, run_id, chance.choice(["books", "maps", None]), run_id)
        cost = chance.choice([None, 0.5, 0.25, 4.0])
        spend(stage, run_id, cost, chance.choice([None, "T-1", "T-2"]), tier=chance.randint(1, 4))
        if step % 9 == 0:
            model.group_by(chance.choice(DIMENSIONS))
            kept = QPersistentModelIndex(model.index(0, 0))
        if step % 7 == 0:
            model.sort(chance.randint(-1, 7), chance.choice([RISING, FALLING]))
        name = kept.data()
        model.refresh()
        assert kept.data() == name
        usages = [model.index(row, 0).data(Role.VALUE) for row in range(model.rowCount())]
        everything = total_usage(each for one in stage.feed.state.runs.values() for each in one.usage.values())
        assert usages[-1] == everything == total_usage(usages[:-1])
