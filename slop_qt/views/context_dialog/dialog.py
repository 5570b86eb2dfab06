"""What goes to a ticket's worker: the first request as it would be sent, and the choices by which it changes."""

from PySide6.QtCore import QStringListModel, Qt, QTimer
from PySide6.QtWidgets import QDialog, QFrame, QHBoxLayout, QLabel, QSplitter, QStackedWidget, QVBoxLayout, QWidget

from slop_qt.core.context import ContextPart
from slop_qt.core.context_choices import FileChoice, FileForm
from slop_qt.core.errors import SlopError
from slop_qt.core.visible_text import make_visible
from slop_qt.mma import commands
from slop_qt.mma.shapes import Nothing
from slop_qt.mma.spend_shapes import ChooseContext, ContextPreviewed, PreviewContext
from slop_qt.qt.window_context import WindowContext
from slop_qt.views.context_dialog.choice_list import ChoiceList
from slop_qt.views.context_dialog.parts_view import PartsView
from slop_qt.widgets.banner import Banner
from slop_qt.widgets.buttons import muted_label, segment_button
from slop_qt.widgets.context_words import size_words
from slop_qt.widgets.dialogs import frame_dialog

__all__ = ["ContextDialog"]

_SETTLE_MS = 250
_OF_TICKET, _OF_PROJECT = 0, 1
_PARTS_HEIGHT, _CHOICES_HEIGHT = 320, 280
_OLD = "Shown as it was before your last change."
_NOTHING_OF_TICKET = "Nothing is chosen for this ticket: its worker gets the files that it declares."
_NOTHING_OF_PROJECT = "Nothing is chosen for every ticket. A choice for a ticket comes before one for all of them."


