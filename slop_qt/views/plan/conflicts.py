"""The conflicts of a track's files with what others wrote, one bar for each, and how they are compared and decided."""

import json
from functools import partial

from PySide6.QtWidgets import QVBoxLayout, QWidget

from slop_qt.core.line_ends import in_editor
from slop_qt.core.ticket_edits import Tickets
from slop_qt.qt.editing.edited_track import EditedTrack
from slop_qt.qt.window_context import WindowContext
from slop_qt.tools.diffs import unified_diff
from slop_qt.views.plan.compare_dialog import CompareDialog
from slop_qt.views.plan.conflict_bar import ConflictBar

__all__ = ["Conflicts"]

_FILES = {"spec": "spec.md", "plan": "plan.md", "tickets": "tickets.json"}


class Conflicts(QWidget):
    """Lives in the GUI thread."""

    def __init__(self, context: WindowContext, parent: QWidget) -> None:
        super().__init__(parent)
        self._context = context
        self._bars = {name: ConflictBar(context.theme, f"plan.{name}.conflict") for name in _FILES}
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        for name, bar in self._bars.items():
            bar.mine_wanted.connect(partial(context.editor.keep_mine, name))
            bar.theirs_wanted.connect(partial(context.editor.take_theirs, name))
            bar.comparison_wanted.connect(partial(self._compare, name))
            column.addWidget(bar)

    def refresh(self, track: EditedTrack | None) -> None:
        """Ask about what is to be decided in that track."""
        for name, bar in self._bars.items():
            if track is not None and _theirs(track, name) is not None:
                bar.ask(_FILES[name])
            else:
                bar.hide()

    def _compare(self, name: str) -> None:
        track = self._context.editor.track
        if track is not None:
            self._context.start(self._open(track, name))

    async def _open(self, track: EditedTrack, name: str) -> None:
        theirs = _theirs(track, name)
        mine = await _mine(track, name)
        if theirs is None:
            return
        diff = await self._context.offload.run(partial(unified_diff, _FILES[name], theirs, mine))
        dialog = CompareDialog(self._context.theme, _FILES[name], diff, self.window())
        dialog.mine_wanted.connect(partial(self._context.editor.keep_mine, name))
        dialog.theirs_wanted.connect(partial(self._context.editor.take_theirs, name))
        dialog.open()


def _theirs(track: EditedTrack, name: str) -> str | None:
    if name == "tickets":
        return _as_text(track.tickets.theirs[0]) if track.tickets.theirs is not None else None
    text = track.spec if name == "spec" else track.plan
    return in_editor(text.theirs.text) if text.theirs is not None else None


async def _mine(track: EditedTrack, name: str) -> str:
    if name == "tickets":
        return _as_text(track.tickets.current)
    text = track.spec if name == "spec" else track.plan
    return (await text.snapshot(end_typing=False)).text


def _as_text(tickets: Tickets) -> str:
    return json.dumps([ticket.model_dump(mode="json") for ticket in tickets], indent=2, ensure_ascii=False) + "\n"
