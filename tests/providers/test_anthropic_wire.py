"""Anthropic's wire format without a wire: the body of a request, and answers however they are cut."""

import itertools
import json

from hypothesis import given
from hypothesis import strategies as st

from slop_qt.core.conversation import (
    Finished,
    Message,
    ModelRequest,
    TextBlock,
    TextDelta,
    ThinkingBlock,
    ThinkingDelta,
    ToolResultBlock,
    ToolSpec,
    ToolUseBlock,
)
from slop_qt.providers.anthropic_wire import MessageDecoder, request_body

CACHED = {"cache_control": {"type": "ephemeral"}}


def test_a_request_has_everything_and_is_marked_for_caching():
    tools = (ToolSpec("one", "first", {"type": "object"}), ToolSpec("two", "second", {"type": "object"}))
    messages = (
        Message("user", (TextBlock("do it"),)),
        Message("assistant", (TextBlock("yes"), ToolUseBlock("c1", "one", {"a": 1}), ToolUseBlock("c2", "two", [1]))),
        Message("user", (ToolResultBlock("c1", "fine"), ToolResultBlock("c2", "no list, please", ok=False))),
    )
    assert request_body(ModelRequest("model", "system", messages, tools, max_output_tokens=99)) == {
        "model": "model",
        "max_tokens": 99,
        "system": [{"type": "text", "text": "system", **CACHED}],
        "tools": [
            {"name": "one", "description": "first", "input_schema": {"type": "object"}},
            {"name": "two", "description": "second", "input_schema": {"type": "object"}, **CACHED},
        ],
        "messages": [
            {"role": "user", "content": [{"type": "text", "text": "do it"}]},
            {
                "role": "assistant",
                "content": [
                    {"type": "text", "text": "yes"},
                    {"type": "tool_use", "id": "c1", "name": "one", "input": {"a": 1}},
                    {"type": "tool_use", "id": "c2", "name": "two", "input": {}},
                ],
            },
            {
                "role": "user",
                "content": [
                    {"type": "tool_result", "tool_use_id": "c1", "content": "fine"},
                    {
                        "type": "tool_result",
                        "tool_use_id": "c2",
                        "content": "no list, please",
                        "is_error": True,
                        **CACHED,
                    },
                ],
            },
        ],
    }


def test_what_the_api_refuses_is_left_out():
    blocks = (ThinkingBlock("unsigned"), TextBlock(""), TextBlock("words"))
    body = request_body(ModelRequest("model", "", (Message("assistant", blocks),)))
    assert body["messages"][0]["content"] == [{"type": "text", "text": "words", **CACHED}]
    assert "system" not in body
    assert "tools" not in body


def test_thinking_is_never_marked_for_caching():
    body = request_body(ModelRequest("model", "", (Message("assistant", (ThinkingBlock("t", "signature"),)),)))
    assert body["messages"][0]["content"] == [{"type": "thinking", "thinking": "t", "signature": "signature"}]


def test_thinking_is_asked_for_within_what_the_api_takes():
    messages = (Message("user", (TextBlock("x"),)),)
    assert "thinking" not in request_body(ModelRequest("m", "", messages))
    body = request_body(ModelRequest("m", "", messages, max_output_tokens=8000, thinking_tokens=4000))
    assert (body["thinking"], body["max_tokens"]) == ({"type": "enabled", "budget_tokens": 4000}, 8000)
    body = request_body(ModelRequest("m", "", messages, max_output_tokens=500, thinking_tokens=100))
    assert (body["thinking"], body["max_tokens"]) == ({"type": "enabled", "budget_tokens": 1024}, 1025)


def test_the_same_request_gives_the_same_body_and_is_not_changed():
    schema = {"type": "object"}
    request = ModelRequest("m", "s", (Message("user", (TextBlock("x"),)),), (ToolSpec("t", "d", schema),))
    assert request_body(request) == request_body(request)
    assert schema == {"type": "object"}


def stream_of(blocks):
    events = [{"type": "message_start", "message": {"usage": {"input_tokens": 1, "output_tokens": 1}}}]
    for index, (kind, pieces) in enumerate(blocks):
        events.append({"type": "content_block_start", "index": index, "content_block": {"type": kind}})
        events.extend(
            {"type": "content_block_delta", "index": index, "delta": {"type": f"{kind}_delta", kind: piece}}
            for piece in pieces
        )
        events.append({"type": "content_block_stop", "index": index})
    events.append({"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": 2}})
    events.append({"type": "message_stop"})
    return "".join(f"data: {json.dumps(event, ensure_ascii=False)}\n\n" for event in events).encode()


@given(
    blocks=st.lists(
        st.tuples(
            st.sampled_from(["text", "thinking"]),
            st.lists(st.text(st.characters(exclude_categories=["Cs"]), max_size=5)),
        ),
        max_size=5,
    ),
    cuts=st.lists(st.integers(0, 2000), max_size=30),
)
def test_any_cutting_gives_the_same_words(blocks, cuts):
    stream = stream_of(blocks)
    edges = sorted({0, len(stream), *(cut for cut in cuts if cut < len(stream))})
    decoder = MessageDecoder(lambda _: None)
    events = [e for start, end in itertools.pairwise(edges) for e in decoder.take(stream[start:end])]
    for kind, delta in (("text", TextDelta), ("thinking", ThinkingDelta)):
        sent = "".join(piece for name, pieces in blocks if name == kind for piece in pieces)
        assert "".join(event.text for event in events if isinstance(event, delta)) == sent
    assert events[-1] == Finished("end_turn")
    assert decoder.finished


def test_adjacent_words_of_one_burst_are_one_delta():
    decoder = MessageDecoder(lambda _: None)
    events = list(decoder.take(stream_of([("text", "abc"), ("text", "de"), ("thinking", "fg"), ("text", "h")])))
    words = [event for event in events if isinstance(event, TextDelta | ThinkingDelta)]
    assert words == [TextDelta("abcde"), ThinkingDelta("fg"), TextDelta("h")]


def test_what_comes_after_the_end_is_not_looked_at():
    decoder = MessageDecoder(lambda _: None)
    events = list(decoder.take(stream_of([("text", "a")]) + b'data: {"type": "error", "error": {}}\n\n'))
    assert events[-1] == Finished("end_turn")
