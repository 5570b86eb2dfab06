"""What texts are made of, and that counting it is cheap."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slop_qt.providers.token_features import FEATURES, NOTHING, STRUCTURAL, added, structure, text_features


def found(text):
    """The features that are there, by name."""
    return {name: amount for name, amount in zip(FEATURES, text_features(text), strict=True) if amount}


@pytest.mark.parametrize(
    ("text", "features"),
    [
        ("", {}),
        ("the", {"common words": 1}),
        ("The THE", {"common words": 2, "pairs of capitals": 1}),
        ("zebra", {"other words": 1}),
        ("zebrafish", {"other words": 1}),
        ("counterproductive", {"other words": 1, "letters of words beyond the tenth": 7, "three consonants": 1}),
        ("rhythm", {"other words": 1, "three consonants": 1}),
        ("aFooBar", {"other words": 1, "words that begin inside words": 2}),
        ("12 345", {"digits": 5, "digits by threes": 2}),
        ("12345", {"digits": 5, "digits by threes": 2}),
        ("1234567", {"digits": 7, "digits by threes": 3}),
        ("a0b", {"common words": 1, "other words": 1, "digits": 1, "digits by threes": 1, "digits beside letters": 2}),
        ("(a)", {"common words": 1, "single signs before words": 1, "other runs of signs": 1}),
        ("->a", {"common words": 1, "other runs of signs": 1, "signs after signs": 1}),
        ("->;", {"other runs of signs": 1, "signs after signs": 2}),
        ("# ======== #", {"other runs of signs": 3, "four times the same sign": 2}),
        ("}\n\n", {"other runs of signs": 1, "runs of newlines after signs": 1, "newlines after newlines": 1}),
        ("\n\n", {"other runs of newlines": 1, "newlines after newlines": 1}),
        ("    a", {"common words": 1, "runs of blanks": 1, "pairs of blanks": 2}),
        ("a a", {"common words": 2}),
        ("\t\ta", {"common words": 1, "runs of tabs": 1, "tabs after tabs": 1}),
        ("ä", {"accented letters": 1}),
        ("я", {"other letters of two bytes": 1}),
        ("ก", {"letters of three bytes": 1}),
        ("€", {"symbols of three bytes": 1}),
        ("漢か", {"ideographs": 1, "kana and full stops of East Asia": 1}),
        ("한", {"hangul": 1}),
        ("🙂", {"signs of four bytes": 1}),
    ],
)
def test_a_text_is_what_it_is_made_of(text, features):
    assert found(text) == features


@given(st.text(alphabet=st.characters(), max_size=200))
def test_any_text_has_features_and_none_is_negative(text):
    features = text_features(text)
    assert len(features) == len(FEATURES)
    assert all(amount >= 0 for amount in features)
    assert not any(features[index] for index in STRUCTURAL)


def test_half_of_a_surrogate_pair_is_a_sign_of_three_bytes():
    assert found("\ud83d") == {"hangul": 1}


def test_sums_and_structure():
    two = structure("messages", 2)
    assert sum(two) == 2
    assert added((two, two, text_features("the")))[FEATURES.index("messages")] == 4
    assert added(()) == NOTHING


def test_a_megabyte_takes_less_than_a_tenth_of_a_second():
    text = (
        "def counted(words: list[str]) -> int:\n    return sum(len(word) for word in words)  # one by one\n" * 12_000
    )[:1_000_000]
    text_features(text)
    best = min(_seconds(text) for _ in range(5))
    assert best < 0.1


def _seconds(text):
    started = time.process_time()
    text_features(text)
    return time.process_time() - started
