"""What the blocks of a stream's text document stand for, and how their text is read back as it was sent."""

from enum import IntEnum

from PySide6.QtGui import QTextBlock, QTextCursor, QTextDocument, QTextFormat

from slop_qt.core.visible_text import shown_as

__all__ = ["ORIGINAL", "BlockKind", "item_of", "kind_of", "selected_text", "stamp", "stream_text"]

# The property of a character format that holds the one character which its text stands for.
ORIGINAL = QTextFormat.Property.UserProperty + 1

# A block's user state: kind, whether it goes on with the line of the block before, index of the item in the stream.
# A block without one (-1) is the next line of the item before it.
_KIND, _SOFT, _ITEM_SHIFT = 0b111, 0b1000, 4


class BlockKind(IntEnum):
    """What a block shows."""

    TEXT = 0
    THINKING = 1
    CARD = 2
    DETAIL = 3
    RETRY = 4
    SPACE = 5


def stamp(block: QTextBlock, kind: BlockKind, item: int, *, soft: bool = False) -> None:
    """Say what the block shows: which item of the stream; soft where it goes on with the line before it."""
    block.setUserState(kind | (_SOFT if soft else 0) | item << _ITEM_SHIFT)


def _stamped(block: QTextBlock) -> int:
    while block.userState() < 0 and block.previous().isValid():
        block = block.previous()
    return max(block.userState(), 0)


def kind_of(block: QTextBlock) -> BlockKind:
    """What the block shows."""
    return BlockKind(_stamped(block) & _KIND)


def item_of(block: QTextBlock) -> int:
    """The index of the stream's item that the block shows."""
    return _stamped(block) >> _ITEM_SHIFT


def stream_text(document: QTextDocument) -> str:
    """The stream's text, to the character: without breaks, marks and replacements of ours."""
    parts: list[str] = []
    kind = BlockKind.TEXT
    block = document.begin()
    while block.isValid():
        state = block.userState()
        kind = BlockKind(state & _KIND) if state >= 0 else kind
        if kind is BlockKind.TEXT:
            parts.append(("\n" if state < 0 else "") + _original(block, block.position(), _end(block)))
        block = block.next()
    return "".join(parts)


def selected_text(cursor: QTextCursor) -> str:
    """What is selected and visible, as it was sent; each item begins on a line of its own."""
    parts: list[str] = []
    start, end = cursor.selectionStart(), cursor.selectionEnd()
    block = cursor.document().findBlock(start)
    while block.isValid() and block.position() <= end:
        if block.isVisible() and block.userState() != BlockKind.SPACE:
            soft = block.userState() >= 0 and block.userState() & _SOFT
            parts.append(("\n" if parts and not soft else "") + _original(block, start, end))
        block = block.next()
    return "".join(parts)


def _end(block: QTextBlock) -> int:
    return block.position() + block.length() - 1


def _original(block: QTextBlock, start: int, end: int) -> str:
    """The block's characters from document position start to end, with the originals of what was replaced."""
    whole = start <= block.position() and end >= _end(block)
    text = block.text()
    if whole and "⟨" not in text and not any("␀" <= character <= "␡" for character in text):
        return text
    parts = []
    iterator = block.begin()
    while not iterator.atEnd():
        fragment = iterator.fragment()
        first, last = max(fragment.position(), start), min(fragment.position() + fragment.length(), end)
        original = fragment.charFormat().property(ORIGINAL)
        if first < last and original is not None:
            width = len(shown_as(chr(original)))  # neighbours that stand for the same character are one fragment
            at = fragment.position()
            parts.append(chr(original) * (-((at - last) // width) - (first - at) // width))
        elif first < last:
            units = fragment.text().encode("utf-16-le")
            at = fragment.position()
            parts.append(units[2 * (first - at) : 2 * (last - at)].decode("utf-16-le", errors="replace"))
        iterator += 1
    return "".join(parts)
