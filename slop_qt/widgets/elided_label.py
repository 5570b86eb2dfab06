"""A line of secondary text that takes the room it is given, and says the rest in its tip."""

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QFont, QFontMetrics, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from slop_qt.qt.theme import Theme

__all__ = ["ElidedLabel"]


class ElidedLabel(QWidget):
    """Lives in the GUI thread."""

    def __init__(self, theme: Theme, name: str, *, fixed: bool = False) -> None:
        """fixed: text as it is typed, in the fixed font and in full colour."""
        super().__init__()
        self._fixed = fixed
        self._theme = theme
        self._text = ""
        self.setObjectName(name)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        theme.changed.connect(self.update)

    @property
    def text(self) -> str:
        """All of it."""
        return self._text

    def say(self, text: str) -> None:
        """Show another text."""
        if text != self._text:
            self._text = text
            self.setAccessibleName(text)
            self.setToolTip(text)
            self.update()

    def sizeHint(self) -> QSize:
        return QSize(80, QFontMetrics(self._font()).height())

    def minimumSizeHint(self) -> QSize:
        return QSize(0, self.sizeHint().height())

    def paintEvent(self, _event: QPaintEvent) -> None:
        with QPainter(self) as painter:
            painter.setFont(self._font())
            painter.setPen(self._theme.color("text" if self._fixed else "muted"))
            text = painter.fontMetrics().elidedText(self._text, Qt.TextElideMode.ElideRight, self.width())
            painter.drawText(self.rect(), Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, text)

    def _font(self) -> QFont:
        return self._theme.fixed_font() if self._fixed else self._theme.font(small=True)
