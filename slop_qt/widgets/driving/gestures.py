"""Clicks, keys and choices as real input events. Each is done in a turn of the loop of its own (see `hand`)."""

from typing import Any, Protocol, runtime_checkable

from PySide6.QtCore import QEvent, QModelIndex, QPoint, Qt
from PySide6.QtGui import QAction, QKeyEvent, QKeySequence
from PySide6.QtWidgets import (
    QAbstractItemView,
    QApplication,
    QCheckBox,
    QComboBox,
    QMenu,
    QMenuBar,
    QRadioButton,
    QStyle,
    QStyleOptionButton,
    QTabBar,
    QTabWidget,
    QTreeView,
    QWidget,
)

from slop_qt.core.errors import InvalidInputError, NotFoundError, NotPossibleError
from slop_qt.mma.gui_shapes import SelectIn
from slop_qt.widgets.driving.finding import require_reachable
from slop_qt.widgets.driving.reading import cells, indexes, rows_of
from slop_qt.widgets.driving.seeing import seen_part

__all__ = ["Places", "click", "focus", "key_combinations", "press", "select", "trigger", "typed"]


@runtime_checkable
class Places(Protocol):
    """A painted widget that has something at places of its own, as the graph has cards."""

    def place_of(self, text: str) -> QPoint | None:
        """The middle of what is called so, scrolled into view; None where nothing is."""
        ...


def click(widget: QWidget) -> None:
    """Press and let go of the left button in its middle, or where it is sensitive.

    Raises:
        NotPossibleError: a person could not: it is hidden, disabled or covered.
    """
    require_reachable(widget)
    _click_at(widget, _middle(widget))


def select(widget: QWidget, choice: SelectIn) -> None:
    """Click the row, tab, menu entry or card.

    Raises:
        NotFoundError: there is no such row; the hint names those there are.
        NotPossibleError: a person could not.
    """
    require_reachable(widget)
    if isinstance(widget, QTabWidget):
        widget = widget.tabBar()
    if isinstance(widget, QComboBox):
        _select_in_combo_box(widget, choice)
    elif isinstance(widget, QTabBar):
        _select_tab(widget, choice)
    elif isinstance(widget, QMenu | QMenuBar):
        _select_entry(widget, choice)
    elif isinstance(widget, QAbstractItemView):
        _select_row(widget, choice)
    elif isinstance(widget, Places) and choice.text is not None:
        _select_place(widget, choice.text)
    else:
        raise NotPossibleError(f"There is nothing to choose from in {widget.objectName()}.", "gui.click clicks it.")


def focus(widget: QWidget) -> QWidget:
    """Go there with the keyboard. Returns what the keys go to: the widget, or what has the keyboard in it.

    Raises:
        NotPossibleError: a person could not.
    """
    require_reachable(widget)
    widget.window().activateWindow()
    inside = QApplication.focusWidget()
    if inside is None or not (inside is widget or widget.isAncestorOf(inside)):
        widget.setFocus(Qt.FocusReason.OtherFocusReason)
    inside = QApplication.focusWidget() or widget.window().focusWidget()
    return inside if inside is not None and widget.isAncestorOf(inside) else widget


def key_combinations(keys: str) -> list[tuple[Qt.Key, Qt.KeyboardModifier]]:
    """What is to be pressed, one after another.

    Raises:
        InvalidInputError: it is not how menus write keys.
    """
    combinations = []
    for part in keys.split(", "):
        sequence: Any = QKeySequence.fromString(part, QKeySequence.SequenceFormat.PortableText)
        if sequence.count() != 1 or sequence[0].key() == Qt.Key.Key_unknown:
            raise InvalidInputError(f"{part!r} is no key.", "Keys are written as in menus: Ctrl+Return, Escape, F6.")
        combinations.append((sequence[0].key(), sequence[0].keyboardModifiers()))
    return combinations


def press(widget: QWidget, key: Qt.Key, modifiers: Qt.KeyboardModifier) -> None:
    """Press and let go of a key; shortcuts of menus hear it too."""
    from PySide6.QtTest import QTest

    QTest.keyClick(focus(widget), key, modifiers)


def typed(widget: QWidget, text: str) -> None:
    """Type it, character by character."""
    from PySide6.QtTest import QTest

    target = focus(widget)
    for character in text:
        if character == "\n":
            QTest.keyClick(target, Qt.Key.Key_Return)
        elif character.isascii() and character.isprintable():
            QTest.keyClicks(target, character)
        else:  # QTest knows Latin letters only
            for kind in (QEvent.Type.KeyPress, QEvent.Type.KeyRelease):
                event = QKeyEvent(kind, Qt.Key.Key_unknown, Qt.KeyboardModifier.NoModifier, character)
                QApplication.sendEvent(target, event)


def trigger(action: QAction) -> None:
    """What choosing it in its menu does.

    Raises:
        NotPossibleError: it is disabled.
    """
    if not action.isEnabled():
        raise NotPossibleError(f"{action.objectName()} is disabled.", action.toolTip())
    modal = QApplication.activeModalWidget()
    if modal is not None and action.parent() is not modal:
        name = modal.objectName() or modal.windowTitle()
        raise NotPossibleError(f"{action.objectName()} waits for the dialog {name}.", "Answer or close that first.")
    action.trigger()


