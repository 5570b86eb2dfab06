"""The Graph panel shows the tickets as edited and as they run, and takes what is wished to who may edit."""

from pathlib import Path

import pytest
import story
from plan_support import PlanFiles
from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QLabel, QPushButton, QToolButton
from pytestqt.qtbot import QtBot
from window_support import Stage, shown_track

from slop_qt.core import events as ev
from slop_qt.core.tickets import TicketSpec, TicketStatus
from slop_qt.qt.track_editor import TrackEditor
from slop_qt.views.graph_panel import GraphPanel
from slop_qt.widgets.empty_state import EmptyState
from slop_qt.widgets.graph.edge_painter import handle_center

LEFT = Qt.MouseButton.LeftButton


@pytest.fixture
def files(stage: Stage, tmp_path: Path) -> PlanFiles:
    (tmp_path / "tracks").mkdir()
    files = PlanFiles(tmp_path / "tracks", stage)
    files.add(story.TRACK, tickets=story.specs())
    return files


@pytest.fixture
def running(stage: Stage, files: PlanFiles) -> Stage:
    stage.desk.tracks = [shown_track(story.TRACK, "Finish pocketbook", story.planned())]
    stage.context.tracks.reload()
    stage.feed.publish(*story.running(story.Clock()))
    stage.context.selection.select(story.TRACK)
    return stage


@pytest.fixture
def editor(running: Stage) -> TrackEditor:
    return running.context.editor


def shown(panel: GraphPanel, qtbot: QtBot) -> GraphPanel:
    qtbot.addWidget(panel)
    panel.resize(1100, 500)
    panel.show()
    qtbot.waitExposed(panel)
    return panel


def center(panel: GraphPanel, ticket_id: str) -> QPoint:
    return panel._graph.view_rect_of(ticket_id).center().toPoint()


def drag(panel: GraphPanel, qtbot: QtBot, source: str, target: str) -> None:
    viewport = panel._graph.viewport()
    qtbot.mouseMove(viewport, center(panel, source))
    start = panel._graph.transform().map(handle_center(panel._graph.rect_of(source))).toPoint()
    qtbot.mouseMove(viewport, start)
    qtbot.mousePress(viewport, LEFT, pos=start)
    qtbot.mouseMove(viewport, center(panel, target))
    qtbot.mouseRelease(viewport, LEFT, pos=center(panel, target))


def test_a_click_selects_the_ticket_everywhere_and_is_selected_from_everywhere(running: Stage, qtbot: QtBot) -> None:
    panel = shown(GraphPanel(running.context), qtbot)
    qtbot.mouseClick(panel._graph.viewport(), LEFT, pos=center(panel, "T-003"))
    assert running.context.selection.ticket_id == "T-003"
    running.context.selection.select(story.TRACK, "T-007")
    assert panel._graph.selected == "T-007"


def test_edited_tickets_stand_where_the_run_has_them(running: Stage, qtbot: QtBot, editor: TrackEditor) -> None:
    panel = shown(GraphPanel(running.context), qtbot)
    editor.replace_tickets((*editor.tickets, TicketSpec(id="T-008", title="Newer", brief="", depends_on=("T-005",))))
    by_id = {ticket.id: ticket for ticket in panel._model.tickets}
    assert by_id["T-001"].status is TicketStatus.DONE
    assert by_id["T-005"].attempt == 2
    assert by_id["T-008"].status is TicketStatus.PENDING
    running.context.selection.select(story.TRACK, "T-008")
    assert "Waits for T-005." in panel._graph.accessibleDescription()
    running.feed.publish(
        ev.TicketChanged(run_id=story.RUN, ticket_id="T-005", status=TicketStatus.DONE, reason=None, attempt=2)
    )
    assert panel._model.ticket("T-005") is not None and panel._model.ticket("T-005").status is TicketStatus.DONE
    assert "It is not part of the run yet." in panel._graph.accessibleDescription()


def test_a_drawn_dependency_is_made_cut_and_both_are_undone(
    running: Stage, qtbot: QtBot, editor: TrackEditor, files: PlanFiles
) -> None:
    panel = shown(GraphPanel(running.context), qtbot)
    drawn = ("T-005", "T-004")
    drag(panel, qtbot, *drawn)
    assert drawn in panel._graph.scene.layout.edges
    qtbot.waitUntil(lambda: files.tickets(story.TRACK)[3].depends_on == ("T-003", "T-005"))
    panel._graph.select_edge(drawn)
    panel._graph.setFocus()
    qtbot.keyClick(panel._graph, Qt.Key.Key_Delete)
    assert drawn not in panel._graph.scene.layout.edges
    editor.undo()
    assert drawn in panel._graph.scene.layout.edges
    editor.undo()
    assert drawn not in panel._graph.scene.layout.edges
    assert editor.tickets == story.specs()


def test_what_the_editor_refuses_is_said_in_the_panel(running: Stage, qtbot: QtBot, editor: TrackEditor) -> None:
    panel = shown(GraphPanel(running.context), qtbot)
    panel._graph.connect_wanted.emit("T-007", "T-004")  # as if it had become a circle while it was drawn
    assert "circle" in panel.banner.words and "T-004" in panel.banner.words
    assert panel.banner.isVisible()
    panel._graph.connect_wanted.emit("T-005", "T-004")
    assert not panel.banner.isVisible()


