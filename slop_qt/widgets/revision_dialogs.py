"""Asks what Tier 2 shall make of the rest of a plan, and shows what it proposes before it is taken."""

from collections.abc import Sequence

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QDialog, QLabel, QPlainTextEdit, QWidget

from slop_qt.core.ticket_changes import TicketChanges, ticket_changes
from slop_qt.core.tickets import TicketSpec
from slop_qt.qt.theme import Theme
from slop_qt.qt.words import plural
from slop_qt.widgets.buttons import muted_label
from slop_qt.widgets.dialogs import frame_dialog
from slop_qt.widgets.diff_view import DiffView

__all__ = ["RevisionDialog", "WishDialog", "changes_in_words"]


def changes_in_words(changes: TicketChanges) -> str:
    """`1 ticket added, 2 changed`, or that nothing is."""
    numbers = {"added": len(changes.added), "changed": len(changes.changed), "removed": len(changes.removed)}
    said = [f"{number} {word}" for word, number in numbers.items() if number]
    if not said:
        return "no changes"
    first, *others = said
    number, word = first.split()
    return ", ".join([f"{plural(int(number), 'ticket')} {word}", *others])


class WishDialog(QDialog):
    """What the person wants of a revision; an empty wish leaves it to Tier 2. Lives in the GUI thread.

    Signals:
        asked(str): Tier 2 shall revise.
    """

    asked = Signal(str)

    def __init__(self, title: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        column, _ = frame_dialog(self, "Revise tickets", "wish", "Ask Tier 2")
        heading = QLabel(title)
        heading.setProperty("kind", "heading")
        heading.setWordWrap(True)
        hint = QLabel(
            "Tier 2 reads what the finished tickets and QA's reports say, and proposes what the tickets that have not "
            "started should be. You see the difference before anything changes."
        )
        hint.setWordWrap(True)
        self._text = QPlainTextEdit()
        self._text.setObjectName("wish.text")
        self._text.setAccessibleName("What should be different, if you know")
        self._text.setProperty("kind", "editor")
        self._text.setPlaceholderText("What should be different, if you know. For example: no new dependencies.")
        self._text.setTabChangesFocus(True)
        for widget in (heading, hint):
            column.addWidget(widget)
        column.addWidget(self._text, 1)
        self.resize(520, 300)
        self.accepted.connect(lambda: self.asked.emit(self._text.toPlainText().strip()))


class RevisionDialog(QDialog):
    """Each ticket that would be added, changed or removed, line by line. Lives in the GUI thread.

    Signals:
        taken: the proposal shall take the plan's place.
    """

    taken = Signal()

    def __init__(
        self,
        theme: Theme,
        title: str,
        before: Sequence[TicketSpec],
        after: Sequence[TicketSpec],
        parent: QWidget | None,
    ) -> None:
        super().__init__(parent)
        column, sure = frame_dialog(self, "Revised tickets", "revision", "Take the changes")
        changes = ticket_changes(before, after)
        heading = QLabel(title)
        heading.setProperty("kind", "heading")
        heading.setWordWrap(True)
        words = QLabel(f"Tier 2 proposes: {changes_in_words(changes)}.")
        words.setObjectName("revision.words")
        words.setWordWrap(True)
        diff = DiffView(theme, "revision.diff")
        diff.show_diff(changes.diff)
        note = muted_label("Tickets that have started stay as they are. Taking the changes can be undone.")
        note.setWordWrap(True)
        column.addWidget(heading)
        column.addWidget(words)
        column.addWidget(diff, 1)
        column.addWidget(note)
        sure.setEnabled(bool(changes.diff))
        self.resize(860, 560)
        self.accepted.connect(self.taken)
