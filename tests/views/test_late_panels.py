"""Panels that are not in view: built when somebody wants them or in a pause, and nothing is lost until then."""

from collections.abc import Iterator

import pytest
import story
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel, QTabBar
from pytestqt.qtbot import QtBot
from window_support import Stage, build_all_panels, shown_track

from slop_qt.core.errors import NotPossibleError
from slop_qt.views.activity_panel import ActivityPanel
from slop_qt.views.plan.panel import PlanPanel
from slop_qt.views.tier_panel import TierPanel
from slop_qt.widgets.panel_dock import PanelDock
from slop_qt.window import PANELS, MainWindow

IN_FRONT = {"tracks", "graph", "tier1", "approvals"}


@pytest.fixture
def window(stage: Stage, qtbot: QtBot) -> Iterator[MainWindow]:
    window = MainWindow(stage.context)
    qtbot.addWidget(window)
    yield window
    window.dispose()


def built(window: MainWindow) -> set[str]:
    docks = {spec.id: window.findChild(PanelDock, f"dock.{spec.id}") for spec in PANELS}
    return {panel_id for panel_id, dock in docks.items() if dock.is_built}


def tab(window: MainWindow, title: str) -> tuple[QTabBar, int]:
    bars = [(bar, at) for bar in window.findChildren(QTabBar) for at in range(bar.count())]
    return next((bar, at) for bar, at in bars if bar.tabText(at) == title)


def test_a_window_is_shown_with_what_is_in_view_and_the_rest_follows(window: MainWindow, qtbot: QtBot) -> None:
    assert built(window) == IN_FRONT
    window.show()
    assert built(window) == IN_FRONT
    window.activateWindow()
    qtbot.waitActive(window)
    qtbot.waitUntil(lambda: built(window) == {spec.id for spec in PANELS})
    behind = window._docks.panel("tier3")
    assert isinstance(behind, TierPanel) and behind.visibleRegion().isEmpty()
    assert window.isActiveWindow()  # no part of a panel was a window for a moment


def test_a_window_that_is_ending_builds_nothing_more(stage: Stage, window: MainWindow, qtbot: QtBot) -> None:
    stage.context.start(window.keep_edits())
    window.show()
    qtbot.waitUntil(lambda: window._painted)
    assert not window._docks._idle.isActive()
    assert built(window) == IN_FRONT


def test_a_tab_that_is_clicked_has_its_panel_at_once_with_what_happened_before(
    stage: Stage, window: MainWindow, qtbot: QtBot
) -> None:
    window.show()
    window._docks.rest()
    stage.feed.publish(*story.running(story.Clock()))
    bar, at = tab(window, "Activity")
    qtbot.mouseClick(bar, Qt.MouseButton.LeftButton, pos=bar.tabRect(at).center())
    assert built(window) >= {"activity"}
    activity = window._docks.panel("activity")
    assert isinstance(activity, ActivityPanel)
    qtbot.waitUntil(lambda: not activity.visibleRegion().isEmpty())
    assert activity._in_view and activity._model.rowCount() > 0


def test_a_panel_that_was_in_front_is_there_at_the_first_look(stage: Stage, qtbot: QtBot) -> None:
    first = MainWindow(stage.context)
    qtbot.addWidget(first)
    first.show()
    first._docks.raise_panel("diff")
    qtbot.waitUntil(lambda: not first._docks.panel("diff").visibleRegion().isEmpty())
    first.dispose()
    second = MainWindow(stage.context)
    qtbot.addWidget(second)
    second.show()
    qtbot.waitExposed(second)
    assert built(second) >= {"diff"}


def test_the_keyboard_goes_into_a_panel_that_was_not_built(window: MainWindow, qtbot: QtBot) -> None:
    window.show()
    window.activateWindow()
    qtbot.waitActive(window)
    window._docks.focus_panel("tokens")
    qtbot.waitUntil(lambda: window._docks.focused() == "tokens")


def test_what_the_editor_says_is_read_in_a_plan_panel_built_for_it(stage: Stage, window: MainWindow) -> None:
    stage.context.editor.failed.emit(NotPossibleError("The plan cannot be read.", "Look at plan.md."))
    plan = window._docks.panel("plan")
    assert isinstance(plan, PlanPanel)
    assert "The plan cannot be read." in plan.banner.words


def test_a_late_plan_has_the_selected_track_and_the_menus_history(stage: Stage, window: MainWindow) -> None:
    stage.desk.tracks = [shown_track(story.TRACK, "Finish", story.planned())]
    stage.context.tracks.reload()
    assert "plan" not in built(window)
    plan = window._docks.panel("plan")
    assert isinstance(plan, PlanPanel)
    assert plan._spec.source.toPlainText() == "# Spec"
    assert plan._spec.source.history == window._history


def test_a_place_is_as_large_as_its_panel_and_goes_with_it(window: MainWindow, qtbot: QtBot) -> None:
    window.show()
    dock = window.findChild(PanelDock, "dock.diff")
    place = dock.widget()
    wanted, least = place.sizeHint(), place.minimumSizeHint()
    assert not place.findChildren(QLabel)
    panel = window._docks.panel("diff")
    assert dock.widget() is panel
    assert (panel.sizeHint(), panel.minimumSizeHint()) == (wanted, least)
    build_all_panels(window)
    with qtbot.waitSignal(place.destroyed):
        pass
