"""What would be obeyed is made visible; nothing else is touched."""

import pytest

from slop_qt.core.visible_text import REPLACED, make_visible, visible_pieces


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a\x1b[0mb", "a␛[0mb"),
        ("\u202eabc", "⟨U+202E⟩abc"),
        ("a\u200bb\ufeff", "a⟨U+200B⟩b⟨U+FEFF⟩"),
        ("\x7f\x9b", "␡⟨U+009B⟩"),
        ("\U000e0041", "⟨U+E0041⟩"),
        ("tab\tand\nnewline é 😀 日本", "tab\tand\nnewline é 😀 日本"),
    ],
)
def test_characters_as_shown(text: str, shown: str) -> None:
    assert make_visible(text) == shown
    assert "".join(piece for piece, _ in visible_pieces(text)) == shown
    assert "".join(original or piece for piece, original in visible_pieces(text)) == text


def test_every_bidi_control_is_replaced() -> None:
    bidi = [0x061C, 0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2066, 0x206A)]
    assert all(REPLACED.fullmatch(chr(code)) for code in bidi)
