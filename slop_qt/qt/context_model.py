"""The streams whose requests can be looked at: how full each is, and where its cache stands."""

from dataclasses import dataclass
from datetime import datetime

from PySide6.QtCore import QAbstractListModel, QModelIndex, QObject, Qt, QTimer, Signal

from slop_qt.core.context import ContextReport
from slop_qt.core.state import RunState
from slop_qt.core.stream_state import StreamState
from slop_qt.core.usage import Usage
from slop_qt.qt.context_words import size_of
from slop_qt.qt.event_bridge import EventBridge
from slop_qt.qt.part_looks import cache_look
from slop_qt.qt.roles import AnyIndex, Role
from slop_qt.qt.selection import Selection
from slop_qt.qt.status import Look, stream_look
from slop_qt.qt.throttle import Throttle

__all__ = ["ContextModel", "ContextRow"]

_ROOT = QModelIndex()
_REFRESH_MS = 250
_Key = tuple[str, str]  # run id, stream id


@dataclass(frozen=True, slots=True, eq=False)
class ContextRow:
    """A stream as it was when its row was last refreshed. cache is None before its first request."""

    stream: StreamState
    name: str
    closed: bool
    report: ContextReport | None
    reasons: tuple[str, ...]
    usage: Usage | None
    cache: Look | None

    @property
    def key(self) -> _Key:
        """Run id and stream id."""
        return self.stream.run_id, self.stream.stream_id

    def same_as(self, other: "ContextRow") -> bool:
        """Whether nothing differs. What events brought is compared by identity: it is never changed in place."""
        return (
            (self.name, self.closed, self.cache) == (other.name, other.closed, other.cache)
            and self.stream is other.stream
            and self.report is other.report
            and self.reasons is other.reasons
            and self.usage is other.usage
        )


