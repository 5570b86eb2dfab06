"""The main window: docks, menus and geometry, and nothing else."""

from collections.abc import Callable
from functools import partial

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QActionGroup, QCloseEvent, QShowEvent
from PySide6.QtWidgets import QFileDialog, QMainWindow, QMenu, QMenuBar, QMessageBox, QVBoxLayout, QWidget

from slop_qt.core.errors import SlopError
from slop_qt.mma import commands, shapes
from slop_qt.qt.actions import ACTIONS, build_actions
from slop_qt.qt.attention import Attention
from slop_qt.qt.edit_actions import EditActions
from slop_qt.qt.panels import PanelSpec
from slop_qt.qt.theme import ThemeChoice
from slop_qt.qt.window_context import WindowContext
from slop_qt.views.activity_panel import ActivityPanel
from slop_qt.views.approvals_panel import ApprovalsPanel
from slop_qt.views.diff_panel import DiffPanel
from slop_qt.views.graph_panel import GraphPanel
from slop_qt.views.plan.panel import PlanPanel
from slop_qt.views.status_strip import StatusStrip
from slop_qt.views.tier_panel import TierPanel
from slop_qt.views.tokens.panel import TokensPanel
from slop_qt.views.tracks.panel import TracksPanel
from slop_qt.widgets.banner import Banner
from slop_qt.widgets.docks import Docks

__all__ = ["PANELS", "MainWindow"]

PANELS: tuple[PanelSpec, ...] = (
    PanelSpec("tracks", "Tracks", "left", TracksPanel),
    PanelSpec("graph", "Graph", "centre", GraphPanel),
    PanelSpec("diff", "Diff", "centre", DiffPanel),
    PanelSpec("plan", "Plan", "centre", PlanPanel),
    *(PanelSpec(f"tier{tier}", f"Tier {tier}", "right", partial(TierPanel, tier=tier)) for tier in (1, 2, 3, 4)),
    PanelSpec("approvals", "Approvals", "bottom", ApprovalsPanel),
    PanelSpec("tokens", "Tokens", "bottom", TokensPanel),
    PanelSpec("activity", "Activity", "bottom", ActivityPanel),
)
_THEMES: tuple[tuple[ThemeChoice, str], ...] = (("system", "As the &system"), ("light", "&Light"), ("dark", "&Dark"))
_SIZE, _LEAST_SIZE = QSize(1440, 900), QSize(800, 500)


class MainWindow(QMainWindow):
    """Lives in the GUI thread. Closing it asks for the orderly shutdown; `dispose` is that shutdown's last word."""

    def __init__(self, context: WindowContext) -> None:
        super().__init__()
        self._context = context
        self.setObjectName("window")
        self.setWindowIcon(context.theme.app_icon())
        self._banner = Banner(context.theme, "window.banner")
        self._bar = QMenuBar()
        self._bar.setObjectName("menus")
        self.setMenuWidget(_stacked(self._bar, self._banner))
        self._docks = Docks(self, context.theme)
        self._panels: dict[str, QWidget] = {}
        self._edits = EditActions(context.editor, self)
        for spec in PANELS:
            self._panels[spec.id] = spec.build(context)
            self._docks.add(spec, self._panels[spec.id])
        self._build_menus()
        self._build_status()
        self._placed = False
        self.resize(_SIZE)
        self.setMinimumSize(_LEAST_SIZE)
        context.selection.panel_wanted.connect(self._docks.raise_panel)
        Attention(context.bridge, context.selection, self)
        context.tracks.reload()
        self._panels["tracks"].setFocus()

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

    def read_tracks(self) -> None:
        """Somebody has written to the tracks' files: show what they are now."""
        self._context.tracks.reload()
        self._context.editor.reload()

    async def keep_edits(self) -> None:
        """Keep what is not saved, for the next start."""
        await self._context.editor.close()

    def dispose(self) -> None:
        """Remember the layout, hear nothing more, and go."""
        self._docks.save(self._context.settings)
        self._context.settings.sync()
        self._context.bridge.close()
        self.hide()
        self.deleteLater()

    def showEvent(self, event: QShowEvent) -> None:
        if not self._placed:  # only now: the style sheet, which comes after building, would undo it
            self._placed = True
            if not self._docks.restore(self._context.settings):
                self._docks.arrange()
        super().showEvent(event)

    def closeEvent(self, event: QCloseEvent) -> None:
        event.ignore()
        self._context.quit()

    def _build_menus(self) -> None:
        tracks, plan = self._panels["tracks"], self._panels["plan"]
        assert isinstance(tracks, TracksPanel) and isinstance(plan, PlanPanel)
        acts = tracks.actions_of_tracks
        handlers: dict[str, Callable[[], object]] = {
            **acts.handlers(),
            **self._edits.handlers(),
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
        plan.use_history(*self._edits.attach(built.actions))
        plan.dirty_changed.connect(self._show_dirty)
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
        approvals = self._panels["approvals"]
        assert isinstance(approvals, ApprovalsPanel)
        approvals.count_changed.connect(self._show_waiting)
        self._show_waiting(approvals.count)

    def _show_waiting(self, number: int) -> None:
        self._status.show_approvals(number)
        self._docks.dock("approvals").setWindowTitle(f"Approvals ({number})" if number else "Approvals")
        badge = f"({number}) " if number else ""
        self.setWindowTitle(f"{badge}slop_qt — {self._context.facts.project or 'no project'}")

    def _show_dirty(self, dirty: bool) -> None:
        self._docks.dock("plan").setWindowTitle("Plan •" if dirty else "Plan")
        self._docks.dock("plan").setAccessibleName("Plan, not saved" if dirty else "Plan")

    def _update_actions(self) -> None:
        tracks = self._panels["tracks"]
        assert isinstance(tracks, TracksPanel)
        for name, possible in tracks.actions_of_tracks.states().items():
            self._actions[name].setEnabled(possible)

    def _open_project(self) -> None:
        dialog = QFileDialog(self, "Open a git repository")
        dialog.setObjectName("open_project")
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.setFileMode(QFileDialog.FileMode.Directory)
        dialog.fileSelected.connect(self._open_folder)
        dialog.open()

    def _open_folder(self, path: str) -> None:
        self._context.send(self, commands.PROJECT_OPEN, shapes.OpenProject(path=path))

    def _about(self) -> None:
        box = QMessageBox(self)
        box.setObjectName("about")
        box.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        box.setWindowTitle("About slop_qt")
        box.setText(f"slop_qt {self._context.facts.version}")
        box.setInformativeText("A desktop cockpit for AI coding in four tiers. MIT licence.")
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
