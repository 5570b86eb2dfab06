"""A request at a glance: its size, its proportions, the provider's cache, and what the next one leaves out."""

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QHeaderView, QScrollArea, QVBoxLayout, QWidget

from slop_qt.core.context import ContextReport
from slop_qt.core.events import utc_now
from slop_qt.qt.context_model import ContextRow
from slop_qt.qt.context_words import cache_sentence, share_words, size_of, tokens, trim_sentence
from slop_qt.qt.part_looks import PART_KINDS, cache_look, cache_now, kind_words
from slop_qt.qt.parts_model import TrimmingModel
from slop_qt.qt.status import Look
from slop_qt.qt.theme import Theme
from slop_qt.widgets.bar_legend import BarLegend
from slop_qt.widgets.buttons import muted_label
from slop_qt.widgets.notice import Notice
from slop_qt.widgets.row_delegate import ROW_HEIGHT
from slop_qt.widgets.row_table import row_table
from slop_qt.widgets.stacked_bar import Segment, StackedBar

__all__ = ["Overview"]

_TICK_MS = 1000
_ROWS_SHOWN = 4
_FITS = Look("done", "Fits", "done")
_UNMEASURED = Look("question", "No limit", "idle")
_TRIMS = Look("waiting", "Trims", "waiting")
_OVER = Look("failed", "Too large", "failed")


class Overview(QScrollArea):
    """Lives in the GUI thread. The time that a cache has left is counted down only while it is seen."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._row: ContextRow | None = None
        self.setObjectName("tokens.overview")
        self.setAccessibleName("The last request at a glance")
        self.setProperty("kind", "reading")
        self.setWidgetResizable(True)
        self._size = muted_label()
        self._size.setObjectName("tokens.size")
        self._size.setWordWrap(True)
        self._bar = StackedBar(theme, "tokens.bar", "Proportions of the request")
        self._legend = BarLegend(theme, "tokens.legend", "Tokens by kind")
        self._cache = Notice(theme, "tokens.cache")
        self._trims = Notice(theme, "tokens.trims")
        self._trimming = TrimmingModel(self)
        self._table = row_table(theme, "tokens.trimming", "What the next request leaves out", self._trimming)
        header = self._table.horizontalHeader()
        header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        header.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        header.setSectionResizeMode(2, QHeaderView.ResizeMode.Stretch)
        inside = QWidget()
        column = self._column = QVBoxLayout(inside)
        column.setContentsMargins(12, 8, 12, 8)
        column.setSpacing(6)
        shown: tuple[QWidget, ...] = (self._size, self._bar, self._legend, self._cache, self._trims, self._table)
        for widget in shown:
            column.addWidget(widget)
        column.addStretch(1)
        self.setWidget(inside)
        for widget in (inside, self.viewport()):  # what is below it has the panel's colour
            widget.setAutoFillBackground(False)
        self._clock = QTimer(self)
        self._clock.setInterval(_TICK_MS)
        self._clock.timeout.connect(self._say_cache)
        self._held = False

    @property
    def ticking(self) -> bool:
        """Whether the time that is left is being counted down."""
        return self._clock.isActive()

    def height_for(self, width: int) -> int:
        """Pixels that all of it takes at that width."""
        return self._column.totalHeightForWidth(width)

    def narrow(self, narrow: bool) -> None:
        """In a narrow column the legend takes many lines: what is news stands before it."""
        self._column.removeWidget(self._legend)
        self._column.insertWidget(4 if narrow else 2, self._legend)

    def hold(self, held: bool) -> None:
        """Count nothing down while nobody sees it."""
        self._held = held
        self._say_cache()

    def show_row(self, row: ContextRow) -> None:
        """Show the last request of that stream, which has sent one."""
        report = row.report
        if report is None:
            return
        before, self._row = self._row, row
        if before is None or before.report is not report:
            self._say_size(report)
            self._say_trimming(report)
        self._say_cache()

    def _say_size(self, report: ContextReport) -> None:
        words = f"{report.model}: {size_of(report)}"
        self._size.setText(words)
        self._size.setAccessibleName(f"Size of the last request: {words}")
        amounts = dict.fromkeys(PART_KINDS, 0)
        for part in report.parts:
            amounts[part.kind] += part.tokens
        segments = [
            Segment(
                f"part_{kind}",
                amount,
                f"{kind_words(kind)} {tokens(amount, report.measured)} · {share_words(amount, report.used_tokens)}",
            )
            for kind, amount in amounts.items()
            if amount
        ]
        free = report.limit_tokens - report.used_tokens
        room = Segment("", free, f"Free {tokens(free, report.measured)}") if free > 0 else None
        self._bar.show_segments(segments, room)
        self._legend.show_entries(segments, room)

    def _say_trimming(self, report: ContextReport) -> None:
        look = _TRIMS if report.would_trim else _FITS if report.limit_tokens else _UNMEASURED
        if report.limit_tokens and report.used_tokens > report.limit_tokens and not report.would_trim:
            look = _OVER
        self._trims.say(look, trim_sentence(report))
        self._trimming.show(report.would_trim)
        rows = min(len(report.would_trim), _ROWS_SHOWN)
        self._table.setVisible(rows > 0)
        self._table.setFixedHeight(self._table.horizontalHeader().sizeHint().height() + rows * ROW_HEIGHT + 4)

    def _say_cache(self) -> None:
        report = self._row.report if self._row is not None else None
        counts = report is not None and report.cache.expires_at is not None
        if report is None or self._row is None or self._held:
            self._clock.stop()
            return
        now = utc_now()
        state = cache_now(report.cache, now)
        look = cache_look(report.cache, now) if state != "none" else None
        sentence = cache_sentence(report, self._row.usage, now)
        self._cache.say(look, sentence)
        if not counts or state not in {"warm", "expired"}:
            self._clock.stop()
        elif not self._clock.isActive():
            self._clock.start()
