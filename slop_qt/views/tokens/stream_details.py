"""What the chosen stream's last request is made of, and its exact text where somebody asks for that."""

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QSplitter, QStackedWidget, QVBoxLayout, QWidget

from slop_qt.core.context import ContextReport
from slop_qt.mma import commands, spend_shapes
from slop_qt.qt.context_model import ContextRow
from slop_qt.qt.window_context import ErrorSurface, WindowContext
from slop_qt.views.tokens.overview import Overview
from slop_qt.views.tokens.parts_table import PartsTable
from slop_qt.views.tokens.text_page import TextPage
from slop_qt.widgets.empty_state import EmptyState

__all__ = ["StreamDetails"]

_TALL = 330  # pixels, from which on the overview stands above the parts
_WHOLE = "Whole request as sent"


class StreamDetails(QWidget):
    """Lives in the GUI thread. surface shows what goes wrong.

    Signals:
        changed: another part can be read, or none.
        reading: somebody reads an exact text.
    """

    changed = Signal()
    reading = Signal()

    def __init__(self, context: WindowContext, surface: ErrorSurface) -> None:
        super().__init__()
        self._context = context
        self._surface = surface
        self._row: ContextRow | None = None
        self._asked = 0
        self._by_hand = False
        self.setObjectName("tokens.details")
        self._nothing = EmptyState(context.theme, "tokens.details", "tokens", "No stream chosen", "")
        self._overview = Overview(context.theme)
        self._parts = PartsTable(context.theme)
        self._text = TextPage(context.theme)
        self._composition = QSplitter(Qt.Orientation.Horizontal)
        self._composition.setObjectName("tokens.composition")
        self._overview.narrow(True)
        self._composition.setChildrenCollapsible(False)
        self._composition.addWidget(self._overview)
        self._composition.addWidget(self._parts)
        self._composition.setStretchFactor(1, 1)
        self._stack = QStackedWidget()
        for page in (self._nothing, self._composition, self._text):
            self._stack.addWidget(page)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self._stack)
        self._parts.part_chosen.connect(lambda _: self.changed.emit())
        self._parts.text_wanted.connect(self.read)
        self._text.left.connect(self.leave_text)
        self._composition.splitterMoved.connect(self._shared_out_by_hand)
        self.show_row(None)

    @property
    def row(self) -> ContextRow | None:
        """The stream that is shown."""
        return self._row

    @property
    def part(self) -> int | None:
        """The part that can be read."""
        return self._parts.part if self._has_request() else None

    def hold(self, held: bool) -> None:
        """Do nothing while nobody looks."""
        self._overview.hold(held)

    def show_row(self, row: ContextRow | None) -> None:
        """Show that stream; a text of it that is being read stays."""
        same = row is not None and self._row is not None and row.key == self._row.key
        self._row = row
        if not same:
            self._asked += 1
            self._text.clear()
        if row is not None and row.report is not None:
            self._overview.show_row(row)
            self._parts.show_row(row)
            if not same or self._stack.currentWidget() is self._nothing:
                self._share_out()
                self._stack.setCurrentWidget(self._composition)
        else:
            self._say_nothing(row)
            self._stack.setCurrentWidget(self._nothing)
        self.changed.emit()

    def read(self, part: int | None) -> None:
        """Read a part's exact text, or that of the whole request where it is None."""
        row = self._row
        if row is None or row.report is None:
            return
        self._asked += 1
        asked, names = self._asked, _names(row.report)
        label = self._parts.label_of(part) if part is not None else _WHOLE
        self._text.wait_for(f"{label} · {row.stream.stream_id}")
        self._stack.setCurrentWidget(self._text)
        self.reading.emit()

        def show(read: spend_shapes.ContextTextRead) -> None:
            if asked == self._asked:
                report = row.stream.report
                self._text.show_text(read.text, moved_on=report is not None and _names(report) != names)

        def leave() -> None:
            if asked == self._asked:
                self.leave_text()

        params = spend_shapes.ContextText(run_id=row.stream.run_id, stream_id=row.stream.stream_id, part=part)
        self._context.send(self._surface, commands.CONTEXT_TEXT, params, show, leave)

    def read_part(self) -> None:
        """Read the chosen part."""
        if self.part is not None:
            self.read(self.part)

    def leave_text(self) -> None:
        """Go back to the parts."""
        self._asked += 1
        self._text.clear()
        self._stack.setCurrentWidget(self._composition if self._has_request() else self._nothing)
        self._parts.focus_parts()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._share_out()

    def _has_request(self) -> bool:
        return self._row is not None and self._row.report is not None

    def _share_out(self) -> None:
        tall = self.height() >= _TALL
        wanted = Qt.Orientation.Vertical if tall else Qt.Orientation.Horizontal
        if self._composition.orientation() is not wanted:
            self._composition.setOrientation(wanted)
            self._overview.narrow(not tall)
            self._by_hand = False
        if self._by_hand:
            return
        whole = self.height() if tall else self.width()
        first = min(self._overview.height_for(self.width()), whole * 9 // 20) if tall else whole * 37 // 100
        self._composition.setSizes([first, whole - first])

    def _shared_out_by_hand(self) -> None:
        self._by_hand = True

    def _say_nothing(self, row: ContextRow | None) -> None:
        if row is None:
            self._nothing.say("No stream chosen", "Choose a stream to see what its last request is made of.")
        else:
            self._nothing.say("No request yet", f"{row.stream.stream_id} has not composed a request yet.")


def _names(report: ContextReport) -> list[tuple[str, str]]:
    return [(part.kind, part.label) for part in report.parts]
