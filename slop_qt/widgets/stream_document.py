"""Writes one stream into a text document, a little at a time, so that each character is touched once."""

from PySide6.QtGui import QTextBlock, QTextBlockFormat, QTextCharFormat, QTextCursor, QTextDocument

from slop_qt.core.stream_state import StreamItem, StreamState
from slop_qt.core.visible_text import REPLACED, visible_pieces
from slop_qt.qt.tokens import LIGHT, Tokens
from slop_qt.widgets.stream_blocks import BlockKind, item_of, kind_of, stamp
from slop_qt.widgets.stream_formats import stream_formats
from slop_qt.widgets.tool_words import argument_words, detail_text

__all__ = ["LINE_LIMIT", "StreamDocument"]

LINE_LIMIT = 4096  # characters of a line before it is broken, for display only
_CARD_INDENT = "   "  # under the icon that the view paints
_DETAIL_INDENT = "    "
_CARD_COST = 100  # of the budget, in characters


class StreamDocument:
    """The way from a StreamState to a QTextDocument of at most about `limit` characters. Lives in the GUI thread.

    Attributes:
        dropped: characters of the stream that stand before what is shown.
    """

    def __init__(self, document: QTextDocument, limit: int) -> None:
        self._document = document
        self._limit = limit
        self._stream: StreamState | None = None
        self._item = 0
        self._offset = 0
        self._open = False  # whether the item that is being written has its first block
        self._column = 0
        self._results: dict[str, StreamItem] = {}
        self._formats = stream_formats(LIGHT)
        self.thinking_shown = True
        self.dropped = 0

    @property
    def behind(self) -> bool:
        """Whether the stream has more than has been written."""
        if self._stream is None or self._item >= len(self._stream.items):
            return False
        return self._item < len(self._stream.items) - 1 or self._offset < self._stream.items[self._item].length

    @property
    def full(self) -> bool:
        """Whether as much is shown as may be: the beginning must go before more can come."""
        return self._document.characterCount() > self._limit

    def begin(self, stream: StreamState | None, tokens: Tokens) -> None:
        """Start over with that stream; of a very long one with its end."""
        self._stream = stream
        self._item = self._offset = self._column = self.dropped = 0
        self._open = False
        self._results = {}
        self._formats = stream_formats(tokens)
        self._document.clear()
        stamp(self._document.firstBlock(), BlockKind.TEXT, 0)
        if stream is not None:
            self._skip_to_end(stream)

    def write(self, budget: int, columns: int) -> None:
        """Write what came since, at most about `budget` characters; a card's words are cut to `columns`."""
        if self._stream is None:
            return
        cursor = QTextCursor(self._document)
        cursor.beginEditBlock()
        cursor.movePosition(QTextCursor.MoveOperation.End)
        items = self._stream.items
        while budget > 0 and self._item < len(items):
            item = items[self._item]
            if item.kind in {"text", "thinking"}:
                new = item.since(self._offset)[:budget]
                self._write_text(cursor, BlockKind.TEXT if item.kind == "text" else BlockKind.THINKING, new)
                self._offset += len(new)
                budget -= len(new)
                if self._offset < item.length or self._item == len(items) - 1:
                    break
            else:
                self._write_mark(cursor, item, columns)
                budget -= _CARD_COST
            self._item, self._offset, self._open = self._item + 1, 0, False
        cursor.endEditBlock()

    def trim(self) -> int:
        """Drop the first quarter of what is shown. Returns how many blocks went."""
        keep = self._document.findBlock(self._document.characterCount() // 4)
        blocks, position = keep.blockNumber(), keep.position()
        if blocks <= 0:
            return 0
        kind, item, visible = kind_of(keep), item_of(keep), keep.isVisible()
        cursor = QTextCursor(self._document)
        cursor.setPosition(position, QTextCursor.MoveMode.KeepAnchor)
        cursor.removeSelectedText()
        stamp(self._document.firstBlock(), kind, item)
        self._document.firstBlock().setVisible(visible)
        self.dropped += position
        return blocks

    def show_thinking(self, shown: bool) -> None:
        """Fold the thinking away, or show it."""
        self.thinking_shown = shown
        block, kind = self._document.begin(), BlockKind.TEXT
        while block.isValid():
            kind = kind_of(block) if block.userState() >= 0 else kind
            if kind is BlockKind.THINKING:
                block.setVisible(shown)
            block = block.next()
        self._document.markContentsDirty(0, self._document.characterCount())

    def is_unfolded(self, card: QTextBlock) -> bool:
        """Whether the card's arguments and result are shown below it."""
        return card.next().isValid() and kind_of(card.next()) is BlockKind.DETAIL

    def set_unfolded(self, card: QTextBlock, unfolded: bool) -> None:
        """Show the card's arguments and result below it, or take them away."""
        if self._stream is None or unfolded == self.is_unfolded(card):
            return
        cursor = QTextCursor(card)
        cursor.movePosition(QTextCursor.MoveOperation.EndOfBlock)
        cursor.beginEditBlock()
        if unfolded:
            call = self._stream.items[item_of(card)]
            for line in detail_text(call, self.result_of(call)).split("\n"):
                for at in range(0, max(len(line), 1), LINE_LIMIT):
                    cursor.insertBlock()
                    stamp(cursor.block(), BlockKind.DETAIL, item_of(card), soft=at > 0)
                    self._insert(cursor, _DETAIL_INDENT + line[at : at + LINE_LIMIT], BlockKind.DETAIL)
        else:
            last = card
            while self.is_unfolded(last):
                last = last.next()
            cursor.setPosition(last.position() + last.length() - 1, QTextCursor.MoveMode.KeepAnchor)
            cursor.removeSelectedText()
        cursor.endEditBlock()

    def call_of(self, card: QTextBlock) -> StreamItem | None:
        """The tool call or retry that the card shows."""
        return self._stream.items[item_of(card)] if self._stream is not None else None

    def result_of(self, call: StreamItem) -> StreamItem | None:
        """What a tool call came to, if it did and is written."""
        return self._results.get(call.call_id)

    def _write_text(self, cursor: QTextCursor, kind: BlockKind, text: str) -> None:
        if not text:
            return
        if not self._open:
            self._open_block(cursor, kind)
        first = cursor.block()
        waiting: list[str] = []
        for number, line in enumerate(text.split("\n")):
            if number:
                waiting.append("\n")
                self._column = 0
            if self._column + len(line) <= LINE_LIMIT:
                waiting.append(line)
                self._column += len(line)
                continue
            self._insert(cursor, "".join(waiting), kind)
            waiting.clear()
            self._write_long_line(cursor, kind, line)
        self._insert(cursor, "".join(waiting), kind)
        if kind is BlockKind.THINKING and not self.thinking_shown:
            while first.isValid():
                first.setVisible(False)
                first = first.next()

    def _write_long_line(self, cursor: QTextCursor, kind: BlockKind, line: str) -> None:
        at = 0
        while at < len(line):
            if self._column == LINE_LIMIT:
                cursor.insertBlock()
                stamp(cursor.block(), kind, self._item, soft=True)
                self._column = 0
            part = line[at : at + LINE_LIMIT - self._column]
            self._insert(cursor, part, kind)
            self._column += len(part)
            at += len(part)

    def _write_mark(self, cursor: QTextCursor, item: StreamItem, columns: int) -> None:
        if item.kind == "tool_call":
            self._open_block(cursor, BlockKind.CARD)
            cursor.insertText(_CARD_INDENT, self._formats.tall)
            self._insert(cursor, f"{item.name}  ", BlockKind.CARD)
            words = argument_words(item.arguments, max(columns - len(item.name) - 20, 16))
            self._insert(cursor, words, BlockKind.DETAIL)
        elif item.kind == "retry":
            self._open_block(cursor, BlockKind.RETRY)
            self._insert(cursor, _DETAIL_INDENT + " ".join(item.text.split()), BlockKind.RETRY)
        else:
            self._results[item.call_id] = item

    def _open_block(self, cursor: QTextCursor, kind: BlockKind) -> None:
        if self._document.characterCount() > 1:
            self._leave_space(cursor, kind)
            cursor.insertBlock(QTextBlockFormat(), QTextCharFormat())
        stamp(cursor.block(), kind, self._item)
        self._open, self._column = True, 0

    def _leave_space(self, cursor: QTextCursor, kind: BlockKind) -> None:
        """A narrow gap between what is of different kinds: an empty last line made narrow, else a block for it."""
        last = cursor.block()
        if last.userState() < 0 and last.length() == 1:
            cursor.setBlockCharFormat(self._formats.narrow)
        elif kind is not BlockKind.CARD or kind_of(last) not in {BlockKind.CARD, BlockKind.DETAIL}:
            cursor.insertBlock(QTextBlockFormat(), self._formats.narrow)
            cursor.block().setUserState(BlockKind.SPACE)

    def _insert(self, cursor: QTextCursor, text: str, kind: BlockKind) -> None:
        """Insert at the end of what is there: text whose only line breaks are newlines that were sent."""
        if not REPLACED.search(text):
            cursor.insertText(text, self._formats.of[kind])
            return
        for shown, original in visible_pieces(text):
            look = self._formats.of[kind] if original is None else self._formats.replaced(kind, original)
            cursor.insertText(shown, look)

    def _skip_to_end(self, stream: StreamState) -> None:
        room = self._limit // 2
        index = len(stream.items)
        while index > 0 and room > 0:
            index -= 1
            room -= stream.items[index].length if stream.items[index].kind != "tool_result" else 0
        if room < 0:
            self._item, self._offset = index, -room if stream.items[index].kind in {"text", "thinking"} else 0
        self.dropped = sum(item.length for item in stream.items[: self._item]) + self._offset
