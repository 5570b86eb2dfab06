"""Shows a text of any size, read only and to the character, without keeping the window waiting."""

import time
from array import array
from bisect import bisect_right

from PySide6.QtCore import QMimeData, Qt, QTimer, Signal
from PySide6.QtGui import QColor, QHideEvent, QShowEvent, QTextCharFormat, QTextCursor, QTextOption
from PySide6.QtWidgets import QPlainTextEdit, QWidget

from slop_qt.core.visible_text import REPLACED, make_visible, shown_as, visible_pieces
from slop_qt.qt.theme import Theme

__all__ = ["LongText"]

_SLICE_S = 0.002  # of writing, before the window may do something else: the layout after it takes about as long
_SLICE = 16_384  # characters written meanwhile, at most
_LINE_LIMIT = 4096  # characters of a line before it is broken, for display only
_PIECE = 4096  # characters written at once
_ODD_PIECE = 256  # the same, where some of them stand for something else and are written one by one


class LongText(QPlainTextEdit):
    """Written a little at a time. Lives in the GUI thread.

    Each block shows a stretch of the text; what is selected and copied is that stretch, not what is shown for it:
    lines that were broken are whole again, and characters that would be obeyed are themselves again.

    Signals:
        written: all of it is there.
    """

    written = Signal()

    def __init__(self, theme: Theme, name: str, spoken: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._text = ""
        self._at = 0
        self._column = 0
        self._starts = array("Q", [0])  # of each block, in the text
        self._wanted: tuple[int, int] | None = None
        self.setObjectName(name)
        self.setAccessibleName(spoken)
        self.setProperty("kind", "view")
        self.setReadOnly(True)
        self.setUndoRedoEnabled(False)
        self.setTabChangesFocus(True)
        self.setTextInteractionFlags(
            Qt.TextInteractionFlag.TextSelectableByMouse | Qt.TextInteractionFlag.TextSelectableByKeyboard
        )
        self.setWordWrapMode(QTextOption.WrapMode.WrapAtWordBoundaryOrAnywhere)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOn)
        self.setFont(theme.fixed_font())
        self.document().setDocumentMargin(8)
        self._plain, self._replaced = QTextCharFormat(), QTextCharFormat()
        self._timer = QTimer(self)
        self._timer.setInterval(0)
        self._timer.timeout.connect(self._write)
        theme.changed.connect(self._show_again)

    @property
    def text(self) -> str:
        """What is shown, or will be when it is written."""
        return self._text

    @property
    def behind(self) -> bool:
        """Whether some of it is not written yet."""
        return self._at < len(self._text)

    @property
    def place(self) -> int:
        """Where the cursor's selection begins, in characters of the text."""
        return self._offset_of(self.textCursor().selectionStart(), up=False)

    def show_text(self, text: str) -> None:
        """Show this from its beginning."""
        self._text = text
        self._at = self._column = 0
        self._starts = array("Q", [0])
        self._wanted = None
        self._replaced.setForeground(QColor(self._theme.tokens.waiting))
        self.clear()
        if not text:
            self._timer.stop()
            self.written.emit()
        elif self.isVisible():
            self._timer.start()

    def select(self, start: int, end: int) -> None:
        """Select from character start to end of the text and bring that into view, as soon as it is written."""
        if end > self._at:
            self._wanted = (start, end)
            return
        self._wanted = None
        cursor = self.textCursor()
        cursor.setPosition(self._position_of(start))
        cursor.setPosition(self._position_of(end), QTextCursor.MoveMode.KeepAnchor)
        self.setTextCursor(cursor)
        self.ensureCursorVisible()

    def selected_text(self) -> str:
        """What is selected, as it is in the text."""
        cursor = self.textCursor()
        if not cursor.hasSelection():
            return ""
        start = self._offset_of(cursor.selectionStart(), up=False)
        return self._text[start : self._offset_of(cursor.selectionEnd(), up=True)]

    def createMimeDataFromSelection(self) -> QMimeData:  # noqa: N802 - Qt's spelling
        """What is copied: the text's own characters."""
        data = QMimeData()
        data.setText(self.selected_text())
        return data

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        if self.behind:
            self._timer.start()

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        self._timer.stop()

    def _show_again(self) -> None:
        self.show_text(self._text)

    def _write(self) -> None:
        begin = time.perf_counter()
        cursor = QTextCursor(self.document())
        cursor.beginEditBlock()
        cursor.movePosition(QTextCursor.MoveOperation.End)
        end = self._at + _SLICE
        while self.behind and self._at < end and time.perf_counter() - begin < _SLICE_S:
            self._write_piece(cursor)
        cursor.endEditBlock()
        if self._wanted is not None and self._wanted[1] <= self._at:
            self.select(*self._wanted)
        if not self.behind:
            self._timer.stop()
            self.written.emit()

    def _write_piece(self, cursor: QTextCursor) -> None:
        piece = self._text[self._at : self._at + _PIECE]
        odd = REPLACED.search(piece) is not None
        if odd:
            piece = piece[:_ODD_PIECE]
        shown: list[str] = []
        for number, line in enumerate(piece.split("\n")):
            if number:
                self._begin_block(self._at + 1)
                self._at += 1
                shown.append("\n")
            rest = line
            while rest:
                if self._column == _LINE_LIMIT:
                    self._begin_block(self._at)
                    shown.append("\n")
                taken, rest = rest[: _LINE_LIMIT - self._column], rest[_LINE_LIMIT - self._column :]
                shown.append(taken)
                self._column += len(taken)
                self._at += len(taken)
        if not odd:
            cursor.insertText("".join(shown), self._plain)
            return
        for words, stands_for in visible_pieces("".join(shown)):
            cursor.insertText(words, self._plain if stands_for is None else self._replaced)

    def _begin_block(self, start: int) -> None:
        self._starts.append(start)
        self._column = 0

    def _stretch(self, block: int) -> tuple[int, int]:
        """Where the block's stretch of the text begins and ends, without the line's end."""
        start = self._starts[block]
        if block + 1 == len(self._starts):
            return start, self._at
        end = self._starts[block + 1]
        return start, end - 1 if self._text[end - 1] == "\n" and end > start else end

    def _position_of(self, offset: int) -> int:
        """The document's position (UTF-16 units) of a character of the text."""
        block = bisect_right(self._starts, offset) - 1
        before = make_visible(self._text[self._starts[block] : offset])
        return self.document().findBlockByNumber(block).position() + len(before.encode("utf-16-le")) // 2

    def _offset_of(self, position: int, *, up: bool) -> int:
        """The character of the text at a position of the document; up: the one after it where that is within one."""
        block = self.document().findBlock(position)
        start, end = self._stretch(block.blockNumber())
        units = position - block.position()
        for at in range(start, end):
            width = _units(self._text[at])
            if units <= 0 or (not up and units < width):
                return at
            units -= width
        return end


def _units(character: str) -> int:
    if REPLACED.match(character):
        return len(shown_as(character))
    return 2 if ord(character) > 0xFFFF else 1
