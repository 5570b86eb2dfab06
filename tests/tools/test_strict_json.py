"""What a model sends is read as it is, or sent back."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slop_qt.core.errors import ToolError
from slop_qt.tools.strict_json import parse_object

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


@given(st.dictionaries(st.text(), VALUES, max_size=5))
def test_every_object_is_read_as_it_was_written(value):
    assert parse_object(json.dumps(value)) == value
    assert parse_object(json.dumps(value, ensure_ascii=False)) == value


@pytest.mark.parametrize("text", ["", " \n"])
def test_nothing_is_an_object_without_fields(text):
    assert parse_object(text) == {}


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ('{"a": 1, "a": 2}', "'a'"),
        ('{"a": {"b": 1, "b": 1}}', "'b'"),
        ('{"a": NaN}', "NaN"),
        ('{"a": -Infinity}', "-Infinity"),
        ('{"a": 1e999}', "1e999"),
        ('{"a": 1} {"b": 2}', "Extra data"),
        ('{"a": "b', "Unterminated"),
        ('{"a": 1', "not valid JSON"),
        ("{'a': 1}", "not valid JSON"),
        ('{"a": "x\ny"}', "control character"),
        ("[1]", "a list"),
        ('"x"', "a text"),
        ("null", "null"),
        ("7", "a number"),
        ('{"a": "\\ud800"}', "surrogate"),
        ('{"\\udfff": 1}', "surrogate"),
        ('{"a": ' + "[" * 80 + "]" * 80 + "}", "nested"),
        ('{"a": ' + "[" * 100_000 + "]" * 100_000 + "}", "nested"),
        ('{"a": ' + "1" * 5000 + "}", "digits"),
        ('{"a": "' + "x" * (9 << 20) + '"}', "characters long"),
    ],
)
def test_what_is_broken_or_ambiguous_is_refused_in_words(text, word):
    with pytest.raises(ToolError, match=word.replace("(", r"\(")) as caught:
        parse_object(text)
    assert len(str(caught.value)) < 300
