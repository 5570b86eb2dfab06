"""What stands on a widget, what is chosen in it, and its properties, in words that JSON has."""

from collections.abc import Iterator
from typing import Any

from PySide6.QtCore import QAbstractItemModel, QAbstractListModel, QModelIndex, Qt
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractItemView,
    QAbstractSlider,
    QAbstractSpinBox,
    QComboBox,
    QDateTimeEdit,
    QDoubleSpinBox,
    QGroupBox,
    QLabel,
    QLineEdit,
    QMenu,
    QMenuBar,
    QPlainTextEdit,
    QProgressBar,
    QSpinBox,
    QTabBar,
    QTabWidget,
    QTextEdit,
    QWidget,
)

from slop_qt.core.errors import InvalidInputError, NotFoundError
from slop_qt.widgets.banner import Banner
from slop_qt.widgets.driving.reaching import accessible_name, focused_in, keyboard_way
from slop_qt.widgets.driving.seeing import seen_part
from slop_qt.widgets.notice import Notice
from slop_qt.widgets.status_chip import StatusChip

__all__ = ["cells", "indexes", "read_property", "rows_of", "text_of", "usable_kind", "value_of", "write_property"]

# Characters of a text that stand in the tree; `gui.get` gives all of it.
_SHOWN = 10_000
# Rows that are given at most.
_ROWS = 10_000
_USABLE = (
    QAbstractButton,
    QAbstractItemView,
    QAbstractSpinBox,
    QComboBox,
    QLineEdit,
    QMenu,
    QMenuBar,
    QPlainTextEdit,
    QTabBar,
    QTextEdit,
    QAbstractSlider,
)


def usable_kind(widget: QWidget) -> bool:
    """Whether a person could do something with it."""
    return isinstance(widget, _USABLE) or widget.focusPolicy() & Qt.FocusPolicy.TabFocus == Qt.FocusPolicy.TabFocus


def text_of(widget: QWidget) -> str | None:
    """What stands on it, at most 10,000 characters of it; None where nothing does."""
    text = _text(widget)
    return text if text is None else text[:_SHOWN]


def value_of(widget: QWidget) -> Any:
    """What is set or chosen in it; None where nothing can be."""
    if isinstance(widget, QAbstractButton | QGroupBox):
        return widget.isChecked() if widget.isCheckable() else None
    if isinstance(widget, QDateTimeEdit):
        return widget.dateTime().toString(Qt.DateFormat.ISODate)
    if isinstance(widget, QSpinBox | QDoubleSpinBox | QAbstractSlider | QProgressBar):
        return widget.value()
    if isinstance(widget, QComboBox):
        return widget.currentText()
    if isinstance(widget, QTabBar | QTabWidget):
        return widget.tabText(widget.currentIndex())
    if isinstance(widget, QAbstractItemView):
        index = widget.currentIndex()
        return _display(index) if index.isValid() else None
    if isinstance(widget, QLineEdit):
        return widget.text()[:_SHOWN]
    return None


def rows_of(widget: QWidget) -> list[list[str]]:
    """The rows of a view, of a list of choices or of tabs, as texts; those in a tree with what is below them."""
    if isinstance(widget, QComboBox):
        return [[widget.itemText(at)] for at in range(widget.count())]
    if isinstance(widget, QTabBar | QTabWidget):
        return [[widget.tabText(at)] for at in range(widget.count())]
    if isinstance(widget, QMenu | QMenuBar):
        return [[action.text().replace("&", "")] for action in widget.actions() if not action.isSeparator()]
    if isinstance(widget, QAbstractItemView):
        model = widget.model()
        return [
            [_display(cell) for cell in cells(index)] for index, _ in zip(indexes(model), range(_ROWS), strict=False)
        ]
    raise NotFoundError(f"{widget.objectName()} has no rows.", "Views, combo boxes, tabs and menus have some.")


