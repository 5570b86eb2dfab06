"""A dock's title bar: quiet, and gone where a tab already says the same."""

from PySide6.QtCore import QSize
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QDockWidget, QHBoxLayout, QLabel, QWidget

from slop_qt.qt.theme import Theme
from slop_qt.widgets.buttons import icon_button

__all__ = ["DockTitle"]

_HEIGHT = 28


class DockTitle(QWidget):
    """Drags its dock like any title bar. Lives in the GUI thread."""

    def __init__(self, theme: Theme, dock: QDockWidget) -> None:
        super().__init__(dock)
        self._theme = theme
        self._collapsed = False
        label = QLabel(dock.windowTitle())
        label.setProperty("kind", "heading")
        row = QHBoxLayout(self)
        row.setContentsMargins(10, 0, 4, 0)
        row.setSpacing(2)
        row.addWidget(label, 1)
        row.addWidget(icon_button(theme, f"{dock.objectName()}.close", "close", "Close panel", dock.close))
        theme.changed.connect(self.update)

    def collapse(self, collapsed: bool) -> None:
        """Take no room, or show it again."""
        if collapsed != self._collapsed:
            self._collapsed = collapsed
            for child in self.findChildren(QWidget):
                child.setVisible(not collapsed)
            self.updateGeometry()

    def sizeHint(self) -> QSize:
        return QSize(80, 0 if self._collapsed else _HEIGHT)

    def minimumSizeHint(self) -> QSize:
        return self.sizeHint()

    def paintEvent(self, _event: QPaintEvent) -> None:
        with QPainter(self) as painter:
            painter.fillRect(self.rect(), self._theme.color("panel"))
            painter.fillRect(0, self.height() - 1, self.width(), 1, self._theme.color("line"))
