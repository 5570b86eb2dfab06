"""Finds widgets by object name, and says what stands in a window."""

import difflib
from collections.abc import Iterator

from PySide6.QtCore import QPoint, QRect
from PySide6.QtGui import QAction
from PySide6.QtWidgets import (
    QAbstractScrollArea,
    QAbstractSpinBox,
    QApplication,
    QComboBox,
    QDockWidget,
    QHeaderView,
    QLineEdit,
    QMenu,
    QMenuBar,
    QScrollBar,
    QTabBar,
    QWidget,
)
from shiboken6 import isValid

from slop_qt.core.errors import NotFoundError, NotPossibleError
from slop_qt.mma.gui_shapes import Geometry, GuiWidget
from slop_qt.widgets.driving.reading import text_of, usable_kind, value_of
from slop_qt.widgets.driving.seeing import can_be_seen, scroll_area_of, seen_part

__all__ = ["action_named", "is_named", "is_part", "main_window", "require_reachable", "tree", "widget_named", "windows"]


def windows() -> list[QWidget]:
    """The windows that are shown, the main window first."""
    shown = [each for each in QApplication.topLevelWidgets() if isValid(each) and each.isVisible()]
    return sorted(shown, key=lambda each: each.objectName() != "window")


def main_window() -> QWidget:
    """The main window. Raises NotPossibleError where there is none (any more)."""
    found = next((each for each in QApplication.topLevelWidgets() if each.objectName() == "window"), None)
    if found is None:
        raise NotPossibleError("There is no window.")
    return found


def widget_named(name: str) -> QWidget:
    """The widget of that name: of several the one that can be used, in the window that is in front.

    Raises:
        NotFoundError: there is none; it names those that are called much alike.
    """
    found = [each for each in QApplication.allWidgets() if isValid(each) and each.objectName() == name]
    if not found:
        raise _no_such(name, {each.objectName() for each in QApplication.allWidgets() if is_named(each)}, "widget")
    active = QApplication.activeWindow()
    return max(found, key=lambda each: (can_be_seen(each), each.isEnabled(), each.window() is active))


def action_named(name: str) -> QAction:
    """The action of that name, in any window's menus.

    Raises:
        NotFoundError: there is none; it names those that are called much alike.
    """
    actions = [action for window in QApplication.topLevelWidgets() for action in window.findChildren(QAction)]
    found = [action for action in actions if action.objectName() == name]
    if not found:
        raise _no_such(name, {action.objectName() for action in actions if action.objectName()}, "action")
    return max(found, key=lambda action: action.isEnabled())


def require_reachable(widget: QWidget) -> None:
    """Scroll it into view.

    Raises:
        NotPossibleError: a person could not use it now, and why.
    """
    name = widget.objectName()
    if not can_be_seen(widget):
        raise NotPossibleError(f"{name} is hidden.", _how_to_show(widget))
    if not widget.isEnabled():
        raise NotPossibleError(f"{name} is disabled.", widget.toolTip())
    popup = QApplication.activePopupWidget()
    if popup is not None and not _within(widget, popup):
        raise NotPossibleError(f"{name} is behind {_name(popup)}, which is open.", "Close that first, with Escape.")
    modal = QApplication.activeModalWidget()
    if modal is not None and not _within(widget, modal) and popup is None:
        raise NotPossibleError(f"{name} waits for the dialog {_name(modal)}.", "Answer or close that first.")
    area = scroll_area_of(widget)
    while area is not None:
        area.ensureWidgetVisible(widget)
        area = scroll_area_of(area)


def tree(root: QWidget) -> GuiWidget:
    """The widget and all those in it that have a name or can be used."""
    return _described(root)


def is_named(widget: QWidget) -> bool:
    """Whether it has a name of ours; Qt's own parts of widgets have names of Qt's."""
    return bool(widget.objectName()) and not widget.objectName().startswith("qt_")


def _described(widget: QWidget) -> GuiWidget:
    corner = widget.pos() if widget.isWindow() else widget.mapTo(widget.window(), QPoint(0, 0))
    place = QRect(corner, widget.size())
    return GuiWidget(
        name=widget.objectName() if is_named(widget) else "",
        kind=type(widget).__name__,
        text=text_of(widget),
        value=value_of(widget),
        enabled=widget.isEnabled(),
        visible=can_be_seen(widget),
        geometry=Geometry(x=place.x(), y=place.y(), width=place.width(), height=place.height()),
        children=tuple(_children(widget)),
    )


def _children(widget: QWidget) -> Iterator[GuiWidget]:
    """Those in it, and in place of one without a name and a use those in that."""
    for child in widget.children():
        if not isinstance(child, QWidget) or is_part(child) or (child.isWindow() and not child.isVisible()):
            continue
        if is_named(child) or usable_kind(child):
            yield _described(child)
        else:
            yield from _children(child)


def is_part(widget: QWidget) -> bool:
    """Whether Qt has made it as a part of the widget that it is in."""
    parent = widget.parentWidget()
    if isinstance(widget, QMenu):  # of what finds no room in a bar
        return isinstance(parent, QMenuBar) and not is_named(widget)
    if isinstance(widget, QScrollBar):
        return isinstance(parent, QAbstractScrollArea) or (
            parent is not None and isinstance(parent.parentWidget(), QAbstractScrollArea)
        )
    if isinstance(widget, QHeaderView):
        return True
    if isinstance(parent, QTabBar | QLineEdit | QAbstractSpinBox | QComboBox):
        return True
    return widget.objectName().startswith("qt_") and usable_kind(widget)


def _how_to_show(widget: QWidget) -> str:
    above: QWidget | None = widget
    while above is not None:
        if isinstance(above, QDockWidget):
            return _how_to_raise(above)
        above = above.parentWidget()
    return ""


def _how_to_raise(dock: QDockWidget) -> str:
    """The panel may be closed, or stand behind another one."""
    title = dock.windowTitle()
    if not seen_part(dock).isEmpty():
        return ""
    if not dock.isVisible():
        return f"The panel {title} is closed: gui.action {dock.toggleViewAction().objectName()} opens it."
    for bar in dock.window().findChildren(QTabBar):
        if title in (bar.tabText(at) for at in range(bar.count())):
            return f"It is in a tab behind another one: gui.select {bar.objectName()} {title} shows it."
    return ""


def _within(widget: QWidget, other: QWidget) -> bool:
    """Whether it is in the other one, or in a window that belongs to it."""
    above: QWidget | None = widget
    while above is not None:
        if above is other:
            return True
        above = above.parentWidget()
    return False


def _name(widget: QWidget) -> str:
    return widget.objectName() or widget.windowTitle() or type(widget).__name__


def _no_such(name: str, known: set[str], what: str) -> NotFoundError:
    close = difflib.get_close_matches(name, sorted(known), n=8, cutoff=0.5)
    hint = f"Much alike: {', '.join(close)}." if close else "gui.tree has all names."
    return NotFoundError(f"There is no {what} {name}.", hint)
