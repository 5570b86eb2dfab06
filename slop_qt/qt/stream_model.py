"""The agents of one tier as a list: who works, on what, and how it ended."""

from PySide6.QtCore import QAbstractListModel, QModelIndex, QObject, Qt

from slop_qt.core.stream_state import StreamState
from slop_qt.qt.event_bridge import EventBridge
from slop_qt.qt.roles import AnyIndex, Role
from slop_qt.qt.status import Look, stream_look

__all__ = ["StreamModel"]

_ROOT = QModelIndex()
_Key = tuple[str, str]  # run id, stream id


class StreamModel(QAbstractListModel):
    """The streams of a tier in the order in which they were opened. Lives in the GUI thread.

    The text of a stream is not in it: that a stream grows changes no row.
    """

    def __init__(self, tier: int, bridge: EventBridge, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._tier = tier
        self._bridge = bridge
        self._rows: list[StreamState] = []
        self._looks: list[Look] = []
        self._row_of: dict[_Key, int] = {}
        for stream in bridge.state.streams():
            self._take(stream)
        bridge.replaced.connect(self._reset)
        bridge.streams_opened.connect(self._opened)
        bridge.streams_changed.connect(self._changed)

    def stream(self, row: int) -> StreamState | None:
        """The stream in that row."""
        return self._rows[row] if 0 <= row < len(self._rows) else None

    def row_of(self, run_id: str, stream_id: str) -> int:
        """The row of that stream, or -1."""
        return self._row_of.get((run_id, stream_id), -1)

    def running(self) -> list[StreamState]:
        """Those that are not closed."""
        return [stream for stream in self._rows if not stream.closed]

    def _reset(self) -> None:
        self.beginResetModel()
        self._rows, self._looks, self._row_of = [], [], {}
        for stream in self._bridge.state.streams():
            self._take(stream)
        self.endResetModel()

    def _take(self, stream: StreamState) -> None:
        if stream.tier == self._tier and (stream.run_id, stream.stream_id) not in self._row_of:
            self._row_of[stream.run_id, stream.stream_id] = len(self._rows)
            self._rows.append(stream)
            self._looks.append(stream_look(stream))

    def _opened(self, keys: list[_Key]) -> None:
        state = self._bridge.state
        found = [state.runs[run_id].streams[stream_id] for run_id, stream_id in keys]
        known: set[_Key] = set()
        new: list[StreamState] = []
        for stream in found:
            key = (stream.run_id, stream.stream_id)
            if stream.tier == self._tier and key not in self._row_of and key not in known:
                known.add(key)
                new.append(stream)
        if new:
            self.beginInsertRows(_ROOT, len(self._rows), len(self._rows) + len(new) - 1)
            for stream in new:
                self._take(stream)
            self.endInsertRows()

    def _changed(self, keys: set[_Key]) -> None:
        for key in keys:
            row = self._row_of.get(key)
            if row is None:
                continue
            stream = self._bridge.state.runs[key[0]].streams[key[1]]
            look = stream_look(stream)
            if look != self._looks[row] or stream is not self._rows[row]:
                self._rows[row], self._looks[row] = stream, look
                self.dataChanged.emit(self.index(row), self.index(row))

    def rowCount(self, parent: AnyIndex = _ROOT) -> int:
        return 0 if parent.isValid() else len(self._rows)

    def data(self, index: AnyIndex, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        if not index.isValid() or index.row() >= len(self._rows):
            return None
        stream, look = self._rows[index.row()], self._looks[index.row()]
        if role == Qt.ItemDataRole.DisplayRole:
            return self._title(stream)
        if role == Role.LOOK:
            return look
        if role == Role.TRAILING:
            return look.word
        if role == Role.ID:
            return stream.stream_id
        if role == Role.VALUE:
            return stream
        if role in {Qt.ItemDataRole.ToolTipRole, Qt.ItemDataRole.AccessibleTextRole}:
            error = f"\n{stream.error}" if stream.error else ""
            return f"{stream.stream_id}\n{look.word}, {stream.provider}: {stream.model}{error}"
        return None

    def _title(self, stream: StreamState) -> str:
        run = self._bridge.state.runs.get(stream.run_id)
        if stream.ticket_id is None:
            return run.title if run is not None and run.title else stream.stream_id
        attempt = f" #{stream.attempt}" if stream.attempt > 1 or stream.tier == 4 else ""
        ticket = run.tickets.get(stream.ticket_id) if run is not None else None
        return f"{stream.ticket_id}{attempt}  {ticket.title}" if ticket is not None else f"{stream.ticket_id}{attempt}"
