"""Edits what an approval allows to be edited, in place."""

from pydantic import JsonValue
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QButtonGroup, QLabel, QPlainTextEdit, QVBoxLayout, QWidget

from slop_qt.core.approvals import Approval, QuestionPayload
from slop_qt.core.visible_text import make_visible
from slop_qt.qt.theme import Theme
from slop_qt.widgets.approval_words import field_text, field_value
from slop_qt.widgets.buttons import muted_label
from slop_qt.widgets.fields import RadioField

__all__ = ["ApprovalEditor"]


class ApprovalEditor(QWidget):
    """One text field for each editable field; a question's choices above it. Lives in the GUI thread."""

    def __init__(self, theme: Theme, approval: Approval) -> None:
        super().__init__()
        self._approval = approval
        self._fields: dict[str, QPlainTextEdit] = {}
        self._at_first: dict[str, str] = {}
        column = QVBoxLayout(self)
        column.setContentsMargins(12, 4, 12, 4)
        column.setSpacing(4)
        if isinstance(approval.payload, QuestionPayload):
            self._add_question(theme, column, approval.payload)
        for field in approval.editable:
            if len(approval.editable) > 1:
                column.addWidget(muted_label(field))
            column.addWidget(self._add_field(theme, field), 1)

    @property
    def complete(self) -> bool:
        """Whether there is an answer, where one is asked for."""
        return not isinstance(self._approval.payload, QuestionPayload) or any(
            field.toPlainText().strip() for field in self._fields.values()
        )

    def edited(self) -> dict[str, JsonValue]:
        """The fields that differ from what was asked for. Raises ValueError for text that cannot be one."""
        return {
            name: field_value(self._approval, name, self._text_of(name))
            for name in self._fields
            if self._text_of(name) != self._at_first[name]
        }

    def begin(self) -> None:
        """Go to the first field."""
        for field in list(self._fields.values())[:1]:
            field.setFocus()

    def _add_question(self, theme: Theme, column: QVBoxLayout, question: QuestionPayload) -> None:
        words = QLabel(make_visible(question.text))
        words.setObjectName("approvals.question")
        words.setTextFormat(Qt.TextFormat.PlainText)  # an agent's words are shown, whatever tags they have
        words.setWordWrap(True)
        column.addWidget(words)
        group = QButtonGroup(self)
        for number, choice in enumerate(question.choices):
            label = make_visible(choice).replace("&", "&&")  # alone it would mark a key
            button = RadioField(theme, label, f"approvals.choice.{number}")
            group.addButton(button, number)
            column.addWidget(button)
        group.idClicked.connect(self._choose)

    def _choose(self, number: int) -> None:
        question = self._approval.payload
        if isinstance(question, QuestionPayload):
            for field in self._fields.values():
                field.setPlainText(question.choices[number])

    def _add_field(self, theme: Theme, name: str) -> QPlainTextEdit:
        field = QPlainTextEdit()
        field.setObjectName(f"approvals.edit.{name}")
        field.setAccessibleName(f"Edit {name}")
        field.setProperty("kind", "editor")
        field.setTabChangesFocus(True)
        if isinstance(self._approval.payload, QuestionPayload):
            field.setPlaceholderText("Your answer")
        else:
            field.setFont(theme.fixed_font())
        field.setPlainText(field_text(self._approval, name))
        self._fields[name] = field
        self._at_first[name] = self._text_of(name)
        return field

    def _text_of(self, name: str) -> str:
        """What is in the field to the character: no-break spaces stay, and so do the line ends of what was there."""
        text = self._fields[name].document().toRawText().replace("\u2029", "\n")
        return text.replace("\n", "\r\n") if "\r\n" in field_text(self._approval, name) else text
