"""The main window: docks, menus and geometry, and nothing else."""

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QActionGroup, QCloseEvent, QPaintEvent, QShowEvent
from PySide6.QtWidgets import QFileDialog, QMainWindow, QMenu, QMenuBar, QMessageBox, QVBoxLayout, QWidget

from slop_qt.core.errors import SlopError
from slop_qt.mma import commands, shapes
from slop_qt.qt.actions import ACTIONS, build_actions
from slop_qt.qt.attention import Attention
from slop_qt.qt.edit_actions import EditActions
from slop_qt.qt.panels import PanelSpec
from slop_qt.qt.theme import ThemeChoice
from slop_qt.qt.window_context import WindowContext
from slop_qt.views.approvals_panel import ApprovalsPanel
from slop_qt.views.graph_panel import GraphPanel
from slop_qt.views.plan.calls import PlanCalls
from slop_qt.views.status_strip import StatusStrip
from slop_qt.views.tier_panel import TierPanel
from slop_qt.views.tracks.panel import TracksPanel
from slop_qt.widgets.banner import Banner
from slop_qt.widgets.dialogs import name_answers
from slop_qt.widgets.docks import Docks
from slop_qt.widgets.driving.seeing import go_to_what_is_seen

if TYPE_CHECKING:
    from slop_qt.views.plan.panel import PlanPanel

__all__ = ["PANELS", "MainWindow"]


def _diff(context: WindowContext) -> QWidget:
    from slop_qt.views.diff_panel import DiffPanel

    return DiffPanel(context)


def _plan(context: WindowContext) -> QWidget:
    from slop_qt.views.plan.panel import PlanPanel

    return PlanPanel(context)


def _tokens(context: WindowContext) -> QWidget:
    from slop_qt.views.tokens.panel import TokensPanel

    return TokensPanel(context)


def _activity(context: WindowContext) -> QWidget:
    from slop_qt.views.activity_panel import ActivityPanel

    return ActivityPanel(context)


PANELS: tuple[PanelSpec, ...] = (
    PanelSpec("tracks", "Tracks", "left", TracksPanel),
    PanelSpec("graph", "Graph", "centre", GraphPanel),
    PanelSpec("diff", "Diff", "centre", _diff),
    PanelSpec("plan", "Plan", "centre", _plan),
    *(PanelSpec(f"tier{tier}", f"Tier {tier}", "right", partial(TierPanel, tier=tier)) for tier in (1, 2, 3, 4)),
    PanelSpec("approvals", "Approvals", "bottom", ApprovalsPanel),
    PanelSpec("tokens", "Tokens", "bottom", _tokens),
    PanelSpec("activity", "Activity", "bottom", _activity),
)
_IN_FRONT = ("tracks", "graph", "tier1", "approvals")  # in a window that nobody has arranged
_THEMES: tuple[tuple[ThemeChoice, str], ...] = (("system", "As the &system"), ("light", "&Light"), ("dark", "&Dark"))
_SIZE, _LEAST_SIZE = QSize(1440, 900), QSize(800, 500)


