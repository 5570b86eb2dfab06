"""The typed fields of a ticket's form: a label, what is typed, and below it what is wrong with that."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from PySide6.QtCore import QSignalBlocker, Signal
from PySide6.QtGui import QFocusEvent, QFontMetrics, QTextCursor
from PySide6.QtWidgets import QLabel, QLineEdit, QPlainTextEdit, QVBoxLayout, QWidget

from slop_qt.core.line_ends import common_ends
from slop_qt.qt.theme import Theme
from slop_qt.widgets.notice import Notice

__all__ = ["TEXT_FIELDS", "FieldSpec", "LineField", "TextField", "TypedField", "labelled", "make_field"]

_LABEL_GAP = 4


@dataclass(frozen=True, slots=True)
class FieldSpec:
    """A field that is typed: how its text becomes a value of TicketSpec's, and the other way round.

    lines is how many are shown; 0 is a field of one line.
    """

    name: str
    label: str
    invitation: str
    parse: Callable[[str], Any]
    format: Callable[[Any], str]
    lines: int = 0
    fixed_font: bool = False


def _as_lines(text: str) -> tuple[str, ...]:
    return tuple(line.strip() for line in text.split("\n") if line.strip())


def _or_none(text: str) -> str | None:
    return text if text.strip() else None


TEXT_FIELDS = (
    FieldSpec("id", "Id", "T-001", str, str),
    FieldSpec("title", "Title", "What is done when it is done", str, str),
    FieldSpec("brief", "Brief", "What to do, and what to look out for", str, str, lines=6),
    FieldSpec("files", "Files", "src/module.py, or src/ — one a line", _as_lines, "\n".join, lines=3, fixed_font=True),
    FieldSpec("verify", "Verify command", "python -m pytest tests/test_module.py", _or_none, lambda v: v or "",
              fixed_font=True),
)  # fmt: skip


class TypedField(QWidget):
    """What both kinds have in common. Lives in the GUI thread.

    Signals:
        typed: the person changed the text.
        left: the person is done with it: another widget has the keyboard, or Return was pressed.
    """

    typed = Signal()
    left = Signal()

    def __init__(self, theme: Theme, spec: FieldSpec, editor: QWidget) -> None:
        super().__init__()
        self.spec = spec
        self.editor = editor
        self.notice = Notice(theme, f"plan.ticket.{spec.name}.notice")
        editor.setObjectName(f"plan.ticket.{spec.name}")
        editor.setAccessibleName(spec.label)
        if spec.fixed_font:
            editor.setFont(theme.fixed_font())
        self.setFocusProxy(editor)
        labelled(self, spec.label, editor, self.notice)

    @property
    def text(self) -> str:
        """What stands there."""
        raise NotImplementedError

    def set_text(self, text: str) -> None:
        """Have this there; nothing is signalled. The cursor goes to where it differs."""
        raise NotImplementedError

    @property
    def untaken(self) -> bool:
        """Whether something was typed since `taken_over`."""
        raise NotImplementedError

    def taken_over(self) -> None:
        """What stands there is known to others now."""
        raise NotImplementedError

    def set_read_only(self, read_only: bool) -> None:
        """Whether it can only be read."""
        raise NotImplementedError


class LineField(TypedField):
    """One line."""

    def __init__(self, theme: Theme, spec: FieldSpec) -> None:
        self._line = QLineEdit()
        super().__init__(theme, spec, self._line)
        self._line.setPlaceholderText(spec.invitation)
        self._line.textEdited.connect(self.typed)
        self._line.editingFinished.connect(self.left)

    @property
    def text(self) -> str:
        return self._line.text()

    def set_text(self, text: str) -> None:
        place = _place(self._line.text(), text)
        self._line.setText(text)
        self._line.setCursorPosition(place)

    @property
    def untaken(self) -> bool:
        return self._line.isModified()

    def taken_over(self) -> None:
        self._line.setModified(False)

    def set_read_only(self, read_only: bool) -> None:
        self._line.setReadOnly(read_only)


class _Lines(QPlainTextEdit):
    """Says when it loses the keyboard."""

    left = Signal()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        self.left.emit()


class TextField(TypedField):
    """Several lines."""

    def __init__(self, theme: Theme, spec: FieldSpec) -> None:
        self._lines = _Lines()
        super().__init__(theme, spec, self._lines)
        self._lines.setProperty("kind", "editor")
        self._lines.setPlaceholderText(spec.invitation)
        self._lines.setTabChangesFocus(True)
        height = QFontMetrics(self._lines.font()).lineSpacing() * spec.lines
        self._lines.setFixedHeight(height + 2 * round(self._lines.document().documentMargin()) + 10)
        self._lines.textChanged.connect(self.typed)
        self._lines.left.connect(self.left)

    @property
    def text(self) -> str:
        return self._lines.document().toRawText().replace("\u2029", "\n")

    def set_text(self, text: str) -> None:
        place = _place(self.text, text)
        with QSignalBlocker(self._lines):
            self._lines.setPlainText(text)
        cursor = QTextCursor(self._lines.document())
        cursor.setPosition(min(place, self._lines.document().characterCount() - 1))
        self._lines.setTextCursor(cursor)

    @property
    def untaken(self) -> bool:
        return self._lines.document().isModified()

    def taken_over(self) -> None:
        self._lines.document().setModified(False)

    def set_read_only(self, read_only: bool) -> None:
        self._lines.setReadOnly(read_only)


def make_field(theme: Theme, spec: FieldSpec) -> TypedField:
    """The field for that spec."""
    return TextField(theme, spec) if spec.lines else LineField(theme, spec)


def labelled(parent: QWidget, words: str, editor: QWidget, notice: Notice) -> None:
    """Lay a field out: its label above it, its notice below."""
    label = QLabel(words)
    label.setProperty("kind", "muted")
    label.setBuddy(editor)
    column = QVBoxLayout(parent)
    column.setContentsMargins(0, 0, 0, 0)
    column.setSpacing(_LABEL_GAP)
    for widget in (label, editor, notice):
        column.addWidget(widget)


def _place(before: str, after: str) -> int:
    """Where what differs ends, in the new text."""
    _, end = common_ends(before, after)
    return len(after) - end
