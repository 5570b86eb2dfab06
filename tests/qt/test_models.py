"""The window's models: each keeps Qt's rules while random events come in, and ends up showing the state."""

import random
from collections.abc import Iterator
from pathlib import Path

import pytest
import story
from PySide6.QtCore import QAbstractItemModel, QModelIndex, QSettings, Qt
from PySide6.QtTest import QAbstractItemModelTester
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot
from window_support import Stage, shown_track

from slop_qt.core import events as ev
from slop_qt.core.approvals import ApprovalKind, ApprovalState, DecidedBy, Mode
from slop_qt.core.tickets import Ticket, TicketSpec, TicketStatus
from slop_qt.core.usage import Usage, total_usage
from slop_qt.qt.activity_model import ActivityFilter, ActivityModel
from slop_qt.qt.approval_model import ApprovalModel
from slop_qt.qt.roles import Role
from slop_qt.qt.stream_model import StreamModel
from slop_qt.qt.ticket_model import TicketModel
from slop_qt.qt.track_model import TrackModel
from slop_qt.qt.usage_model import UsageModel

TRACKS = ("one", "two", "three")


@pytest.fixture
def stage(qapp: QApplication, tmp_path: Path) -> Iterator[Stage]:
    stage = Stage(qapp, QSettings(str(tmp_path / "window.ini"), QSettings.Format.IniFormat), dressed=False)
    yield stage
    stage.strike()


def watched(model: QAbstractItemModel) -> QAbstractItemModelTester:
    return QAbstractItemModelTester(model, QAbstractItemModelTester.FailureReportingMode.Fatal, model)


