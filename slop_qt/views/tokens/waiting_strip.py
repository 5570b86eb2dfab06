"""Says that the budget keeps a run from going on, and offers to raise it or to stop."""

from collections.abc import Callable, Mapping

from PySide6.QtWidgets import QBoxLayout, QFrame, QHBoxLayout

from slop_qt.qt.status import Look
from slop_qt.qt.theme import Theme
from slop_qt.qt.words import plural
from slop_qt.widgets.buttons import push_button
from slop_qt.widgets.notice import Notice

__all__ = ["WaitingStrip"]

_WAITS = Look("waiting", "Budget", "waiting")


class WaitingStrip(QFrame):
    """Hidden while nothing waits for the budget; `row` lays it out. Lives in the GUI thread."""

    def __init__(self, theme: Theme, on_raise: Callable[[], None], on_stop: Callable[[], None]) -> None:
        super().__init__()
        self.setObjectName("tokens.waiting")
        self.setProperty("kind", "banner")
        self.setProperty("tone", "waiting")
        self._notice = Notice(theme, "tokens.waiting.reason")
        buttons = QHBoxLayout()
        buttons.setSpacing(8)
        buttons.addStretch(1)
        buttons.addWidget(push_button("tokens.raise", "Raise limit…", on_raise, kind="primary"))
        buttons.addWidget(push_button("tokens.stop", "Stop the run", on_stop))
        self.row = QBoxLayout(QBoxLayout.Direction.LeftToRight, self)
        self.row.setContentsMargins(12, 4, 8, 4)
        self.row.setSpacing(8)
        self.row.addWidget(self._notice, 1)
        self.row.addLayout(buttons)
        self.hide()

    def show_waiting(self, waiting: Mapping[str, str] | None) -> None:
        """What waits, with the reason; empty: the run as a whole; None: nothing does."""
        self.setVisible(waiting is not None)
        if waiting:
            name, reason = next(iter(waiting.items()))
            others = f"{plural(len(waiting) - 1, 'other')} {'waits' if len(waiting) == 2 else 'wait'} too."
            self._notice.say(_WAITS, f"{name}: {reason}", others if len(waiting) > 1 else "")
            self._notice.setToolTip("\n".join(f"{each}: {why}" for each, why in waiting.items()))
        elif waiting is not None:
            self._notice.say(_WAITS, "The run is paused, and its budget is used up.")
            self._notice.setToolTip("")
