"""How a widget is reached without a mouse, and what a screen reader calls it."""

from typing import Literal

from PySide6.QtCore import Qt
from PySide6.QtGui import QAccessible
from PySide6.QtWidgets import QAbstractButton, QMenu, QMenuBar, QWidget

__all__ = ["KeyboardWay", "accessible_name", "exclusive_with", "focused_in", "keyboard_way"]

KeyboardWay = Literal["tab", "arrows", "menu"]


def accessible_name(widget: QWidget) -> str:
    """What is read out of it: its accessible name, or the words that stand on it; empty where there is nothing."""
    interface = QAccessible.queryAccessibleInterface(widget)
    return interface.text(QAccessible.Text.Name).replace("&", "") if interface is not None else ""


def keyboard_way(widget: QWidget) -> KeyboardWay | None:
    """How it is reached: by the Tab key, by arrows from a neighbour that is, as a menu; None where it is not at all."""
    if isinstance(widget, QMenuBar | QMenu):
        return "menu"
    if _takes_tab(widget):
        return "tab"
    if isinstance(widget, QAbstractButton) and any(_takes_tab(other) for other in exclusive_with(widget)):
        return "arrows"
    return None


def focused_in(window: QWidget) -> str | None:
    """The name of what has the keyboard in a widget's window; None where nothing has."""
    focused = window.window().focusWidget()
    return focused.objectName() if focused is not None else None


def _takes_tab(widget: QWidget) -> bool:
    return widget.focusPolicy() & Qt.FocusPolicy.TabFocus == Qt.FocusPolicy.TabFocus


def exclusive_with(button: QAbstractButton) -> list[QAbstractButton]:
    """Those of which one is chosen, this one too: Qt lets Tab stop at that one, and arrows go on from there."""
    group = button.group()
    if group is not None:
        return group.buttons() if group.exclusive() else []
    parent = button.parentWidget()
    if parent is None or not button.autoExclusive():
        return []
    others = parent.findChildren(QAbstractButton)
    return [other for other in others if other.autoExclusive() and other.group() is None]
