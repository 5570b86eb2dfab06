"""The bar below an approval: the line of consequence and the buttons, as far as the decision has got."""

from typing import Literal

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QKeySequence
from PySide6.QtWidgets import QHBoxLayout, QLabel, QLineEdit, QSizePolicy, QVBoxLayout, QWidget

from slop_qt.qt.theme import Theme
from slop_qt.widgets.buttons import push_button
from slop_qt.widgets.fields import CheckField

__all__ = ["DecisionBar", "Stage"]

Stage = Literal["none", "ask", "answer", "edit", "reject", "resolved"]

_SETTLE_MS = 350  # what came because another was decided must not be decided by the same double click
_REMEMBER_TIP = (
    "Approved, the very same passes from now on without asking; rejected, it is refused. In every project, until you "
    "remove the rule in the settings. Anything that differs by a character is asked about as before."
)
_APPROVE_WORDS = {"edit": "Approve as edited", "answer": "Answer"}


class DecisionBar(QWidget):
    """Lives in the GUI thread.

    Signals:
        approve_wanted, edit_wanted, reject_wanted, back_wanted, next_wanted: a button or key was pressed.
        rejected(str): with this reason, which may be empty.
    """

    approve_wanted = Signal()
    edit_wanted = Signal()
    reject_wanted = Signal()
    back_wanted = Signal()
    next_wanted = Signal()
    rejected = Signal(str)

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._stage: Stage = "none"
        self._locked = False
        self._rememberable = False
        self._settling = QTimer(self)
        self._settling.setSingleShot(True)
        self._settling.timeout.connect(self._enable)
        self._note = QLabel()
        self._note.setObjectName("approvals.consequence")
        self._note.setProperty("kind", "muted")
        self._note.setWordWrap(True)
        self._note.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self._reason = QLineEdit()
        self._reason.setObjectName("approvals.reason")
        self._reason.setAccessibleName("Reason for rejecting")
        self._reason.setPlaceholderText("Why not? The agent reads this.")
        self._reason.returnPressed.connect(self._reject_now)
        self._remember = CheckField(theme, "Re&member exactly this", "approvals.remember", "Remember exactly this")
        self._remember.setToolTip(f"{_REMEMBER_TIP} ({QKeySequence('M').toString()})")
        self._remember.setAccessibleDescription(_REMEMBER_TIP)
        self._back = push_button("approvals.back", "Back", self.back, shortcut="Escape")
        self._reject = push_button("approvals.reject", "Reject", self.reject, shortcut="R")
        self._edit = push_button("approvals.edit", "Edit", self.edit, shortcut="E")
        self._sure = push_button("approvals.reject_now", "Reject", self._reject_now, kind="primary")
        self._approve = push_button(
            "approvals.approve", "Approve", self.approve, kind="primary", shortcut="Ctrl+Return"
        )
        self._next = push_button("approvals.next", "Next", self.next_wanted.emit, kind="primary")
        row = QHBoxLayout(self)
        row.setContentsMargins(12, 6, 12, 8)
        row.setSpacing(8)
        words = QVBoxLayout()
        words.setSpacing(4)
        for widget in (self._note, self._reason, self._remember):
            words.addWidget(widget)
        row.addLayout(words, 1)
        for button in (self._back, self._reject, self._edit, self._sure, self._approve, self._next):
            row.addWidget(button, 0, Qt.AlignmentFlag.AlignBottom)

    @property
    def remember(self) -> bool:
        """Whether the decision is to be remembered."""
        return not self._remember.isHidden() and self._remember.isChecked()

    def offer_remembering(self, what: str) -> None:
        """For another approval: nothing is ticked. what can be remembered: `command`; empty where nothing can."""
        self._rememberable = bool(what)
        self._remember.setChecked(False)
        self._remember.setAccessibleName(f"Remember for this exact {what}" if what else "Remember")

    def show_stage(self, stage: Stage, words: str = "", *, editable: bool = False, settle: bool = False) -> None:
        """Show the buttons of that stage. `settle`: nothing can be pressed for a moment."""
        self._stage = stage
        self._note.setText(words)
        self._note.setVisible(stage != "reject")
        self._reason.setVisible(stage == "reject")
        self._remember.setVisible(stage in {"ask", "edit", "reject"} and self._rememberable)
        self._back.setVisible(stage in {"edit", "reject"})
        self._reject.setVisible(stage in {"ask", "answer"})
        self._edit.setVisible(stage == "ask" and editable)
        self._sure.setVisible(stage == "reject")
        self._approve.setVisible(stage in {"ask", "edit", "answer"})
        self._approve.setText(_APPROVE_WORDS.get(stage, "Approve"))
        self._next.setVisible(stage == "resolved")
        self._enable()
        if settle:
            for button in (self._approve, self._edit, self._reject, self._remember):
                button.setEnabled(False)
            self._settling.start(_SETTLE_MS)
        if stage == "reject":
            self._reason.clear()
            self._reason.setFocus()

    def lock(self, why: str) -> None:
        """Nothing can be decided here, for good; the buttons say why."""
        self._locked = True
        self._settling.stop()
        for button in (self._approve, self._edit, self._reject):
            button.setToolTip(why)
        self._enable()

    def say(self, words: str) -> None:
        """Say something else beside the buttons."""
        self._note.setText(words)

    def approve(self) -> None:
        """As if the button were pressed, if it can be."""
        if self._can_press(self._approve):
            self.approve_wanted.emit()

    def edit(self) -> None:
        """As if the button were pressed, if it can be."""
        if self._can_press(self._edit):
            self.edit_wanted.emit()

    def reject(self) -> None:
        """As if the button were pressed, if it can be."""
        if self._can_press(self._reject):
            self.reject_wanted.emit()

    def toggle_remember(self) -> None:
        """As if the box were clicked, if it can be."""
        if self._can_press(self._remember):
            self._remember.toggle()

    def back(self) -> None:
        """As if the button were pressed, if it can be."""
        if self._can_press(self._back):
            self.back_wanted.emit()

    def _reject_now(self) -> None:
        if self._stage == "reject":
            self.rejected.emit(self._reason.text().strip())

    def _enable(self) -> None:
        self._settling.stop()
        for button in (self._approve, self._edit, self._reject, self._remember):
            button.setEnabled(not self._locked)

    @staticmethod
    def _can_press(button: QWidget) -> bool:
        return not button.isHidden() and button.isEnabled()
