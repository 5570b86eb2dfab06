"""What the editor of tracks says to the Plan panel, which need not be built yet."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject

from slop_qt.core.errors import SlopError
from slop_qt.qt.track_editor import TrackEditor

if TYPE_CHECKING:
    from slop_qt.views.plan.panel import PlanPanel

__all__ = ["PlanCalls"]


class PlanCalls(QObject):
    """Hands it on to the panel that `panel` returns, which builds it for that. Lives in the GUI thread."""

    def __init__(self, editor: TrackEditor, panel: Callable[[], "PlanPanel"], parent: QObject) -> None:
        super().__init__(parent)
        self._panel = panel
        editor.failed.connect(self._failed)
        editor.noticed.connect(self._noticed)
        editor.edited_at.connect(self._edited_at)
        editor.ticket_wanted.connect(self._ticket_wanted)

    def _failed(self, error: SlopError) -> None:
        self._panel().show_error(error)

    def _noticed(self, words: str) -> None:
        self._panel().say(words)

    def _edited_at(self, where: str, _ticket_id: str, field: str) -> None:
        self._panel().go_to(where, field)

    def _ticket_wanted(self, _ticket_id: str) -> None:
        self._panel().show_ticket("title")
