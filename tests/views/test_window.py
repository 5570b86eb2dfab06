"""The window: its panels, what it remembers, where the keyboard goes, and how it ends."""

from collections.abc import Iterator

import pytest
import story
from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QAbstractButton, QAbstractItemView, QDockWidget, QLineEdit, QPlainTextEdit
from pytestqt.qtbot import QtBot
from window_support import Stage, build_all_panels, shown_track

from slop_qt.core import events as ev
from slop_qt.core.approvals import ApprovalKind
from slop_qt.window import PANELS, MainWindow


def open_window(stage: Stage, qtbot: QtBot) -> MainWindow:
    window = stage.build_window()
    qtbot.addWidget(window)
    window.show()
    qtbot.waitExposed(window)
    return window


@pytest.fixture
def window(stage: Stage, qtbot: QtBot) -> Iterator[MainWindow]:
    window = open_window(stage, qtbot)
    window.activateWindow()
    qtbot.waitActive(window)
    yield window


def dock(window: MainWindow, panel: str) -> QDockWidget:
    found = window.findChild(QDockWidget, f"dock.{panel}")
    assert found is not None
    return found


def test_every_panel_is_there(window: MainWindow) -> None:
    assert {spec.id for spec in PANELS} == {
        "tracks", "graph", "diff", "plan", "tier1", "tier2", "tier3", "tier4", "approvals", "tokens", "activity"
    }  # fmt: skip
    assert all(not dock(window, spec.id).isHidden() for spec in PANELS)


def test_the_layout_comes_back_at_the_next_start(stage: Stage, qtbot: QtBot) -> None:
    first = open_window(stage, qtbot)
    first.resize(800, 640)
    dock(first, "tokens").close()
    first.addDockWidget(Qt.DockWidgetArea.LeftDockWidgetArea, dock(first, "tier4"))
    first._docks.raise_panel("diff")
    first.dispose()

    second = stage.build_window()
    qtbot.addWidget(second)
    second.show()
    assert second.size() == QSize(800, 640)
    assert dock(second, "tokens").isHidden()
    assert second.dockWidgetArea(dock(second, "tier4")) == Qt.DockWidgetArea.LeftDockWidgetArea
    qtbot.waitUntil(lambda: not dock(second, "diff").visibleRegion().isEmpty())
    assert dock(second, "graph").visibleRegion().isEmpty()

    second._docks.reset()
    assert not dock(second, "tokens").isHidden()
    assert second.dockWidgetArea(dock(second, "tier4")) == Qt.DockWidgetArea.RightDockWidgetArea


def test_a_layout_that_cannot_be_read_is_the_first_one(stage: Stage, qtbot: QtBot) -> None:
    stage.context.settings.setValue("window/geometry", b"nonsense")
    stage.context.settings.setValue("window/state", b"nonsense")
    window = open_window(stage, qtbot)
    assert window.dockWidgetArea(dock(window, "tracks")) == Qt.DockWidgetArea.LeftDockWidgetArea
    assert not dock(window, "tracks").isHidden()


def test_closing_asks_for_the_shutdown_and_stays(stage: Stage, window: MainWindow) -> None:
    assert not window.close()
    assert window.isVisible()
    assert stage.quits == 1


def test_title_and_badge_count_what_waits(stage: Stage, window: MainWindow) -> None:
    assert window.windowTitle() == "slop_qt — pocketbook"
    stage.feed.publish(*story.running(story.Clock()))
    for number in range(2):
        asked = story.approval(ApprovalKind.EDIT, number, story.Clock())
        stage.feed.publish(ev.ApprovalRequested(run_id=story.RUN, approval=asked))
    assert window.windowTitle() == "(2) slop_qt — pocketbook"
    assert dock(window, "approvals").windowTitle() == "Approvals (2)"
    assert window.findChild(QAbstractButton, "status.approvals").text() == "2 approvals wait"


def test_f6_goes_round_the_panels_in_view(window: MainWindow, qtbot: QtBot) -> None:
    window._docks.focus_panel("tracks")
    qtbot.waitUntil(lambda: window._docks.focused() == "tracks")
    seen = []
    for _ in range(4):
        qtbot.keyClick(window, Qt.Key.Key_F6)
        seen.append(window._docks.focused())
    assert seen == ["graph", "tier1", "approvals", "tracks"]
    qtbot.keyClick(window, Qt.Key.Key_F6, Qt.KeyboardModifier.ShiftModifier)
    assert window._docks.focused() == "approvals"


