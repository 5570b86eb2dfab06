"""Tracks and their tickets as a tree."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from PySide6.QtCore import QAbstractItemModel, QModelIndex, QObject, Qt

from slop_qt.core.state import RunState
from slop_qt.core.tickets import Ticket, TicketStatus
from slop_qt.core.tracks import Track
from slop_qt.qt.event_bridge import EventBridge
from slop_qt.qt.roles import AnyIndex, Role
from slop_qt.qt.status import Look, run_look, ticket_look, track_look
from slop_qt.qt.track_source import TrackSource

__all__ = ["TrackModel"]

_ROOT = QModelIndex()
_TOP = 0  # the internal id of a track's index; a ticket's is its track's serial number


@dataclass(slots=True, eq=False)
class _Node:
    serial: int
    track: Track
    tickets: tuple[Ticket, ...] = ()
    run: RunState | None = field(default=None)

    @property
    def look(self) -> Look:
        return run_look(self.run.status) if self.run is not None else track_look(self.track.status)

    @property
    def finished(self) -> int:
        return sum(ticket.status is TicketStatus.DONE for ticket in self.tickets)


class TrackModel(QAbstractItemModel):
    """One column: tracks, and below each its tickets as its newest run has them. Lives in the GUI thread.

    Attributes:
        refreshing: it takes over what the source has; what a view makes current meanwhile nobody has chosen.
    """

    def __init__(self, source: TrackSource, bridge: EventBridge, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._source = source
        self._nodes: list[_Node] = []
        self._serials = 0
        self.refreshing = False
        source.changed.connect(self.refresh)
        bridge.tickets_changed.connect(self.refresh)
        bridge.runs_changed.connect(self.refresh)
        self.refresh()

    def track_index(self, track_id: str | None) -> QModelIndex:
        """Where that track is; invalid where it is not."""
        for row, node in enumerate(self._nodes):
            if node.track.id == track_id:
                return self.index(row, 0)
        return QModelIndex()

    def ticket_index(self, track_id: str | None, ticket_id: str | None) -> QModelIndex:
        """Where that ticket is; invalid where it is not."""
        parent = self.track_index(track_id)
        if parent.isValid():
            for row, ticket in enumerate(self._nodes[parent.row()].tickets):
                if ticket.id == ticket_id:
                    return self.index(row, 0, parent)
        return QModelIndex()

    def ids(self, index: AnyIndex) -> tuple[str | None, str | None]:
        """(track id, ticket id) of a row; a track's row has no ticket id."""
        if not index.isValid():
            return None, None
        node = self._node(index)
        return node.track.id, None if index.internalId() == _TOP else node.tickets[index.row()].id

    def refresh(self) -> None:
        """Take over what the source has now, saying only what changed."""
        self.refreshing = True
        try:
            self._take_over()
        finally:
            self.refreshing = False

    def _take_over(self) -> None:
        wanted = [shown.track for shown in self._source.tracks]
        ids = [track.id for track in wanted]
        for row in reversed(range(len(self._nodes))):
            if self._nodes[row].track.id not in ids:
                self.beginRemoveRows(_ROOT, row, row)
                del self._nodes[row]
                self.endRemoveRows()
        for row, track in enumerate(wanted):
            if row >= len(self._nodes) or self._nodes[row].track.id != track.id:
                self._bring_to(row, track)
            self._update(row, track)

    def _bring_to(self, row: int, track: Track) -> None:
        for old in range(row + 1, len(self._nodes)):
            if self._nodes[old].track.id == track.id:
                self.beginMoveRows(_ROOT, old, old, _ROOT, row)
                self._nodes.insert(row, self._nodes.pop(old))
                self.endMoveRows()
                return
        self._serials += 1
        self.beginInsertRows(_ROOT, row, row)
        self._nodes.insert(row, _Node(self._serials, track))
        self.endInsertRows()

    def _update(self, row: int, track: Track) -> None:
        node = self._nodes[row]
        before = (node.track, node.look, node.finished, len(node.tickets))
        node.track, node.run = track, self._source.run(track.id)
        self._set_tickets(node, row, self._source.tickets(track.id))
        if before != (node.track, node.look, node.finished, len(node.tickets)):
            self.dataChanged.emit(self.index(row, 0), self.index(row, 0))

    def _set_tickets(self, node: _Node, row: int, tickets: Sequence[Ticket]) -> None:
        parent = self.index(row, 0)
        if [ticket.id for ticket in tickets] != [ticket.id for ticket in node.tickets]:
            if node.tickets:
                self.beginRemoveRows(parent, 0, len(node.tickets) - 1)
                node.tickets = ()
                self.endRemoveRows()
            if tickets:
                self.beginInsertRows(parent, 0, len(tickets) - 1)
                node.tickets = tuple(tickets)
                self.endInsertRows()
            return
        changed = [at for at, ticket in enumerate(tickets) if ticket != node.tickets[at]]
        node.tickets = tuple(tickets)
        for at in changed:
            self.dataChanged.emit(self.index(at, 0, parent), self.index(at, 0, parent))

    def _node(self, index: AnyIndex) -> _Node:
        if index.internalId() == _TOP:
            return self._nodes[index.row()]
        return next(node for node in self._nodes if node.serial == index.internalId())

    def index(self, row: int, column: int, parent: AnyIndex = _ROOT) -> QModelIndex:
        if not self.hasIndex(row, column, parent):
            return QModelIndex()
        return self.createIndex(row, column, self._nodes[parent.row()].serial if parent.isValid() else _TOP)

    def parent(self, index: AnyIndex = _ROOT) -> QModelIndex:  # type: ignore[override]  # the stub has QObject.parent() too
        if not index.isValid() or index.internalId() == _TOP:
            return QModelIndex()
        for row, node in enumerate(self._nodes):
            if node.serial == index.internalId():
                return self.createIndex(row, 0, _TOP)
        return QModelIndex()

    def rowCount(self, parent: AnyIndex = _ROOT) -> int:
        if not parent.isValid():
            return len(self._nodes)
        if parent.column() == 0 and parent.internalId() == _TOP:
            return len(self._nodes[parent.row()].tickets)
        return 0

    def columnCount(self, _parent: AnyIndex = _ROOT) -> int:
        return 1

    def data(self, index: AnyIndex, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        if not index.isValid():
            return None
        node = self._node(index)
        if index.internalId() == _TOP:
            return _track_data(node, role)
        return _ticket_data(node.tickets[index.row()], role)


def _track_data(node: _Node, role: int) -> object:
    if role == Qt.ItemDataRole.DisplayRole:
        return node.track.title
    if role == Role.LOOK:
        return node.look
    if role == Role.TRAILING:
        return f"{node.finished}/{len(node.tickets)}" if node.tickets else node.look.word
    if role == Role.FRACTION:
        return node.finished / len(node.tickets) if node.tickets and node.run is not None else None
    if role == Role.STRONG:
        return True
    if role == Role.ID:
        return node.track.id
    if role in {Qt.ItemDataRole.ToolTipRole, Qt.ItemDataRole.AccessibleTextRole}:
        reason = f"\n{node.run.reason}" if node.run is not None and node.run.reason else ""
        return f"{node.track.title}\n{node.look.word}, {node.finished} of {len(node.tickets)} tickets done{reason}"
    return None


def _ticket_data(ticket: Ticket, role: int) -> object:
    look = ticket_look(ticket.status)
    if role == Qt.ItemDataRole.DisplayRole:
        return f"{ticket.id}  {ticket.title}"
    if role == Role.LOOK:
        return look
    if role == Role.TRAILING:
        return f"{look.word} #{ticket.attempt}" if ticket.attempt > 1 else look.word
    if role == Role.ID:
        return ticket.id
    if role in {Qt.ItemDataRole.ToolTipRole, Qt.ItemDataRole.AccessibleTextRole}:
        reason = f"\n{ticket.reason}" if ticket.reason else ""
        return f"{ticket.id}: {ticket.title}\n{look.word}{reason}"
    return None
