"""The ledger: what was spent, by tier, ticket or model."""

from functools import partial

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QButtonGroup, QFrame, QHBoxLayout, QHeaderView, QTableView, QVBoxLayout, QWidget

from slop_qt.qt.usage_model import Grouping, UsageModel
from slop_qt.qt.window_context import WindowContext
from slop_qt.widgets.buttons import segment_button
from slop_qt.widgets.row_table import row_table

__all__ = ["LedgerPage"]

_GROUPINGS: tuple[tuple[Grouping, str], ...] = (("tier", "By tier"), ("ticket", "By ticket"), ("model", "By model"))


class LedgerPage(QWidget):
    """Lives in the GUI thread. Held, it counts nothing."""

    def __init__(self, context: WindowContext, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("tokens.ledger")
        self._context = context
        self._all_runs = True
        self._model = UsageModel(context.bridge, self)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self._make_strip())
        column.addWidget(self._make_table(), 1)
        context.bridge.runs_changed.connect(self._follow_run)
        context.selection.changed.connect(self._follow_run)
        self.hold(True)

    def hold(self, held: bool) -> None:
        """Leave everything as it is while nobody sees it."""
        self._model.hold(held)

    def _make_strip(self) -> QWidget:
        strip = QFrame()
        strip.setProperty("kind", "strip")
        row = QHBoxLayout(strip)
        row.setContentsMargins(8, 4, 8, 4)
        row.setSpacing(0)
        groups = QButtonGroup(strip)
        for grouping, words in _GROUPINGS:
            button = segment_button(f"tokens.by_{grouping}", words, partial(self._model.group_by, grouping))
            button.setChecked(grouping == "tier")
            groups.addButton(button)
            row.addWidget(button)
        row.addSpacing(16)
        scopes = QButtonGroup(strip)
        for all_runs, words in ((True, "All runs"), (False, "Selected run")):
            name = "tokens.all_runs" if all_runs else "tokens.selected_run"
            button = segment_button(name, words, partial(self._count_all, all_runs))
            button.setChecked(all_runs)
            scopes.addButton(button)
            row.addWidget(button)
        row.addStretch(1)
        return strip

    def _make_table(self) -> QTableView:
        table = row_table(self._context.theme, "tokens.table", "Tokens and cost", self._model)
        table.setHorizontalScrollMode(QTableView.ScrollMode.ScrollPerPixel)
        header = table.horizontalHeader()
        header.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        header.setDefaultSectionSize(84)
        header.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        header.setMinimumSectionSize(84)
        header.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft)
        return table

    def _count_all(self, all_runs: bool) -> None:
        self._all_runs = all_runs
        self._follow_run()

    def _follow_run(self) -> None:
        if self._all_runs:
            self._model.show_run(None)
            return
        run = self._context.selection.run(self._context.bridge.state)
        self._model.show_run(run.run_id if run is not None else "")
