"""One approval as a card: what kind, who asks, exactly what would happen, and the decision."""

from dataclasses import dataclass

from pydantic import JsonValue
from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPlainTextEdit,
    QSizePolicy,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from slop_qt.core.approvals import (
    Approval,
    ApprovalKind,
    ApprovalState,
    EditPayload,
    MergePayload,
    QuestionPayload,
    Verdict,
)
from slop_qt.core.events import utc_now
from slop_qt.qt.status import approval_look
from slop_qt.qt.theme import Theme
from slop_qt.qt.words import duration
from slop_qt.widgets.approval_editor import ApprovalEditor
from slop_qt.widgets.approval_words import consequence, plain_body, who_asks
from slop_qt.widgets.buttons import muted_label, push_button
from slop_qt.widgets.diff_view import DiffView
from slop_qt.widgets.status_chip import StatusChip
from slop_qt.widgets.visible_text import make_visible

__all__ = ["ApprovalCard", "CardDecision"]

_SETTLE_MS = 350  # a card that came because another was decided must not be decided by the same double click


@dataclass(frozen=True, slots=True)
class CardDecision:
    """What the person decided; edited only where the verdict is edit, or the answer to a question."""

    approval_id: str
    verdict: Verdict
    edited: dict[str, JsonValue] | None = None
    note: str | None = None


