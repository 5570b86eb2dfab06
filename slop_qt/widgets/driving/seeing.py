"""What of a widget a person sees, or could by scrolling."""

from collections.abc import Callable

from PySide6.QtCore import QPoint, QRect
from PySide6.QtWidgets import QScrollArea, QWidget

__all__ = ["can_be_seen", "go_to_what_is_seen", "scroll_area_of", "seen_part"]


def seen_part(widget: QWidget) -> QRect:
    """What of it lies within all that it is in; empty for a panel behind another one, which Qt moves out of the way.

    Not visibleRegion(), which is empty where a child covers everything, as viewports do.
    """
    part, corner, inner = widget.rect(), QPoint(0, 0), widget
    while widget.isVisible() and not inner.isWindow() and (outer := inner.parentWidget()) is not None:
        corner -= inner.pos()
        part = part.intersected(outer.rect().translated(corner))
        inner = outer
    return part if widget.isVisible() else QRect()


def can_be_seen(widget: QWidget) -> bool:
    """Whether it is on the screen, or would be after scrolling; what is in a tab behind another one is not."""
    if not widget.isVisible():
        return False
    if not seen_part(widget).isEmpty():
        return True
    area = scroll_area_of(widget)
    return area is not None and can_be_seen(area)


def scroll_area_of(widget: QWidget) -> QScrollArea | None:
    """The innermost area in which it could be scrolled into view."""
    above = widget.parentWidget()
    while above is not None and not above.isWindow():
        if isinstance(above, QScrollArea):
            return above
        above = above.parentWidget()
    return None


def go_to_what_is_seen(window: QWidget, step: Callable[[], bool]) -> bool:
    """Take steps with the keyboard until it is where a person sees it; False where a step cannot be taken.

    Qt's own step goes into panels in tabs behind others, too: to Qt they are visible, and only moved out of the way.
    """
    passed: set[QWidget | None] = set()
    while (here := window.focusWidget()) not in passed:
        passed.add(here)
        if not step():
            return False
        there = window.focusWidget()
        if there is not None and can_be_seen(there):
            return True
    return True
