"""The files that were chosen, for one ticket or for all of a project, and a field to add another."""

from collections.abc import Sequence
from functools import partial

from PySide6.QtCore import QStringListModel, Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QCompleter, QFrame, QGridLayout, QHBoxLayout, QLineEdit, QScrollArea, QVBoxLayout, QWidget

from slop_qt.core.context_choices import FileChoice
from slop_qt.qt.planned_model import ERROR_LOOK
from slop_qt.qt.theme import Theme
from slop_qt.views.context_dialog.choice_row import ChoiceRow
from slop_qt.widgets.buttons import muted_label, push_button
from slop_qt.widgets.notice import Notice

__all__ = ["ChoiceList"]

_COLUMNS = ("File", "Form", "Lines", "", "")


class _PathField(QLineEdit):
    """A path while it is typed. Return adds it, and does not press the dialog's own button.

    Signals:
        given: the path is complete.
    """

    given = Signal()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in {Qt.Key.Key_Return, Qt.Key.Key_Enter}:
            event.accept()
            self.given.emit()
        else:
            super().keyPressEvent(event)


class ChoiceList(QWidget):
    """Lives in the GUI thread.

    Signals:
        changed: there are other choices now, perhaps some that do not hold yet.
    """

    changed = Signal()

    def __init__(self, theme: Theme, name: str, empty: str, files: QStringListModel) -> None:
        """empty is what is said where nothing was chosen; files are those that can be, for completion."""
        super().__init__()
        self.setObjectName(name)
        self._theme = theme
        self._rows: list[ChoiceRow] = []
        self._made = 0
        self._files = files
        self._notice = Notice(theme, f"{name}.notice")
        self._path = _PathField()
        self._path.setObjectName(f"{name}.path")
        self._path.setAccessibleName("File to add, by its path in the project")
        self._path.setPlaceholderText("Add a file: type a part of its path")
        completer = QCompleter(files, self)
        completer.setFilterMode(Qt.MatchFlag.MatchContains)
        completer.setCaseSensitivity(Qt.CaseSensitivity.CaseInsensitive)
        self._path.setCompleter(completer)
        self._add = push_button(f"{name}.add", "Add", self._add_typed)
        self._add.setAutoDefault(False)
        self._path.given.connect(self._add_typed)
        self._path.textChanged.connect(self._typing)
        self._empty = muted_label(empty)
        self._empty.setWordWrap(True)
        self._grid = QGridLayout()
        self._lay_out()
        self._typing()
        self._show_rows()

    @property
    def problem(self) -> str:
        """What is wrong with the first choice that does not hold."""
        return next((row.problem for row in self._rows if row.problem), "")

    def choices(self) -> tuple[FileChoice, ...]:
        """All of them. To be asked for only where there is no problem."""
        return tuple(row.choice() for row in self._rows)

    def fill(self, choices: Sequence[FileChoice]) -> None:
        """Have these; nothing is signalled."""
        for choice in choices:
            self._append(choice)
        self._show_rows()

    def choose(self, choice: FileChoice) -> None:
        """Have a choice for that file, this one where there was none, and put the keyboard to it."""
        row = next((each for each in self._rows if each.path == choice.path), None)
        if row is None:
            row = self._append(choice)
            self._show_rows()
            self.changed.emit()
        row.form.setFocus()

    def say_problem(self, problem: str) -> None:
        """Say beside the field what is wrong; empty: nothing."""
        if problem:
            self._notice.say(ERROR_LOOK, problem)
        else:
            self._notice.clear()

    def _lay_out(self) -> None:
        adding = QHBoxLayout()
        adding.setSpacing(8)
        adding.addWidget(self._path, 1)
        adding.addWidget(self._add)
        page = QWidget()
        within = QVBoxLayout(page)
        within.setContentsMargins(0, 0, 8, 0)
        self._grid.setHorizontalSpacing(8)
        self._grid.setVerticalSpacing(4)
        self._grid.setColumnStretch(0, 1)
        for column, words in enumerate(_COLUMNS):
            self._grid.addWidget(muted_label(words), 0, column)
        within.addLayout(self._grid)
        within.addWidget(self._empty)
        within.addStretch(1)
        area = QScrollArea()
        area.setWidget(page)
        area.setWidgetResizable(True)
        area.setFrameShape(QFrame.Shape.NoFrame)
        area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        area.setMinimumHeight(96)
        for surface in (area.viewport(), page):
            surface.setAutoFillBackground(False)  # the card's own shows
        column_of_all = QVBoxLayout(self)
        column_of_all.setContentsMargins(0, 0, 0, 0)
        column_of_all.setSpacing(8)
        column_of_all.addWidget(area, 1)
        column_of_all.addWidget(self._notice)
        column_of_all.addLayout(adding)

    def _append(self, choice: FileChoice) -> ChoiceRow:
        self._made += 1
        row = ChoiceRow(self._theme, choice, f"{self.objectName()}.row{self._made}", self)
        before: QWidget | None = self._rows[-1].remove if self._rows else self._path.previousInFocusChain()
        for column, field in enumerate(row.fields):
            self._grid.addWidget(field, self._made, column)
            field.show()  # at once: what is not shown yet takes no keyboard
            if before is not None:
                self.setTabOrder(before, field)
            before = field
        row.changed.connect(self.changed)
        row.removed.connect(partial(self._remove, row))
        self._rows.append(row)
        return row

    def _remove(self, row: ChoiceRow) -> None:
        at = self._rows.index(row)
        self._rows.remove(row)
        for field in row.fields:
            self._grid.removeWidget(field)
            field.hide()
            field.deleteLater()
        row.deleteLater()
        after = self._rows[min(at, len(self._rows) - 1)].form if self._rows else self._path
        after.setFocus()  # or the keyboard would be nowhere
        self._show_rows()
        self.changed.emit()

    def _show_rows(self) -> None:
        self._empty.setVisible(not self._rows)
        for column in range(len(_COLUMNS)):
            item = self._grid.itemAtPosition(0, column)
            heading = item.widget() if item is not None else None
            if heading is not None:
                heading.setVisible(bool(self._rows))

    def _typing(self) -> None:
        self._add.setEnabled(bool(self._path.text().strip()))
        self._notice.clear()

    def _add_typed(self) -> None:
        path = self._path.text().strip().replace("\\", "/").removeprefix("./")
        known = self._files.stringList()
        if not path:
            return
        if any(row.path == path for row in self._rows):
            self.say_problem(f"{path} is among the choices already.")
        elif known and path not in known:
            self.say_problem(f"There is no file {path} in the project. Take one from the list that typing opens.")
        else:
            self._path.clear()
            self.choose(FileChoice(path=path, pinned=True))
