"""One ticket in fields that are checked as one types; what cannot be taken over yet stays where it was typed."""

from collections.abc import Mapping, Sequence

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QScrollArea, QVBoxLayout, QWidget

from slop_qt.core.errors import SlopError
from slop_qt.core.ticket_checks import TicketProblem, field_problems
from slop_qt.core.tickets import TicketSpec
from slop_qt.qt.check_model import CheckRow
from slop_qt.qt.planned_model import ERROR_LOOK, STARTED_LOOK, WARNING_LOOK
from slop_qt.qt.window_context import WindowContext
from slop_qt.views.plan.form_fields import TEXT_FIELDS, TypedField, labelled, make_field
from slop_qt.widgets.check_list import CheckList
from slop_qt.widgets.notice import Notice
from slop_qt.widgets.undo_keys import UndoKeys

__all__ = ["TicketForm"]

_LISTS = (("depends_on", "Depends on"), ("plan_tasks", "Plan tasks it covers"))


class TicketForm(QScrollArea):
    """Lives in the GUI thread. Each field is taken over by itself; an id only when its field is left."""

    def __init__(self, context: WindowContext) -> None:
        super().__init__()
        self._editor = context.editor
        self._ticket: TicketSpec | None = None
        self._pending: dict[tuple[str, str, str], tuple[str, str]] = {}  # track, ticket, field: typed, what is wrong
        # By list: why it was refused, and of which tickets that is true; it stays to be read while they are the same.
        self._refused: dict[str, tuple[str, tuple[TicketSpec, ...]]] = {}
        self._shown: tuple[str, str, str] | None = None
        self._keys = UndoKeys(self)
        self._started = Notice(context.theme, "plan.ticket.started")
        self._fields = {spec.name: make_field(context.theme, spec) for spec in TEXT_FIELDS}
        self._lists = {name: CheckList(context.theme, f"plan.ticket.{name}", spoken) for name, spoken in _LISTS}
        self._notices = {name: Notice(context.theme, f"plan.ticket.{name}.notice") for name, _ in _LISTS}
        self.setObjectName("plan.ticket")
        self.setAccessibleName("Ticket")
        self.setWidgetResizable(True)
        self.setFrameShape(QScrollArea.Shape.NoFrame)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        page = self._lay_out()
        self.setWidget(page)
        for surface in (self.viewport(), page):
            surface.setAutoFillBackground(False)  # the panel's own shows
        for name, field in self._fields.items():
            field.typed.connect(lambda name=name: self._typed(name))
            field.left.connect(lambda name=name: self._left(name))
            self._keys.give_up(field.editor)
        self._lists["depends_on"].model_of_rows.wanted.connect(self._depend)
        self._lists["plan_tasks"].model_of_rows.wanted.connect(self._cover)

    @property
    def ticket_id(self) -> str | None:
        """Which ticket is in it."""
        return self._ticket.id if self._ticket is not None else None

    def show_ticket(self, ticket: TicketSpec | None, tasks: Sequence[str]) -> None:
        """Show it as it is now, and leave alone what is being typed. tasks are those of the plan."""
        self._ticket = ticket
        same, self._shown = self._shown == self._key(""), self._key("")
        if not same:
            self._refused.clear()
        self.setEnabled(ticket is not None)
        if ticket is None:
            return
        fixed = ticket.id in self._editor.fixed
        read_only = fixed or not self._editor.is_editable
        for field in self._fields.values():
            self._refresh(field, ticket, read_only, same)
        if fixed:
            self._started.say(STARTED_LOOK, f"Ticket {ticket.id} has started in this run: it stays as it is.")
        else:
            self._started.clear()
        others = [each for each in self._editor.tickets if each.id != ticket.id]
        self._lists["depends_on"].show_rows(_needs(ticket, others), editable=not read_only)
        self._lists["plan_tasks"].show_rows(_covers(ticket, tasks), editable=not read_only)
        self.show_problems()

    def show_problems(self) -> None:
        """Say under each field what is wrong with it."""
        ticket = self._ticket
        if ticket is None:
            return
        problems = [problem for problem in self._editor.problems if problem.ticket_id == ticket.id]
        for name, notice in (*((name, field.notice) for name, field in self._fields.items()), *self._notices.items()):
            pending = self._pending.get(self._key(name))
            refused = self._refused.get(name)
            found = [problem for problem in problems if problem.field == name]
            if pending is not None:
                notice.say(ERROR_LOOK, pending[1])
            elif refused is not None and refused[1] == self._editor.tickets:
                notice.say(ERROR_LOOK, refused[0])
            elif found:
                _say(notice, found)
            else:
                notice.clear()

    def focus_field(self, name: str) -> None:
        """Put the keyboard into the field of that name, where there is one."""
        widget = self._fields.get(name) or self._lists.get(name)
        if widget is not None:
            widget.setFocus()
            self.ensureWidgetVisible(widget)

    def _lay_out(self) -> QWidget:
        page = QWidget()
        column = QVBoxLayout(page)
        column.setContentsMargins(12, 8, 12, 12)
        column.setSpacing(12)
        column.addWidget(self._started)
        for name in ("id", "title", "brief", "files"):
            column.addWidget(self._fields[name])
        column.addWidget(self._listed("depends_on"))
        column.addWidget(self._fields["verify"])
        column.addWidget(self._listed("plan_tasks"))
        column.addStretch(1)
        return page

    def _listed(self, name: str) -> QWidget:
        holder = QWidget()
        labelled(holder, dict(_LISTS)[name], self._lists[name], self._notices[name])
        return holder

    def _key(self, name: str) -> tuple[str, str, str]:
        return self._key_of(self.ticket_id or "", name)

    def _key_of(self, ticket_id: str, name: str = "") -> tuple[str, str, str]:
        track = self._editor.track
        return (track.track_id if track is not None else "", ticket_id, name)

    def _refresh(self, field: TypedField, ticket: TicketSpec, read_only: bool, same: bool) -> None:
        field.set_read_only(read_only)
        name, value = field.spec.name, getattr(ticket, field.spec.name)
        pending = self._pending.get(self._key(name))
        being_typed = name == "id" and field.untaken  # it counts when it is left: files that are read anew wait for it
        if pending is not None:
            if not same:
                field.set_text(pending[0])
        elif not same or (field.spec.parse(field.text) != value and not being_typed):
            field.set_text(field.spec.format(value))
            field.taken_over()

    def _typed(self, name: str) -> None:
        if name == "id":
            self._check_id()
        else:
            self._take(name)

    def _left(self, name: str) -> None:
        if name == "id":
            self._take(name)
        self._editor.end_typing()

    def _check_id(self) -> None:
        """Say what is wrong with an id while it is typed; it counts when the field is left."""
        ticket, typed = self._ticket, self._fields["id"].text
        if ticket is None:
            return
        problems = [each.message for each in field_problems({**ticket.model_dump(), "id": typed}) if each.field == "id"]
        if not problems and typed != ticket.id and any(typed == each.id for each in self._editor.tickets):
            problems = [f"The ticket id {typed} is used already."]
        if problems:
            self._pending[self._key("id")] = (typed, problems[0])
        else:
            self._pending.pop(self._key("id"), None)
        self.show_problems()

    def _take(self, name: str) -> None:
        ticket, field = self._ticket, self._fields[name]
        if ticket is None:
            return
        value = field.spec.parse(field.text)
        if value == getattr(ticket, name):
            self._pending.pop(self._key(name), None)
            field.taken_over()
            self.show_problems()
            return
        fields = {**ticket.model_dump(), name: value}
        problems = [problem.message for problem in field_problems(fields) if problem.field == name]
        refusal = problems[0] if problems else self._change(ticket, name, fields)
        if refusal:
            self._pending[self._key(name)] = (field.text, refusal)
            self.show_problems()

    def _change(self, ticket: TicketSpec, name: str, fields: Mapping[str, object]) -> str:
        """Take it over; returns why not."""
        key = self._key(name)
        before = self._pending.pop(key, None)
        changed = TicketSpec.model_validate(fields)
        for track_id, ticket_id, field in [each for each in self._pending if each[:2] == key[:2]]:
            self._pending[track_id, changed.id, field] = self._pending.pop((track_id, ticket_id, field))
        self._ticket, self._shown = changed, self._key_of(changed.id)  # it is the same one under another id
        try:
            self._editor.change_ticket(ticket.id, changed)
        except SlopError as error:
            self._ticket, self._shown = ticket, self._key_of(ticket.id)
            if before is not None:
                self._pending[key] = before
            return error.message
        if name in self._fields:
            self._fields[name].taken_over()
        self.show_problems()
        return ""

    def _depend(self, needed: str, wanted: bool) -> None:
        ticket = self._ticket
        if ticket is None:
            return
        change = self._editor.connect_tickets if wanted else self._editor.disconnect_tickets
        try:
            change(needed, ticket.id)
        except SlopError as error:
            self._refuse("depends_on", error.message)

    def _cover(self, task: str, wanted: bool) -> None:
        ticket = self._ticket
        if ticket is None:
            return
        rest = tuple(each for each in ticket.plan_tasks if each != task)
        fields = {**ticket.model_dump(), "plan_tasks": (*rest, task) if wanted else rest}
        refusal = self._change(ticket, "plan_tasks", fields)
        if refusal:
            self._refuse("plan_tasks", refusal)

    def _refuse(self, name: str, why: str) -> None:
        self._refused[name] = (why, self._editor.tickets)
        self.show_problems()


def _say(notice: Notice, problems: Sequence[TicketProblem]) -> None:
    look = ERROR_LOOK if any(problem.severity == "error" for problem in problems) else WARNING_LOOK
    notice.say(look, *(problem.message for problem in problems))


def _needs(ticket: TicketSpec, others: Sequence[TicketSpec]) -> list[CheckRow]:
    known = {each.id for each in others}
    rows = [CheckRow(each.id, f"{each.id}  {each.title}", each.id in ticket.depends_on) for each in others]
    return rows + [
        CheckRow(each, each, True, "not a ticket of this track") for each in ticket.depends_on if each not in known
    ]


def _covers(ticket: TicketSpec, tasks: Sequence[str]) -> list[CheckRow]:
    rows = [CheckRow(task, task, task in ticket.plan_tasks) for task in tasks]
    gone = [task for task in ticket.plan_tasks if task not in tasks]
    return rows + [CheckRow(task, task, True, "not in the plan any more") for task in gone]
