"""A dock whose panel is built when it is first needed: until then a bare place of the same size stands in it."""

from collections.abc import Callable

from PySide6.QtCore import QSize, Signal, Slot
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QDockWidget, QMainWindow, QWidget

from slop_qt.qt.panels import PanelSpec
from slop_qt.qt.theme import Theme
from slop_qt.widgets.dock_title import DockTitle
from slop_qt.widgets.panel import LEAST_PANEL_SIZE, PANEL_SIZE, Panel

__all__ = ["PanelDock"]


class PanelDock(QDockWidget):
    """Lives in the GUI thread. Whatever happens before the panel is built, the panel reads when it is built.

    Signals:
        built: the panel stands in the dock now.
    """

    built = Signal()

    def __init__(self, spec: PanelSpec, build: Callable[[], QWidget], theme: Theme, window: QMainWindow) -> None:
        super().__init__(spec.title, window)
        self._build = build
        self._panel: QWidget | None = None
        self._awake = False
        self.setObjectName(f"dock.{spec.id}")
        self.setAccessibleName(spec.title)
        self.setWidget(_Place(theme))
        self.setTitleBarWidget(DockTitle(theme, self))
        self.visibilityChanged.connect(self._come_into_view)

    @property
    def is_built(self) -> bool:
        """Whether the panel is there."""
        return self._panel is not None

    @property
    def in_view(self) -> bool:
        """Whether any of it can be seen: a tab behind another one cannot, though it is visible to Qt."""
        return not self.visibleRegion().isEmpty()

    def panel(self) -> QWidget:
        """The panel; built now, if it was not."""
        if self._panel is None:
            self._panel = self._build()
            self._take_place(self._panel)
            self.built.emit()
        return self._panel

    def wake(self) -> None:
        """The window is laid out: from now on the panel is built as soon as the dock comes into view."""
        self._awake = True
        if self.in_view:
            self.panel()

    def _take_place(self, panel: QWidget) -> None:
        place = self.widget()
        if isinstance(panel, Panel):
            if self.isVisible():
                panel.come_into_view(self.in_view)
            self.visibilityChanged.connect(panel.come_into_view)
        self.setWidget(panel)
        panel.show()  # a dock that is visible already does not do it
        place.deleteLater()

    @Slot(bool)
    def _come_into_view(self, in_view: bool) -> None:
        if in_view and self._awake:
            self.panel()


class _Place(QWidget):
    """As large as a panel wants to be, so that nothing moves when the panel comes."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme

    def sizeHint(self) -> QSize:
        return PANEL_SIZE

    def minimumSizeHint(self) -> QSize:
        return LEAST_PANEL_SIZE

    def paintEvent(self, _event: QPaintEvent) -> None:
        with QPainter(self) as painter:
            painter.fillRect(self.rect(), self._theme.color("panel"))
