"""The way of a revision: what is wished for, what Tier 2 proposes, the difference, and taking it."""

from collections.abc import Callable
from functools import partial

from PySide6.QtCore import QObject

from slop_qt.core.errors import SlopError, UnusableAnswerError
from slop_qt.core.ticket_changes import ticket_changes
from slop_qt.core.tickets import TicketSpec
from slop_qt.core.tracks import Track
from slop_qt.mma import commands, plan_shapes
from slop_qt.mma.kept_answers import left_out, tickets_of
from slop_qt.qt.window_context import WindowContext
from slop_qt.widgets.panel import Panel
from slop_qt.widgets.revision_dialogs import RevisionDialog, WishDialog, changes_in_words

__all__ = ["Revising"]

_LOSSES_SAID = 3


class Revising(QObject):
    """Asks in dialogs, and offers in the panel's banner what came of it. Lives in the GUI thread."""

    def __init__(self, context: WindowContext, panel: Panel) -> None:
        super().__init__(panel)
        self._context = context
        self._panel = panel

    def ask(self, track: Track) -> None:
        """Ask what should be different; then have Tier 2 propose it."""
        dialog = WishDialog(track.title, self._panel.window())
        dialog.asked.connect(lambda wish: self._send(track, wish))
        dialog.open()

    def mending(self, error: UnusableAnswerError) -> Callable[[], None] | None:
        """What opens the tickets of an answer that did not hold in the editor; None where it has none."""
        tickets, track_id = tickets_of(error.answer), error.track_id
        if track_id is None or not tickets:
            return None
        return partial(self._open_kept, track_id, tickets, left_out(error.answer, error.tool))

    def _send(self, track: Track, wish: str) -> None:
        self._panel.banner.hide()
        params = plan_shapes.ReviseTrack(track_id=track.id, wish=wish)
        self._context.send(self._panel, commands.TRACK_REVISE, params, lambda revised: self._offer(track, revised))

    def _offer(self, track: Track, revised: plan_shapes.TicketsRevised) -> None:
        changes = ticket_changes(revised.before, revised.tickets)
        if not changes.diff:
            self._panel.banner.show_offer(f"Tier 2 would leave the tickets of “{track.title}” as they are.")
            return
        words = f"Tier 2 proposes for “{track.title}”: {changes_in_words(changes)}."
        self._panel.banner.show_offer(words, "Review…", lambda: self._review(track, revised))

    def _review(self, track: Track, revised: plan_shapes.TicketsRevised) -> None:
        self._context.selection.select(track.id)
        dialog = RevisionDialog(self._context.theme, track.title, revised.before, revised.tickets, self._panel.window())
        dialog.taken.connect(lambda: self._take(track, revised))
        dialog.rejected.connect(lambda: self._offer(track, revised))
        dialog.open()

    def _take(self, track: Track, revised: plan_shapes.TicketsRevised) -> None:
        editor = self._context.editor
        if editor.track is None or editor.track.track_id != track.id:
            self._offer(track, revised)
        elif editor.tickets != revised.before:
            again = revised.model_copy(update={"before": editor.tickets})
            words = f"The tickets of “{track.title}” have been changed since Tier 2 read them: look at the difference."
            self._panel.banner.show_offer(words, "Review…", lambda: self._review(track, again))
        else:
            self._replace(revised.tickets)

    def _open_kept(self, track_id: str, tickets: tuple[TicketSpec, ...], losses: tuple[str, ...]) -> None:
        self._context.selection.select(track_id)
        if self._context.editor.track is not None and self._replace(tickets):
            self._context.selection.panel_wanted.emit("plan")
            said = " ".join(losses[:_LOSSES_SAID])
            self._panel.banner.show_offer(
                f"Mend the tickets in the Plan panel: they are saved when they hold. {said}".strip()
            )

    def _replace(self, tickets: tuple[TicketSpec, ...]) -> bool:
        try:
            self._context.editor.replace_tickets(tickets)
        except SlopError as error:
            self._panel.show_error(error)
            return False
        return True