def test_a_drawn_circle_never_gets_to_the_editor(running: Stage, qtbot: QtBot, editor: TrackEditor) -> None:
    panel = shown(GraphPanel(running.context), qtbot)
    hint = panel.findChild(QLabel, "graph.hint")
    said: list[str] = []
    panel._graph.hint_changed.connect(lambda words: said.append(hint.text() or words))
    drag(panel, qtbot, "T-007", "T-004")
    assert any("T-004 → T-007 → T-004" in words for words in said)
    assert editor.tickets == story.specs()
    assert panel.banner.isHidden()


def test_tickets_are_added_removed_and_opened(running: Stage, qtbot: QtBot, editor: TrackEditor) -> None:
    panel = shown(GraphPanel(running.context), qtbot)
    qtbot.mouseClick(panel.findChild(QToolButton, "graph.add"), LEFT)
    assert panel._graph.selected == "T-008"
    panel._graph.setFocus()
    with qtbot.waitSignal(editor.ticket_wanted, check_params_cb=lambda name: name == "T-008"):
        qtbot.keyClick(panel._graph, Qt.Key.Key_Return)
    panel._graph.add_wanted.emit("T-007")
    assert panel._model.ticket("T-009").depends_on == ("T-007",)
    qtbot.keyClick(panel._graph, Qt.Key.Key_Delete)
    assert panel._model.ticket("T-009") is None
    editor.undo()
    assert panel._model.ticket("T-009") is not None


def test_what_has_started_cannot_be_removed(running: Stage, qtbot: QtBot, editor: TrackEditor) -> None:
    panel = shown(GraphPanel(running.context), qtbot)
    panel._graph.setFocus()
    panel._graph.go_to("T-001")
    qtbot.keyClick(panel._graph, Qt.Key.Key_Delete)
    assert panel.findChild(QLabel, "graph.hint").text() == "T-001 has started: it stays as it is."
    panel._graph.remove_wanted.emit("T-001")  # as if it had started while it was removed
    assert "T-001 has started" in panel.banner.words
    assert editor.tickets == story.specs()


def test_what_is_wrong_stands_at_its_ticket(running: Stage, qtbot: QtBot, editor: TrackEditor) -> None:
    panel = shown(GraphPanel(running.context), qtbot)
    *others, last = story.specs()
    editor.replace_tickets((*others, last.model_copy(update={"depends_on": ("gone",)})))
    running.context.selection.select(story.TRACK, "T-007")
    assert panel._graph.scene.layout.broken == {"T-007": ("gone",)}
    qtbot.waitUntil(lambda: "depends on gone, which is not a ticket" in panel._graph.accessibleDescription())


def test_tickets_that_cannot_be_edited_are_looked_at(stage: Stage, qtbot: QtBot, files: PlanFiles) -> None:
    (files.root / story.TRACK / "tickets.json").write_text("[{}]")
    stage.feed.publish(*story.running(story.Clock()))
    stage.context.selection.select(story.TRACK)
    panel = shown(GraphPanel(stage.context), qtbot)
    assert not panel.findChild(QToolButton, "graph.add").isVisible()
    drag(panel, qtbot, "T-005", "T-004")
    assert panel._graph.connecting is None
    assert len(panel._model.tickets) == 7


def test_an_empty_track_offers_its_first_ticket(stage: Stage, qtbot: QtBot, files: PlanFiles) -> None:
    files.add("new_20261122", tickets=())
    stage.context.selection.select("new_20261122")
    panel = shown(GraphPanel(stage.context), qtbot)
    first = panel.findChild(QPushButton, "graph.first_ticket")
    assert panel.findChild(EmptyState).isVisible() and first.isVisible()
    qtbot.mouseClick(first, LEFT)
    assert [ticket.id for ticket in panel._model.tickets] == ["T-001"]
    stage.context.selection.select(None)
    assert first.isHidden()


def test_hidden_it_lays_nothing_out_and_shown_it_has_caught_up(
    running: Stage, qtbot: QtBot, editor: TrackEditor
) -> None:
    panel = shown(GraphPanel(running.context), qtbot)
    panel.hide()
    laid_out = panel._graph.scene
    shorter = tuple(ticket.model_copy(update={"depends_on": ()}) for ticket in editor.tickets[1:2])
    editor.replace_tickets((*shorter, *editor.tickets[:1], *editor.tickets[2:]))
    running.context.selection.select(story.TRACK, "T-002")
    assert panel._graph.scene is laid_out
    panel.show()
    assert list(panel._graph.scene.rects)[:2] == ["T-002", "T-001"]
    assert panel._graph.selected == "T-002"


def test_another_track_is_seen_from_its_start(running: Stage, qtbot: QtBot, files: PlanFiles) -> None:
    many = tuple(TicketSpec(id=f"T-{at:03}", title="One of many", brief="") for at in range(400))
    files.add("many_20261122", tickets=many)
    panel = shown(GraphPanel(running.context), qtbot)
    panel._graph.set_zoom(2.0)
    running.context.selection.select("many_20261122")
    assert panel._graph.zoom < 1.0
    assert panel._graph.visible_area().contains(panel._graph.rect_of("T-000"))
