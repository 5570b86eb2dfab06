"""What is selected, once for the whole window: a click in one panel is seen in all."""

from PySide6.QtCore import QObject, Signal

from slop_qt.core.state import RunState, SessionState

__all__ = ["Selection"]


class Selection(QObject):
    """The selected track and ticket. Lives in the GUI thread.

    Signals:
        changed: another track or ticket is selected.
        panel_wanted(str): something begins that is to be seen in the panel of that id.
        context_wanted(str, str): somebody wants to choose what goes to the worker of that track's ticket.
    """

    changed = Signal()
    panel_wanted = Signal(str)
    context_wanted = Signal(str, str)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._track_id: str | None = None
        self._ticket_id: str | None = None

    @property
    def track_id(self) -> str | None:
        """The selected track."""
        return self._track_id

    @property
    def ticket_id(self) -> str | None:
        """The selected ticket of that track; None is the whole track."""
        return self._ticket_id

    def select(self, track_id: str | None, ticket_id: str | None = None) -> None:
        """Select a track or one of its tickets."""
        if (track_id, ticket_id) != (self._track_id, self._ticket_id):
            self._track_id, self._ticket_id = track_id, ticket_id
            self.changed.emit()

    def want_context(self) -> None:
        """Ask for the context of the selected ticket, where one is selected."""
        if self._track_id is not None and self._ticket_id is not None:
            self.context_wanted.emit(self._track_id, self._ticket_id)

    def run(self, state: SessionState) -> RunState | None:
        """The selected track's newest run; with no track selected, the newest run of any."""
        for run in reversed(state.runs.values()):
            if run.track_id is not None and self._track_id in {None, run.track_id}:
                return run
        return None
