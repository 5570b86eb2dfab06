"""The graph of 12, 60 and 300 tickets as pictures, for people to look at: in tests/screenshots/, light and dark."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import story
from graph_support import mixed_tickets, plan
from pictures import take
from PySide6.QtCore import QPointF, QSettings, Qt
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot
from window_support import Stage, shown_track

from slop_qt.core import events as ev
from slop_qt.core.approvals import Mode
from slop_qt.core.tickets import Ticket, TicketSpec, TicketStatus
from slop_qt.qt.theme import ThemeChoice
from slop_qt.views.graph_panel import GraphPanel

SIZES = {12: 1, 60: 3, 300: 9}


@pytest.fixture(params=["light", "dark"])
def stage(qapp: QApplication, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Stage]:
    choice: ThemeChoice = request.param
    stage = Stage(qapp, QSettings(str(tmp_path / "window.ini"), QSettings.Format.IniFormat), choice)
    yield stage
    stage.strike()


def running(size: int) -> Iterator[ev.Event]:
    """The events of a run in which tickets stand everywhere."""
    tickets = mixed_tickets(plan(size, SIZES[size]))
    specs = tuple(TicketSpec(**{name: getattr(t, name) for name in TicketSpec.model_fields}) for t in tickets)
    yield ev.RunStarted(run_id=story.RUN, track_id=story.TRACK, mode=Mode.ASK, workers=4)
    yield ev.RunPrepared(run_id=story.RUN, title="Much", tickets=specs)
    for ticket in tickets:
        ids = {"run_id": story.RUN, "ticket_id": ticket.id}
        yield ev.TicketChanged(**ids, status=ticket.status, reason=ticket.reason, attempt=ticket.attempt)
        if ticket.status in {TicketStatus.RUNNING, TicketStatus.VERIFYING}:
            yield ev.WorkerStarted(**ids, stream_id=ticket.id, tier=3, provider="anthropic", model="claude-haiku-4-5")


def shown(stage: Stage, qtbot: QtBot, events: Iterator[ev.Event]) -> GraphPanel:
    stage.feed.publish(*events)
    run = stage.feed.state.runs[story.RUN]
    stage.desk.tracks = [shown_track(story.TRACK, "Much", tuple(run.tickets.values()))]
    stage.context.tracks.reload()
    stage.context.selection.select(story.TRACK)
    panel = GraphPanel(stage.context)
    qtbot.addWidget(panel)
    panel.resize(1280, 800)
    panel.show()
    qtbot.waitActive(panel)
    panel._graph.setFocus()
    return panel


def grab(panel: GraphPanel, stage: Stage, name: str) -> QImage:
    return take(panel, f"graph-{name}-{stage.theme.choice}")


@pytest.mark.parametrize("size", SIZES)
def test_many_tickets_from_far_and_near(stage: Stage, qtbot: QtBot, size: int) -> None:
    panel = shown(stage, qtbot, running(size))
    graph = panel._graph
    grab(panel, stage, f"{size}")
    graph.fit()
    whole = grab(panel, stage, f"{size}-whole")
    assert whole.pixelColor(3, whole.height() - 3).name() == stage.theme.tokens.panel.lower()
    graph.set_zoom(1.0)
    graph.go_to("T-005")
    grab(panel, stage, f"{size}-selected")


def test_a_dependency_while_it_is_drawn_and_one_that_is_selected(stage: Stage, qtbot: QtBot) -> None:
    panel = shown(stage, qtbot, story.running(story.Clock()))
    graph = panel._graph
    for source, target, name in (("T-007", "T-004", "refused"), ("T-005", "T-002", "drawn")):
        graph.start_connecting(source)
        qtbot.mouseMove(graph.viewport(), graph.view_rect_of(target).center().toPoint())
        grab(panel, stage, name)
        graph.stop_connecting()
    graph.go_to("T-007")
    qtbot.keyClick(graph, Qt.Key.Key_Left, Qt.KeyboardModifier.ShiftModifier)
    grab(panel, stage, "edge")
    assert graph.edges_at(QPointF(0, 0)) == []


def test_a_graph_that_cannot_be(stage: Stage, qtbot: QtBot) -> None:
    graph = {"a": ("c", "gone"), "b": ("a",), "c": ("b",), "d": ("b", "d"), "e": ("d",)}
    title = "One in a circle, or beside it"
    wrong = tuple(Ticket(id=name, title=title, brief="", depends_on=needs) for name, needs in graph.items())
    stage.desk.tracks = [shown_track("wrong_20261122", "Wrong", wrong)]
    stage.context.tracks.reload()
    stage.context.selection.select("wrong_20261122")
    panel = GraphPanel(stage.context)
    qtbot.addWidget(panel)
    panel.resize(1280, 400)
    panel.show()
    qtbot.waitActive(panel)
    qtbot.waitUntil(lambda: bool(stage.context.editor.problems))
    grab(panel, stage, "wrong")
    assert len(panel._graph.scene.layout.circular) == 3
