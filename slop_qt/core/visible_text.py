"""Characters that would be obeyed instead of shown (bidi marks, zero-width, ANSI escapes) made visible."""

import re
from collections.abc import Iterator

__all__ = ["REPLACED", "make_visible", "shown_as", "visible_pieces"]

# C0 but tab and newline, C1, soft hyphen, bidi and zero-width marks, line separators, the blocks' own separators of
# Qt's text documents (U+FDD0…), byte order mark, interlinear marks, half surrogates, and tag characters.
REPLACED = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f"
    "\ud800-\udfff\ufdd0-\ufdef\ufeff\ufff9-\ufffc\U000e0000-\U000e007f]"
)


def visible_pieces(text: str) -> Iterator[tuple[str, str | None]]:
    """The text in stretches: (as shown, None) where it is itself, (as shown, the character) where it stands for one."""
    position = 0
    for match in REPLACED.finditer(text):
        if match.start() > position:
            yield text[position : match.start()], None
        yield shown_as(match[0]), match[0]
        position = match.end()
    if position < len(text):
        yield text[position:], None


def make_visible(text: str) -> str:
    """All of it as shown."""
    return REPLACED.sub(lambda match: shown_as(match[0]), text)


def shown_as(character: str) -> str:
    """What one character of REPLACED is shown as."""
    code = ord(character)
    if code < 0x20:
        return chr(0x2400 + code)  # Unicode's own pictures of control characters
    return "␡" if code == 0x7F else f"⟨U+{code:04X}⟩"
