"""One file that was chosen: in which form it is sent, which lines of it, and whether in any case."""

import re

from PySide6.QtCore import QSignalBlocker, Signal
from PySide6.QtWidgets import QLabel, QLineEdit, QSizePolicy, QWidget

from slop_qt.core.context_choices import FileChoice, FileForm
from slop_qt.core.visible_text import make_visible
from slop_qt.qt.theme import Theme
from slop_qt.widgets.buttons import icon_button
from slop_qt.widgets.fields import CalmBox, CheckField, NamedRow

__all__ = ["ChoiceRow"]

_FORMS: tuple[tuple[FileForm, str], ...] = (
    ("full", "Full"),
    ("outline", "Outline"),
    ("range", "Lines…"),
    ("excluded", "Not sent"),
)
_FORM_WIDTH, _LINES_WIDTH = 112, 96
_LINES = re.compile(r"\s*(\d{1,9})\s*(?:[-\N{EN DASH}\N{MINUS SIGN}]|to)\s*(\d{1,9})\s*")


class ChoiceRow(QWidget):
    """The fields of one file; a list lays them out, this has no place of its own. Lives in the GUI thread.

    Signals:
        changed: it is another choice now, perhaps one that does not hold yet.
        removed: the person does not want a choice for this file any more.
    """

    changed = Signal()
    removed = Signal()

    def __init__(self, theme: Theme, choice: FileChoice, name: str, parent: QWidget) -> None:
        super().__init__(parent)
        self.hide()
        self.path = choice.path
        shown = make_visible(choice.path)
        self.label = QLabel(shown)
        self.label.setToolTip(shown)
        self.label.setMinimumWidth(60)
        self.label.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self.form = CalmBox(theme, f"{name}.form", f"Form of {shown}")
        self.form.fill([NamedRow(words, id=form) for form, words in _FORMS])
        self.form.choose(choice.form)
        self.form.setFixedWidth(_FORM_WIDTH)
        self.lines = QLineEdit()
        self.lines.setObjectName(f"{name}.lines")
        self.lines.setAccessibleName(f"Lines of {shown}")
        self.lines.setFixedWidth(_LINES_WIDTH)
        if choice.form == "range":
            self.lines.setText(f"{choice.start_line}\N{EN DASH}{choice.end_line}")
        self.pinned = CheckField(theme, "Pinned", f"{name}.pinned", f"{shown} is pinned")
        self.pinned.setToolTip("It goes along although no ticket declares it, and is never left out for want of room.")
        self.pinned.setChecked(choice.pinned)
        self.remove = icon_button(theme, f"{name}.remove", "close", f"Remove the choice of {shown}", self.removed.emit)
        self.form.currentIndexChanged.connect(self._form_changed)
        self.lines.textChanged.connect(self.changed)
        self.pinned.toggled.connect(self.changed)
        self._refresh()

    @property
    def fields(self) -> tuple[QWidget, ...]:
        """What stands beside each other, in the order of the columns."""
        return (self.label, self.form, self.lines, self.pinned, self.remove)

    @property
    def problem(self) -> str:
        """Why it does not hold, and what to do; empty where it does."""
        if self.form.chosen != "range":
            return ""
        found = _LINES.fullmatch(self.lines.text())
        if found is None:
            return f"{self.label.text()}: say which lines, the first and the last, like 1\N{EN DASH}40."
        first, last = int(found[1]), int(found[2])
        if first < 1:
            return f"{self.label.text()}: lines are counted from 1."
        return f"{self.label.text()}: the last line comes before the first." if last < first else ""

    def choice(self) -> FileChoice:
        """The choice as it stands. To be asked for only where there is no problem."""
        form = next(form for form, _ in _FORMS if form == self.form.chosen)
        found = _LINES.fullmatch(self.lines.text()) if form == "range" else None
        return FileChoice(
            path=self.path,
            form=form,
            start_line=int(found[1]) if found else None,
            end_line=int(found[2]) if found else None,
            pinned=self.pinned.isChecked(),
        )

    def _form_changed(self) -> None:
        self._refresh()
        if self.form.chosen == "range" and not self.lines.text():
            self.lines.setFocus()
        self.changed.emit()

    def _refresh(self) -> None:
        some = self.form.chosen == "range"
        self.lines.setEnabled(some)
        self.lines.setPlaceholderText("1\N{EN DASH}40" if some else "")
        sent = self.form.chosen != "excluded"
        self.pinned.setEnabled(sent)
        if not sent:
            with QSignalBlocker(self.pinned):
                self.pinned.setChecked(False)
