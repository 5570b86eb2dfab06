"""The Tracks panel: what there is to do, how far it is, and the buttons that move it on."""

from PySide6.QtCore import QModelIndex, Qt, QTimer, Signal
from PySide6.QtWidgets import QAbstractItemView, QFrame, QHBoxLayout, QTreeView, QVBoxLayout

from slop_qt.core.errors import ConfigurationError, ProviderError, SlopError, UnusableAnswerError
from slop_qt.qt.status import Look, run_look
from slop_qt.qt.track_model import TrackModel
from slop_qt.qt.window_context import WindowContext
from slop_qt.views.tracks.actions import TrackActions
from slop_qt.widgets.buttons import muted_label, push_button
from slop_qt.widgets.empty_state import EmptyState
from slop_qt.widgets.panel import Panel
from slop_qt.widgets.row_delegate import RowDelegate
from slop_qt.widgets.status_chip import StatusChip

__all__ = ["TracksPanel"]


class TracksPanel(Panel):
    """The tree of tracks and tickets, and below it how the selected track's run stands. Lives in the GUI thread.

    Signals:
        settings_wanted: a key or a model is missing, and the person wants to see to it.
    """

    settings_wanted = Signal()

    def __init__(self, context: WindowContext) -> None:
        empty = EmptyState(
            context.theme,
            "tracks",
            "track",
            "No tracks yet",
            "Write what you want. Tier 1 cuts it into tracks, Tier 2 into tickets, and workers do them.",
        )
        super().__init__(context.theme, "tracks", empty)
        self._context = context
        self._following = False
        self.actions_of_tracks = TrackActions(context, self)
        if context.facts.recording is None:
            empty.offer("tracks.first_epic", "New epic…", self.actions_of_tracks.new_epic)
        self._model = TrackModel(context.tracks, context.bridge, self)
        self._tree = self._make_tree()
        self._status = StatusChip(context.theme)
        self._words, self._planning = muted_label(), muted_label()
        for label in (self._words, self._planning):
            label.setWordWrap(True)
        self._lay_out()
        context.tracks.failed.connect(self.show_error)
        context.selection.changed.connect(self._follow_selection)
        self.actions_of_tracks.states_changed.connect(self._refresh)
        context.bridge.tickets_changed.connect(self._refresh)
        self._model.rowsInserted.connect(self._expand)
        self._model.rowsRemoved.connect(self._removed)
        self._letting_go = QTimer(self)  # once what changes the tickets has selected what it wants
        self._letting_go.setSingleShot(True)
        self._letting_go.timeout.connect(self._let_go)
        context.editor.tickets_changed.connect(self._letting_go.start)
        self._tree.expandAll()
        self._refresh()

    def show_error(self, error: SlopError) -> None:
        if isinstance(error, UnusableAnswerError):
            self.actions_of_tracks.offer_kept(error)
            return
        refused = isinstance(error, ProviderError) and not error.retryable
        if refused or isinstance(error, ConfigurationError):
            self.banner.show_error(error, "Settings…", self.settings_wanted.emit)
        else:
            super().show_error(error)

    def _make_tree(self) -> QTreeView:
        tree = QTreeView()
        tree.setObjectName("tracks.tree")
        tree.setAccessibleName("Tracks and tickets")
        tree.setModel(self._model)
        tree.setItemDelegate(RowDelegate(self.theme, tree))
        tree.setHeaderHidden(True)
        tree.setIndentation(16)
        tree.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        tree.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        tree.selectionModel().currentChanged.connect(self._row_chosen)
        return tree

    def _lay_out(self) -> None:
        act = self.actions_of_tracks
        self._plan = push_button("tracks.plan", "Plan tickets", act.plan, kind="primary", shortcut="Ctrl+T")
        self._run = push_button("tracks.run", "Run…", act.run, kind="primary", shortcut="Ctrl+R")
        self._revise = push_button("tracks.revise", "Revise…", act.revise, shortcut="Ctrl+Shift+T")
        self._apply = push_button("tracks.apply", "Apply…", act.apply, kind="primary", shortcut="Ctrl+Shift+Return")
        self._pause = push_button("tracks.pause", "Pause", act.pause_or_resume, shortcut="Ctrl+P")
        self._cancel = push_button("tracks.cancel", "Cancel", act.cancel, shortcut="Ctrl+.")
        self._stop = push_button("tracks.stop_planning", "Stop", act.stop_planning)
        self._new = push_button("tracks.new_epic", "New epic…", act.new_epic, shortcut="Ctrl+N")
        self._head = QFrame()
        self._head.setProperty("kind", "strip")
        row = QHBoxLayout(self._head)
        row.setContentsMargins(8, 6, 8, 6)
        row.addWidget(self._planning, 1)
        row.addWidget(self._stop)
        row.addWidget(self._new)
        row.addStretch(0)
        state = QHBoxLayout()
        state.setSpacing(8)
        state.addWidget(self._status, 0, Qt.AlignmentFlag.AlignTop)
        state.addWidget(self._words, 1)
        buttons = QHBoxLayout()
        buttons.setSpacing(8)
        for button in (self._plan, self._run, self._apply, self._pause, self._cancel, self._revise):
            buttons.addWidget(button)
        buttons.addStretch(1)
        foot = QVBoxLayout()
        foot.setContentsMargins(12, 8, 12, 10)
        foot.setSpacing(8)
        foot.addLayout(state)
        foot.addLayout(buttons)
        column = QVBoxLayout(self.content)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self._head)
        column.addWidget(self._tree, 1)
        column.addLayout(foot)

    def _expand(self, parent: QModelIndex, first: int, last: int) -> None:
        if parent.isValid():
            self._tree.expand(parent)
        for row in range(first, last + 1):
            self._tree.expand(self._model.index(row, 0, parent))
        self._follow_selection()

    def _removed(self, parent: QModelIndex) -> None:
        """Where the selected track is gone, its neighbour is selected."""
        if parent.isValid():
            self._letting_go.start()
        elif not self._model.track_index(self._context.selection.track_id).isValid():
            self._context.selection.select(*self._model.ids(self._tree.currentIndex()))

    def _let_go(self) -> None:
        """Where the selected ticket is gone, here and in the editor, its track is selected. A new one is here late."""
        selection, track = self._context.selection, self._context.editor.track
        if selection.ticket_id is None or track is None or track.track_id != selection.track_id:
            return
        edited = {ticket.id for ticket in self._context.editor.tickets}
        here = self._model.ticket_index(selection.track_id, selection.ticket_id).isValid()
        if not here and selection.ticket_id not in edited:
            selection.select(selection.track_id)

    def _row_chosen(self, index: QModelIndex) -> None:
        """The person chose it, unless it is what is left of the rows, or the selection was followed here."""
        if index.isValid() and not self._following and not self._model.refreshing:
            self._context.selection.select(*self._model.ids(index))

    def _follow_selection(self) -> None:
        selection = self._context.selection
        index = self._model.ticket_index(selection.track_id, selection.ticket_id)
        if not index.isValid():
            index = self._model.track_index(selection.track_id)
        if index != self._tree.currentIndex():
            self._following = True
            self._tree.setCurrentIndex(index)
            self._following = False

    def _refresh(self) -> None:
        tracks, planning = self._context.tracks.tracks, self.actions_of_tracks.planning_run()
        self.show_content(bool(tracks) or planning is not None)
        if self._context.selection.track_id is None and tracks:
            self._context.selection.select(tracks[-1].track.id)
        self._follow_selection()
        self._planning.setVisible(planning is not None)
        live = self._context.facts.recording is None
        self._stop.setVisible(live and planning is not None)
        self._new.setVisible(live and planning is None)
        self._head.setVisible(live or planning is not None)
        if planning is not None:
            tier = "Tier 2 plans tickets" if planning.title.startswith("Tickets for") else "Tier 1 plans tracks"
            self._planning.setText(f"{tier}…")
        self._say_state()

    def _say_state(self) -> None:
        act, selection = self.actions_of_tracks, self._context.selection
        possible, run = act.states(), act.selected_run()
        tickets = self._context.tracks.tickets(selection.track_id)
        done_and_applied = run is not None and run.applied_commit is not None
        self._plan.setVisible(possible["tracks.plan"] and not tickets)
        self._run.setVisible(possible["tracks.run"] and not possible["tracks.apply"] and not done_and_applied)
        self._revise.setVisible(possible["tracks.revise"] and not done_and_applied)
        self._apply.setVisible(possible["tracks.apply"])
        self._pause.setVisible(possible["tracks.pause"])
        self._pause.setText("Resume" if run is not None and run.status == "paused" else "Pause")
        self._cancel.setVisible(possible["tracks.cancel"])
        look, words = self._state_words()
        self._status.show_look(look)
        self._words.setText(words)

    def _state_words(self) -> tuple[Look | None, str]:
        track_id = self._context.selection.track_id
        tickets, run = self._context.tracks.tickets(track_id), self.actions_of_tracks.selected_run()
        if track_id is None:
            return None, "Select a track." if self._context.tracks.tracks else ""
        if run is None:
            words = f"{len(tickets)} tickets are planned." if tickets else "Its tickets are not planned yet."
            return Look("idle", "Not run", "idle"), words
        if run.applied_commit is not None:
            return Look("done", "Applied", "done"), f"Merged into {run.base_branch} as {run.applied_commit[:7]}."
        finished = sum(ticket.status.ended for ticket in tickets)
        return run_look(run.status), run.reason or f"{finished} of {len(tickets)} tickets have ended."
