"""Chat completions without a wire: answers however they are cut."""

import itertools
import json

from hypothesis import given
from hypothesis import strategies as st

from slop_qt.core.conversation import Finished, TextDelta, ThinkingDelta, ToolCallReceived
from slop_qt.providers.openai_wire import ChunkDecoder

WORDS = st.text(st.characters(exclude_categories=["Cs"]), max_size=5)
FIELDS = {"content": TextDelta, "reasoning_content": ThinkingDelta}


def stream_of(deltas, finish="stop"):
    chunks = [{"choices": [{"index": 0, "delta": delta, "finish_reason": None}]} for delta in deltas]
    chunks.append({"choices": [{"index": 0, "delta": {}, "finish_reason": finish}]})
    lines = [json.dumps(chunk, ensure_ascii=False) for chunk in chunks]
    return "".join(f"data: {line}\n\n" for line in [*lines, "[DONE]"]).encode()


def decoded(stream, cuts=()):
    edges = sorted({0, len(stream), *(cut for cut in cuts if cut < len(stream))})
    decoder = ChunkDecoder(lambda _: None)
    events = [event for start, end in itertools.pairwise(edges) for event in decoder.take(stream[start:end])]
    assert decoder.finished
    return events


@given(
    pieces=st.lists(st.tuples(st.sampled_from(sorted(FIELDS)), WORDS), max_size=20),
    cuts=st.lists(st.integers(0, 2000), max_size=30),
)
def test_any_cutting_gives_the_same_words(pieces, cuts):
    events = decoded(stream_of([{field: words} for field, words in pieces]), cuts)
    for name, kind in FIELDS.items():
        sent = "".join(words for field, words in pieces if field == name)
        assert "".join(event.text for event in events if isinstance(event, kind)) == sent
    assert events[-1] == Finished("end_turn")


@given(
    pieces=st.lists(st.tuples(st.integers(0, 3), WORDS), min_size=1, max_size=20),
    cuts=st.lists(st.integers(0, 2000), max_size=30),
)
def test_any_interleaving_of_calls_gives_the_same_arguments(pieces, cuts):
    begun = [{"index": index, "function": {"name": f"tool_{index}"}} for index in range(4)]
    grown = [{"index": index, "function": {"arguments": words}} for index, words in pieces]
    events = decoded(stream_of([{"tool_calls": [call]} for call in (*begun, *grown)], "tool_calls"), cuts)
    calls = [event for event in events if isinstance(event, ToolCallReceived)]
    assert [call.name for call in calls] == [f"tool_{index}" for index in range(4)]
    for index, call in enumerate(calls):
        sent = "".join(words for place, words in pieces if place == index)
        assert call.arguments_json == (sent or "{}")
    assert len({call.call_id for call in calls}) == 4


@given(ids=st.lists(st.sampled_from(["", "a", "call_1", "call_2", "call_2_"]), min_size=1, max_size=6))
def test_every_call_has_an_id_of_its_own(ids):
    calls = [{"index": index, "id": call_id, "function": {"name": "x"}} for index, call_id in enumerate(ids)]
    events = decoded(stream_of([{"tool_calls": calls}], "tool_calls"))
    given_out = [event.call_id for event in events if isinstance(event, ToolCallReceived)]
    assert len(set(given_out)) == len(ids)
    assert all(given_out)
    for call_id in filter(None, set(ids)):
        assert given_out[ids.index(call_id)] == call_id


def test_adjacent_words_of_one_burst_are_one_delta():
    deltas = [{"reasoning_content": "a"}, {"reasoning_content": "b"}, {"content": "c"}, {"content": "d"}]
    words = [event for event in decoded(stream_of(deltas)) if isinstance(event, TextDelta | ThinkingDelta)]
    assert words == [ThinkingDelta("ab"), TextDelta("cd")]


def test_what_comes_after_the_end_is_not_looked_at():
    assert decoded(stream_of([{"content": "a"}]) + b"data: {broken\n\n")[-1] == Finished("end_turn")
