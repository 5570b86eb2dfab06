"""The one queue of approvals: what waits at the left, the one to decide now at the right."""

from PySide6.QtCore import QModelIndex, Qt, QTimer, Signal
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import QAbstractItemView, QApplication, QListView, QSplitter, QVBoxLayout

from slop_qt.core.approvals import Approval
from slop_qt.mma import commands, shapes
from slop_qt.qt.approval_model import ApprovalModel
from slop_qt.qt.window_context import WindowContext
from slop_qt.widgets.approval_card import ApprovalCard, CardDecision
from slop_qt.widgets.empty_state import EmptyState
from slop_qt.widgets.panel import Panel
from slop_qt.widgets.row_delegate import RowDelegate

__all__ = ["ApprovalsPanel"]

_TICK_MS = 1000


class ApprovalsPanel(Panel):
    """Lives in the GUI thread. The card changes when one is decided or another row chosen, never under the pointer.

    Signals:
        count_changed(int): so many wait.
    """

    count_changed = Signal(int)

    def __init__(self, context: WindowContext) -> None:
        empty = EmptyState(
            context.theme,
            "approvals",
            "done",
            "Nothing waits for you" if context.facts.recording is None else "Nothing waited here",
            "What an agent wants to do and may not do by itself appears here, one after another.",
        )
        super().__init__(context.theme, "approvals", empty)
        self._context = context
        self._sent: set[str] = set()
        self._model = ApprovalModel(context.bridge, self)
        self._list = QListView()
        self._list.setObjectName("approvals.queue")
        self._list.setAccessibleName("Waiting approvals")
        self._list.setModel(self._model)
        self._list.setItemDelegate(RowDelegate(self.theme, self._list))
        self._list.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self._list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._list.clicked.connect(self._row_clicked)
        self._list.activated.connect(self._row_clicked)
        self._card = ApprovalCard(context.theme, sandboxed=context.facts.sandboxed, now=context.bridge.now)
        if context.facts.recording is not None:
            self._card.bar.lock("This is a recording: what was decided then cannot be decided again.")
        self._card.decided.connect(self._decide)
        self._card.next_wanted.connect(self._show_first)
        splitter = QSplitter(Qt.Orientation.Horizontal)
        splitter.setChildrenCollapsible(False)
        splitter.addWidget(self._list)
        splitter.addWidget(self._card)
        splitter.setStretchFactor(1, 1)
        splitter.setSizes([240, 720])
        column = QVBoxLayout(self.content)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(splitter)
        self._clock = QTimer(self)
        self._clock.setInterval(_TICK_MS)
        self._clock.timeout.connect(self._card.tick)
        self._add_shortcuts()
        self._model.rowsInserted.connect(self._rows_inserted)
        self._model.modelReset.connect(self._start_again)
        self._model.resolved.connect(self._resolved)
        self._rows_inserted()

    @property
    def count(self) -> int:
        """How many wait."""
        return self._model.rowCount()

    def shown(self) -> None:
        self._card.tick()
        self._clock.start()

    def hidden(self) -> None:
        self._clock.stop()

    def _add_shortcuts(self) -> None:
        for keys, act in (
            ("Ctrl+Return", self._card.bar.approve),
            ("Ctrl+Enter", self._card.bar.approve),
            ("E", self._card.bar.edit),
            ("R", self._card.bar.reject),
            ("M", self._card.bar.toggle_remember),
            ("Escape", self._card.bar.back),
        ):
            shortcut = QShortcut(QKeySequence(keys), self)
            shortcut.setContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
            shortcut.activated.connect(act)

    def _rows_inserted(self) -> None:
        if self._card.approval is None:
            self._show_first(settle=False)
        self._update_count()

    def _start_again(self) -> None:
        """The queue is that of another moment: what was shown stays, if it waits there too."""
        shown = self._card.approval
        again = self._model.approval(self._model.row_of(shown.id)) if shown is not None else None
        if again is not None:
            self._show(again, settle=False)
            self._update_count()
        else:
            self._show_first(settle=False)

    def _row_clicked(self, index: QModelIndex) -> None:
        approval = self._model.approval(index.row())
        if approval is not None and approval is not self._card.approval:
            self._show(approval, settle=False)

    def _show(self, approval: Approval, *, settle: bool) -> None:
        self._card.show_approval(approval, settle=settle)
        self._list.setCurrentIndex(self._model.index(self._model.row_of(approval.id)))

    def _show_first(self, *, settle: bool = True) -> None:
        waiting = (self._model.approval(row) for row in range(self._model.rowCount()))
        first = next((approval for approval in waiting if approval is not None and approval.id not in self._sent), None)
        if first is not None:
            self._show(first, settle=settle)
        else:
            self._card.clear()
        self._update_count()

    def _decide(self, decision: CardDecision) -> None:
        self._sent.add(decision.approval_id)
        focus = QApplication.focusWidget()
        if focus is not None and self._card.isAncestorOf(focus):
            self._list.setFocus()  # the button that was pressed cannot be pressed for a moment: keys go on working
        self.banner.hide()
        self._context.send(
            self,
            commands.APPROVALS_RESOLVE,
            shapes.ResolveApproval(
                id=decision.approval_id,
                decision=decision.verdict,
                edited=decision.edited,
                note=decision.note,
                remember=decision.remember,
            ),
            None,
            lambda: self._not_decided(decision.approval_id),
        )
        self._show_first()

    def _not_decided(self, approval_id: str) -> None:
        """The decision was refused, and the banner says why: it may be decided again."""
        self._sent.discard(approval_id)
        if self._card.approval is None:
            self._show_first()

    def _resolved(self, approval: Approval) -> None:
        self._sent.discard(approval.id)
        shown = self._card.approval
        if shown is not None and shown.id == approval.id:
            if self._attended():
                self._card.show_resolved(approval)
            else:
                self._show_first()
        self._update_count()

    def _attended(self) -> bool:
        """Whether the person is at the card with pointer or keyboard: then nothing takes its place by itself."""
        focus = QApplication.focusWidget()
        return self._card.underMouse() or (focus is not None and self._card.isAncestorOf(focus))

    def _update_count(self) -> None:
        self.show_content(self._card.approval is not None or self._model.rowCount() > 0)
        self.count_changed.emit(self._model.rowCount())
