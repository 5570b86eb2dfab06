"""Which providers are slowed down, in a few words, and why."""

import math
from collections.abc import Sequence

from PySide6.QtWidgets import QWidget

from slop_qt.core.ports import ThrottleState
from slop_qt.qt.status import Look
from slop_qt.qt.theme import Theme
from slop_qt.qt.words import duration, plural
from slop_qt.widgets.status_chip import StatusChip

__all__ = ["ThrottleChip"]


class ThrottleChip(StatusChip):
    """Shows the throttle that holds requests back the longest, and tells of all. Hidden while there is none.

    Lives in the GUI thread.
    """

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(theme, parent=parent)
        self.setVisible(False)

    def show_states(self, states: Sequence[ThrottleState]) -> None:
        """Show how these stand."""
        slowed = [state for state in states if state.pause_s or state.limit is not None]
        if slowed:
            longest = max(slowed, key=lambda state: state.pause_s)
            more = f", {len(slowed) - 1} more" if len(slowed) > 1 else ""
            self.show_look(Look("pause" if longest.pause_s else "waiting", _word(longest) + more, "waiting"))
            self.setToolTip("\n".join(_explanation(state) for state in slowed))
            self.setAccessibleDescription(self.toolTip())
        self.setVisible(bool(slowed))


def _word(state: ThrottleState) -> str:
    if state.pause_s:
        return f"{state.provider}: waits {duration(math.ceil(state.pause_s))}"
    return f"{state.provider}: slowed, {state.limit} at once"


def _explanation(state: ThrottleState) -> str:
    requests = plural(state.limit or 1, "request")
    return (
        f"{state.reason} All agents on {state.provider} slow down together: {requests} at once, more as answers come. "
        "Nothing is lost: what waits is sent in turn."
    ).strip()
