"""What models say of their rows and columns beyond the text: roles, and on which side a column's text stands."""

from enum import IntEnum

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, Qt

__all__ = ["AnyIndex", "Role", "column_alignment"]

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


def column_alignment(column: int) -> Qt.AlignmentFlag:
    """A table's first column says what a row is, at the left; the others are numbers, at the right."""
    side = Qt.AlignmentFlag.AlignLeft if column == 0 else Qt.AlignmentFlag.AlignRight
    return side | Qt.AlignmentFlag.AlignVCenter
