"""Where the session's state meets Qt: what a batch of events touched becomes signals."""

from collections.abc import Callable
from datetime import datetime
from typing import Protocol

from PySide6.QtCore import QObject, Signal

from slop_qt.core.events import utc_now
from slop_qt.core.state import Changes, SessionState

__all__ = ["EventBridge", "Feed"]

Listener = Callable[[Changes], None]


class Feed(Protocol):
    """What folds events into the state and says what each batch of them touched (StateFeed, Playback)."""

    @property
    def state(self) -> SessionState:
        """The one state; read only. It may be another object after changes that say `replaced`."""
        ...

    def subscribe(self, listener: Listener) -> None:
        """Call the listener in the GUI thread after each batch."""
        ...

    def unsubscribe(self, listener: Listener) -> None:
        """Call it no more."""
        ...


class EventBridge(QObject):
    """Signals for models and views. Lives in the GUI thread; all signals come in it.

    Attributes:
        now: the moment that the state is of: this one, or the recorded one that is played back.

    Signals, each only when there is something to say:
        replaced: the state is another object, and what was kept of the old one is void; before all others, which then
            follow with all that is in the new one, even where it is nothing.
        runs_changed(set[str]): run ids.
        tickets_changed(set[tuple[str, str]]): (run id, ticket id).
        streams_opened(list[tuple[str, str]]): (run id, stream id), in the order of opening.
        streams_changed(set[tuple[str, str]]): (run id, stream id).
        approvals_changed(set[str]): approval ids.
        usage_changed(set[str]): run ids.
        changed(Changes): all of it, after the others.
    """

    replaced = Signal()
    runs_changed = Signal(object)
    tickets_changed = Signal(object)
    streams_opened = Signal(object)
    streams_changed = Signal(object)
    approvals_changed = Signal(object)
    usage_changed = Signal(object)
    changed = Signal(object)

    def __init__(self, feed: Feed, parent: QObject | None = None, *, now: Callable[[], datetime] = utc_now) -> None:
        super().__init__(parent)
        self._feed = feed
        self.now = now
        feed.subscribe(self._relay)

    @property
    def state(self) -> SessionState:
        """The session's state."""
        return self._feed.state

    def close(self) -> None:
        """Say nothing more."""
        self._feed.unsubscribe(self._relay)

    def _relay(self, changes: Changes) -> None:
        always = changes.replaced
        if always:
            self.replaced.emit()
        if changes.runs or always:
            self.runs_changed.emit(changes.runs)
        if changes.tickets or always:
            self.tickets_changed.emit(changes.tickets)
        if changes.new_streams:
            self.streams_opened.emit(changes.new_streams)
        if changes.streams or always:
            self.streams_changed.emit(changes.streams)
        if changes.approvals or always:
            self.approvals_changed.emit(changes.approvals)
        if changes.usage or always:
            self.usage_changed.emit(changes.usage)
        self.changed.emit(changes)
