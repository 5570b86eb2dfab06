"""The ledger: what was spent, by whichever dimension, over time, and against the budget."""

from functools import partial
from pathlib import Path

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import (
    QBoxLayout,
    QButtonGroup,
    QFrame,
    QHBoxLayout,
    QScrollArea,
    QSplitter,
    QVBoxLayout,
    QWidget,
)

from slop_qt.core.budgets import BudgetLimits
from slop_qt.core.errors import SlopError
from slop_qt.core.ledger import DIMENSIONS
from slop_qt.core.state import RunState
from slop_qt.qt.ledger_names import run_name
from slop_qt.qt.throttle import Throttle
from slop_qt.qt.usage_model import UsageModel
from slop_qt.qt.window_context import WindowContext
from slop_qt.qt.words import plural
from slop_qt.views.tokens.budget_box import BudgetBox
from slop_qt.views.tokens.course_view import CourseView
from slop_qt.views.tokens.ledger_export import LedgerExport
from slop_qt.views.tokens.ledger_table import LedgerTable
from slop_qt.views.tokens.waiting_strip import WaitingStrip
from slop_qt.widgets.banner import Banner
from slop_qt.widgets.buttons import muted_label, push_button, segment_button
from slop_qt.widgets.elided_label import ElidedLabel

__all__ = ["LedgerPage"]

_REFRESH_MS = 250
_SIDE_WIDTH, _SIDE_HEIGHT = 300, 210
_LEAST_SIZE = QSize(320, 90)
_NARROW = 720  # below this, what stands beside each other stands below each other


