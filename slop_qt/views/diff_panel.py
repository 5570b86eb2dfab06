"""The Diff panel: what the selected ticket, or the whole run, changes."""

from PySide6.QtWidgets import QComboBox, QFrame, QHBoxLayout, QVBoxLayout, QWidget

from slop_qt.core.errors import SlopError
from slop_qt.core.state import RunState
from slop_qt.mma import commands, shapes
from slop_qt.qt.throttle import Throttle
from slop_qt.qt.window_context import WindowContext
from slop_qt.qt.words import plural
from slop_qt.widgets.buttons import icon_button, muted_label
from slop_qt.widgets.diff_view import DiffView
from slop_qt.widgets.empty_state import EmptyState
from slop_qt.widgets.panel import Panel

__all__ = ["DiffPanel"]

_REFRESH_MS = 1500
_HEADING = "No changes yet"
_WORDS = (
    "What workers change in their worktrees appears here, file by file. Your own files stay as they are until Apply."
)


class DiffPanel(Panel):
    """Lives in the GUI thread. Hidden, it asks for nothing."""

    def __init__(self, context: WindowContext) -> None:
        self._empty = EmptyState(context.theme, "diff", "diff", _HEADING, _WORDS)
        super().__init__(context.theme, "diff", self._empty)
        self._context = context
        self._asking = False
        self._view = DiffView(context.theme, "diff.view")
        self._choice = QComboBox()
        self._choice.setObjectName("diff.choice")
        self._choice.setAccessibleName("What the diff is of")
        self._choice.activated.connect(self._chosen)
        self._stat = muted_label()
        self._throttle = Throttle(self._ask, _REFRESH_MS, self)
        self._throttle.hold()
        column = QVBoxLayout(self.content)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self._make_strip())
        column.addWidget(self._view, 1)
        context.selection.changed.connect(self._throttle.ask)
        context.bridge.runs_changed.connect(self._throttle.ask)
        context.bridge.tickets_changed.connect(self._throttle.ask)

    def shown(self) -> None:
        self._throttle.ask()
        self._throttle.let_go()

    def hidden(self) -> None:
        self._throttle.hold()

    def show_error(self, error: SlopError) -> None:
        """There is no diff: say so in place of it, since that is no mistake of anybody's."""
        self._view.show_diff("")
        self._empty.say(_HEADING, f"{error.message} {error.hint}".strip())
        self.show_content(False)

    def _make_strip(self) -> QWidget:
        strip = QFrame()
        strip.setProperty("kind", "strip")
        self._choice.setMinimumContentsLength(24)
        row = QHBoxLayout(strip)
        row.setContentsMargins(8, 4, 4, 4)
        row.setSpacing(8)
        row.addWidget(self._choice)
        row.addWidget(self._stat, 1)
        row.addWidget(icon_button(self.theme, "diff.refresh", "retry", "Read the diff again", self._throttle.ask))
        return strip

    def _ask(self) -> None:
        run = self._context.selection.run(self._context.bridge.state)
        if run is None:
            self._empty.say(_HEADING, _WORDS)
            self.show_content(False)
            return
        self._fill_choice(run)
        if not self._asking:
            self._asking = True
            ticket_id = self._context.selection.ticket_id
            params = shapes.DiffRun(run_id=run.run_id, ticket_id=ticket_id if ticket_id in run.tickets else None)
            self._context.send(self, commands.RUN_DIFF, params, self._show, self._answered)

    def _show(self, diff: shapes.Diff) -> None:
        self._answered()
        self._view.show_diff(diff.diff)
        files = self._view.files
        added, removed = sum(file.added for file in files), sum(file.removed for file in files)
        self._stat.setText(f"{plural(len(files), 'file')}, +{added:,} \N{MINUS SIGN}{removed:,}")
        self._empty.say(_HEADING, _WORDS)
        self.show_content(bool(files))

    def _answered(self) -> None:
        self._asking = False

    def _fill_choice(self, run: RunState) -> None:
        names = [("Whole run", None), *((f"{ticket.id}  {ticket.title}", ticket.id) for ticket in run.tickets.values())]
        if [self._choice.itemData(row) for row in range(self._choice.count())] != [name[1] for name in names]:
            self._choice.clear()
            for words, ticket_id in names:
                self._choice.addItem(words, ticket_id)
        self._choice.setCurrentIndex(max(self._choice.findData(self._context.selection.ticket_id), 0))

    def _chosen(self) -> None:
        run = self._context.selection.run(self._context.bridge.state)
        if run is not None:
            self._context.selection.select(run.track_id, self._choice.currentData())
