"""One approval as a card: what kind, who asks, exactly what would happen, and the decision."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from pydantic import JsonValue
from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPlainTextEdit, QStackedWidget, QVBoxLayout, QWidget

from slop_qt.core.approvals import (
    Approval,
    ApprovalState,
    EditPayload,
    MergePayload,
    QuestionPayload,
    Verdict,
)
from slop_qt.core.events import utc_now
from slop_qt.core.visible_text import make_visible
from slop_qt.qt.status import approval_look
from slop_qt.qt.theme import Theme
from slop_qt.qt.words import duration
from slop_qt.widgets.approval_editor import ApprovalEditor
from slop_qt.widgets.approval_words import consequence, plain_body, remembered_as, who_asks
from slop_qt.widgets.buttons import muted_label
from slop_qt.widgets.decision_bar import DecisionBar, Stage
from slop_qt.widgets.diff_view import DiffView
from slop_qt.widgets.status_chip import StatusChip

__all__ = ["ApprovalCard", "CardDecision"]


@dataclass(frozen=True, slots=True)
class CardDecision:
    """What the person decided; edited only where the verdict is edit, or the answer to a question.

    remember: the very same is to be decided so from now on.
    """

    approval_id: str
    verdict: Verdict
    edited: dict[str, JsonValue] | None = None
    note: str | None = None
    remember: bool = False


class ApprovalCard(QFrame):
    """Shows one approval at a time. Lives in the GUI thread.

    Attributes:
        bar: the buttons; keys are told to it.

    Signals:
        decided(CardDecision): the person decided.
        next_wanted: the person has seen that somebody else decided, and wants the next.
    """

    decided = Signal(object)
    next_wanted = Signal()

    def __init__(
        self,
        theme: Theme,
        *,
        sandboxed: bool,
        now: Callable[[], datetime] = utc_now,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._now = now
        self._theme = theme
        self._sandboxed = sandboxed
        self._approval: Approval | None = None
        self._editor: ApprovalEditor | None = None
        self.setObjectName("approvals.card")
        self._kind = StatusChip(theme)
        self._kind.setObjectName("approvals.kind")
        self._who, self._waited = muted_label(), muted_label()
        self._who.setObjectName("approvals.who")
        self._title = QLabel()
        self._title.setObjectName("approvals.title")
        self._title.setProperty("kind", "heading")
        self._title.setTextFormat(Qt.TextFormat.PlainText)
        self._title.setWordWrap(True)
        self._diff = DiffView(theme, "approvals.diff")
        self._text = QPlainTextEdit()
        self._text.setObjectName("approvals.text")
        self._text.setAccessibleName("What would happen")
        self._text.setProperty("kind", "view")
        self._text.setReadOnly(True)
        self._text.setFont(theme.fixed_font())
        self._text.document().setDocumentMargin(8)
        self._bodies = QStackedWidget()
        self._bodies.addWidget(self._diff)
        self._bodies.addWidget(self._text)
        self.bar = DecisionBar(theme)
        self.bar.approve_wanted.connect(self._approve)
        self.bar.edit_wanted.connect(self._edit)
        self.bar.reject_wanted.connect(self._reject)
        self.bar.back_wanted.connect(self._back)
        self.bar.rejected.connect(self._rejected)
        self.bar.next_wanted.connect(self.next_wanted)
        self._lay_out()

    def _lay_out(self) -> None:
        heading = QHBoxLayout()
        heading.setContentsMargins(12, 8, 12, 6)
        heading.setSpacing(12)
        heading.addWidget(self._kind, 0, Qt.AlignmentFlag.AlignTop)
        heading.addWidget(self._title, 1)
        heading.addWidget(self._who, 0, Qt.AlignmentFlag.AlignTop)
        heading.addWidget(self._waited, 0, Qt.AlignmentFlag.AlignTop)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addLayout(heading)
        column.addWidget(self._bodies, 1)
        column.addWidget(self.bar)

    @property
    def approval(self) -> Approval | None:
        """What is shown."""
        return self._approval

    def show_approval(self, approval: Approval, *, settle: bool) -> None:
        """Show this one. `settle`: it came by itself, so nothing can be pressed for a moment."""
        self._approval = approval
        self._kind.show_look(approval_look(approval.kind))
        self._who.setText(who_asks(approval))
        self._title.setText(make_visible(approval.title))
        self._show_body(approval)
        self.tick()
        stage: Stage = "answer" if isinstance(approval.payload, QuestionPayload) else "ask"
        words = consequence(approval, sandboxed=self._sandboxed)
        self.bar.offer_remembering(remembered_as(approval))
        self.bar.show_stage(stage, words, editable=bool(approval.editable), settle=settle)

    def show_resolved(self, approval: Approval) -> None:
        """Say that it was decided elsewhere; it stays in view until the person goes on."""
        self._approval = approval
        by = f" by {approval.by}" if approval.by is not None else ""
        note = f": {approval.note}" if approval.note else "."
        self.bar.show_stage("resolved", f"{approval.state.capitalize()}{by}{note}")

    def clear(self) -> None:
        """Show none."""
        self._approval = None
        self._drop_editor()
        self.bar.show_stage("none")

    def tick(self) -> None:
        """Say how long it has waited."""
        if self._approval is not None and self._approval.state is ApprovalState.PENDING:
            waited = (self._now() - self._approval.requested_at).total_seconds()
            self._waited.setText(f"waits {duration(waited)}")

    def _approve(self) -> None:
        approval = self._approval
        if approval is None:
            return
        try:
            edited = self._editor.edited() if self._editor is not None else {}
        except ValueError as error:
            self.bar.say(f"That cannot be sent: {error}")
            return
        if self._editor is not None and not self._editor.complete:
            self.bar.say("Write an answer first, or choose one.")
            return
        question = isinstance(approval.payload, QuestionPayload)
        verdict: Verdict = "edit" if edited and not question else "approve"
        self.decided.emit(CardDecision(approval.id, verdict, edited or None, remember=self.bar.remember))

    def _edit(self) -> None:
        if self._approval is not None:
            self._show_editor(self._approval).begin()
            self.bar.show_stage("edit", consequence(self._approval, sandboxed=self._sandboxed))

    def _reject(self) -> None:
        self.bar.show_stage("reject")

    def _back(self) -> None:
        if self._approval is not None:
            self.show_approval(self._approval, settle=False)

    def _rejected(self, reason: str) -> None:
        if self._approval is not None:
            remember = self.bar.remember
            self.decided.emit(CardDecision(self._approval.id, "reject", note=reason or None, remember=remember))

    def _show_body(self, approval: Approval) -> None:
        self._drop_editor()
        payload = approval.payload
        if isinstance(payload, QuestionPayload):
            self._show_editor(approval)
        elif isinstance(payload, EditPayload | MergePayload):
            self._diff.show_diff(payload.diff)
            self._bodies.setCurrentWidget(self._diff)
        else:
            self._text.setPlainText(make_visible(plain_body(approval)))
            self._bodies.setCurrentWidget(self._text)

    def _show_editor(self, approval: Approval) -> ApprovalEditor:
        self._drop_editor()
        self._editor = ApprovalEditor(self._theme, approval)
        self._bodies.addWidget(self._editor)
        self._bodies.setCurrentWidget(self._editor)
        return self._editor

    def _drop_editor(self) -> None:
        if self._editor is not None:
            self._bodies.removeWidget(self._editor)
            self._editor.deleteLater()
            self._editor = None
