"""Line ends through an editor: what was not changed keeps its own."""

from hypothesis import given
from hypothesis import strategies as st

from slop_qt.core.line_ends import common_ends, in_editor, with_line_ends

texts = st.text(st.sampled_from("ab\n\r\u2029\u2028 "), max_size=30)


@given(texts)
def test_an_unchanged_text_is_the_same(text: str) -> None:
    assert with_line_ends(text, in_editor(text)) == text


@given(texts, texts)
def test_what_is_written_reads_as_what_was_edited(original: str, edited: str) -> None:
    wanted = in_editor(edited)
    assert in_editor(with_line_ends(original, wanted)) == wanted


def test_new_lines_end_as_most_do_and_others_as_they_did() -> None:
    original = "one\r\ntwo\nthree\r\nfour"
    assert with_line_ends(original, "one\nnew\ntwo\nthree\nfour\n") == "one\r\nnew\r\ntwo\nthree\r\nfour\r\n"
    assert with_line_ends("", "a\nb") == "a\nb"


@given(st.text("ab", max_size=12), st.text("ab", max_size=12))
def test_common_ends_do_not_overlap(before: str, after: str) -> None:
    start, end = common_ends(before, after)
    assert start + end <= min(len(before), len(after))
    assert before[:start] == after[:start]
    assert not end or before[-end:] == after[-end:]