class ContextModel(QAbstractListModel):
    """All open streams, the newest first, then those of the selected run that have ended. Lives in the GUI thread.

    Refreshed at most four times a second, and at the moment at which a cache expires; only rows that differ are told
    of. While held it looks at nothing.

    Signals:
        arranged: rows came, went or moved, and all of that is done.
    """

    arranged = Signal()

    def __init__(self, bridge: EventBridge, selection: Selection, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._bridge = bridge
        self._selection = selection
        self._rows: list[ContextRow] = []
        self._row_of: dict[_Key, int] = {}
        self._dirty: set[_Key] = set()
        self._rearrange = True
        self._held = False
        self._throttle = Throttle(self.refresh, _REFRESH_MS, self)
        self._expiry = QTimer(self)
        self._expiry.setSingleShot(True)
        self._expiry.timeout.connect(self._expired)
        bridge.streams_changed.connect(self._streams_changed)
        bridge.streams_opened.connect(self._order_changed)
        bridge.runs_changed.connect(self._order_changed)
        selection.changed.connect(self._order_changed)
        self.refresh()

    def row(self, at: int) -> ContextRow | None:
        """What stands in that row."""
        return self._rows[at] if 0 <= at < len(self._rows) else None

    def find(self, key: _Key) -> int | None:
        """The row of that stream."""
        return self._row_of.get(key)

    def hold(self, held: bool) -> None:
        """Leave the rows as they are while nobody sees them."""
        if held == self._held:
            return
        self._held = held
        if held:
            self._throttle.hold()
            self._expiry.stop()
        else:
            self._rearrange = True
            self._throttle.ask()
            self._throttle.let_go()

    def refresh(self) -> None:
        """Look at what changed, and say only which rows differ by that."""
        now = self._bridge.now()
        dirty, self._dirty = self._dirty, set()
        known = [(at, self._rows[at].stream) for key in dirty if (at := self._row_of.get(key)) is not None]
        if self._rearrange or any(stream.closed != self._rows[at].closed for at, stream in known):
            self._rearrange = False
            self._arrange(self._wanted(), now)
            self.arranged.emit()
        else:
            for at, stream in known:
                self._put(at, self._make_row(stream, now))
        self._wait_for_expiry(now)

    def _streams_changed(self, keys: set[_Key]) -> None:
        if not self._held:
            self._dirty |= keys
            self._throttle.ask()

    def _order_changed(self, _what: object = None) -> None:
        if not self._held:
            self._rearrange = True
            self._throttle.ask()

    def _selected_run(self) -> RunState | None:
        return self._selection.run(self._bridge.state) or self._bridge.state.newest_run

    def _wanted(self) -> list[StreamState]:
        selected = self._selected_run()
        opened = [stream for stream in self._bridge.state.streams() if not stream.closed]
        ended = [stream for stream in selected.streams.values() if stream.closed] if selected is not None else []
        return [*reversed(opened), *reversed(ended)]

    def _arrange(self, wanted: list[StreamState], now: datetime) -> None:
        keys = {(stream.run_id, stream.stream_id) for stream in wanted}
        if not keys & self._row_of.keys():
            self._reset([self._make_row(stream, now) for stream in wanted])
            return
        for at in reversed(range(len(self._rows))):
            if self._rows[at].key not in keys:
                self.beginRemoveRows(_ROOT, at, at)
                del self._rows[at]
                self.endRemoveRows()
        known = {row.key for row in self._rows}
        for at, stream in enumerate(wanted):
            key = (stream.run_id, stream.stream_id)
            if key not in known:
                self.beginInsertRows(_ROOT, at, at)
                self._rows.insert(at, self._make_row(stream, now))
                self.endInsertRows()
            elif self._rows[at].key != key:
                before = next(row for row in range(at + 1, len(self._rows)) if self._rows[row].key == key)
                self.beginMoveRows(_ROOT, before, before, _ROOT, at)
                self._rows.insert(at, self._rows.pop(before))
                self.endMoveRows()
        self._row_of = {row.key: at for at, row in enumerate(self._rows)}
        for at, stream in enumerate(wanted):
            self._put(at, self._make_row(stream, now))

    def _reset(self, rows: list[ContextRow]) -> None:
        self.beginResetModel()
        self._rows = rows
        self._row_of = {row.key: at for at, row in enumerate(rows)}
        self.endResetModel()

    def _put(self, at: int, row: ContextRow) -> None:
        if not row.same_as(self._rows[at]):
            self._rows[at] = row
            self.dataChanged.emit(self.index(at), self.index(at))

    def _make_row(self, stream: StreamState, now: datetime) -> ContextRow:
        return ContextRow(
            stream=stream,
            name=self._name(stream),
            closed=stream.closed,
            report=stream.report,
            reasons=stream.reasons,
            usage=stream.last_usage,
            cache=cache_look(stream.report.cache, now) if stream.report is not None else None,
        )

    def _name(self, stream: StreamState) -> str:
        run = self._bridge.state.runs.get(stream.run_id)
        ticket = run.tickets.get(stream.ticket_id or "") if run is not None else None
        title = ticket.title if ticket is not None else run.title if run is not None else ""
        return f"{stream.stream_id}  {title}".rstrip()

    def _wait_for_expiry(self, now: datetime) -> None:
        times = [row.report.cache.expires_at for row in self._rows if row.report is not None]
        coming = [time for time in times if time is not None and time > now]
        if coming and not self._held:
            left_ms = int((min(coming) - now).total_seconds() * 1000) + 1
            self._expiry.start(max(left_ms, _REFRESH_MS))  # the moment of a recording that is paused never comes
        else:
            self._expiry.stop()

    def _expired(self) -> None:
        now = self._bridge.now()
        for at, row in enumerate(self._rows):
            self._put(at, self._make_row(row.stream, now))
        self._wait_for_expiry(now)

    def rowCount(self, parent: AnyIndex = _ROOT) -> int:
        return 0 if parent.isValid() else len(self._rows)

    def data(self, index: AnyIndex, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        if not index.isValid() or index.row() >= len(self._rows):
            return None
        row = self._rows[index.row()]
        if role == Qt.ItemDataRole.DisplayRole:
            return row.name
        if role == Role.VALUE:
            return row
        if role == Role.ID:
            return row.stream.stream_id
        if role == Role.LOOK:
            return row.cache
        if role in {Qt.ItemDataRole.ToolTipRole, Qt.ItemDataRole.AccessibleTextRole}:
            return _in_words(row)
        return None


def _in_words(row: ContextRow) -> str:
    size = size_of(row.report) if row.report is not None else "no request yet"
    cache = f"Cache: {row.cache.word.lower()}" if row.cache is not None else ""
    return "\n".join(line for line in (row.name, size, cache, stream_look(row.stream).word) if line)
