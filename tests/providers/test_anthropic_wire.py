"""Anthropic's wire format without a wire: the body of a request, and answers however they are cut and counted."""

import itertools
import json
from dataclasses import replace

import pytest
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
from slop_qt.providers.anthropic_request import request_body
from slop_qt.providers.anthropic_wire import MessageDecoder

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
            {"name": "two", "description": "second", "input_schema": {"type": "object"}},
        ],
        "messages": [
            {"role": "user", "content": [{"type": "text", "text": "do it", **CACHED}]},
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


def turns(count, calls=1):
    """A conversation that has gone on for so many answers, each with so many calls and their results."""
    messages = [Message("user", (TextBlock("do it"),))]
    for turn in range(count):
        names = [f"c{turn}.{call}" for call in range(calls)]
        thought = ThinkingBlock("hm", signature="signature")
        messages.append(Message("assistant", (thought, *(ToolUseBlock(name, "one", {}) for name in names))))
        messages.append(Message("user", tuple(ToolResultBlock(name, "fine") for name in names)))
    return tuple(messages)


def marks(value, path=""):
    """Where the marks stand in a body, and what they say."""
    if isinstance(value, dict):
        found = {path: value["cache_control"]} if "cache_control" in value else {}
        return found | {k: v for key, inner in value.items() for k, v in marks(inner, f"{path}/{key}").items()}
    if isinstance(value, list):
        return {k: v for index, inner in enumerate(value) for k, v in marks(inner, f"{path}/{index}").items()}
    return {}


TOOLS = (ToolSpec("one", "first", {"type": "object"}), ToolSpec("two", "second", {"type": "object"}))


def test_tools_are_cached_with_the_system_prompt_and_by_themselves_where_there_is_none():
    assert "/system/0" in marks(request_body(ModelRequest("m", "s", turns(0), TOOLS)))
    assert "/tools/1" not in marks(request_body(ModelRequest("m", "s", turns(0), TOOLS)))
    assert "/tools/1" in marks(request_body(ModelRequest("m", "", turns(0), TOOLS)))
    assert marks(request_body(ModelRequest("m", "", ()))) == {}


def test_the_stable_context_the_last_turn_and_the_end_of_the_request_before_are_marked():
    body = request_body(ModelRequest("m", "s", turns(5, calls=30), TOOLS))
    last = "/messages/10/content/29"
    assert set(marks(body)) == {"/system/0", "/messages/0/content/0", "/messages/8/content/29", last}
    body = request_body(ModelRequest("m", "s", turns(5), TOOLS, stable_messages=3))
    assert set(marks(body)) == {"/system/0", *(f"/messages/{index}/content/0" for index in (2, 8, 10))}


def test_what_a_request_marks_last_the_next_one_marks_too():
    """The API looks back 20 blocks from a mark: a longer turn would not find what was written at the end before it."""
    for count in range(6):
        before = request_body(ModelRequest("m", "s", turns(count, calls=40)))
        after = request_body(ModelRequest("m", "s", turns(count + 1, calls=40)))
        end = f"/messages/{2 * count}/content/{39 if count else 0}"
        assert end in marks(before)
        assert end in marks(after)


def test_an_answer_that_was_divided_is_cached_as_far_as_it_can_be():
    paused = (*turns(1), Message("assistant", (TextBlock("so far"), ThinkingBlock("", redacted="r"))))
    body = request_body(ModelRequest("m", "s", paused))
    assert set(marks(body)) == {"/system/0", "/messages/0/content/0", "/messages/2/content/0", "/messages/3/content/0"}


@given(
    count=st.integers(0, 8),
    calls=st.integers(1, 30),
    stable=st.integers(0, 20),
    system=st.sampled_from(["", "s"]),
    tools=st.sampled_from([(), TOOLS]),
    ttl=st.sampled_from(["5m", "1h"]),
)
def test_there_are_never_more_than_four_marks_and_all_last_equally_long(count, calls, stable, system, tools, ttl):
    conversation = turns(count, calls)
    request = ModelRequest("m", system, conversation, tools, stable_messages=stable, cache_ttl=ttl)
    found = marks(request_body(request))
    assert 1 <= len(found) <= 4
    expected = {"type": "ephemeral"} if ttl == "5m" else {"type": "ephemeral", "ttl": "1h"}
    assert all(mark == expected for mark in found.values())
    assert f"/messages/{2 * count}/content/{calls - 1 if count else 0}" in found


def test_thinking_is_asked_for_within_what_the_api_takes():
    messages = (Message("user", (TextBlock("x"),)),)
    assert "thinking" not in request_body(ModelRequest("m", "", messages))
    body = request_body(ModelRequest("m", "", messages, max_output_tokens=8000, thinking_tokens=4000))
    assert (body["thinking"], body["max_tokens"]) == ({"type": "enabled", "budget_tokens": 4000}, 8000)
    body = request_body(ModelRequest("m", "", messages, max_output_tokens=500, thinking_tokens=100))
    assert (body["thinking"], body["max_tokens"]) == ({"type": "enabled", "budget_tokens": 1024}, 1025)


ADAPTIVE = {"type": "adaptive", "display": "summarized"}


@pytest.mark.parametrize(
    ("model", "asked", "left_off"),
    [
        ("claude-3-7-sonnet-20250219", "enabled", None),
        ("claude-opus-4-20250514", "enabled", None),
        ("claude-opus-4-5-20251101", "enabled", None),
        ("claude-haiku-4-5@20251001", "enabled", None),
        ("some-model-of-a-server", "enabled", None),
        ("claude-opus-4-6", "adaptive", None),
        ("anthropic/claude-sonnet-4.6", "adaptive", None),
        ("claude-opus-4-8-20260601", "adaptive", None),
        ("claude-opus-5", "adaptive", "disabled"),
        ("claude-sonnet-5", "adaptive", "disabled"),
        ("claude-haiku-5-5", "adaptive", "disabled"),
        ("claude-sonnet-5-5-20260928", "adaptive", "between_tools"),
        ("claude-opus-5-5", "adaptive", "adaptive"),
        ("claude-fable-5-2", "adaptive", "adaptive"),
        ("claude-mythos-5", "adaptive", "adaptive"),
    ],
)
def test_thinking_is_asked_for_and_left_off_as_the_model_takes_it(model, asked, left_off):
    request = ModelRequest(model, "", (Message("user", (TextBlock("x"),)),))
    body = request_body(replace(request, thinking_tokens=4000))
    if asked == "adaptive":
        assert (body["thinking"], body["output_config"]) == (ADAPTIVE, {"effort": "medium"})
    else:
        assert body["thinking"] == {"type": "enabled", "budget_tokens": 4000}
        assert "output_config" not in body
    body = request_body(request)
    assert body.get("thinking") == (ADAPTIVE if left_off == "adaptive" else left_off and {"type": left_off})
    assert "output_config" not in body


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
    decoder = MessageDecoder(lambda *_, **__: None)
    events = [e for start, end in itertools.pairwise(edges) for e in decoder.take(stream[start:end])]
    for kind, delta in (("text", TextDelta), ("thinking", ThinkingDelta)):
        sent = "".join(piece for name, pieces in blocks if name == kind for piece in pieces)
        assert "".join(event.text for event in events if isinstance(event, delta)) == sent
    assert events[-1] == Finished("end_turn")
    assert decoder.finished


def test_adjacent_words_of_one_burst_are_one_delta():
    decoder = MessageDecoder(lambda *_, **__: None)
    events = list(decoder.take(stream_of([("text", "abc"), ("text", "de"), ("thinking", "fg"), ("text", "h")])))
    words = [event for event in events if isinstance(event, TextDelta | ThinkingDelta)]
    assert words == [TextDelta("abcde"), ThinkingDelta("fg"), TextDelta("h")]


def test_what_comes_after_the_end_is_not_looked_at():
    decoder = MessageDecoder(lambda *_, **__: None)
    events = list(decoder.take(stream_of([("text", "a")]) + b'data: {"type": "error", "error": {}}\n\n'))
    assert events[-1] == Finished("end_turn")
