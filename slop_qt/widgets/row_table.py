"""A table as all panels have it: whole rows, no grid, cells painted by CellDelegate."""

from PySide6.QtCore import QAbstractItemModel
from PySide6.QtWidgets import QTableView

from slop_qt.qt.theme import Theme
from slop_qt.widgets.cell_delegate import CellDelegate
from slop_qt.widgets.row_delegate import ROW_HEIGHT

__all__ = ["row_table"]


def row_table(
    theme: Theme, name: str, spoken: str, model: QAbstractItemModel, table: QTableView | None = None
) -> QTableView:
    """The model's rows under `name`, spoken of as `spoken`; how wide its columns are is the caller's.

    table is what is made so, where that is not to be a plain one.
    """
    table = table if table is not None else QTableView()
    table.setObjectName(name)
    table.setAccessibleName(spoken)
    table.setModel(model)
    table.setItemDelegate(CellDelegate(theme, table))
    table.setShowGrid(False)
    table.setSelectionBehavior(QTableView.SelectionBehavior.SelectRows)
    table.setTabKeyNavigation(False)
    table.verticalHeader().hide()
    table.verticalHeader().setDefaultSectionSize(ROW_HEIGHT)
    table.horizontalHeader().setHighlightSections(False)
    return table
