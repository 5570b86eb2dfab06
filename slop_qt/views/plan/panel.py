"""The Plan panel: spec, plan and tickets of the selected track."""

from functools import partial

from PySide6.QtGui import QAction
from PySide6.QtWidgets import QFrame, QHBoxLayout, QStackedWidget, QToolButton, QVBoxLayout, QWidget

from slop_qt.qt.editing.edited_track import EditedTrack
from slop_qt.qt.window_context import WindowContext
from slop_qt.views.plan.conflicts import Conflicts
from slop_qt.views.plan.text_page import TextPage
from slop_qt.views.plan.tickets_page import TicketsPage
from slop_qt.widgets.buttons import icon_button, push_button, segment_button
from slop_qt.widgets.empty_state import EmptyState
from slop_qt.widgets.panel import Panel

__all__ = ["PlanPanel"]

_PARTS = (("spec", "Spec"), ("plan", "Plan"), ("tickets", "Tickets"))
_HALVES = (
    ("source", "edit", "Show the source alone"),
    ("both", "columns", "Show source and reading side by side"),
    ("rendering", "reading", "Show how it reads"),
)
_WORDS = "Spec, plan and tickets of the selected track appear here, to be read and edited. They lie in conductor/."


class PlanPanel(Panel):
    """Lives in the GUI thread. What the editor says to it comes through PlanCalls, for whom it is built if need be."""

    def __init__(self, context: WindowContext) -> None:
        self._empty = EmptyState(context.theme, "plan", "edit", "No track selected", _WORDS)
        super().__init__(context.theme, "plan", self._empty)
        self._context = context
        self._editor = context.editor
        self._bound: EditedTrack | None = None
        self._spec = TextPage(context, "spec", "Spec")
        self._plan = TextPage(context, "plan", "Plan")
        self._tickets = TicketsPage(context, self)
        self._parts: dict[str, QToolButton] = {}
        self._halves: dict[str, QToolButton] = {}
        self._stack = QStackedWidget()
        self._conflicts = Conflicts(context, self)
        self._save = push_button("plan.save", "Save", self._editor.save, shortcut="Ctrl+S")
        self._lay_out()
        self._editor.track_changed.connect(self._refresh)
        self._editor.state_changed.connect(self._refresh_state)
        self._editor.dirty_changed.connect(self._refresh_state)
        self.show_part("spec")
        self._refresh()

    @property
    def part(self) -> str:
        """Which of spec, plan and tickets is shown."""
        return next(name for name, button in self._parts.items() if button.isChecked())

    def show_part(self, name: str) -> None:
        """Show spec, plan or tickets."""
        self._parts[name].setChecked(True)
        self._stack.setCurrentIndex([part for part, _ in _PARTS].index(name))
        self._halves_box.setVisible(name != "tickets")
        self._catch_up()

    def use_history(self, undo: QAction, redo: QAction) -> None:
        """Offer these where a text offers its own."""
        for page in (self._spec, self._plan):
            page.source.history = (undo, redo)

    def say(self, words: str) -> None:
        """Say above the texts what somebody did with them."""
        self.banner.show_offer(words)

    def go_to(self, where: str, field: str) -> None:
        """Put the keyboard where something changed. What is of tickets is seen in the graph too: it stays in view."""
        if where == "tickets":
            if not self.visibleRegion().isEmpty():  # a tab behind another one is visible to Qt
                self.show_ticket(field)
            return
        self._context.selection.panel_wanted.emit("plan")
        self.show_part(where)
        page = self._spec if where == "spec" else self._plan
        page.source.setFocus()

    def show_ticket(self, field: str) -> None:
        """Show the selected ticket's form, with the keyboard in that field."""
        self.show_part("tickets")
        self._tickets.show_ticket(field)

    def shown(self) -> None:
        self._catch_up()

    def hidden(self) -> None:
        for page in (self._spec, self._plan):
            page.hidden()

    def _catch_up(self) -> None:
        for page in (self._spec, self._plan):
            if self.isVisible() and page is self._stack.currentWidget():
                page.shown()
            else:
                page.hidden()

    def _lay_out(self) -> None:
        for page in (self._spec, self._plan, self._tickets):
            self._stack.addWidget(page)
        column = QVBoxLayout(self.content)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self._make_strip())
        column.addWidget(self._conflicts)
        column.addWidget(self._stack, 1)

    def _make_strip(self) -> QWidget:
        strip, parts_box, self._halves_box = QFrame(), QWidget(), QWidget()
        strip.setProperty("kind", "strip")
        row = QHBoxLayout(strip)
        row.setContentsMargins(8, 4, 8, 4)
        row.setSpacing(12)
        # A box each: choices that exclude each other are, to Qt, all those anywhere below the same parent.
        parts, halves = QHBoxLayout(parts_box), QHBoxLayout(self._halves_box)
        for layout in (parts, halves):
            layout.setContentsMargins(0, 0, 0, 0)
            layout.setSpacing(0)
        for name, words in _PARTS:
            self._parts[name] = segment_button(f"plan.show_{name}", words, partial(self.show_part, name))
            parts.addWidget(self._parts[name])
        for name, icon, tip in _HALVES:
            button = icon_button(self.theme, f"plan.show_{name}", icon, tip, partial(self._show_halves, name))
            button.setCheckable(True)
            button.setAutoExclusive(True)
            self._halves[name] = button
            halves.addWidget(button)
        self._halves["both"].setChecked(True)
        row.addWidget(parts_box)
        row.addStretch(1)
        row.addWidget(self._halves_box)
        row.addWidget(self._save)
        return strip

    def _show_halves(self, name: str) -> None:
        for page in (self._spec, self._plan):
            page.show_halves(source=name != "rendering", rendering=name != "source")

    def _refresh(self) -> None:
        track = self._editor.track
        if track is not self._bound:
            self._bound = track
            self.banner.hide()
            self._spec.show_text(track.spec if track is not None else None)
            self._plan.show_text(track.plan if track is not None else None)
            self._tickets.show_plan(track.plan if track is not None else None)
        self.show_content(track is not None)
        self._refresh_state()

    def _refresh_state(self) -> None:
        track = self._editor.track
        unsaved = track.unsaved if track is not None else ()
        for name, words in _PARTS:
            dirty = name in unsaved
            button = self._parts[name]
            button.setText(f"{words} •" if dirty else words)
            button.setAccessibleName(f"{words}, not saved" if dirty else words)
            button.setToolTip(f"The {name} has edits that are not saved" if dirty else "")
        for page in (self._spec, self._plan):
            page.show_state(track.gone if track is not None else "")
        self._save.setEnabled(bool(unsaved))
        self._conflicts.refresh(track)
