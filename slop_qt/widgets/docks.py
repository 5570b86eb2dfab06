"""The docks of the window: where panels stand and when they are built, what is restored, how F6 goes round."""

from collections.abc import Callable, Mapping
from functools import partial

from PySide6.QtCore import QObject, QSettings, Qt, QTimer, Signal
from PySide6.QtWidgets import QApplication, QDockWidget, QMainWindow, QTabBar, QTabWidget, QWidget

from slop_qt.qt.panels import Area, PanelSpec
from slop_qt.qt.theme import Theme
from slop_qt.widgets.dock_title import DockTitle
from slop_qt.widgets.panel_dock import PanelDock

__all__ = ["Docks"]

_LAYOUT_VERSION = 1
_PAUSE_MS = 100  # between panels that nobody has asked for
_AREAS: Mapping[Area, Qt.DockWidgetArea] = {
    "left": Qt.DockWidgetArea.LeftDockWidgetArea,
    "centre": Qt.DockWidgetArea.TopDockWidgetArea,
    "right": Qt.DockWidgetArea.RightDockWidgetArea,
    "bottom": Qt.DockWidgetArea.BottomDockWidgetArea,
}
_WIDTHS = (0.205, 0.45, 0.345)  # of the window: left, centre, right
_HEIGHTS = (0.58, 0.42)  # centre, bottom


