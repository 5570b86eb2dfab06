"""The one queue of pending approvals as a list, oldest first."""

from PySide6.QtCore import QAbstractListModel, QModelIndex, QObject, Qt, Signal

from slop_qt.core.approvals import Approval, ApprovalState
from slop_qt.qt.event_bridge import EventBridge
from slop_qt.qt.roles import AnyIndex, Role
from slop_qt.qt.status import approval_look

__all__ = ["ApprovalModel"]

_ROOT = QModelIndex()


class ApprovalModel(QAbstractListModel):
    """What waits for a decision, in all runs. Lives in the GUI thread.

    Signals:
        resolved(Approval): it waits no more; its row is gone already.
    """

    resolved = Signal(object)

    def __init__(self, bridge: EventBridge, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._bridge = bridge
        self._rows = self._pending()
        bridge.replaced.connect(self._reset)
        bridge.approvals_changed.connect(self._changed)
        bridge.runs_changed.connect(self._runs_changed)

    def approval(self, row: int) -> Approval | None:
        """The approval in that row."""
        return self._rows[row] if 0 <= row < len(self._rows) else None

    def row_of(self, approval_id: str | None) -> int:
        """The row of that approval, or -1."""
        return next((row for row, approval in enumerate(self._rows) if approval.id == approval_id), -1)

    def _pending(self) -> list[Approval]:
        runs = self._bridge.state.runs.values()
        pending = [approval for run in runs if not run.ended for approval in run.pending_approvals]
        return sorted(pending, key=lambda approval: approval.requested_at)

    def _reset(self) -> None:
        self.beginResetModel()
        self._rows = self._pending()
        self.endResetModel()

    def _changed(self, approval_ids: set[str]) -> None:
        found = [approval for approval_id in approval_ids if (approval := self._find(approval_id)) is not None]
        for approval in sorted(found, key=lambda each: each.requested_at):
            row = self.row_of(approval.id)
            if approval.state is ApprovalState.PENDING:
                if row < 0 and not self._bridge.state.runs[approval.run_id].ended:
                    self._insert(approval)
            elif row >= 0:
                self._remove(row, approval)

    def _runs_changed(self, run_ids: set[str]) -> None:
        for run_id in run_ids:
            if self._bridge.state.runs[run_id].ended:
                for row in reversed(range(len(self._rows))):
                    if self._rows[row].run_id == run_id:
                        self._remove(row, self._rows[row])

    def _insert(self, approval: Approval) -> None:
        row = len(self._rows)
        while row > 0 and self._rows[row - 1].requested_at > approval.requested_at:
            row -= 1
        self.beginInsertRows(_ROOT, row, row)
        self._rows.insert(row, approval)
        self.endInsertRows()

    def _remove(self, row: int, approval: Approval) -> None:
        self.beginRemoveRows(_ROOT, row, row)
        del self._rows[row]
        self.endRemoveRows()
        self.resolved.emit(approval)

    def _find(self, approval_id: str) -> Approval | None:
        for run in reversed(self._bridge.state.runs.values()):
            if approval_id in run.approvals:
                return run.approvals[approval_id]
        return None

    def rowCount(self, parent: AnyIndex = _ROOT) -> int:
        return 0 if parent.isValid() else len(self._rows)

    def data(self, index: AnyIndex, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        if not index.isValid() or index.row() >= len(self._rows):
            return None
        approval = self._rows[index.row()]
        look = approval_look(approval.kind)
        if role == Qt.ItemDataRole.DisplayRole:
            return approval.title
        if role == Role.LOOK:
            return look
        if role == Role.TRAILING:
            return approval.ticket_id or ""
        if role == Role.ID:
            return approval.id
        if role == Role.VALUE:
            return approval
        if role in {Qt.ItemDataRole.ToolTipRole, Qt.ItemDataRole.AccessibleTextRole}:
            return f"{look.word}: {approval.title}\n{approval.stream_id or approval.ticket_id or approval.run_id}"
        return None
