"""The parser of server-sent events: however the bytes are cut, the events are the same."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slop_qt.providers.sse import SseParser


def parsed(*chunks):
    parser = SseParser()
    return [event for chunk in chunks for event in parser.feed(chunk)]


@pytest.mark.parametrize(
    ("stream", "events"),
    [
        (b"data: a\n\n", [b"a"]),
        (b"data:a\n\n", [b"a"]),
        (b"data:  a\n\n", [b" a"]),
        (b"event: x\ndata: a\n\nevent: y\ndata: b\n\n", [b"a", b"b"]),
        (b"data: a\ndata: b\n\n", [b"a\nb"]),
        (b"data: a\r\ndata: b\r\n\r\n", [b"a\nb"]),
        (b"data: a\rdata: b\r\r", [b"a\nb"]),
        (b"data\n\n", []),
        (b": comment\n\nid: 1\nretry: 5\n\n", []),
        (b"event: ping\n\n\n\ndata: a\n\n", [b"a"]),
        (b"data: a\n", []),
        (b"data: a", []),
        (b"data:\n\n", [b""]),
        ("data: 🙂\n\n".encode(), ["🙂".encode()]),
        (b"", []),
    ],
)
def test_a_stream_is_its_events(stream, events):
    assert parsed(stream) == events
    assert parsed(*(bytes([byte]) for byte in stream)) == events


LINES = st.lists(
    st.one_of(
        st.text(alphabet="ab🙂: ", max_size=8).map(lambda words: f"data: {words}"),
        st.sampled_from(["", "", ": comment", "event: x", "data:", "data", "nonsense"]),
    ),
    max_size=20,
)


@given(lines=LINES, newline=st.sampled_from(["\n", "\r\n", "\r"]), cuts=st.lists(st.integers(0, 300)))
def test_any_cutting_gives_the_same_events(lines, newline, cuts):
    stream = "".join(line + newline for line in lines).encode()
    edges = sorted({0, len(stream), *(cut for cut in cuts if cut < len(stream))})
    chunks = [stream[start:end] for start, end in itertools.pairwise(edges)]
    whole = parsed("".join(line + "\n" for line in lines).encode())
    assert parsed(*chunks) == whole


def test_a_line_of_ten_megabytes_in_small_pieces_is_read_in_linear_time():
    piece = b"x" * 1000
    events = parsed(b"data: ", *[piece] * 10_000, b"\n\n")
    assert [len(event) for event in events] == [10_000_000]
