"""The Tokens panel: what was spent, by tier, ticket or model."""

from functools import partial

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QButtonGroup, QFrame, QHBoxLayout, QHeaderView, QTableView, QVBoxLayout, QWidget

from slop_qt.qt.usage_model import Grouping, UsageModel
from slop_qt.qt.window_context import WindowContext
from slop_qt.widgets.buttons import segment_button
from slop_qt.widgets.empty_state import EmptyState
from slop_qt.widgets.panel import Panel
from slop_qt.widgets.row_table import row_table

__all__ = ["TokensPanel"]

_GROUPINGS: tuple[tuple[Grouping, str], ...] = (("tier", "By tier"), ("ticket", "By ticket"), ("model", "By model"))


class TokensPanel(Panel):
    """Lives in the GUI thread. Hidden, it counts nothing."""

    def __init__(self, context: WindowContext) -> None:
        empty = EmptyState(
            context.theme,
            "tokens",
            "tokens",
            "No tokens spent yet",
            "Every token that a provider reports is counted here, by tier, ticket and model, with its cost.",
        )
        super().__init__(context.theme, "tokens", empty)
        self._context = context
        self._all_runs = True
        self._model = UsageModel(context.bridge, self)
        column = QVBoxLayout(self.content)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self._make_strip())
        column.addWidget(self._make_table(), 1)
        context.bridge.usage_changed.connect(self._refresh)
        context.bridge.runs_changed.connect(self._follow_run)
        context.selection.changed.connect(self._follow_run)
        self._model.hold(True)
        self._refresh()

    def shown(self) -> None:
        self._model.hold(False)

    def hidden(self) -> None:
        self._model.hold(True)

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
        table = row_table(self.theme, "tokens.table", "Tokens and cost", self._model)
        table.setHorizontalScrollMode(QTableView.ScrollMode.ScrollPerPixel)
        header = table.horizontalHeader()
        header.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        header.setDefaultSectionSize(84)
        header.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        header.setMinimumSectionSize(84)
        header.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft)
        return table

    def _refresh(self) -> None:
        self.show_content(any(run.usage for run in self._context.bridge.state.runs.values()))

    def _count_all(self, all_runs: bool) -> None:
        self._all_runs = all_runs
        self._follow_run()

    def _follow_run(self) -> None:
        if self._all_runs:
            self._model.show_run(None)
            return
        run = self._context.selection.run(self._context.bridge.state)
        self._model.show_run(run.run_id if run is not None else "")
