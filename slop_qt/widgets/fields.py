"""Fields of a dialog's form that do not surprise: a turned wheel changes nothing, and Return stays in its field."""

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QSignalBlocker, Qt, Signal
from PySide6.QtGui import QFontMetrics, QKeyEvent, QPainter, QPaintEvent, QWheelEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QCheckBox,
    QComboBox,
    QCompleter,
    QLineEdit,
    QRadioButton,
    QStyle,
    QStyleOptionButton,
)

from slop_qt.qt.icons import ICON_SIZE
from slop_qt.qt.roles import Role
from slop_qt.qt.status import Look
from slop_qt.qt.theme import Theme
from slop_qt.widgets.row_delegate import RowDelegate

__all__ = ["CalmBox", "CheckField", "NameBox", "NamedRow", "RadioField", "SecretField"]

_ARROW_EDGE = 4
_ROW_EXTRAS = 72  # icon, gaps, edges and a scroll bar
_WIDEST = 640


@dataclass(frozen=True, slots=True)
class NamedRow:
    """One row of a list to choose from: its name, a few words beside it, and perhaps how it stands.

    id is what the row stands for, where that is not its name.
    """

    name: str
    words: str = ""
    look: Look | None = None
    id: str = ""


class CalmBox(QComboBox):
    """A choice from a list in which each row may say more. The wheel scrolls the page and not the choice.

    Lives in the GUI thread.
    """

    def __init__(self, theme: Theme, name: str, spoken: str) -> None:
        super().__init__()
        self._theme = theme
        self.setObjectName(name)
        self.setProperty("kind", "choice")
        self.setAccessibleName(spoken)
        self.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.view().setItemDelegate(RowDelegate(theme, self.view(), Qt.TextElideMode.ElideMiddle))
        self.setItemDelegate(self.view().itemDelegate())

    def fill(self, rows: Sequence[NamedRow]) -> None:
        """Have these to choose from; the one that is chosen stays so where it is among them. Nothing is signalled."""
        chosen = self.chosen
        with QSignalBlocker(self):
            self.clear()
            for number, row in enumerate(rows):
                self.addItem(row.name)
                self.setItemData(number, row.id or row.name, Role.ID)
                self.setItemData(number, row.words, Role.TRAILING)
                self.setItemData(number, row.look, Role.LOOK)
                spoken = ", ".join(part for part in (row.name, row.words) if part)
                self.setItemData(number, spoken, Qt.ItemDataRole.AccessibleTextRole)
            self.choose(chosen)
        self._widen(rows)

    @property
    def chosen(self) -> str:
        """What the chosen row stands for; empty where none is."""
        return self.currentData(Role.ID) or ""

    def choose(self, chosen: str) -> None:
        """Choose the row that stands for it, or none."""
        self.setCurrentIndex(self.findData(chosen, Role.ID))

    def _widen(self, rows: Sequence[NamedRow]) -> None:
        """Let the list be as wide as its widest row: what is said beside a name must not take the place of the name."""
        names, words = QFontMetrics(self._theme.font()), QFontMetrics(self._theme.font(small=True))
        width = max((names.horizontalAdvance(row.name) + words.horizontalAdvance(row.words) for row in rows), default=0)
        for view in self._lists():
            view.setMinimumWidth(min(width + _ROW_EXTRAS, _WIDEST))

    def _lists(self) -> tuple[QAbstractItemView, ...]:
        """The lists that offer the rows."""
        return (self.view(),)

    def wheelEvent(self, event: QWheelEvent) -> None:
        event.ignore()

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)  # which paints no arrow: the style sheet has taken the border from it
        with QPainter(self) as painter:
            color = "muted" if self.isEnabled() else "line"
            arrow = self._theme.pixmap("down", color, self.devicePixelRatioF())
            painter.drawPixmap(self.width() - ICON_SIZE - _ARROW_EDGE, (self.height() - ICON_SIZE) // 2, arrow)


class NameBox(CalmBox):
    """A name: one from the list, or any other that is typed. Completion offers and never fills in by itself.

    Lives in the GUI thread.

    Signals:
        name_changed(str): it is another name now, by choice, by typing or by `choose`.
    """

    name_changed = Signal(str)

    def __init__(self, theme: Theme, name: str, spoken: str, invitation: str) -> None:
        super().__init__(theme, name, spoken)
        self.setEditable(True)
        self.setInsertPolicy(QComboBox.InsertPolicy.NoInsert)
        field = self.lineEdit()
        assert field is not None
        field.setObjectName(f"{name}.text")
        field.setAccessibleName(spoken)
        field.setPlaceholderText(invitation)
        completer = QCompleter(self.model(), self)
        completer.setCompletionMode(QCompleter.CompletionMode.PopupCompletion)
        completer.setFilterMode(Qt.MatchFlag.MatchContains)
        completer.setCaseSensitivity(Qt.CaseSensitivity.CaseInsensitive)
        popup = completer.popup()
        assert popup is not None
        popup.setItemDelegate(RowDelegate(theme, popup, Qt.TextElideMode.ElideMiddle))
        self.setCompleter(completer)
        self.editTextChanged.connect(self.name_changed)

    def _lists(self) -> tuple[QAbstractItemView, ...]:
        completer = self.completer()
        popup = completer.popup() if completer is not None else None
        return (self.view(), popup) if popup is not None else (self.view(),)

    @property
    def chosen(self) -> str:
        """What stands there, without blanks around it."""
        return self.currentText().strip()

    def choose(self, chosen: str) -> None:
        """Put it there, whether the list has it or not."""
        super().choose(chosen)
        self.setEditText(chosen)


class CheckField(QCheckBox):
    """A check box with a line around its box, which the style leaves out on dark ground. Lives in the GUI thread."""

    def __init__(self, theme: Theme, words: str, name: str, spoken: str) -> None:
        super().__init__(words)
        self._theme = theme
        self.setObjectName(name)
        self.setAccessibleName(spoken)

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        option = QStyleOptionButton()
        self.initStyleOption(option)
        box = self.style().subElementRect(QStyle.SubElement.SE_CheckBoxIndicator, option, self)
        with QPainter(self) as painter:
            painter.setPen(self._theme.color("muted" if self.isEnabled() else "line"))
            painter.drawRect(box.adjusted(0, 0, -1, -1))


class RadioField(QRadioButton):
    """One of several choices, with a line around its circle on any ground. Lives in the GUI thread."""

    def __init__(self, theme: Theme, words: str, name: str) -> None:
        super().__init__(words)
        self._theme = theme
        self.setObjectName(name)

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        option = QStyleOptionButton()
        self.initStyleOption(option)
        circle = self.style().subElementRect(QStyle.SubElement.SE_RadioButtonIndicator, option, self)
        with QPainter(self) as painter:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.setPen(self._theme.color("muted" if self.isEnabled() else "line"))
            painter.drawEllipse(circle.adjusted(1, 1, -2, -2))


class SecretField(QLineEdit):
    """A key while it is typed: never readable, never kept. Return is for it alone. Lives in the GUI thread."""

    def __init__(self, name: str, spoken: str, invitation: str) -> None:
        super().__init__()
        self.setObjectName(name)
        self.setAccessibleName(spoken)
        self.setPlaceholderText(invitation)
        self.setEchoMode(QLineEdit.EchoMode.Password)
        self.setInputMethodHints(
            Qt.InputMethodHint.ImhHiddenText
            | Qt.InputMethodHint.ImhSensitiveData
            | Qt.InputMethodHint.ImhNoPredictiveText
            | Qt.InputMethodHint.ImhNoAutoUppercase
        )

    def wipe(self) -> None:
        """Forget it: unlike `clear`, which undo takes back."""
        self.setText("")

    def keyPressEvent(self, event: QKeyEvent) -> None:
        super().keyPressEvent(event)
        if event.key() in {Qt.Key.Key_Return, Qt.Key.Key_Enter}:
            event.accept()  # or the dialog's own default button would be pressed by it
