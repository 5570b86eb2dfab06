"""One rule of the person's: what it does, for what exactly, and the button that removes it."""

import html

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QVBoxLayout

from slop_qt.core.settings import Rule
from slop_qt.core.visible_text import make_visible
from slop_qt.qt.theme import Theme
from slop_qt.views.settings.words import rule_details, rule_look, rule_subject
from slop_qt.widgets.buttons import push_button
from slop_qt.widgets.elided_label import ElidedLabel
from slop_qt.widgets.status_chip import StatusChip

__all__ = ["RuleRow"]

_CHIP_WIDTH = 68  # the longest word of the three: what stands behind them begins in one line


class RuleRow(QFrame):
    """A card of two lines. Lives in the GUI thread.

    Attributes:
        rule: the rule.
        button: removes it.

    Signals:
        removed(Rule): the person wants it gone.
    """

    removed = Signal(object)

    def __init__(self, theme: Theme, number: int, rule: Rule) -> None:
        super().__init__()
        self.rule = rule
        name = f"settings.rule.{number}"
        self.setObjectName(name)
        self.setProperty("kind", "card")
        look = rule_look(rule)
        subject = ElidedLabel(theme, f"{name}.subject", fixed=rule.subject is not None)
        text = make_visible(rule_subject(rule))
        subject.say(text.replace("\n", " ↵ "))
        subject.setToolTip(f"<pre>{html.escape(text)}</pre>")  # a tip that looks like HTML is taken for it
        details = ElidedLabel(theme, f"{name}.details")
        details.say(make_visible(rule_details(rule)))
        details.setVisible(rule.subject is not None)
        self.button = push_button(f"{name}.remove", "Remove", self._remove)
        self.button.setAutoDefault(False)
        self.button.setAccessibleName(f"Remove the rule: {look.word} {subject.text}")
        words = QVBoxLayout()
        words.setSpacing(2)
        words.addWidget(subject)
        words.addWidget(details)
        chip = StatusChip(theme, look)
        chip.setFixedWidth(_CHIP_WIDTH)
        row = QHBoxLayout(self)
        row.setContentsMargins(12, 6, 8, 6)
        row.setSpacing(12)
        row.addWidget(chip)
        row.addLayout(words, 1)
        row.addWidget(self.button)

    def _remove(self) -> None:
        self.removed.emit(self.rule)
