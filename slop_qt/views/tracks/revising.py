"""The way of a revision: what is wished for, what Tier 2 proposes, the difference, and taking it."""

from PySide6.QtCore import QObject

from slop_qt.core.ticket_changes import ticket_changes
from slop_qt.core.tracks import Track
from slop_qt.mma import commands, plan_shapes
from slop_qt.qt.window_context import WindowContext
from slop_qt.widgets.panel import Panel
from slop_qt.widgets.revision_dialogs import RevisionDialog, WishDialog, changes_in_words

__all__ = ["Revising"]


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
        dialog = RevisionDialog(self._context.theme, track.title, revised.before, revised.tickets, self._panel.window())
        dialog.taken.connect(lambda: self._take(track, revised))
        dialog.rejected.connect(lambda: self._offer(track, revised))
        dialog.open()

    def _take(self, track: Track, revised: plan_shapes.TicketsRevised) -> None:
        editor = self._context.editor
        if self._context.selection.track_id == track.id and editor.is_editable and editor.tickets == revised.before:
            editor.replace_tickets(revised.tickets)  # which saves it, and can be undone
            return
        params = plan_shapes.SaveTickets(track_id=track.id, tickets=revised.tickets, base_digest=revised.base_digest)
        self._context.send(self._panel, commands.TRACK_SAVE_TICKETS, params, lambda _: self._context.tracks.reload())
