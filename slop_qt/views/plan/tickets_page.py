"""The tickets of a plan: a list at the left, the selected one's form at the right."""

from collections.abc import Callable
from functools import partial

from PySide6.QtCore import QModelIndex, QSignalBlocker, Qt
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import (
    QAbstractItemView,
    QFrame,
    QHBoxLayout,
    QListView,
    QSplitter,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from slop_qt.core.errors import SlopError
from slop_qt.core.ticket_checks import errors_of
from slop_qt.qt.editing.edited_text import EditedText
from slop_qt.qt.planned_model import ERROR_LOOK, PlannedModel
from slop_qt.qt.throttle import Throttle
from slop_qt.qt.window_context import ErrorSurface, WindowContext
from slop_qt.qt.words import plural
from slop_qt.store.conductor.plan_reader import ConductorPlans
from slop_qt.views.plan.ticket_form import TicketForm
from slop_qt.widgets.buttons import icon_button, muted_label
from slop_qt.widgets.empty_state import EmptyState
from slop_qt.widgets.notice import Notice
from slop_qt.widgets.row_delegate import RowDelegate

__all__ = ["TicketsPage"]

_TASKS_MS = 400
_LIST_WIDTH = 240


class TicketsPage(QWidget):
    """Lives in the GUI thread. What is refused is shown on `surface`."""

    def __init__(self, context: WindowContext, surface: ErrorSurface) -> None:
        super().__init__()
        self._context = context
        self._editor = context.editor
        self._surface = surface
        self._tasks: tuple[str, ...] = ()
        self._plan: EditedText | None = None
        self.setObjectName("plan.tickets")
        self._model = PlannedModel(self)
        self.form = TicketForm(context)
        self._list = self._make_list()
        self._count = muted_label()
        self._problem = Notice(context.theme, "plan.tickets.problem", inset=True)
        self._pages = QStackedWidget()
        self._lay_out()
        self._read_tasks = Throttle(self._start_reading, _TASKS_MS, self)
        self._editor.tickets_changed.connect(self.refresh)
        self._editor.problems_changed.connect(self.refresh)
        self._editor.state_changed.connect(self.refresh)
        context.selection.changed.connect(self.refresh)
        self.refresh()

    def show_plan(self, plan: EditedText | None) -> None:
        """The tasks to choose from are those of this document."""
        if self._plan is not None:
            self._plan.changed.disconnect(self._read_tasks.ask)
        self._plan, self._tasks = plan, ()
        if plan is not None:
            plan.changed.connect(self._read_tasks.ask)
            self._read_tasks.ask()

    def refresh(self) -> None:
        """Show tickets, selection and problems as they are now."""
        editor = self._editor
        with QSignalBlocker(self._list.selectionModel()):
            self._model.show(editor.tickets, editor.fixed, editor.problems)
        row = self._model.row_of(self._context.selection.ticket_id)
        row = row if row >= 0 else self._model.row_of(self.form.ticket_id)
        if row != self._list.currentIndex().row():
            with QSignalBlocker(self._list.selectionModel()):
                self._list.setCurrentIndex(self._model.index(row))
            self._list.viewport().update()
        self.form.show_ticket(self._model.ticket(row), self._tasks)
        self._pages.setCurrentIndex(1 if editor.tickets else 0)
        self._count.setText(plural(len(editor.tickets), "ticket"))
        self._say_problem()
        for button in (self._add, self._copy, self._remove):
            button.setEnabled(editor.is_editable and (button is self._add or row >= 0))

    def show_ticket(self, field: str = "") -> None:
        """Put the keyboard into the form, or into that field of it."""
        self.form.focus_field(field or "title")

    def add(self) -> None:
        """A new ticket, to be written at once."""
        self._attempt(partial(self._editor.add_ticket, None))
        self.form.focus_field("title")

    def duplicate(self) -> None:
        """The same once more."""
        if self.form.ticket_id is not None:
            self._attempt(partial(self._editor.duplicate_ticket, self.form.ticket_id))

    def remove(self) -> None:
        """Take it away; undo brings it back."""
        if self.form.ticket_id is not None:
            self._attempt(partial(self._editor.remove_ticket, self.form.ticket_id))

    def _make_list(self) -> QListView:
        view = QListView()
        view.setObjectName("plan.tickets.list")
        view.setAccessibleName("Tickets of the plan")
        view.setModel(self._model)
        view.setItemDelegate(RowDelegate(self._context.theme, view))
        view.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        view.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        view.selectionModel().currentChanged.connect(self._chosen)
        for keys, act in (("Ins", self.add), ("Ctrl+D", self.duplicate), ("Del", self.remove)):
            shortcut = QShortcut(QKeySequence(keys), view)
            shortcut.setContext(Qt.ShortcutContext.WidgetShortcut)
            shortcut.activated.connect(act)
        return view

    def _lay_out(self) -> None:
        theme = self._context.theme
        self._add = icon_button(theme, "plan.tickets.add", "plus", "Add a ticket (Ins)", self.add)
        self._copy = icon_button(theme, "plan.tickets.duplicate", "copy", "Duplicate (Ctrl+D)", self.duplicate)
        self._remove = icon_button(theme, "plan.tickets.remove", "minus", "Remove (Del)", self.remove)
        strip = QFrame()
        strip.setProperty("kind", "strip")
        row = QHBoxLayout(strip)
        row.setContentsMargins(12, 2, 4, 2)
        row.setSpacing(2)
        row.addWidget(self._count, 1)
        for button in (self._add, self._copy, self._remove):
            row.addWidget(button)
        left = QWidget()
        beside = QVBoxLayout(left)
        beside.setContentsMargins(0, 0, 0, 0)
        beside.setSpacing(0)
        beside.addWidget(strip)
        beside.addWidget(self._list, 1)
        splitter = QSplitter(Qt.Orientation.Horizontal)
        splitter.setChildrenCollapsible(False)
        splitter.addWidget(left)
        splitter.addWidget(self.form)
        splitter.setStretchFactor(1, 1)
        splitter.setSizes([_LIST_WIDTH, 2 * _LIST_WIDTH])
        empty = EmptyState(
            theme,
            "plan.tickets",
            "ticket",
            "No tickets yet",
            "Tier 2 cuts the track into tickets (Plan tickets, Ctrl+T). Or write the first one yourself.",
        )
        empty.offer("plan.tickets.first", "Add ticket", self.add)
        self._pages.addWidget(empty)
        self._pages.addWidget(splitter)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self._problem)
        column.addWidget(self._pages, 1)

    def _say_problem(self) -> None:
        """Say what keeps the tickets as a whole from being edited or saved."""
        track = self._editor.track
        errors = errors_of(self._editor.problems)
        if track is not None and track.tickets.problem is not None:
            self._problem.say(ERROR_LOOK, track.tickets.problem)
        elif track is not None and not track.tickets.valid and errors:
            self._problem.say(ERROR_LOOK, "Not saved until this is mended:", errors[0].message)
        else:
            self._problem.clear()

    def _chosen(self, index: QModelIndex) -> None:
        ticket = self._model.ticket(index.row())
        if ticket is not None:
            self._context.selection.select(self._context.selection.track_id, ticket.id)

    def _attempt(self, act: Callable[[], object]) -> None:
        try:
            act()
        except SlopError as error:
            self._surface.show_error(error)

    def _start_reading(self) -> None:
        if self._plan is not None and self._plan.loaded:
            self._context.start(self._find_tasks(self._plan))

    async def _find_tasks(self, plan: EditedText) -> None:
        source = (await plan.snapshot(end_typing=False)).text
        tasks = await self._context.offload.run(partial(ConductorPlans().tasks, source))
        if plan is self._plan and tasks != self._tasks:
            self._tasks = tasks
            self.refresh()