class LedgerPage(QWidget):
    """Lives in the GUI thread. Held, it counts and asks nothing."""

    def __init__(self, context: WindowContext, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("tokens.ledger")
        self._context = context
        self._all_runs = True
        self._model = UsageModel(context.bridge, self, self._track_title)
        self._banner = Banner(context.theme, "tokens.ledger.banner")
        self._course = CourseView(context.theme)
        self._run_label = ElidedLabel(context.theme, "tokens.course.run")
        self._budget = BudgetBox(context, self)
        self._export = LedgerExport(context, self, self, self._exported)
        self._waiting = WaitingStrip(context.theme, self._budget.ask_limits, self._budget.stop_run)
        self._lay_out()
        self._throttle = Throttle(self._show_course, _REFRESH_MS, self)
        context.bridge.usage_changed.connect(self._throttle.ask)
        context.bridge.runs_changed.connect(self._follow_run)
        context.selection.changed.connect(self._follow_run)
        context.tracks.changed.connect(self._model.rename_soon)
        self._budget.stuck_changed.connect(lambda: self._waiting.show_waiting(self._budget.stuck))
        self._budget.refused.connect(self._limits_refused)
        self._throttle.ask()
        self.hold(True)

    def hold(self, held: bool) -> None:
        """Leave everything as it is while nobody sees it."""
        self._model.hold(held)
        self._budget.hold(held)
        if held:
            self._throttle.hold()
        else:
            self._throttle.let_go()

    def show_error(self, error: SlopError) -> None:
        """Say here what went wrong."""
        self._banner.show_error(error)

    def minimumSizeHint(self) -> QSize:
        """Less than what stands beside each other takes: narrow, it stands below each other."""
        return _LEAST_SIZE

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        narrow = event.size().width() < _NARROW
        down, across = QBoxLayout.Direction.TopToBottom, QBoxLayout.Direction.LeftToRight
        for row in (self._strip_row, self._waiting.row):
            row.setDirection(down if narrow else across)
            row.setSpacing(4 if narrow else 16)
        wanted = Qt.Orientation.Vertical if narrow else Qt.Orientation.Horizontal
        if self._body.orientation() != wanted:
            self._body.setOrientation(wanted)
            self._share_out(event.size())

    def _share_out(self, size: QSize) -> None:
        across = self._body.orientation() == Qt.Orientation.Horizontal
        side = _SIDE_WIDTH if across else _SIDE_HEIGHT
        whole = size.width() if across else size.height()
        self._body.setSizes([max(whole - side, side), side])

    def _lay_out(self) -> None:
        self._body = QSplitter(Qt.Orientation.Horizontal)
        self._body.setObjectName("tokens.body")
        self._body.setAccessibleName("Table, and beside it time and budget")
        self._body.setChildrenCollapsible(False)
        self._body.addWidget(LedgerTable(self._context.theme, self._model))
        self._body.addWidget(self._make_side())
        self._body.setStretchFactor(0, 1)
        self._body.setStretchFactor(1, 0)
        self._share_out(QSize(3 * _SIDE_WIDTH, _SIDE_HEIGHT))
        column = QVBoxLayout(self)
        column.setSizeConstraint(QVBoxLayout.SizeConstraint.SetNoConstraint)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self._banner)
        column.addWidget(self._make_strip())
        column.addWidget(self._waiting)
        column.addWidget(self._body, 1)

    def _make_strip(self) -> QWidget:
        strip = QFrame()
        strip.setProperty("kind", "strip")
        self._strip_row = QBoxLayout(QBoxLayout.Direction.LeftToRight, strip)
        self._strip_row.setContentsMargins(8, 4, 8, 4)
        self._strip_row.addLayout(self._make_groupings(strip))
        self._strip_row.addLayout(self._make_scopes(strip), 1)
        return strip

    def _make_groupings(self, strip: QWidget) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setSpacing(0)
        row.addWidget(muted_label("By"))
        row.addSpacing(8)
        groups = QButtonGroup(strip)
        for dimension in DIMENSIONS:
            action = partial(self._model.group_by, dimension)
            button = segment_button(f"tokens.by_{dimension}", dimension.capitalize(), action)
            button.setAccessibleName(f"By {dimension}")
            button.setChecked(dimension == self._model.dimension)
            groups.addButton(button)
            row.addWidget(button)
        row.addStretch(1)
        return row

    def _make_scopes(self, strip: QWidget) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setSpacing(0)
        scopes = QButtonGroup(strip)
        for all_runs, words in ((True, "All runs"), (False, "Selected run")):
            name = "tokens.all_runs" if all_runs else "tokens.selected_run"
            button = segment_button(name, words, partial(self._count_all, all_runs))
            button.setChecked(all_runs)
            scopes.addButton(button)
            row.addWidget(button)
        row.addStretch(1)
        export = push_button("tokens.export", "Export CSV…", lambda: self._export.ask(self._model.runs()), kind="link")
        export.setToolTip("All rows of what is counted here, by run, track, ticket, tier, model and day")
        row.addWidget(export)
        return row

    def _make_side(self) -> QWidget:
        content = QWidget()
        column = QVBoxLayout(content)
        column.setContentsMargins(12, 4, 12, 8)
        column.setSpacing(6)
        top = QHBoxLayout()
        top.addWidget(self._run_label, 1)
        top.addWidget(push_button("tokens.limits", "Set limits…", self._budget.ask_limits, kind="link"))
        column.addLayout(top)
        column.addWidget(self._course)
        column.addWidget(self._budget)
        column.addStretch(1)
        area = QScrollArea()
        area.setObjectName("tokens.side")
        area.setAccessibleName("Over time, and the budget")
        area.setFrameShape(QFrame.Shape.NoFrame)
        area.setWidgetResizable(True)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        area.setWidget(content)
        area.viewport().setAutoFillBackground(False)
        content.setAutoFillBackground(False)
        return area

    def _count_all(self, all_runs: bool) -> None:
        self._all_runs = all_runs
        self._follow_run()

    def _follow_run(self) -> None:
        run = self._selected_run()
        if self._all_runs:
            self._model.show_run(None)
        else:
            self._model.show_run(run.run_id if run is not None else "")
        self._throttle.ask()

    def _selected_run(self) -> RunState | None:
        return self._context.selection.run(self._context.bridge.state)

    def _show_course(self) -> None:
        """Of the selected run; where all are counted, of the one that began last."""
        run = self._context.bridge.state.newest_run if self._all_runs else self._selected_run()
        self._run_label.say(run_name(run) if run is not None else "")
        self._course.show_run(run)

    def _track_title(self, track_id: str) -> str | None:
        shown = self._context.tracks.find(track_id)
        return shown.track.title if shown is not None else None

    def _exported(self, path: Path, rows: int) -> None:
        self._banner.show_offer(f"{plural(rows, 'row')} written to {path}.")

    def _limits_refused(self, error: SlopError, limits: BudgetLimits) -> None:
        self._banner.show_error(error, "Open again…", partial(self._budget.ask_again, limits))