def test_a_closed_panel_comes_back_from_the_view_menu(window: MainWindow, qtbot: QtBot) -> None:
    window._docks.focus_panel("tracks")
    window.findChild(QAction, "action.window.close_panel").trigger()
    assert dock(window, "tracks").isHidden()
    window.findChild(QAction, "action.panel.tracks").trigger()
    assert not dock(window, "tracks").isHidden()


def test_actions_tell_their_shortcut_and_no_two_share_one(window: MainWindow) -> None:
    actions = [action for action in window.findChildren(QAction) if action.objectName().startswith("action.")]
    keys = [action.shortcut().toString() for action in actions if not action.shortcut().isEmpty()]
    assert len(keys) == len(set(keys)) >= 12
    for action in actions:
        if not action.shortcut().isEmpty():
            assert action.shortcut().toString(QKeySequence.SequenceFormat.NativeText) in action.toolTip()


def test_everything_usable_has_a_name_of_its_own(stage: Stage, window: MainWindow) -> None:
    stage.desk.tracks = [shown_track(story.TRACK, "Finish", story.planned())]
    stage.feed.publish(*story.running(story.Clock()), *story.approvals(story.Clock()))
    stage.context.tracks.reload()
    build_all_panels(window)
    usable = [
        widget
        for kind in (QAbstractButton, QAbstractItemView, QLineEdit, QPlainTextEdit)
        for widget in window.findChildren(kind)
        if not widget.objectName().startswith("qt_") and not widget.inherits("QHeaderView") and owned(widget)
    ]
    nameless = [widget for widget in usable if not widget.objectName()]
    assert nameless == []
    unspoken = [w.objectName() for w in usable if not w.accessibleName() and not hasattr(w, "text")]
    assert unspoken == []
    names = [widget.objectName() for widget in usable]
    assert len(names) == len(set(names))


def owned(widget: object) -> bool:
    """Not a part that Qt made for a widget of ours: a combo box's list, a spin box's field, a line edit's button."""
    parent = widget.parent()
    while parent is not None:
        if parent.inherits("QComboBox") or parent.inherits("QAbstractSpinBox") or parent.inherits("QLineEdit"):
            return False
        if parent.inherits("QHeaderView") or parent.inherits("QTableView") or parent.inherits("QTabBar"):
            return False
        parent = parent.parent()
    return True


def test_the_banner_offers_one_thing_and_goes(window: MainWindow, qtbot: QtBot) -> None:
    pressed = []
    window.show_banner("This is the demo.", "Go on by itself", lambda: pressed.append(True))
    button = window.findChild(QAbstractButton, "window.banner.action")
    assert button.isVisible()
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)
    assert pressed == [True]
    assert not button.isVisible()


def test_the_theme_is_chosen_in_the_menu(stage: Stage, window: MainWindow) -> None:
    window.findChild(QAction, "action.theme.dark").trigger()
    assert stage.theme.choice == "dark"
    window.findChild(QAction, "action.theme.light").trigger()
    assert stage.theme.choice == "light"


def test_after_dispose_nothing_is_heard(stage: Stage, qtbot: QtBot) -> None:
    window = open_window(stage, qtbot)
    window.dispose()
    stage.feed.publish(*story.running(story.Clock()))
    assert window.windowTitle() == "slop_qt — pocketbook"


def test_the_panel_where_a_run_begins_comes_to_the_front_once(stage: Stage, window: MainWindow, qtbot: QtBot) -> None:
    clock = story.Clock()
    window._docks.raise_panel("tier4")
    stage.feed.publish(*story.planning(clock))
    qtbot.waitUntil(lambda: not dock(window, "tier1").visibleRegion().isEmpty())
    stage.feed.publish(*story.planned_end(clock), *story.running(clock))
    qtbot.waitUntil(lambda: not dock(window, "tier3").visibleRegion().isEmpty())
    window._docks.raise_panel("tier2")
    stage.feed.publish(
        ev.WorkerStarted(run_id=story.RUN, stream_id="Tier 3: T-004", tier=3, provider="scripted", model="m")
    )
    qtbot.waitUntil(lambda: not dock(window, "tier2").visibleRegion().isEmpty())
    assert dock(window, "tier3").visibleRegion().isEmpty()