def _select_in_combo_box(box: QComboBox, choice: SelectIn) -> None:
    from PySide6.QtTest import QTest

    row = _row(box, choice)
    box.setFocus(Qt.FocusReason.MouseFocusReason)
    _click_at(box, _middle(box))
    view = box.view()
    if not view.isVisible():  # a style may open it elsewhere, or not at all
        box.showPopup()
    index = view.model().index(row, box.modelColumn(), view.rootIndex())
    view.setCurrentIndex(index)
    QTest.keyClick(view, Qt.Key.Key_Return)  # a click so soon after the one that opened it is not heard


def _select_tab(bar: QTabBar, choice: SelectIn) -> None:
    row = _row(bar, choice)
    if not bar.isTabEnabled(row):
        raise NotPossibleError(f"The tab {bar.tabText(row)} is disabled.", bar.tabToolTip(row))
    place = bar.tabRect(row).center()
    if not bar.rect().contains(place):  # scrolled out of the bar
        bar.setCurrentIndex(row)
        return
    _click_at(bar, place)


def _select_entry(menu: QMenu | QMenuBar, choice: SelectIn) -> None:
    entries = [action for action in menu.actions() if not action.isSeparator() and action.isVisible()]
    action = entries[_row(menu, choice)]
    if not action.isEnabled():
        raise NotPossibleError(f"{action.text().replace('&', '')} is disabled.", action.toolTip())
    _click_at(menu, menu.actionGeometry(action).center(), anywhere=True)


def _select_row(view: QAbstractItemView, choice: SelectIn) -> None:
    index = _index(view, choice)
    above = index.parent()
    while isinstance(view, QTreeView) and above.isValid():
        view.expand(above)
        above = above.parent()
    view.scrollTo(index)
    rectangle = view.visualRect(index)
    if rectangle.isEmpty():
        raise NotPossibleError(f"The row is not shown in {view.objectName()}.")
    seen = rectangle.intersected(view.viewport().rect())
    _click_at(view.viewport(), (seen if not seen.isEmpty() else rectangle).center())


def _select_place(widget: QWidget, text: str) -> None:
    assert isinstance(widget, Places)
    place = widget.place_of(text)
    if place is None:
        raise NotFoundError(f"There is no {text} in {widget.objectName()}.")
    viewport = getattr(widget, "viewport", None)
    _click_at(viewport() if viewport is not None else widget, place)


def _row(widget: QWidget, choice: SelectIn) -> int:
    texts = [row[0].removeprefix("&") for row in rows_of(widget)]
    if choice.row is not None:
        if choice.row >= len(texts):
            raise NotFoundError(f"{widget.objectName()} has no row {choice.row}.", f"It has {len(texts)}.")
        return choice.row
    if choice.text not in texts:
        raise NotFoundError(f"There is no {choice.text!r} in {widget.objectName()}.", _named(texts))
    return texts.index(choice.text)


def _index(view: QAbstractItemView, choice: SelectIn) -> QModelIndex:
    """The cell that is meant: in a tree, rows are counted as they would all stand below each other."""
    for row, index in enumerate(indexes(view.model())):
        if choice.row == row:
            return index
        if choice.text is not None:
            for cell in cells(index):
                if cell.data(Qt.ItemDataRole.DisplayRole) == choice.text and not view.isIndexHidden(cell):
                    return cell
    wanted = repr(choice.text) if choice.text is not None else f"row {choice.row}"
    raise NotFoundError(f"There is no {wanted} in {view.objectName()}.", _named([row[0] for row in rows_of(view)]))


def _named(texts: list[str]) -> str:
    more = f" and {len(texts) - 10} more" if len(texts) > 10 else ""
    return f"There are: {', '.join(texts[:10])}{more}." if texts else "It is empty."


def _middle(widget: QWidget) -> QPoint:
    """Where a click does something: boxes are sensitive at their words only."""
    if isinstance(widget, QCheckBox | QRadioButton):
        option = QStyleOptionButton()
        widget.initStyleOption(option)
        radio = QStyle.SubElement.SE_RadioButtonClickRect
        part = radio if isinstance(widget, QRadioButton) else QStyle.SubElement.SE_CheckBoxClickRect
        return widget.style().subElementRect(part, option, widget).center()
    return seen_part(widget).center()


def _click_at(widget: QWidget, place: QPoint, *, anywhere: bool = False) -> None:
    """Click what stands at that place; anywhere leaves out whether something covers it, as for what has just opened."""
    from PySide6.QtTest import QTest

    if anywhere:
        QTest.mouseClick(widget, Qt.MouseButton.LeftButton, pos=place)
        return
    window = widget.window()
    there = window.childAt(widget.mapTo(window, place)) or window
    if there is not widget and not widget.isAncestorOf(there):
        name = there.objectName() or type(there).__name__
        raise NotPossibleError(f"{widget.objectName()} is covered by {name}.")
    QTest.mouseClick(there, Qt.MouseButton.LeftButton, pos=there.mapFrom(widget, place))
