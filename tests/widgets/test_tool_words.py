"""A tool call in a few words tells what it is about, and never more than fits."""

import pytest

from slop_qt.core.stream_state import StreamItem
from slop_qt.widgets.tool_words import argument_words, detail_text


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"path": "a.py", "old": "x" * 99, "new": "y"}, "a.py"),
        ({"command": ["python", "-m", "my tests"]}, "python -m 'my tests'"),
        ({"tracks": [{"title": "one"}]}, "1 track"),
        ({"tickets": [1, 2]}, "2 tickets"),
        ({"path": "a\x1b[0m\nb"}, "a␛[0m b"),
        ({"pattern": "x" * 99}, "x" * 39 + "…"),
        ({}, ""),
        ("broken {", "broken {"),
        (None, "null"),
    ],
)
def test_words(arguments: object, words: str) -> None:
    assert argument_words(arguments, 40) == words


def test_details_have_arguments_and_result_and_are_cut() -> None:
    call = StreamItem("tool_call", name="read_file", call_id="c", arguments={"path": "a.py", "lines": [1, 2]})
    assert detail_text(call, None).endswith("No result yet.")
    result = StreamItem("tool_result", call_id="c")
    result.append("z" * 10_000)
    text = detail_text(call, result)
    assert text.startswith("path: a.py\nlines: [1,2]\n── result\nzzz")
    assert text.endswith("… 2,000 more characters")
