"""Every widget that a person can use has a name, is read out, and is reached without a mouse."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
import story
from context_support import TRACK, ContextBackend
from PySide6.QtCore import QSettings, QSize, Qt
from PySide6.QtWidgets import QAbstractButton, QApplication, QDialog, QMessageBox, QTabBar, QWidget
from pytestqt.qtbot import QtBot
from reach_support import names, not_met, not_met_by_arrows, press, stops, unspoken_or_unreachable
from settings_support import Backend
from test_run_and_revise import FIRST, SECOND, forecast
from test_settings_dialog import OLLAMA
from window_support import Stage, build_all_panels, shown_track

from slop_qt.core.approvals import Mode
from slop_qt.core.budgets import BudgetScope, BudgetStanding
from slop_qt.core.errors import NotPossibleError
from slop_qt.core.tracks import TrackDraft
from slop_qt.mma import commands, shapes
from slop_qt.views.context_dialog.dialog import ContextDialog
from slop_qt.views.plan.compare_dialog import CompareDialog
from slop_qt.views.settings.dialog import SettingsDialog
from slop_qt.views.start_failure import StartFailureDialog
from slop_qt.widgets.budget_dialog import BudgetDialog
from slop_qt.widgets.dialogs import ApplyDialog, EpicDialog
from slop_qt.widgets.driving.finding import widget_named
from slop_qt.widgets.driving.reading import read_property
from slop_qt.widgets.driving.seeing import can_be_seen
from slop_qt.widgets.proposal_dialog import ProposalDialog
from slop_qt.widgets.revision_dialogs import RevisionDialog, WishDialog
from slop_qt.widgets.run_dialog import RunDialog
from slop_qt.widgets.unified_diff import read_diff
from slop_qt.window import MainWindow

# What a name must not hold: an address, a long number, or a name of Qt's.
UNSTABLE = re.compile(r"0x[0-9a-f]+|\d{4,}|^qt_")
MOST_TABS = 4


def run_dialog(stage: Stage, _: Path) -> QDialog:
    dialog = RunDialog(stage.theme, "Walls", ["true"], Mode.ASK, 4, None)
    dialog.show_forecast(forecast(4))
    return dialog


def settings_dialog(stage: Stage, _: Path) -> QDialog:
    backend = Backend(stage)
    backend.local = (OLLAMA,)
    dialog = SettingsDialog(backend.context)
    dialog.show_error(NotPossibleError("It is not possible.", "Do otherwise."))
    return dialog


def context_dialog(stage: Stage, folder: Path) -> QDialog:
    (folder / "src").mkdir()
    (folder / "src" / "totals.py").write_text("def total() -> int:\n    return 1\n")
    return ContextDialog(ContextBackend(stage, folder, ("src/totals.py",)).context, TRACK, "T-001")


def budget_dialog(stage: Stage, _: Path) -> QDialog:
    standing = BudgetStanding(run_id="R-1", run=BudgetScope(limit_usd=5.0, spent_usd=1.2), day=BudgetScope())
    return BudgetDialog(stage.theme, standing, "Books", {"Tier 3: T-003": "Waits for the budget."}, None)


def proposal(stage: Stage, _: Path) -> QDialog:
    drafts = [TrackDraft(title=title, spec="# Spec\n", plan="# Plan\n") for title in ("Walls", "Roof")]
    return ProposalDialog(stage.theme, drafts)


def about(stage: Stage, _: Path) -> QDialog:
    window = stage.build_window()
    window._about()
    box = window.findChild(QMessageBox, "about")
    assert box is not None
    box.setParent(None, box.windowFlags())
    window.dispose()
    return box


DIALOGS: dict[str, Callable[[Stage, Path], QDialog]] = {
    "about": about,
    "apply": lambda _, __: ApplyDialog("Walls", "main", read_diff(story.DIFF)),
    "budget": budget_dialog,
    "compare": lambda stage, _: CompareDialog(stage.theme, "spec.md", story.DIFF),
    "context": context_dialog,
    "epic": lambda _, __: EpicDialog("Build walls."),
    "proposal": proposal,
    "revision": lambda stage, _: RevisionDialog(stage.theme, "Walls", (FIRST,), (FIRST, SECOND), None),
    "run": run_dialog,
    "settings": settings_dialog,
    "start_failure": lambda _, __: StartFailureDialog(NotPossibleError("It is no repository.", "Run git init.")),
    "wish": lambda _, __: WishDialog("Walls"),
}


def opened(widget: QWidget, qtbot: QtBot) -> None:
    """Show it and give it the keyboard."""
    widget.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose, False)  # qtbot closes and deletes it
    qtbot.addWidget(widget)
    with qtbot.waitActive(widget):
        widget.show()
        widget.activateWindow()
    if QApplication.focusWidget() is None:
        widget.focusNextPrevChild(True)


def bars_of_tabs(met: list[QWidget]) -> list[QTabBar]:
    found = [each if isinstance(each, QTabBar) else each.focusProxy() for each in met]
    return [each for each in found if isinstance(each, QTabBar)]


def round_by_tab(window: QWidget) -> list[str]:
    """What nobody comes to by Tab, and by the arrow keys in each bar of tabs; every tab has its turn."""
    lost: list[str] = []
    for _ in range(MOST_TABS):
        met = stops(window)
        lost += [f"{each.objectName()}, which is not in view, is met" for each in met if not can_be_seen(each)]
        lost += not_met(window, set(met))
        lost += not_met_by_arrows(met)
        for bar in bars_of_tabs(met):
            bar.setFocus(Qt.FocusReason.TabFocusReason)
            at = bar.currentIndex()
            for _ in range(1 if at + 1 < bar.count() else at):
                press(Qt.Key.Key_Right if at + 1 < bar.count() else Qt.Key.Key_Left)
            assert bar.currentIndex() == (at + 1) % bar.count(), f"arrow keys do nothing in {bar.objectName()}"
        QApplication.processEvents()
    return lost


@pytest.mark.parametrize("name", DIALOGS)
def test_a_dialog_is_used_without_a_mouse(stage: Stage, qtbot: QtBot, tmp_path: Path, name: str) -> None:
    dialog = DIALOGS[name](stage, tmp_path)
    opened(dialog, qtbot)
    assert dialog.objectName() == name and dialog.windowTitle()
    assert unspoken_or_unreachable(dialog) == []
    assert round_by_tab(dialog) == []
    said = names(dialog)
    assert len(set(said)) == len(said) and not [each for each in said if UNSTABLE.search(each)]


def full_window(stage: Stage, qtbot: QtBot) -> MainWindow:
    """All panels, in the middle of a run that asks, with a banner in each place that has one."""
    stage.desk.answers[commands.RUN_DIFF.name] = shapes.Diff(diff=story.DIFF)
    window = stage.build_window()
    window.resize(QSize(1440, 900))
    build_all_panels(window)
    clock = story.Clock()
    stage.desk.tracks = [shown_track(story.TRACK, "Finish pocketbook", story.planned())]
    stage.feed.publish(*story.planning(clock), *story.planned_end(clock))
    stage.feed.publish(*story.running(clock), *story.approvals(clock))
    opened(window, qtbot)
    stage.context.tracks.reload()
    stage.context.selection.select(story.TRACK, "T-005")
    window.show_error(NotPossibleError("It is not possible.", "Do otherwise."))
    for _ in range(2):  # there and back: what was made for it is named, too
        window.findChild(QAbstractButton, "tier3.side_by_side").click()
    QApplication.processEvents()
    return window


def test_the_window_is_used_without_a_mouse(stage: Stage, qtbot: QtBot) -> None:
    window = full_window(stage, qtbot)
    window._docks.focus_panel("tracks")
    assert unspoken_or_unreachable(window) == []
    assert round_by_tab(window) == []


def test_names_are_the_same_in_the_next_window(stage: Stage, qtbot: QtBot, tmp_path: Path) -> None:
    first = names(full_window(stage, qtbot))
    settings = QSettings(str(tmp_path / "another.ini"), QSettings.Format.IniFormat)
    again = Stage(QApplication.instance(), settings)  # type: ignore[arg-type]
    second = names(full_window(again, qtbot))
    again.strike()
    assert first == second and len(set(first)) == len(first)
    assert not [each for each in first if UNSTABLE.search(each)]


def test_every_menu_entry_has_a_name_and_is_in_a_menu_with_one(stage: Stage, qtbot: QtBot) -> None:
    window = full_window(stage, qtbot)
    bar = widget_named("menus")
    entries = [action for menu in bar.actions() for action in menu.menu().actions() if not action.isSeparator()]
    inner = [action for entry in entries if entry.menu() for action in entry.menu().actions()]
    nameless = [action.text() for action in (*entries, *inner) if not action.objectName() and action.menu() is None]
    assert nameless == [] and window.isVisible()
    for menu in (action.menu() for action in (*bar.actions(), *entries) if action.menu()):
        assert menu.objectName().startswith("menu.") and read_property(menu, "accessible_name")
        assert read_property(menu, "keyboard") == "menu"
    without_mark = [action.text() for action in bar.actions() if "&" not in action.text()]
    assert without_mark == [], "Alt and a letter open each menu"


@pytest.mark.parametrize(
    ("kind", "lacks"),
    [("nameless", "a name"), ("silent", "an accessible name"), ("unreachable", "a way by keyboard")],
)
def test_what_lacks_something_is_found(qtbot: QtBot, kind: str, lacks: str) -> None:
    from PySide6.QtWidgets import QPushButton, QVBoxLayout

    window = QWidget()
    column = QVBoxLayout(window)
    for name in ("first", "second"):
        button = QPushButton("Words")
        button.setObjectName(name)
        column.addWidget(button)
    if kind == "nameless":
        button.setObjectName("")
    elif kind == "silent":
        button.setText("")
    else:
        button.setFocusPolicy(Qt.FocusPolicy.ClickFocus)
    opened(window, qtbot)
    (wrong,) = unspoken_or_unreachable(window)
    assert wrong.endswith(f"lacks {lacks}")
    first = window.findChild(QPushButton, "first")
    assert first is not None
    first.setFocus()
    assert not_met(window, set(stops(window))) == (["second"] if kind == "unreachable" else [])
