"""Brings the panel to the front in which something begins: once a run, whoever started it, never later."""

from PySide6.QtCore import QObject

from slop_qt.qt.event_bridge import EventBridge
from slop_qt.qt.selection import Selection

__all__ = ["Attention"]


class Attention(QObject):
    """When the first agent of a run opens its stream, its tier's panel is wanted. Lives in the GUI thread."""

    def __init__(self, bridge: EventBridge, selection: Selection, parent: QObject) -> None:
        super().__init__(parent)
        self._bridge = bridge
        self._selection = selection
        self._begun = set(bridge.state.runs)
        bridge.replaced.connect(self._begin_again)
        bridge.streams_opened.connect(self._opened)

    def _begin_again(self) -> None:
        self._begun = set(self._bridge.state.runs)

    def _opened(self, keys: list[tuple[str, str]]) -> None:
        for run_id, stream_id in keys:
            run = self._bridge.state.runs[run_id]
            if run_id not in self._begun:
                self._begun.add(run_id)
                if not run.ended:
                    self._selection.panel_wanted.emit(f"tier{run.streams[stream_id].tier}")
