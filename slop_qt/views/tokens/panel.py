"""The Tokens panel: its pages, and what stands there before anything was spent."""

from PySide6.QtWidgets import QVBoxLayout

from slop_qt.qt.window_context import WindowContext
from slop_qt.views.tokens.ledger_page import LedgerPage
from slop_qt.widgets.empty_state import EmptyState
from slop_qt.widgets.panel import Panel

__all__ = ["TokensPanel"]


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
        self._ledger = LedgerPage(context, self.content)
        column = QVBoxLayout(self.content)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self._ledger, 1)
        context.bridge.usage_changed.connect(self._refresh)
        context.bridge.runs_changed.connect(self._refresh)
        self._refresh()

    def shown(self) -> None:
        self._ledger.hold(False)

    def hidden(self) -> None:
        self._ledger.hold(True)

    def _refresh(self) -> None:
        self.show_content(any(run.usage for run in self._context.bridge.state.runs.values()))
