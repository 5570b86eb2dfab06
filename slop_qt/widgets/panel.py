"""What every panel is: a coloured edge for its tier, a place for errors, and content or an empty state."""

from PySide6.QtCore import QSize, Slot
from PySide6.QtGui import QHideEvent, QPainter, QPaintEvent, QShowEvent
from PySide6.QtWidgets import QHBoxLayout, QStackedWidget, QVBoxLayout, QWidget

from slop_qt.core.errors import SlopError
from slop_qt.qt.theme import Theme
from slop_qt.widgets.banner import Banner
from slop_qt.widgets.empty_state import EmptyState

__all__ = ["LEAST_PANEL_SIZE", "PANEL_SIZE", "Panel"]

_EDGE = 3
PANEL_SIZE, LEAST_PANEL_SIZE = QSize(320, 240), QSize(160, 90)


class Panel(QWidget):
    """A dock's content. A subclass fills `content`, sets `empty`, and says in `shown` and `hidden` what to do then.

    Lives in the GUI thread.
    """

    def __init__(self, theme: Theme, name: str, empty: EmptyState, *, tier: int | None = None) -> None:
        super().__init__()
        self.theme = theme
        self.setObjectName(name)
        self._edge = f"tier{tier}" if tier is not None else None
        self._in_view = True
        self.banner = Banner(theme, f"{name}.banner")
        self.content = QWidget()
        self._pages = QStackedWidget()
        self._pages.addWidget(empty)
        self._pages.addWidget(self.content)
        column = QVBoxLayout()
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.banner)
        column.addWidget(self._pages, 1)
        row = QHBoxLayout(self)
        row.setContentsMargins(_EDGE if self._edge else 0, 0, 0, 0)
        row.addLayout(column)
        theme.changed.connect(self.update)

    def show_content(self, filled: bool) -> None:
        """Show the content, or the empty state."""
        self._pages.setCurrentIndex(1 if filled else 0)

    def show_error(self, error: SlopError) -> None:
        """Say here what went wrong."""
        self.banner.show_error(error)

    @Slot(bool)
    def come_into_view(self, in_view: bool) -> None:
        """Its dock comes to the front of its tabs, or goes behind another: to Qt, it is visible in either case."""
        if in_view != self._in_view:
            self._in_view = in_view
            if self.isVisible():
                (self.shown if in_view else self.hidden)()

    def shown(self) -> None:
        """The panel can be seen now: catch up."""

    def hidden(self) -> None:
        """Nobody sees the panel: do nothing until it is shown."""

    def sizeHint(self) -> QSize:
        """The same whatever is in it: docks must not move because a panel's content changed."""
        return PANEL_SIZE

    def minimumSizeHint(self) -> QSize:
        return LEAST_PANEL_SIZE

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        (self.shown if self._in_view else self.hidden)()

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        self.hidden()

    def paintEvent(self, _event: QPaintEvent) -> None:
        with QPainter(self) as painter:
            painter.fillRect(self.rect(), self.theme.color("panel"))
            if self._edge is not None:
                painter.fillRect(0, 0, _EDGE, self.height(), self.theme.color(self._edge))
