"""The settings' page of rules: what is allowed, asked about or refused without a word, and how to take it back."""

from collections.abc import Sequence

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QVBoxLayout, QWidget

from slop_qt.core.errors import SlopError
from slop_qt.core.settings import Rule
from slop_qt.mma import commands
from slop_qt.mma.settings_shapes import RemoveRule, RulesShown
from slop_qt.mma.shapes import Nothing
from slop_qt.qt.window_context import WindowContext
from slop_qt.views.settings.rule_row import RuleRow
from slop_qt.views.settings.words import FAILED, NO_RULES
from slop_qt.widgets.buttons import muted_label
from slop_qt.widgets.notice import Notice

__all__ = ["RulesPage"]

_WORDS = (
    "Rules come before the mode, in every project. A refusal always wins, then the first that matches. They are "
    "compared exactly, to the character. What you remove here is asked about again at once."
)
_NONE = "Tick “Remember exactly this” where a command waits for you, and the rule appears here."


class RulesPage(QWidget):
    """Lives in the GUI thread."""

    def __init__(self, context: WindowContext) -> None:
        super().__init__()
        self._context = context
        self._rows: list[RuleRow] = []
        words = muted_label(_WORDS)
        words.setWordWrap(True)
        self._notice = Notice(context.theme, "settings.rules.notice")
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(12, 12, 12, 12)
        self._column.setSpacing(8)
        self._column.addWidget(words)
        self._column.addWidget(self._notice)
        self._column.addStretch(1)

    def look(self) -> None:
        """Ask which there are."""
        self._context.send(self, commands.RULES_LIST, Nothing(), self._show)

    def show_error(self, error: SlopError) -> None:
        """Say here what went wrong."""
        self._notice.say(FAILED, error.message, error.hint)

    def _show(self, shown: RulesShown) -> None:
        for row in self._rows:
            self._column.removeWidget(row)
            row.deleteLater()
        self._rows = [RuleRow(self._context.theme, number, rule) for number, rule in enumerate(shown.rules)]
        before: QWidget | None = None
        for row in self._rows:
            row.removed.connect(self._remove)
            self._column.insertWidget(self._column.count() - 1, row)
            if before is not None:
                QWidget.setTabOrder(before, row.button)
            before = row.button
        if self._rows:
            self._notice.clear()
        else:
            self._notice.say(NO_RULES, _NONE)

    def _remove(self, rule: Rule) -> None:
        at = next(number for number, row in enumerate(self._rows) if row.rule == rule)

        def removed(shown: RulesShown) -> None:
            self._show(shown)
            self._focus(self._rows[at : at + 1] or self._rows[-1:])

        for row in self._rows:
            row.button.setEnabled(False)  # each would name another rule by then
        self._context.send(self, commands.RULES_REMOVE, RemoveRule(rule=rule), removed, self._not_removed)

    def _not_removed(self) -> None:
        for row in self._rows:
            row.button.setEnabled(True)

    def _focus(self, rows: Sequence[RuleRow]) -> None:
        """So that the keyboard goes on where it was."""
        if rows and self.isVisible():
            rows[0].button.setFocus(Qt.FocusReason.OtherFocusReason)
