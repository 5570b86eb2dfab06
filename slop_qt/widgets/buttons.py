"""Buttons and labels made the same way everywhere: named, explained, with their icon in the theme's colours."""

from collections.abc import Callable

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QKeySequence
from PySide6.QtWidgets import QLabel, QPushButton, QToolButton, QWidget

from slop_qt.qt.icons import ICON_SIZE
from slop_qt.qt.theme import Theme

__all__ = ["IconButton", "icon_button", "icon_toggle", "muted_label", "push_button", "segment_button"]


class IconButton(QToolButton):
    """A flat button of one icon; its tip is also its accessible name. Lives in the GUI thread."""

    def __init__(self, theme: Theme, name: str, icon: str, tip: str) -> None:
        super().__init__()
        self._theme = theme
        self._icon = icon
        self.setObjectName(name)
        self.setIconSize(QSize(ICON_SIZE, ICON_SIZE))
        theme.changed.connect(self._tint)
        self.say(icon, tip)

    def say(self, icon: str, tip: str) -> None:
        """Stand for something else."""
        self._icon = icon
        self.setAccessibleName(tip)
        self.setToolTip(tip)
        self._tint()

    def _tint(self) -> None:
        self.setIcon(self._theme.icon(self._icon, "text"))


def icon_button(theme: Theme, name: str, icon: str, tip: str, on_click: Callable[[], object]) -> IconButton:
    """An IconButton that does something when it is clicked."""
    button = IconButton(theme, name, icon, tip)
    button.clicked.connect(on_click)
    return button


def icon_toggle(theme: Theme, name: str, icon: str, tip: str, on_toggle: Callable[[bool], None]) -> IconButton:
    """An IconButton that is on or off."""
    button = IconButton(theme, name, icon, tip)
    button.setCheckable(True)
    button.toggled.connect(on_toggle)
    return button


def push_button(
    name: str, text: str, on_click: Callable[[], object], *, kind: str = "", shortcut: str = ""
) -> QPushButton:
    """A button with words. kind is `primary` or `link`; the shortcut is only told of."""
    button = QPushButton(text)
    button.setObjectName(name)
    button.setAccessibleName(text)
    if kind:
        button.setProperty("kind", kind)
    if shortcut:
        native = QKeySequence(shortcut).toString(QKeySequence.SequenceFormat.NativeText)
        button.setToolTip(f"{text} ({native})")
    button.clicked.connect(on_click)
    return button


def segment_button(name: str, text: str, on_click: Callable[[], object]) -> QToolButton:
    """One of several choices that stand side by side, of which one is chosen."""
    button = QToolButton()
    button.setObjectName(name)
    button.setText(text)
    button.setAccessibleName(text)
    button.setProperty("kind", "segment")
    button.setCheckable(True)
    button.setAutoExclusive(True)
    button.clicked.connect(on_click)
    return button


def muted_label(text: str = "", parent: QWidget | None = None) -> QLabel:
    """Secondary text, which can be selected."""
    label = QLabel(text, parent)
    label.setProperty("kind", "muted")
    label.setTextFormat(Qt.TextFormat.PlainText)
    return label