class Chaos:
    """Random events that could come one after another, and random changes of what is on disk."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.runs: list[tuple[str, tuple[TicketSpec, ...]]] = []
        self.streams: list[tuple[str, str]] = []
        self.clock = story.Clock()
        self.approvals: list[ev.ApprovalRequested] = []

    def specs(self) -> tuple[TicketSpec, ...]:
        return tuple(TicketSpec(id=f"T-{n}", title=f"Title {n}", brief="") for n in range(self.random.randint(0, 4)))

    def shown(self) -> list:
        chosen = self.random.sample(TRACKS, self.random.randint(0, 3))
        return [shown_track(name, name, tuple(Ticket(**s.model_dump()) for s in self.specs())) for name in chosen]

    def batch(self) -> list[ev.Event]:
        return [event for _ in range(self.random.randint(1, 4)) for event in self._event()]

    def _event(self) -> Iterator[ev.Event]:
        choice = self.random.choice(("run", "ticket", "stream", "text", "approve", "decide", "usage", "end", "fault"))
        if choice == "run" or not self.runs:
            run_id, specs = f"r{len(self.runs)}", self.specs()
            self.runs.append((run_id, specs))
            track = self.random.choice((*TRACKS, None))
            yield ev.RunStarted(run_id=run_id, track_id=track, mode=Mode.ASK, workers=2)
            yield ev.RunPrepared(run_id=run_id, title=f"Run {run_id}", tickets=specs)
            return
        run_id, specs = self.random.choice(self.runs)
        yield from self._in_run(choice, run_id, specs)

    def _in_run(self, choice: str, run_id: str, specs: tuple[TicketSpec, ...]) -> Iterator[ev.Event]:
        if choice == "ticket" and specs:
            status = self.random.choice(list(TicketStatus))
            ticket = self.random.choice(specs).id
            yield ev.TicketChanged(run_id=run_id, ticket_id=ticket, status=status, reason="why", attempt=1)
        elif choice == "stream":
            tier, name = self.random.randint(1, 4), f"S{len(self.streams)}"
            self.streams.append((run_id, name))
            yield ev.WorkerStarted(run_id=run_id, stream_id=name, tier=tier, provider="p", model="m")
        elif choice == "text" and self.streams:
            run_id, name = self.random.choice(self.streams)
            yield ev.StreamText(run_id=run_id, stream_id=name, text="abc\n")
            yield ev.Retry(run_id=run_id, stream_id=name, reason="busy", wait_s=1, attempt=2)
        elif choice == "approve":
            kind = self.random.choice((ApprovalKind.EDIT, ApprovalKind.COMMAND, ApprovalKind.QUESTION))
            asked = story.approval(kind, len(self.approvals), self.clock, run_id=run_id)
            self.approvals.append(ev.ApprovalRequested(run_id=run_id, approval=asked))
            yield self.approvals[-1]
        elif choice == "decide" and self.approvals:
            asked = self.random.choice(self.approvals)
            update = {"state": ApprovalState.APPROVED, "by": DecidedBy.USER}
            yield ev.ApprovalResolved(run_id=asked.run_id, approval=asked.approval.model_copy(update=update))
        elif choice == "usage":
            usage = Usage(requests=1, input_tokens=10, cost_usd=self.random.choice((0.5, None)))
            yield ev.UsageReported(run_id=run_id, stream_id="s", tier=3, ticket_id="T-1", model="m", usage=usage)
        elif choice == "end" and self.streams:
            stream_run, name = self.random.choice(self.streams)
            yield ev.WorkerEnded(run_id=stream_run, stream_id=name, outcome="finished")
            if self.random.random() < 0.3:
                yield ev.RunEnded(run_id=run_id, status="done")
        elif choice == "fault":
            yield ev.Fault(where="here", message="broke", hint="mend it")


# What the testers look at grows with each step: many short lives reach as much as few long ones, for less.
@pytest.mark.parametrize("seed", range(10))
def test_models_keep_the_rules_and_end_up_showing_the_state(stage: Stage, seed: int) -> None:
    bridge = stage.context.bridge
    tracks = TrackModel(stage.context.tracks, bridge)
    streams = [StreamModel(tier, bridge) for tier in (1, 2, 3, 4)]
    approvals, usage, activity = ApprovalModel(bridge), UsageModel(bridge), ActivityModel(bridge)
    problems = ActivityFilter(activity)
    problems.show_kinds(frozenset({"fault", "retry"}))
    testers = [watched(model) for model in (tracks, *streams, approvals, usage, activity, problems)]
    chaos = Chaos(seed)
    for step in range(40):
        stage.feed.publish(*chaos.batch())
        if step % 7 == 0:
            stage.desk.tracks = chaos.shown()
            stage.context.tracks.reload()
        if step % 11 == 0:
            usage.group_by(chaos.random.choice(("tier", "ticket", "model")))
    usage.refresh()

    state = stage.feed.state
    assert [index.data(Role.ID) for index in rows(tracks)] == [shown.track.id for shown in stage.context.tracks.tracks]
    for index in rows(tracks):
        expected = stage.context.tracks.tickets(index.data(Role.ID))
        assert [child.data(Role.ID) for child in rows(tracks, index)] == [ticket.id for ticket in expected]
    for tier, model in enumerate(streams, 1):
        expected = {id(stream) for stream in bridge.state.streams() if stream.tier == tier}
        assert {id(index.data(Role.VALUE)) for index in rows(model)} == expected
        assert model.rowCount() == len(expected)
    waiting = {a.id for run in state.runs.values() if not run.ended for a in run.pending_approvals}
    assert {index.data(Role.ID) for index in rows(approvals)} == waiting
    total = total_usage(each for run in state.runs.values() for each in run.usage.values())
    assert usage.index(usage.rowCount() - 1, 0).data(Role.VALUE) == total
    faults = [entry for entry in (activity.entry(row) for row in range(activity.rowCount())) if entry.kind == "fault"]
    assert len(faults) == len(state.faults)
    assert all(index.data(Role.VALUE).kind in {"fault", "retry"} for index in rows(problems))
    assert len(testers) == 9


def rows(model: QAbstractItemModel, parent: QModelIndex | None = None) -> list[QModelIndex]:
    parent = parent or QModelIndex()
    return [model.index(row, 0, parent) for row in range(model.rowCount(parent))]


def test_ticket_model_changes_rows_in_place_and_resets_for_another_graph(qtbot: QtBot) -> None:
    model = TicketModel()
    watched(model)
    first = story.planned()
    model.set_tickets(first)
    with qtbot.waitSignal(model.dataChanged), qtbot.assertNotEmitted(model.modelReset):
        model.set_tickets([first[0].model_copy(update={"status": TicketStatus.DONE}), *first[1:]])
    assert model.index(0).data(Role.LOOK).word == "Done"
    with qtbot.waitSignal(model.modelReset):
        model.set_tickets(first[:2])
    assert model.row_of("T-002") == 1
    assert model.row_of("T-009") == -1


def test_a_growing_stream_changes_no_row(stage: Stage, qtbot: QtBot) -> None:
    model = StreamModel(3, stage.context.bridge)
    stage.feed.publish(*story.running(story.Clock()))
    with qtbot.assertNotEmitted(model.dataChanged):
        stage.feed.publish(ev.StreamText(run_id=story.RUN, stream_id="Tier 3: T-003", text="more"))
    with qtbot.waitSignal(model.dataChanged):
        stage.feed.publish(ev.WorkerEnded(run_id=story.RUN, stream_id="Tier 3: T-003", outcome="failed", error="no"))
    row = next(index for index in rows(model) if index.data(Role.ID) == "Tier 3: T-003")
    assert row.data(Role.TRAILING) == "Failed"
    assert "no" in row.data(Qt.ItemDataRole.ToolTipRole)


def test_unknown_price_is_said_and_never_counted_as_nothing(stage: Stage) -> None:
    model = UsageModel(stage.context.bridge)
    stage.feed.publish(*story.running(story.Clock()))
    unknown = Usage(requests=1, input_tokens=5)
    stage.feed.publish(ev.UsageReported(run_id=story.RUN, stream_id="s", tier=4, model="local", usage=unknown))
    model.refresh()
    cost = model.columnCount() - 1
    assert [model.index(row, cost).data() for row in range(model.rowCount())] == [
        "0.00",
        "0.00",
        "0.06",
        "unknown",
        "unknown",
    ]
    assert "not known" in model.index(4, cost).data(Qt.ItemDataRole.ToolTipRole)
    model.group_by("model")
    assert [model.index(row, 0).data() for row in range(model.rowCount())] == ["claude-haiku-4-5", "local", "Total"]


def test_held_usage_model_stays_as_it_is_until_it_is_seen(stage: Stage, qtbot: QtBot) -> None:
    model = UsageModel(stage.context.bridge)
    model.hold(True)
    stage.feed.publish(*story.running(story.Clock()))
    assert model.index(4, 1).data() == "0"
    model.hold(False)
    assert model.index(4, 1).data() == "15"


def test_activity_tells_a_wait_for_others_from_a_retry(stage: Stage) -> None:
    clock = story.Clock()
    stage.feed.publish(*story.planning(clock), *story.planned_end(clock), *story.running(clock))
    model = ActivityModel(stage.context.bridge)
    stream = next(stream for stream in stage.feed.state.streams() if not stream.closed)
    for attempt in (1, 2):
        stage.feed.publish(
            ev.Retry(run_id=stream.run_id, stream_id=stream.stream_id, reason="Slow.", wait_s=3, attempt=attempt)
        )
    entries = [model.entry(row) for row in range(model.rowCount())]
    assert [entry.look.word for entry in entries if entry.text.startswith("Slow.")] == ["Wait", "Retry"]


def test_activity_tells_what_happened_with_what_to_do(stage: Stage) -> None:
    clock = story.Clock()
    model = ActivityModel(stage.context.bridge)
    for part in (story.planning, story.planned_end, story.running, story.approvals, story.ended):
        stage.feed.publish(*part(clock))
    entries = [model.entry(row) for row in range(model.rowCount())]
    fault = next(entry for entry in entries if entry.kind == "fault")
    assert "lower the number of workers" in fault.hint
    assert any(entry.kind == "retry" and "overloaded" in entry.text for entry in entries)
    assert any(entry.kind == "merge" and entry.subject == "T-001" for entry in entries)
    assert any(entry.kind == "approval" and entry.look.word == "Approved" for entry in entries)
    assert [entry.look.word for entry in entries if entry.kind == "run"] == ["Planning", "Done", "Running", "Done"]


def test_activity_of_a_state_that_was_there_already_is_in_order(stage: Stage) -> None:
    clock = story.Clock()
    for part in (story.planning, story.planned_end, story.running, story.approvals, story.ended):
        stage.feed.publish(*part(clock))
    model = ActivityModel(stage.context.bridge)
    times = [model.entry(row).time for row in range(model.rowCount())]
    assert times == sorted(times)
    assert model.rowCount() > 20