def indexes(model: QAbstractItemModel, parent: QModelIndex | None = None) -> Iterator[QModelIndex]:
    """The first cell of every row, each before those below it."""
    parent = parent or QModelIndex()
    for row in range(model.rowCount(parent)):
        index = model.index(row, 0, parent)
        yield index
        yield from indexes(model, index)


def cells(first: QModelIndex) -> Iterator[QModelIndex]:
    """The cells of that row."""
    model = first.model()
    # A list has one column, and in Qt nobody may ask it.
    columns = 1 if isinstance(model, QAbstractListModel) else model.columnCount(first.parent())
    for column in range(columns):
        yield first.siblingAtColumn(column)


def read_property(widget: QWidget, name: str) -> Any:
    """A property's value: one of Qt's, or of ours: rows, row, text, value, visible, accessible_name, keyboard, focused.

    Raises:
        NotFoundError: it has none of that name; the hint names those it has.
    """
    if name == "rows":
        return rows_of(widget)
    if name == "row":
        return _row(widget)
    if name == "text":
        return _text(widget)
    if name == "visible":  # a tab behind another one is not, whatever Qt says
        return not seen_part(widget).isEmpty()
    if name == "accessible_name":
        return accessible_name(widget)
    if name == "keyboard":
        return keyboard_way(widget)
    if name == "focused":
        return focused_in(widget)
    if name == "value" and widget.metaObject().indexOfProperty(name) < 0:
        return value_of(widget)
    _require_property(widget, name)
    return _plain(widget.property(name))


def write_property(widget: QWidget, name: str, value: Any) -> Any:
    """Set it, and say what it is then.

    Raises:
        NotFoundError: it has none of that name; the hint names those it has.
        InvalidInputError: it cannot be set, or not to that.
    """
    _require_property(widget, name)
    meta = widget.metaObject().property(widget.metaObject().indexOfProperty(name))
    if not meta.isWritable():
        raise InvalidInputError(f"{name} of {widget.objectName()} can only be read.")
    if not widget.setProperty(name, value):
        kind: Any = meta.typeName()
        raise InvalidInputError(f"{name} of {widget.objectName()} cannot be {value!r}.", f"It is of type {kind}.")
    return _plain(widget.property(name))


def _require_property(widget: QWidget, name: str) -> None:
    meta = widget.metaObject()
    if meta.indexOfProperty(name) < 0:
        known = ", ".join(sorted({str(meta.property(at).name()) for at in range(meta.propertyCount())}))
        raise NotFoundError(
            f"{widget.objectName()} has no property {name}.",
            f"Besides rows, row, accessible_name, keyboard and focused it has: {known}.",
        )


def _text(widget: QWidget) -> str | None:
    if isinstance(widget, QAbstractButton | QLabel | QLineEdit):
        return widget.text()
    if isinstance(widget, QAbstractSpinBox):
        return widget.text()
    if isinstance(widget, QComboBox):
        return widget.currentText()
    if isinstance(widget, QPlainTextEdit | QTextEdit):
        return widget.toPlainText()
    if isinstance(widget, QGroupBox | QMenu):
        return widget.title()
    if isinstance(widget, QProgressBar):
        return widget.text()
    if isinstance(widget, Banner | Notice | StatusChip):
        return widget.words or None
    return widget.windowTitle() or None


def _row(widget: QWidget) -> int | None:
    if isinstance(widget, QComboBox | QTabBar | QTabWidget):
        return widget.currentIndex() if widget.currentIndex() >= 0 else None
    if isinstance(widget, QAbstractItemView):
        index = widget.currentIndex()
        return index.row() if index.isValid() else None
    raise NotFoundError(f"{widget.objectName()} has no rows.", "Views, combo boxes and tabs have some.")


def _display(index: QModelIndex) -> str:
    value = index.data(Qt.ItemDataRole.DisplayRole)
    return "" if value is None else str(value)


def _plain(value: Any) -> Any:
    """What JSON has a word for as it is, everything else as text."""
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    return str(value)
