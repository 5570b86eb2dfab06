"""An icon and a word in the colour of a status."""

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QFontMetrics, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from slop_qt.qt.icons import ICON_SIZE
from slop_qt.qt.status import Look
from slop_qt.qt.theme import Theme

__all__ = ["StatusChip"]

_GAP = 4


class StatusChip(QWidget):
    """Shows one Look. Lives in the GUI thread."""

    def __init__(self, theme: Theme, look: Look | None = None, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._look: Look | None = None
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        theme.changed.connect(self.update)
        self.show_look(look)

    @property
    def words(self) -> str:
        """What it says; empty where it shows nothing."""
        return self._look.word if self._look is not None else ""

    def show_look(self, look: Look | None, word: str = "") -> None:
        """Show another status; `word` instead of its own."""
        if look is not None and word:
            look = Look(look.icon, word, look.color)
        if look == self._look:
            return  # a new size, even if it is the old one, lays the whole window out anew
        self._look = look
        self.setAccessibleName(look.word if look is not None else "")
        self.updateGeometry()
        self.update()

    def sizeHint(self) -> QSize:
        if self._look is None:
            return QSize(0, ICON_SIZE + 4)
        width = QFontMetrics(self._theme.font(small=True)).horizontalAdvance(self._look.word)
        return QSize(ICON_SIZE + _GAP + width + 2, ICON_SIZE + 4)

    def paintEvent(self, _event: QPaintEvent) -> None:
        if self._look is None:
            return
        with QPainter(self) as painter:
            pixmap = self._theme.pixmap(self._look.icon, self._look.color, self.devicePixelRatioF())
            painter.drawPixmap(0, (self.height() - ICON_SIZE) // 2, pixmap)
            painter.setFont(self._theme.font(small=True))
            painter.setPen(self._theme.color(self._look.color))
            area = self.rect().adjusted(ICON_SIZE + _GAP, 0, 0, 0)
            painter.drawText(area, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, self._look.word)