class ApprovalCard(QFrame):
    """Shows one approval at a time. Lives in the GUI thread.

    Signals:
        decided(CardDecision): the person decided.
        next_wanted: the person has seen that somebody else decided, and wants the next.
    """

    decided = Signal(object)
    next_wanted = Signal()

    def __init__(self, theme: Theme, *, sandboxed: bool, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._sandboxed = sandboxed
        self._approval: Approval | None = None
        self._editor: ApprovalEditor | None = None
        self.setObjectName("approvals.card")
        self._settling = QTimer(self)
        self._settling.setSingleShot(True)
        self._settling.timeout.connect(self._enable)
        self._kind = StatusChip(theme)
        self._who, self._waited = muted_label(), muted_label()
        self._title = QLabel()
        self._title.setProperty("kind", "heading")
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
        self._note = QLabel()
        self._note.setProperty("kind", "muted")
        self._note.setWordWrap(True)
        self._note.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self._reason = QLineEdit()
        self._reason.setObjectName("approvals.reason")
        self._reason.setAccessibleName("Reason for rejecting")
        self._reason.setPlaceholderText("Why not? The agent reads this.")
        self._reason.returnPressed.connect(self._reject_now)
        self._make_buttons()
        self._lay_out()

    def _make_buttons(self) -> None:
        self._approve = push_button(
            "approvals.approve", "Approve", self.approve, kind="primary", shortcut="Ctrl+Return"
        )
        self._edit = push_button("approvals.edit", "Edit", self.edit, shortcut="E")
        self._reject = push_button("approvals.reject", "Reject", self.reject, shortcut="R")
        self._reject_sure = push_button("approvals.reject_now", "Reject", self._reject_now, kind="primary")
        self._back = push_button("approvals.back", "Back", self.back, shortcut="Escape")
        self._next = push_button("approvals.next", "Next", self.next_wanted.emit, kind="primary")

    def _lay_out(self) -> None:
        heading = QHBoxLayout()
        heading.setContentsMargins(12, 8, 12, 6)
        heading.setSpacing(12)
        heading.addWidget(self._kind, 0, Qt.AlignmentFlag.AlignTop)
        heading.addWidget(self._title, 1)
        heading.addWidget(self._who, 0, Qt.AlignmentFlag.AlignTop)
        heading.addWidget(self._waited, 0, Qt.AlignmentFlag.AlignTop)
        footer = QHBoxLayout()
        footer.setContentsMargins(12, 6, 12, 8)
        footer.setSpacing(8)
        footer.addWidget(self._note, 1)
        footer.addWidget(self._reason, 1)
        for button in (self._back, self._reject, self._edit, self._reject_sure, self._approve, self._next):
            footer.addWidget(button)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addLayout(heading)
        column.addWidget(self._bodies, 1)
        column.addLayout(footer)

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
        self._reason.clear()
        self.tick()
        self._show_buttons("answer" if approval.kind is ApprovalKind.QUESTION else "ask")
        self._note.setText(consequence(approval, sandboxed=self._sandboxed))
        if settle:
            for button in (self._approve, self._edit, self._reject):
                button.setEnabled(False)
            self._settling.start(_SETTLE_MS)

    def show_resolved(self, approval: Approval) -> None:
        """Say that it was decided elsewhere; it stays in view until the person goes on."""
        self._approval = approval
        by = f" by {approval.by}" if approval.by is not None else ""
        note = f": {approval.note}" if approval.note else "."
        word = "Expired" if approval.state is ApprovalState.EXPIRED else approval.state.capitalize()
        self._show_buttons("resolved")
        self._note.setText(f"{word}{by}{note}")

    def clear(self) -> None:
        """Show none."""
        self._approval = None
        self._drop_editor()
        self._show_buttons("none")

    def tick(self) -> None:
        """Say how long it has waited."""
        if self._approval is not None and self._approval.state is ApprovalState.PENDING:
            waited = (utc_now() - self._approval.requested_at).total_seconds()
            self._waited.setText(f"waits {duration(waited)}")

    def show_mistake(self, words: str) -> None:
        """Say what is wrong with what was typed, beside the buttons."""
        self._note.setText(words)
        self._note.show()

    def approve(self) -> None:
        """Decide for it, with what was edited."""
        approval = self._approval
        if approval is None or not self._approve.isEnabled() or self._approve.isHidden():
            return
        try:
            edited = self._editor.edited() if self._editor is not None else {}
        except ValueError as error:
            self.show_mistake(f"That cannot be sent: {error}")
            return
        if self._editor is not None and not self._editor.complete:
            self.show_mistake("Write an answer first, or choose one.")
            return
        question = approval.kind is ApprovalKind.QUESTION
        verdict: Verdict = "edit" if edited and not question else "approve"
        self.decided.emit(CardDecision(approval.id, verdict, edited or None))

    def edit(self) -> None:
        """Change what would happen, in place."""
        if self._approval is None or self._edit.isHidden() or not self._edit.isEnabled():
            return
        self._show_editor(self._approval)
        self._show_buttons("edit")

    def reject(self) -> None:
        """Ask for the reason first."""
        if self._approval is None or self._reject.isHidden() or not self._reject.isEnabled():
            return
        self._show_buttons("reject")
        self._reason.setFocus()

    def back(self) -> None:
        """Neither edit nor reject."""
        if self._approval is not None and not self._back.isHidden():
            self.show_approval(self._approval, settle=False)

    def _reject_now(self) -> None:
        if self._approval is not None:
            self.decided.emit(CardDecision(self._approval.id, "reject", note=self._reason.text().strip() or None))

    def _enable(self) -> None:
        for button in (self._approve, self._edit, self._reject):
            button.setEnabled(True)

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

    def _show_editor(self, approval: Approval) -> None:
        self._drop_editor()
        self._editor = ApprovalEditor(self._theme, approval)
        self._bodies.addWidget(self._editor)
        self._bodies.setCurrentWidget(self._editor)
        self._editor.begin()

    def _drop_editor(self) -> None:
        if self._editor is not None:
            self._bodies.removeWidget(self._editor)
            self._editor.deleteLater()
            self._editor = None

    def _show_buttons(self, stage: str) -> None:
        self._settling.stop()
        self._enable()
        editable = self._approval is not None and bool(self._approval.editable)
        self._approve.setVisible(stage in {"ask", "edit", "answer"})
        self._approve.setText({"edit": "Approve as edited", "answer": "Answer"}.get(stage, "Approve"))
        self._edit.setVisible(stage == "ask" and editable)
        self._reject.setVisible(stage in {"ask", "answer"})
        self._reject_sure.setVisible(stage == "reject")
        self._back.setVisible(stage in {"edit", "reject"})
        self._next.setVisible(stage == "resolved")
        self._reason.setVisible(stage == "reject")
        self._note.setVisible(stage != "reject")
