"""The roles under which models offer what rows are painted from."""

from enum import IntEnum

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, Qt

__all__ = ["AnyIndex", "Role"]

AnyIndex = QModelIndex | QPersistentModelIndex


class Role(IntEnum):
    """ID: the row's own id. LOOK: a status.Look. TRAILING: short text at the row's end. FRACTION: progress, 0 to 1.

    STRONG: whether the text is set in a heavier weight. VALUE: the object that the row stands for.
    """

    ID = Qt.ItemDataRole.UserRole + 1
    LOOK = Qt.ItemDataRole.UserRole + 2
    TRAILING = Qt.ItemDataRole.UserRole + 3
    FRACTION = Qt.ItemDataRole.UserRole + 4
    STRONG = Qt.ItemDataRole.UserRole + 5
    VALUE = Qt.ItemDataRole.UserRole + 6
