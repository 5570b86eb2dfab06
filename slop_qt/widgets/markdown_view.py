"""Shows rendered Markdown: filled in slices, so that nothing waits for a long text."""

import time
from bisect import bisect_right
from collections import deque
from collections.abc import Sequence
from string import Template

from PySide6.QtCore import QTimer, QUrl, Signal, Slot
from PySide6.QtGui import QTextBlock, QTextCharFormat, QTextCursor, QTextDocument
from PySide6.QtWidgets import QTextBrowser, QWidget

from slop_qt.qt.theme import Theme
from slop_qt.widgets.rendered_block import TASK_MARKS, RenderedBlock

__all__ = ["MarkdownView"]

_SLICE_S = 0.004
_MARGIN = 8
_PIECE = 2_048  # characters of HTML
_GAP_TEXT = "\u00a0"
_GAP = '<p class="gap">&nbsp;</p>'
_COLORS = {"idle": "idle", "running": "running", "done": "done", "blocked": "failed"}
_SHEET = Template("""
body, p, li, td, th { color: $text; }
p, ul, ol, pre, blockquote { margin-top: 0; margin-bottom: 0; }
code { background: $hover; color: $text; } pre { background: $hover; } blockquote { color: $muted; }
a { color: $accent; } th { font-weight: 600; } td, th { padding: 2px 8px; }
p.h1 { font-size: 17px; font-weight: 600; } p.h2 { font-size: 15px; font-weight: 600; }
p.h3, p.h4, p.h5, p.h6 { font-size: 13px; font-weight: 600; }
p.gap { font-size: 6px; }
ul.tasks { list-style-type: none; }
""")


class MarkdownView(QTextBrowser):
    """Lives in the GUI thread. Loads nothing from anywhere; a link that is clicked is told of and not followed.

    Signals:
        link_wanted(str): somebody clicked a link to that address.
        filled: all of it is there.
    """

    link_wanted = Signal(str)
    filled = Signal()

    def __init__(self, theme: Theme, name: str, spoken: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._blocks: Sequence[RenderedBlock] = ()
        self._waiting: deque[RenderedBlock] = deque()
        self._next = self.document()
        self._filling = QTextCursor(self._next)
        self._next_places: list[tuple[int, int]] = []
        self._places: list[tuple[int, int]] = []  # (line of the source, block of the document), both rising
        self._timer = QTimer(self)
        self._timer.timeout.connect(self._add_slice)
        self.setObjectName(name)
        self.setAccessibleName(spoken)
        self.setOpenLinks(False)
        self.setProperty("kind", "reading")
        self.anchorClicked.connect(self._clicked)
        theme.changed.connect(self._render_again)

    def loadResource(self, _kind: int, _url: QUrl | str) -> object:
        """Nothing: not from the network, nor from files."""
        return None

    def show_blocks(self, blocks: Sequence[RenderedBlock]) -> None:
        """Show these in the place of what is shown, as soon as all are laid out; the scroll bar stays where it is."""
        self._blocks = blocks
        if self._waiting:
            self._next.deleteLater()
        self._waiting = deque(blocks)
        self._next = self._new_document()
        self._filling = QTextCursor(self._next)
        self._filling.beginEditBlock()  # until all is there: else each piece would cost what is there already
        self._next_places = []
        self._add_slice()

    def show_line(self, line: float) -> None:
        """Scroll to what stands in that line of the source (a fraction is part of the way to the next block)."""
        at = bisect_right(self._places, line, key=lambda place: place[0]) - 1
        if at < 0:
            self.verticalScrollBar().setValue(0)
            return
        top, begins = self._top(at), self._places[at][0]
        if at + 1 < len(self._places):
            lines = max(self._places[at + 1][0] - begins, 1)
            top += (self._top(at + 1) - top) * min((line - begins) / lines, 1.0)
        self.verticalScrollBar().setValue(round(top))

    def _top(self, at: int) -> float:
        document = self.document()
        block = document.findBlockByNumber(self._places[at][1])
        return document.documentLayout().blockBoundingRect(block).top()

    def _new_document(self) -> QTextDocument:
        tokens = self._theme.tokens
        document = QTextDocument(self)
        document.setUndoRedoEnabled(False)
        document.setDocumentMargin(_MARGIN)
        document.setDefaultFont(self._theme.font())
        names = ("text", "muted", "hover", "accent")
        document.setDefaultStyleSheet(_SHEET.substitute({name: tokens.color(name) for name in names}))
        for icon, _ in TASK_MARKS.values():
            pixmap = self._theme.pixmap(icon, _COLORS[icon], self.devicePixelRatioF(), 14)
            document.addResource(QTextDocument.ResourceType.ImageResource, QUrl(f"icon:{icon}"), pixmap)
        return document

    @Slot()
    def _add_slice(self) -> None:
        until = time.monotonic() + _SLICE_S
        while self._waiting and time.monotonic() < until:
            self._add(self._next_blocks())
        if self._waiting:
            if not self._timer.isActive():
                self._timer.start(0)
            return
        self._timer.stop()
        self._swap()

    def _next_blocks(self) -> list[RenderedBlock]:
        """As many as are laid out in a millisecond or two: each insertion has a price of its own."""
        blocks, size = [self._waiting.popleft()], 0
        while self._waiting and size < _PIECE:
            size += len(blocks[-1].html)
            blocks.append(self._waiting.popleft())
        return blocks

    def _add(self, blocks: Sequence[RenderedBlock]) -> None:
        """Put these at the end, each below a gap: what comes first takes the format of where it is inserted."""
        cursor = QTextCursor(self._next)
        cursor.movePosition(QTextCursor.MoveOperation.End)
        if self._next_places:
            cursor.insertBlock()
        gap = cursor.block()
        cursor.setBlockCharFormat(QTextCharFormat())
        cursor.insertHtml("".join(f"{_GAP}{block.html}" for block in blocks))
        for block in blocks:
            while gap.isValid() and not _is_gap(gap):
                gap = gap.next()
            self._next_places.append((block.line, gap.blockNumber()))
            gap = gap.next()

    def _swap(self) -> None:
        bar = self.verticalScrollBar()
        value = bar.value()
        self._places = self._next_places
        self._filling.endEditBlock()
        self.setDocument(self._next)  # which deletes the one before: it is this view's child
        bar.setValue(value)
        self.filled.emit()

    @Slot()
    def _render_again(self) -> None:
        self.show_blocks(self._blocks)

    @Slot(QUrl)
    def _clicked(self, url: QUrl) -> None:
        self.link_wanted.emit(url.toString())


def _is_gap(block: QTextBlock) -> bool:
    return block.text() == _GAP_TEXT
