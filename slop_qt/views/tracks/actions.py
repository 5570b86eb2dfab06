"""What a person does with epics, tracks and runs: dialogs where something is asked, and the commands that follow."""

from collections.abc import Callable, Mapping

from PySide6.QtCore import QObject, Signal

from slop_qt.core.approvals import Mode
from slop_qt.core.errors import UnusableAnswerError
from slop_qt.core.state import RunState
from slop_qt.mma import commands, plan_shapes, shapes
from slop_qt.qt.window_context import WindowContext
from slop_qt.tools.submit_tracks import SubmitTracks
from slop_qt.views.tracks.proposing import Proposing
from slop_qt.views.tracks.revising import Revising
from slop_qt.widgets.dialogs import ApplyDialog
from slop_qt.widgets.panel import Panel
from slop_qt.widgets.run_dialog import RunDialog
from slop_qt.widgets.unified_diff import read_diff

__all__ = ["TrackActions"]


class TrackActions(QObject):
    """Acts on the selected track; mistakes are shown in the panel that it was made for. Lives in the GUI thread.

    Signals:
        states_changed: other actions are possible now.
    """

    states_changed = Signal()

    def __init__(self, context: WindowContext, panel: Panel) -> None:
        super().__init__(panel)
        self._context = context
        self._panel = panel
        self._proposing = Proposing(context, panel)
        self._revising = Revising(context, panel)
        for signal in (context.selection.changed, context.tracks.changed):
            signal.connect(self.states_changed)
        context.bridge.runs_changed.connect(lambda _: self.states_changed.emit())

    def handlers(self) -> Mapping[str, Callable[[], None]]:
        """What menus and buttons call, by action id."""
        return {
            "tracks.new_epic": self.new_epic,
            "tracks.plan": self.plan,
            "tracks.revise": self.revise,
            "tracks.run": self.run,
            "tracks.pause": self.pause_or_resume,
            "tracks.cancel": self.cancel,
            "tracks.apply": self.apply,
        }

    def states(self) -> Mapping[str, bool]:
        """Which of them are possible now."""
        track_id, run = self._context.selection.track_id, self.selected_run()
        active = run is not None and not run.ended
        busy = active or self.planning_run() is not None
        if self._context.facts.recording is not None:
            return dict.fromkeys(self.handlers(), False)
        return {
            "tracks.new_epic": self.planning_run() is None,
            "tracks.plan": track_id is not None and not busy,
            "tracks.revise": bool(self._context.tracks.tickets(track_id)) and self.planning_run() is None,
            "tracks.run": bool(self._context.tracks.tickets(track_id)) and not busy,
            "tracks.pause": active,
            "tracks.cancel": active,
            "tracks.apply": run is not None and run.status in {"done", "blocked"} and run.applied_commit is None,
        }

    def selected_run(self) -> RunState | None:
        """The newest run of the selected track."""
        return self._context.tracks.run(self._context.selection.track_id)

    def planning_run(self) -> RunState | None:
        """The planning that is under way."""
        runs = reversed(self._context.bridge.state.runs.values())
        return next((run for run in runs if run.track_id is None and not run.ended), None)

    def new_epic(self) -> None:
        """Ask what the person wants; then have Tier 1 cut it."""
        self._proposing.ask()

    def offer_kept(self, error: UnusableAnswerError) -> None:
        """Say that a tier's answer did not hold, and offer to mend what it was."""
        is_of_tracks = error.tool == SubmitTracks.name
        mend = self._proposing.mending(error) if is_of_tracks else self._revising.mending(error)
        self._panel.banner.show_error(error, "Open and mend…" if mend is not None else "", mend)

    def plan(self) -> None:
        """Save what was edited, then have Tier 2 cut the selected track into tickets."""
        track_id = self._context.selection.track_id
        if track_id is not None:
            self._panel.banner.hide()
            self._context.editor.save(done=lambda: self._plan(track_id), refused=self._panel.show_error)

    def revise(self) -> None:
        """Ask what should be different, and have Tier 2 propose the rest of the tickets anew."""
        shown = self._context.tracks.find(self._context.selection.track_id)
        if shown is not None:
            self._revising.ask(shown.track)

    def run(self) -> None:
        """Save what was edited, show what a run would look like and ask how, then run the selected track."""
        self._panel.banner.hide()
        self._context.editor.save(done=self._ask_how, refused=self._panel.show_error)

    def _plan(self, track_id: str) -> None:
        params = shapes.TrackRef(track_id=track_id)
        self._context.send(self._panel, commands.TRACK_PLAN, params, lambda _: self._context.tracks.reload())

    def _ask_how(self) -> None:
        shown = self._context.tracks.find(self._context.selection.track_id)
        if shown is None:
            return
        facts, track_id = self._context.facts, shown.track.id
        planned = self._context.editor.tickets or shown.tickets  # the editor's are saved; these may be read again yet
        verify = [ticket.verify for ticket in planned if ticket.verify]
        dialog = RunDialog(
            self._context.theme, shown.track.title, verify, facts.mode, facts.workers, self._panel.window()
        )
        dialog.chosen.connect(lambda mode, workers: self._start(track_id, mode, workers))
        dialog.workers_changed.connect(lambda workers: self._look_ahead(dialog, track_id, workers))
        self._look_ahead(dialog, track_id, facts.workers)
        dialog.open()

    def _look_ahead(self, dialog: RunDialog, track_id: str, workers: int) -> None:
        params = plan_shapes.ForecastTrack(track_id=track_id, workers=workers)
        self._context.send(dialog, commands.TRACK_FORECAST, params, dialog.show_forecast)

    def pause_or_resume(self) -> None:
        """Start no more tickets, or go on."""
        run = self.selected_run()
        if run is None:
            return
        if run.status == "paused":
            self._context.send(self._panel, commands.RUN_RESUME, shapes.ResumeRun(run_id=run.run_id))
        else:
            self._context.send(self._panel, commands.RUN_PAUSE, shapes.RunRef(run_id=run.run_id))

    def cancel(self) -> None:
        """Cancel the selected track's run."""
        self._cancel(self.selected_run())

    def stop_planning(self) -> None:
        """Cancel the planning that is under way."""
        self._cancel(self.planning_run())

    def apply(self) -> None:
        """Show what would change, ask once more, then merge it into the person's branch."""
        run = self.selected_run()
        if run is not None:
            self._context.send(
                self._panel,
                commands.RUN_DIFF,
                shapes.DiffRun(run_id=run.run_id),
                lambda diff: self._confirm_apply(run, diff),
            )

    def _start(self, track_id: str, mode: Mode, workers: int) -> None:
        self._panel.banner.hide()
        params = shapes.StartRun(track_id=track_id, mode=mode, workers=workers)
        self._context.send(self._panel, commands.RUN_START, params)

    def _cancel(self, run: RunState | None) -> None:
        if run is not None:
            self._context.send(self._panel, commands.RUN_CANCEL, shapes.RunRef(run_id=run.run_id))

    def _confirm_apply(self, run: RunState, diff: shapes.Diff) -> None:
        dialog = ApplyDialog(run.title, run.base_branch or "your branch", read_diff(diff.diff), self._panel.window())
        params = shapes.RunRef(run_id=run.run_id)
        dialog.accepted.connect(lambda: self._context.send(self._panel, commands.RUN_APPLY, params))
        dialog.open()