class MainWindow(QMainWindow):
    """Lives in the GUI thread. Closing it asks for the orderly shutdown; `dispose` is that shutdown's last word."""

    def __init__(self, context: WindowContext, strip: QWidget | None = None) -> None:
        """strip stands below the menus, above everything else."""
        super().__init__()
        self._context = context
        self.setObjectName("window")
        self.setWindowIcon(context.theme.app_icon())
        self._banner = Banner(context.theme, "window.banner")
        self._bar = QMenuBar()
        self._bar.setObjectName("menus")
        self._bar.setAccessibleName("Menus")
        self.setMenuWidget(_stacked(self._bar, *((strip,) if strip is not None else ()), self._banner))
        self._docks = Docks(self, context.theme)
        self._edits = EditActions(context.editor, self)
        for spec in PANELS:
            self._docks.add(spec, partial(spec.build, context))
        for panel_id in _IN_FRONT:  # now, since under the style sheet, which comes later, it takes longer
            self._docks.panel(panel_id)
        self._build_menus()
        self._build_status()
        self._follow_edits()
        self._docks.built.connect(self._finish)
        self._placed = self._painted = False
        self.resize(_SIZE)
        self.setMinimumSize(_LEAST_SIZE)
        context.selection.panel_wanted.connect(self._docks.raise_panel)
        context.selection.context_wanted.connect(self.open_context)
        Attention(context.bridge, context.selection, self)
        context.tracks.reload()
        self._docks.panel("tracks").setFocus()

    def show_banner(self, text: str, action_text: str = "", callback: Callable[[], None] | None = None) -> None:
        """Say something above all panels, and offer one thing to do about it."""
        self._banner.show_offer(text, action_text, callback)

    def hide_banner(self) -> None:
        """Say it no longer."""
        self._banner.hide()

    def show_error(self, error: SlopError) -> None:
        """Say above all panels what went wrong with the window's own commands."""
        self._banner.show_error(error)

    def open_settings(self) -> None:
        """Ask which models to use, and for their keys."""
        from slop_qt.views.settings.dialog import SettingsDialog

        SettingsDialog(self._context, self).open()

    def open_context(self, track_id: str, ticket_id: str) -> None:
        """Show what the ticket's worker would start with, and ask which files go along."""
        from slop_qt.views.context_dialog.dialog import ContextDialog

        ContextDialog(self._context, track_id, ticket_id, self).open()

    def read_tracks(self) -> None:
        """Somebody has written to the tracks' files: show what they are now."""
        self._context.tracks.reload()
        self._context.editor.reload()

    def build_panels(self) -> None:
        """Build those now that nobody has looked at yet."""
        for spec in PANELS:
            self._docks.panel(spec.id)

    async def filled(self) -> None:
        """Return when the project's tracks are shown, or why they cannot be."""
        await self._context.tracks.settled()

    async def require_kept(self) -> None:
        """Keep what is not saved, and go on. Raises StoreError where that cannot be."""
        await self._context.editor.keep()

    def remember(self) -> None:
        """Remember the layout: the next window of this process will be where this one is."""
        self._docks.save(self._context.settings)
        self._context.settings.sync()

    async def keep_edits(self) -> None:
        """The end has begun: keep what is not saved, for the next start, and build nothing more."""
        self._docks.rest()
        await self._context.editor.close()

    def dispose(self) -> None:
        """Remember the layout, hear nothing more, and go."""
        self.remember()
        self._context.bridge.close()
        self.hide()
        self.deleteLater()
        self._context.dispose()

    def showEvent(self, event: QShowEvent) -> None:
        if not self._placed:  # only now: the style sheet, which comes after building, would undo it
            self._placed = True
            if not self._docks.restore(self._context.settings):
                self._docks.arrange()
        super().showEvent(event)
        self._docks.wake()

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        if not self._painted:
            self._painted = True
            self._docks.build_when_idle()

    def focusNextPrevChild(self, forward: bool) -> bool:
        """What Tab does: the panels that are not in view are passed over."""
        return go_to_what_is_seen(self, partial(super().focusNextPrevChild, forward))

    def closeEvent(self, event: QCloseEvent) -> None:
        event.ignore()
        self._context.quit()

    def _build_menus(self) -> None:
        tracks = self._docks.panel("tracks")
        assert isinstance(tracks, TracksPanel)
        acts = tracks.actions_of_tracks
        handlers: dict[str, Callable[[], object]] = {
            **acts.handlers(),
            **self._edits.handlers(),
            "ticket.context": self._context.selection.want_context,
            "window.open_project": self._open_project,
            "window.settings": self.open_settings,
            "window.quit": self.close,
            "window.go_to_approvals": partial(self._docks.focus_panel, "approvals"),
            "window.next_panel": partial(self._docks.cycle, 1),
            "window.previous_panel": partial(self._docks.cycle, -1),
            "window.close_panel": self._docks.close_focused,
            "window.reset_layout": self._docks.reset,
            "window.about": self._about,
        }
        built = build_actions(self._bar, ACTIONS, handlers)
        self._actions = built.actions
        self._history = self._edits.attach(built.actions)
        self._fill_view_menu(built.menus["View"])
        acts.states_changed.connect(self._update_actions)
        tracks.settings_wanted.connect(self.open_settings)
        self._update_actions()

    def _fill_view_menu(self, menu: QMenu) -> None:
        for spec in PANELS:
            action = self._docks.dock(spec.id).toggleViewAction()
            action.setObjectName(f"action.panel.{spec.id}")
            menu.addAction(action)
        menu.addSeparator()
        themes = menu.addMenu("&Theme")
        themes.setObjectName("menu.theme")
        themes.setAccessibleName("Theme")
        group = QActionGroup(self)
        for choice, words in _THEMES:
            action = themes.addAction(words, partial(self._context.theme.choose, choice))
            action.setObjectName(f"action.theme.{choice}")
            action.setCheckable(True)
            action.setChecked(choice == self._context.theme.choice)
            group.addAction(action)

    def _build_status(self) -> None:
        self._status = StatusStrip(self._context)
        self.setStatusBar(self._status)
        self._status.approvals_wanted.connect(partial(self._docks.focus_panel, "approvals"))
        approvals = self._docks.panel("approvals")
        assert isinstance(approvals, ApprovalsPanel)
        approvals.count_changed.connect(self._show_waiting)
        self._show_waiting(approvals.count)

    def _show_waiting(self, number: int) -> None:
        self._status.show_approvals(number)
        self._docks.dock("approvals").setWindowTitle(f"Approvals ({number})" if number else "Approvals")
        badge = f"({number}) " if number else ""
        facts = self._context.facts
        recording = f"Recording of run {facts.recording} — " if facts.recording is not None else ""
        self.setWindowTitle(f"{badge}{recording}slop_qt — {facts.project or 'no project'}")

    def _follow_edits(self) -> None:
        editor = self._context.editor
        PlanCalls(editor, self._plan, self)
        for signal in (editor.track_changed, editor.state_changed, editor.dirty_changed):
            signal.connect(self._show_dirty)
        self._show_dirty()

    def _plan(self) -> "PlanPanel":
        from slop_qt.views.plan.panel import PlanPanel

        plan = self._docks.panel("plan")
        assert isinstance(plan, PlanPanel)
        return plan

    def _finish(self, panel_id: str) -> None:
        if panel_id == "plan":
            self._plan().use_history(*self._history)

    def _show_dirty(self) -> None:
        dirty = self._context.editor.dirty
        self._docks.dock("plan").setWindowTitle("Plan •" if dirty else "Plan")
        self._docks.dock("plan").setAccessibleName("Plan, not saved" if dirty else "Plan")

    def _update_actions(self) -> None:
        tracks = self._docks.panel("tracks")
        assert isinstance(tracks, TracksPanel)
        for name, possible in tracks.actions_of_tracks.states().items():
            self._actions[name].setEnabled(possible)
        live = self._context.facts.recording is None
        self._actions["ticket.context"].setEnabled(live and self._context.selection.ticket_id is not None)
        for name in ("window.open_project", "window.settings"):
            self._actions[name].setEnabled(live)

    def _open_project(self) -> None:
        dialog = QFileDialog(self, "Open a git repository")
        dialog.setObjectName("open_project")
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.setFileMode(QFileDialog.FileMode.Directory)
        dialog.fileSelected.connect(self._open_folder)
        dialog.open()

    def _open_folder(self, path: str) -> None:
        self._context.send(self, commands.PROJECT_OPEN_BESIDE, shapes.OpenProject(path=path))

    def _about(self) -> None:
        box = QMessageBox(self)
        box.setObjectName("about")
        box.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        box.setWindowTitle("About slop_qt")
        box.setText(f"slop_qt {self._context.facts.version}")
        box.setInformativeText("A desktop cockpit for AI coding in four tiers. MIT licence.")
        name_answers(box, QMessageBox.StandardButton.Ok)
        box.open()


def _stacked(*widgets: QWidget) -> QWidget:
    """The widgets below each other, as the window's one strip at its top."""
    strip = QWidget()
    column = QVBoxLayout(strip)
    column.setContentsMargins(0, 0, 0, 0)
    column.setSpacing(0)
    for widget in widgets:
        column.addWidget(widget)
    return strip