class Docks(QObject):
    """One dock a panel, in a window whose central widget is empty. Lives in the GUI thread.

    Signals:
        built(str): the panel of that id has been built.
    """

    built = Signal(str)

    def __init__(self, window: QMainWindow, theme: Theme) -> None:
        super().__init__(window)
        self._window = window
        self._theme = theme
        self._specs: list[PanelSpec] = []
        self._docks: dict[str, PanelDock] = {}
        self._resting = False
        self._idle = QTimer(self)
        self._idle.setSingleShot(True)
        self._idle.timeout.connect(self._build_next)
        self._settling = QTimer(self)
        self._settling.setSingleShot(True)
        self._settling.timeout.connect(self._settle)
        # Without a central widget, QMainWindow makes the left docks a separator wider whenever it lays out again.
        nothing = QWidget()
        nothing.setMaximumHeight(0)
        window.setCentralWidget(nothing)
        window.setDockOptions(
            QMainWindow.DockOption.AllowTabbedDocks
            | QMainWindow.DockOption.AllowNestedDocks
            | QMainWindow.DockOption.GroupedDragging
        )
        window.setTabPosition(Qt.DockWidgetArea.AllDockWidgetAreas, QTabWidget.TabPosition.North)
        left, right, bottom = (_AREAS[name] for name in ("left", "right", "bottom"))
        window.setCorner(Qt.Corner.TopLeftCorner, left)
        window.setCorner(Qt.Corner.BottomLeftCorner, left)
        window.setCorner(Qt.Corner.TopRightCorner, right)
        window.setCorner(Qt.Corner.BottomRightCorner, bottom)

    def add(self, spec: PanelSpec, build: Callable[[], QWidget]) -> None:
        """Make a dock for the panel where its spec says; `build` is called when the panel is needed."""
        dock = PanelDock(spec, build, self._theme, self._window)
        dock.built.connect(partial(self.built.emit, spec.id))
        self._window.addDockWidget(_AREAS[spec.area], dock)
        neighbour = next((self._docks[other.id] for other in self._specs if other.area == spec.area), None)
        if neighbour is not None:
            self._window.tabifyDockWidget(neighbour, dock)
        self._specs.append(spec)
        self._docks[spec.id] = dock
        for signal in (dock.visibilityChanged, dock.topLevelChanged, dock.dockLocationChanged):
            signal.connect(self._settle_soon)

    def panel(self, panel_id: str) -> QWidget:
        """The panel of that id, which is built now if it was not. Raises KeyError."""
        return self._docks[panel_id].panel()

    def wake(self) -> None:
        """The window is laid out: build what is in view now, and each other panel when it comes into view."""
        for dock in self._docks.values():
            dock.wake()

    def build_when_idle(self) -> None:
        """Build the other panels too, one after another with pauses for whoever wants something meanwhile."""
        if not self._resting:
            self._idle.start(_PAUSE_MS)

    def rest(self) -> None:
        """Build none any more that nobody asks for."""
        self._resting = True
        self._idle.stop()

    def dock(self, panel_id: str) -> QDockWidget:
        """The dock of that panel. Raises KeyError."""
        return self._docks[panel_id]

    def raise_panel(self, panel_id: str) -> None:
        """Show it, and bring it to the front of its tabs."""
        self.panel(panel_id)
        dock = self._docks[panel_id]
        dock.show()
        dock.raise_()

    def focus_panel(self, panel_id: str) -> None:
        """Show it and go there with the keyboard."""
        self.raise_panel(panel_id)
        content = self.panel(panel_id)
        inside = next((child for child in content.findChildren(QWidget) if _takes_focus(child)), content)
        inside.setFocus(Qt.FocusReason.ShortcutFocusReason)

    def cycle(self, step: int) -> None:
        """Go to the next or the previous panel that is in view."""
        in_view = [spec.id for spec in self._specs if self._docks[spec.id].in_view]
        if in_view:
            here = self.focused()
            at = in_view.index(here) + step if here in in_view else 0
            self.focus_panel(in_view[at % len(in_view)])

    def focused(self) -> str | None:
        """The panel that has the keyboard."""
        focus = QApplication.focusWidget()
        return next(
            (name for name, dock in self._docks.items() if focus is not None and dock.isAncestorOf(focus)), None
        )

    def close_focused(self) -> None:
        """Close the panel that has the keyboard; the View menu brings it back."""
        here = self.focused()
        if here is not None:
            self._docks[here].close()

    def reset(self) -> None:
        """Everything where it was at first."""
        for spec in self._specs:
            dock = self._docks[spec.id]
            dock.setFloating(False)
            self._window.addDockWidget(_AREAS[spec.area], dock)
            dock.show()
        for area in _AREAS:
            of_area = [self._docks[spec.id] for spec in self._specs if spec.area == area]
            for dock in of_area[1:]:
                self._window.tabifyDockWidget(of_area[0], dock)
        self.arrange()

    def arrange(self) -> None:
        """The first tab of each area in front, and each area its share of the window."""
        first: dict[Area, QDockWidget] = {}
        for spec in self._specs:
            first.setdefault(spec.area, self._docks[spec.id])
        for dock in first.values():
            dock.raise_()
        across = [first[name] for name in ("left", "centre", "right") if name in first]
        down = [first[name] for name in ("centre", "bottom") if name in first]
        width, height = self._window.width(), self._window.height()
        self._window.resizeDocks(across, [round(width * share) for share in _WIDTHS], Qt.Orientation.Horizontal)
        self._settle()
        self._window.resizeDocks(down, [round(height * share) for share in _HEIGHTS], Qt.Orientation.Vertical)

    def save(self, settings: QSettings) -> None:
        """Remember where everything is."""
        settings.setValue("window/geometry", self._window.saveGeometry())
        settings.setValue("window/state", self._window.saveState(_LAYOUT_VERSION))

    def restore(self, settings: QSettings) -> bool:
        """Put everything where it was; False where nothing (or something too old) is remembered."""
        geometry, state = settings.value("window/geometry"), settings.value("window/state")
        if geometry is None or state is None:
            return False
        self._window.restoreGeometry(geometry)
        return self._window.restoreState(state, _LAYOUT_VERSION)

    def _build_next(self) -> None:
        dock = next((dock for dock in self._docks.values() if not dock.is_built), None)
        if dock is not None:
            dock.panel()  # one that cannot be built is a fault once, and not ten times a second
            self._idle.start(_PAUSE_MS)

    def _settle_soon(self) -> None:
        self._settling.start(0)

    def _name_tabs(self) -> None:
        """Qt makes bars of tabs as panels are moved: each is called after the first panel in it."""
        titles = {dock.windowTitle(): panel_id for panel_id, dock in self._docks.items()}
        for bar in self._window.findChildren(QTabBar, options=Qt.FindChildOption.FindDirectChildrenOnly):
            first = titles.get(bar.tabText(0)) if bar.count() else None
            if first is not None:
                bar.setObjectName(f"docks.tabs.{first}")
                bar.setAccessibleName("Panels")
                bar.setFocusPolicy(Qt.FocusPolicy.TabFocus)

    def _settle(self) -> None:
        self._name_tabs()
        for dock in self._docks.values():
            title = dock.titleBarWidget()
            if isinstance(title, DockTitle):
                title.collapse(bool(self._window.tabifiedDockWidgets(dock)) and not dock.isFloating())


def _takes_focus(widget: QWidget) -> bool:
    return widget.isVisible() and widget.isEnabled() and bool(widget.focusPolicy() & Qt.FocusPolicy.TabFocus)
