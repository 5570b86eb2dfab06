"""Walks through a window as somebody without a mouse, or without eyes, does: by the Tab key and by what is read out."""

from collections.abc import Iterator

from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QAbstractButton, QApplication, QFileDialog, QWidget

from slop_qt.widgets.driving.finding import is_named, is_part
from slop_qt.widgets.driving.reaching import accessible_name, exclusive_with, keyboard_way
from slop_qt.widgets.driving.reading import usable_kind
from slop_qt.widgets.driving.seeing import can_be_seen

__all__ = ["names", "not_met", "not_met_by_arrows", "press", "stops", "unspoken_or_unreachable", "usable"]

# A walk comes round again long before.
_MOST_STOPS = 500


def usable(root: QWidget) -> Iterator[QWidget]:
    """Every widget below that a person could use, shown or not; of Qt's own file dialogs, the dialog alone."""
    for child in root.children():
        if not isinstance(child, QWidget) or is_part(child) or isinstance(child, QFileDialog):
            continue
        if usable_kind(child):
            yield child
        yield from usable(child)


def names(root: QWidget) -> list[str]:
    """The names of all of them, sorted."""
    return sorted(widget.objectName() for widget in usable(root))


def unspoken_or_unreachable(root: QWidget) -> list[str]:
    """What is wrong with the widgets below, each with what it lacks. What is not shown may have no words yet."""
    wrong = []
    for widget in usable(root):
        lacks = []
        if not is_named(widget):
            lacks.append("a name")
        if not accessible_name(widget) and can_be_seen(widget):
            lacks.append("an accessible name")
        if keyboard_way(widget) is None:
            lacks.append("a way by keyboard")
        if lacks:
            place = widget.parentWidget().objectName() or type(widget.parentWidget()).__name__
            wrong.append(f"{type(widget).__name__} {widget.objectName()!r} in {place} lacks {' and '.join(lacks)}")
    return wrong


def press(key: Qt.Key, modifiers: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier) -> None:
    """A key, to whatever has the keyboard."""
    target = QApplication.focusWidget()
    assert target is not None, "nothing has the keyboard"
    for kind in (QEvent.Type.KeyPress, QEvent.Type.KeyRelease):
        QApplication.sendEvent(target, QKeyEvent(kind, key, modifiers))


def stops(window: QWidget) -> list[QWidget]:
    """Where the Tab key stops on its way once round the window, in order.

    Where it does not get on, as in an editor that takes the key, Ctrl+Tab is pressed: it must go on then.
    """
    first = QApplication.focusWidget()
    assert first is not None and first.window() is window, "the keyboard is in the window"
    met: list[QWidget] = []
    here = first
    while len(met) < _MOST_STOPS:
        met.append(here)
        press(Qt.Key.Key_Tab)
        if QApplication.focusWidget() is here:
            press(Qt.Key.Key_Tab, Qt.KeyboardModifier.ControlModifier)
        there = QApplication.focusWidget()
        if there in met and (there is not here or len(met) == 1):
            break
        assert there is not None and there is not here, f"Tab does not leave {here.objectName()}"
        here = there
    return met


def not_met(window: QWidget, met: set[QWidget]) -> list[str]:
    """The widgets of the window that can be used now, and that the keyboard does not come to."""
    return [
        widget.objectName()
        for widget in usable(window)
        if can_be_seen(widget)
        and widget.isEnabled()
        and widget.window() is window
        and keyboard_way(widget) != "menu"
        and not _is_met(widget, met)
    ]


def _is_met(widget: QWidget, met: set[QWidget]) -> bool:
    if widget in met or widget.focusProxy() in met:
        return True
    return isinstance(widget, QAbstractButton) and any(other in met for other in exclusive_with(widget))


def not_met_by_arrows(met: list[QWidget]) -> list[str]:
    """Choices beside those where Tab stops that the arrow keys do not come to. The last of each is chosen then."""
    lost = []
    for stop in met:
        choices = _choices(stop)
        if len(choices) > 1:
            stop.setFocus(Qt.FocusReason.TabFocusReason)
            passed = {stop}
            for key in (Qt.Key.Key_Left, Qt.Key.Key_Right):
                for _ in choices:
                    press(key)
                    focus = QApplication.focusWidget()
                    assert focus is not None
                    passed.add(focus)
            lost += [choice.objectName() for choice in choices if choice not in passed]
    return lost


def _choices(stop: QWidget) -> list[QAbstractButton]:
    if not isinstance(stop, QAbstractButton):
        return []
    return [each for each in exclusive_with(stop) if can_be_seen(each) and each.isEnabled()]
