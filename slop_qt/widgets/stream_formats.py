"""How the parts of a stream look, in the colours of one scheme."""

from collections.abc import Mapping
from dataclasses import dataclass

from PySide6.QtGui import QColor, QTextCharFormat, QTextFormat

from slop_qt.qt.tokens import Tokens
from slop_qt.widgets.stream_blocks import ORIGINAL, BlockKind

__all__ = ["StreamFormats", "stream_formats"]

_CARD_FONT = 18  # of a card's indent, in pixels: it makes the line as high as a card is
_SPACE_FONT = 5  # of the gap between text and cards, in pixels


@dataclass(frozen=True, slots=True)
class StreamFormats:
    """of: by kind of block. tall: a card's indent. narrow: a gap. replaced_color: what stands for something else."""

    of: Mapping[BlockKind, QTextCharFormat]
    tall: QTextCharFormat
    narrow: QTextCharFormat
    replaced_color: QColor

    def replaced(self, kind: BlockKind, original: str) -> QTextCharFormat:
        """For what stands for that one character."""
        look = QTextCharFormat(self.of[kind])
        look.setForeground(self.replaced_color)
        look.setProperty(ORIGINAL, ord(original))
        return look


def stream_formats(tokens: Tokens) -> StreamFormats:
    """Made from the tokens; plain text has the palette's colour."""
    thinking, card, detail, retry = (QTextCharFormat() for _ in range(4))
    thinking.setForeground(QColor(tokens.muted))
    thinking.setFontItalic(True)
    card.setFontWeight(600)
    detail.setForeground(QColor(tokens.muted))
    retry.setForeground(QColor(tokens.waiting))
    tall, narrow = QTextCharFormat(), QTextCharFormat()
    tall.setProperty(QTextFormat.Property.FontPixelSize, _CARD_FONT)
    narrow.setProperty(QTextFormat.Property.FontPixelSize, _SPACE_FONT)
    kinds = {
        BlockKind.TEXT: QTextCharFormat(),
        BlockKind.THINKING: thinking,
        BlockKind.CARD: card,
        BlockKind.DETAIL: detail,
        BlockKind.RETRY: retry,
    }
    return StreamFormats(kinds, tall, narrow, QColor(tokens.waiting))
