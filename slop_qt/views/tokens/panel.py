"""The Tokens panel: its pages, and what stands there before anything was sent."""

from functools import partial

from PySide6.QtWidgets import QFrame, QHBoxLayout, QStackedWidget, QToolButton, QVBoxLayout, QWidget

from slop_qt.qt.window_context import WindowContext
from slop_qt.views.tokens.context_page import ContextPage
from slop_qt.views.tokens.ledger_page import LedgerPage
from slop_qt.widgets.buttons import segment_button
from slop_qt.widgets.empty_state import EmptyState
from slop_qt.widgets.panel import Panel

__all__ = ["TokensPanel"]

_PAGES = (("context", "Context"), ("ledger", "Ledger"))
_SETTING = "tokens/page"


class TokensPanel(Panel):
    """Lives in the GUI thread. Hidden, it counts nothing; neither does the page that is not shown."""

    def __init__(self, context: WindowContext) -> None:
        empty = EmptyState(
            context.theme,
            "tokens",
            "tokens",
            "No tokens spent yet",
            "What each agent sends appears here, part by part, and what providers counted for it, with its cost.",
        )
        super().__init__(context.theme, "tokens", empty)
        self._context = context
        self._filled = self._seen = False
        self._context_page = ContextPage(context, self)
        self._ledger = LedgerPage(context)
        self._parts: dict[str, QToolButton] = {}
        self._stack = QStackedWidget()
        for page in (self._context_page, self._ledger):
            self._stack.addWidget(page)
        column = QVBoxLayout(self.content)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self._make_strip())
        column.addWidget(self._stack, 1)
        for signal in (context.bridge.usage_changed, context.bridge.streams_changed):
            signal.connect(self._look)
        remembered = context.settings.value(_SETTING)
        self.show_page("ledger" if remembered == "ledger" else "context")

    @property
    def page(self) -> str:
        """Which of context and ledger is shown."""
        return next(name for name, button in self._parts.items() if button.isChecked())

    def show_page(self, name: str) -> None:
        """Show context or ledger."""
        self._parts[name].setChecked(True)
        self._stack.setCurrentIndex([page for page, _ in _PAGES].index(name))
        self._context_page.tools.setVisible(name == "context")
        self._hold()

    def shown(self) -> None:
        self._seen = True
        self._look()
        self._hold()

    def hidden(self) -> None:
        self._seen = False
        self._hold()

    def _hold(self) -> None:
        page = self.page
        self._context_page.hold(not self._seen or page != "context")
        self._ledger.hold(not self._seen or page != "ledger")

    def _make_strip(self) -> QWidget:
        strip = QFrame()
        strip.setProperty("kind", "strip")
        row = QHBoxLayout(strip)
        row.setContentsMargins(8, 4, 8, 4)
        row.setSpacing(0)
        for name, words in _PAGES:
            self._parts[name] = segment_button(f"tokens.show_{name}", words, partial(self._choose, name))
            row.addWidget(self._parts[name])
        row.addStretch(1)
        row.addWidget(self._context_page.tools)
        return strip

    def _choose(self, name: str) -> None:
        self.show_page(name)
        self._context.settings.setValue(_SETTING, name)

    def _look(self, _what: object = None) -> None:
        """Once there is something to show, there always is."""
        if self._filled or not self._seen:
            return
        runs = self._context.bridge.state.runs.values()
        self._filled = any(run.usage or any(stream.report for stream in run.streams.values()) for run in runs)
        self.show_content(self._filled)
