"""The way of an epic: what the person wants, what Tier 1 proposes, and accepting it."""

from collections.abc import Callable
from functools import partial

from PySide6.QtCore import QObject

from slop_qt.core.errors import UnusableAnswerError
from slop_qt.core.tracks import TrackDraft
from slop_qt.mma import commands, shapes
from slop_qt.mma.kept_answers import drafts_of
from slop_qt.qt.window_context import WindowContext
from slop_qt.widgets.dialogs import EpicDialog
from slop_qt.widgets.panel import Panel
from slop_qt.widgets.proposal_dialog import ProposalDialog

__all__ = ["Proposing"]


class Proposing(QObject):
    """Asks in dialogs, and offers in the panel's banner what came of it. Lives in the GUI thread."""

    def __init__(self, context: WindowContext, panel: Panel) -> None:
        super().__init__(panel)
        self._context = context
        self._panel = panel
        self._epic = ""

    def ask(self) -> None:
        """Ask what the person wants, beginning with what came to nothing so far; then have Tier 1 cut it."""
        dialog = EpicDialog(self._epic, self._panel.window())
        dialog.asked.connect(self._propose)
        dialog.open()

    def mending(self, error: UnusableAnswerError) -> Callable[[], None] | None:
        """What opens the tracks of an answer that did not hold; None where it has none."""
        drafts = drafts_of(error.answer)
        return partial(self._review, shapes.TracksProposed(run_id="", tracks=drafts)) if drafts else None

    def _propose(self, epic: str) -> None:
        self._epic = epic
        self._panel.banner.hide()
        self._context.send(self._panel, commands.EPIC_PROPOSE, shapes.PlanEpic(text=epic), self._offer)

    def _offer(self, proposal: shapes.TracksProposed) -> None:
        number = len(proposal.tracks)
        words = "Tier 1 proposes 1 track." if number == 1 else f"Tier 1 proposes {number} tracks."
        self._panel.banner.show_offer(words, "Review…", lambda: self._review(proposal))

    def _review(self, proposal: shapes.TracksProposed) -> None:
        dialog = ProposalDialog(self._context.theme, proposal.tracks, self._panel.window())
        dialog.tracks_accepted.connect(lambda drafts: self._accept(proposal, drafts))
        dialog.rejected.connect(lambda: self._offer(proposal))
        dialog.open()

    def _accept(self, proposal: shapes.TracksProposed, drafts: tuple[TrackDraft, ...]) -> None:
        edited = shapes.TracksProposed(run_id=proposal.run_id, tracks=drafts)
        self._context.send(
            self._panel,
            commands.EPIC_ACCEPT,
            shapes.AcceptTracks(run_id=proposal.run_id, tracks=drafts),
            self._accepted,
            lambda: self._offer_again(edited),
        )

    def _offer_again(self, proposal: shapes.TracksProposed) -> None:
        """They could not be written: say so, and keep what was edited."""
        words = self._panel.banner.words
        self._panel.banner.show_offer(words, "Review again…", lambda: self._review(proposal))

    def _accepted(self, planned: shapes.TracksPlanned) -> None:
        self._epic = ""
        if planned.tracks:
            self._context.selection.select(planned.tracks[0].id)
        self._context.tracks.reload()