class ContextDialog(QDialog):
    """Previews when it is made and soon after each change; saves when it is accepted. Lives in the GUI thread.

    One preview is under way at a time; what changes meanwhile is previewed after it. Closed, it hears no more of it.
    """

    def __init__(self, context: WindowContext, track_id: str, ticket_id: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._context = context
        self._track_id, self._ticket_id = track_id, ticket_id
        self._kept: list[
            tuple[FileChoice, ...]
        ] = []  # as saved, of the ticket and of the project; none is not read yet
        self._asking = self._asked_again = self._saving = False
        self._settle = QTimer(self)
        self._settle.setSingleShot(True)
        self._settle.setInterval(_SETTLE_MS)
        self._settle.timeout.connect(self._preview)
        column, self._sure = frame_dialog(self, f"Context of {ticket_id}", "context", "Save")
        self._files = QStringListModel(self)
        self._banner = Banner(context.theme, "context.banner")
        self._size = muted_label("Composing the first request…")
        self._size.setObjectName("context.size")
        self._parts = PartsView(context.theme)
        self._lists = (
            ChoiceList(context.theme, "context.ticket", _NOTHING_OF_TICKET, self._files),
            ChoiceList(context.theme, "context.project", _NOTHING_OF_PROJECT, self._files),
        )
        self._pages = QStackedWidget()
        self._choosing = self._make_choosing()
        self._lay_out(column)
        self.resize(980, 700)
        self._parts.choice_wanted.connect(self._choose_part)
        for choices in self._lists:
            choices.changed.connect(self._changed)
        self._choosing.setEnabled(False)
        self._refresh()
        self._preview()

    def show_error(self, error: SlopError) -> None:
        """Say above everything what went wrong."""
        self._banner.show_error(error)

    def accept(self) -> None:
        """Save what was changed, and close when that is done."""
        if self._may_save:
            self._saving = True
            self._refresh()
            self._save_next()

    @property
    def _may_save(self) -> bool:
        return bool(self._kept) and not self._saving and not self._problem

    @property
    def _problem(self) -> str:
        return next((choices.problem for choices in self._lists if choices.problem), "")

    def _make_choosing(self) -> QFrame:
        card = QFrame()
        card.setProperty("kind", "card")
        segments = QHBoxLayout()
        segments.setSpacing(0)
        heading = QLabel("Chosen files")
        heading.setProperty("kind", "heading")
        segments.addWidget(heading)
        segments.addSpacing(12)
        self._segments = [
            segment_button("context.of_ticket", "This ticket", lambda: self._pages.setCurrentIndex(_OF_TICKET)),
            segment_button(
                "context.of_project", "Every ticket of the project", lambda: self._pages.setCurrentIndex(_OF_PROJECT)
            ),
        ]
        for segment in self._segments:
            segments.addWidget(segment)
        segments.addStretch(1)
        self._segments[_OF_TICKET].setChecked(True)
        for choices in self._lists:
            self._pages.addWidget(choices)
        column = QVBoxLayout(card)
        column.setContentsMargins(12, 8, 12, 12)
        column.setSpacing(8)
        column.addLayout(segments)
        column.addWidget(self._pages, 1)
        return card

    def _lay_out(self, column: QVBoxLayout) -> None:
        tickets = self._context.tracks.tickets(self._track_id)
        title = next((ticket.title for ticket in tickets if ticket.id == self._ticket_id), "")
        heading = QLabel(make_visible(f"{self._ticket_id}  {title}".strip()))
        heading.setObjectName("context.heading")
        heading.setProperty("kind", "heading")
        heading.setTextFormat(Qt.TextFormat.PlainText)
        heading.setWordWrap(True)
        halves = QSplitter(Qt.Orientation.Vertical)
        halves.setChildrenCollapsible(False)
        halves.addWidget(self._parts)
        halves.addWidget(_spaced(self._choosing))
        halves.setSizes([_PARTS_HEIGHT, _CHOICES_HEIGHT])
        for widget in (self._banner, heading, self._size):
            column.addWidget(widget)
        column.addWidget(halves, 1)

    def _changed(self) -> None:
        problems = [choices.problem for choices in self._lists]
        for choices, problem in zip(self._lists, problems, strict=True):
            choices.say_problem(problem)
        if not any(problems):
            self._settle.start()
        self._refresh()

    def _preview(self) -> None:
        """Compose it anew, with the choices as they stand here."""
        if self._asking:
            self._asked_again = True
            return
        if self._problem:
            return
        self._asking, self._asked_again = True, False
        of_ticket, of_project = [choices.choices() if self._kept else None for choices in self._lists]
        self._context.send(
            self,
            commands.CONTEXT_PREVIEW,
            PreviewContext(track_id=self._track_id, ticket_id=self._ticket_id, chosen=of_ticket, project=of_project),
            self._show_preview,
            self._not_previewed,
        )

    def _show_preview(self, previewed: ContextPreviewed) -> None:
        self._banner.hide()
        if not self._kept:
            self._kept = [previewed.chosen, previewed.project]
            for choices, kept in zip(self._lists, self._kept, strict=True):
                choices.fill(kept)
            self._choosing.setEnabled(True)
        if previewed.files != tuple(self._files.stringList()):
            self._files.setStringList(previewed.files)
        self._parts.show_parts(previewed)
        self._size.setText(f"Its worker would start with {size_words(previewed.report)}, for {previewed.report.model}.")
        self._answered()

    def _not_previewed(self) -> None:
        self._size.setText(_OLD if self._kept else "The first request could not be composed.")
        self._answered()

    def _answered(self) -> None:
        self._asking = False
        self._refresh()
        if self._asked_again:
            self._preview()

    def _choose_part(self, part: ContextPart) -> None:
        page = self._pages.currentIndex()
        form: FileForm = "outline" if part.kind == "outline" else "full"
        self._lists[page].choose(FileChoice(path=part.label, form=form))

    def _save_next(self) -> None:
        """Save the next list that was changed; close after the last."""
        for page, choices in enumerate(self._lists):
            wanted = choices.choices()
            if wanted != self._kept[page]:
                whose = (self._track_id, self._ticket_id) if page == _OF_TICKET else (None, None)
                params = ChooseContext(track_id=whose[0], ticket_id=whose[1], choices=wanted)

                def saved(_: Nothing, page: int = page, wanted: tuple[FileChoice, ...] = wanted) -> None:
                    self._kept[page] = wanted
                    self._save_next()

                self._context.send(self, commands.CONTEXT_CHOOSE, params, saved, self._not_saved)
                return
        super().accept()

    def _not_saved(self) -> None:
        self._saving = False
        self._refresh()

    def _refresh(self) -> None:
        self._sure.setEnabled(self._may_save)
        self._sure.setText("Saving…" if self._saving else "Save")
        self._sure.setToolTip(self._problem)
        self._choosing.setEnabled(bool(self._kept) and not self._saving)


def _spaced(widget: QWidget) -> QWidget:
    """The widget, a little below the line that parts it from what is above."""
    holder = QWidget()
    column = QVBoxLayout(holder)
    column.setContentsMargins(0, 8, 0, 0)
    column.addWidget(widget)
    return holder
