"""The small dialogs and the frame of all: a new epic, and the last question before Apply.

All are opened with `open()` and answer with a signal; none knows a session.
"""

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QLabel,
    QMessageBox,
    QPlainTextEdit,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from slop_qt.qt.words import plural
from slop_qt.widgets.buttons import muted_label
from slop_qt.widgets.unified_diff import DiffFile

__all__ = ["ApplyDialog", "EpicDialog", "frame_dialog", "name_answers"]


def frame_dialog(dialog: QDialog, title: str, name: str, accept: str) -> tuple[QVBoxLayout, QPushButton]:
    """The common frame: a column for the content, and below it Cancel and the button that accepts."""
    dialog.setWindowTitle(title)
    dialog.setObjectName(name)
    dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    buttons = QDialogButtonBox()
    sure = QPushButton(accept)
    sure.setObjectName(f"{name}.accept")
    sure.setProperty("kind", "primary")
    buttons.addButton(sure, QDialogButtonBox.ButtonRole.AcceptRole)
    cancel = buttons.addButton(QDialogButtonBox.StandardButton.Cancel)
    cancel.setObjectName(f"{name}.cancel")
    cancel.setAutoDefault(False)
    buttons.accepted.connect(dialog.accept)
    buttons.rejected.connect(dialog.reject)
    outer = QVBoxLayout(dialog)
    outer.setContentsMargins(16, 16, 16, 12)
    outer.setSpacing(12)
    column = QVBoxLayout()
    column.setSpacing(8)
    outer.addLayout(column, 1)
    outer.addWidget(buttons)
    sure.setDefault(True)  # only now: a dialog takes no default button that was one before it came
    return column, sure


def name_answers(box: QMessageBox, *answers: QMessageBox.StandardButton) -> None:
    """Give a message box these buttons, each with a name of its own: `about.ok`."""
    for answer in answers:
        box.addButton(answer).setObjectName(f"{box.objectName()}.{str(answer.name).lower()}")


class EpicDialog(QDialog):
    """What the person wants, in their words.

    Signals:
        asked(str): Tier 1 shall propose tracks for it.
    """

    asked = Signal(str)

    def __init__(self, text: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        column, self._sure = frame_dialog(self, "New epic", "epic", "Ask Tier 1")
        hint = QLabel(
            "What do you want? Tier 1 reads the repository and proposes tracks; nothing is written before you accept."
        )
        hint.setWordWrap(True)
        self._text = QPlainTextEdit()
        self._text.setObjectName("epic.text")
        self._text.setAccessibleName("Epic")
        self._text.setProperty("kind", "editor")
        self._text.setPlaceholderText("For example: add CSV export to the report, with tests and a line in the README.")
        self._text.setTabChangesFocus(True)
        self._text.textChanged.connect(self._check)
        column.addWidget(hint)
        column.addWidget(self._text, 1)
        self._text.setPlainText(text)
        self._check()
        self.resize(560, 320)
        self.accepted.connect(self._ask)

    def _check(self) -> None:
        self._sure.setEnabled(bool(self._text.toPlainText().strip()))

    def _ask(self) -> None:
        self.asked.emit(self._text.toPlainText().strip())


class ApplyDialog(QDialog):
    """The last question before the person's own branch changes; `accepted` is the answer."""

    def __init__(self, title: str, branch: str, files: list[DiffFile], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        column, _ = frame_dialog(self, "Apply to your branch", "apply", "Apply")
        added, removed = sum(file.added for file in files), sum(file.removed for file in files)
        heading = QLabel(f"Merge “{title}” into {branch}?")
        heading.setProperty("kind", "heading")
        heading.setWordWrap(True)
        stat = QLabel(f"{plural(len(files), 'file')} changed, {added:,} lines added, {removed:,} removed.")
        names = QPlainTextEdit("\n".join(f"{file.path}  +{file.added} \N{MINUS SIGN}{file.removed}" for file in files))
        names.setReadOnly(True)
        names.setProperty("kind", "editor")
        names.setObjectName("apply.files")
        names.setAccessibleName("Changed files")
        words = muted_label(
            "Planning files are committed first, then the work is merged with a merge commit of its own."
        )
        words.setWordWrap(True)
        for widget in (heading, stat):
            column.addWidget(widget)
        column.addWidget(names, 1)
        column.addWidget(words)
        self.resize(520, 340)
