"""Gemini's wire format without a wire: the body of a request, and answers however they are cut and counted."""

import itertools
import json

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
    ThinkingDone,
    ToolResultBlock,
    ToolSpec,
    ToolUseBlock,
    UsageUpdate,
)
from slop_qt.providers.gemini_request import made_up_id, request_body
from slop_qt.providers.gemini_wire import ContentDecoder

ASKED = (Message("user", (TextBlock("do it"),)),)


def test_a_request_has_everything():
    tools = (ToolSpec("one", "first", {"type": "object"}), ToolSpec("two", "second", {"type": "object"}))
    calls = (ToolUseBlock("c1", "one", {"a": 1}, "signed"), ToolUseBlock(made_up_id(2), "two", [1]))
    results = (ToolResultBlock("c1", "fine"), ToolResultBlock(made_up_id(2), "no list, please", ok=False))
    messages = (*ASKED, Message("assistant", (TextBlock("yes"), *calls)), Message("user", results))
    assert request_body(ModelRequest("model", "system", messages, tools, max_output_tokens=99)) == {
        "systemInstruction": {"parts": [{"text": "system"}]},
        "contents": [
            {"role": "user", "parts": [{"text": "do it"}]},
            {
                "role": "model",
                "parts": [
                    {"text": "yes"},
                    {"functionCall": {"id": "c1", "name": "one", "args": {"a": 1}}, "thoughtSignature": "signed"},
                    {"functionCall": {"name": "two", "args": {}}},
                ],
            },
            {
                "role": "user",
                "parts": [
                    {"functionResponse": {"id": "c1", "name": "one", "response": {"output": "fine"}}},
                    {"functionResponse": {"name": "two", "response": {"error": "no list, please"}}},
                ],
            },
        ],
        "tools": [
            {
                "functionDeclarations": [
                    {"name": "one", "description": "first", "parametersJsonSchema": {"type": "object"}},
                    {"name": "two", "description": "second", "parametersJsonSchema": {"type": "object"}},
                ]
            }
        ],
        "generationConfig": {"maxOutputTokens": 99},
    }


def test_what_the_api_refuses_or_cannot_use_is_left_out():
    blocks = (ThinkingBlock("unsigned"), ThinkingBlock("", redacted="another vendor's"), TextBlock(""))
    body = request_body(ModelRequest("model", "", (*ASKED, Message("assistant", blocks), *ASKED)))
    assert body["contents"] == [{"role": "user", "parts": [{"text": "do it"}]}] * 2
    assert not {"systemInstruction", "tools", "continuationToken"} & set(body)


def test_what_was_signed_is_kept_even_where_it_has_no_words():
    blocks = (ThinkingBlock("hm", "a"), TextBlock("words", "b"), TextBlock("", "c"))
    body = request_body(ModelRequest("model", "", (Message("assistant", blocks),)))
    assert body["contents"][0]["parts"] == [
        {"text": "hm", "thought": True, "thoughtSignature": "a"},
        {"text": "words", "thoughtSignature": "b"},
        {"text": "", "thoughtSignature": "c"},
    ]


def test_a_divided_answer_asks_the_same_again_with_the_servers_token():
    half = Message("assistant", (TextBlock("half"), ThinkingBlock("", redacted="token")))
    first = request_body(ModelRequest("model", "s", ASKED))
    assert request_body(ModelRequest("model", "s", (*ASKED, half))) == {**first, "continuationToken": "token"}
    rest = (Message("assistant", (TextBlock("rest"),)), Message("user", (TextBlock("go on"),)))
    later = request_body(ModelRequest("model", "s", (*ASKED, half, *rest)))
    assert "continuationToken" not in later
    assert [content["parts"][0]["text"] for content in later["contents"]] == ["do it", "half", "rest", "go on"]


@pytest.mark.parametrize(
    ("model", "asked", "limit", "config", "max_tokens"),
    [
        ("gemini-2.5-pro", 4000, 8000, {"includeThoughts": True, "thinkingBudget": 4000}, 8000),
        ("gemini-2.5-pro", 9000, 8000, {"includeThoughts": True, "thinkingBudget": 7999}, 8000),
        ("gemini-2.5-pro", 100, 500, {"includeThoughts": True, "thinkingBudget": 512}, 513),
        ("gemini-2.5-pro", 0, 8000, {"includeThoughts": True}, 8000),
        ("gemini-3-pro-preview", 0, 8000, {"includeThoughts": True}, 8000),
        ("models/gemini-3.8-flash", 0, 8000, {"includeThoughts": True}, 8000),
        ("gemini-2.0-flash", 0, 8000, None, 8000),
        ("some-model-of-a-server", 0, 8000, None, 8000),
        ("gemini-2.5-flash", 0, 8000, {"thinkingBudget": 0}, 8000),
        ("models/gemini-2.5-flash-lite", 0, 8000, {"thinkingBudget": 0}, 8000),
        ("gemini-2.5-flash", 600, 8000, {"includeThoughts": True, "thinkingBudget": 600}, 8000),
    ],
)
def test_thinking_is_asked_for_and_switched_off_as_far_as_the_model_can(model, asked, limit, config, max_tokens):
    request = ModelRequest(model, "", ASKED, max_output_tokens=limit, thinking_tokens=asked)
    generation = request_body(request)["generationConfig"]
    assert (generation.get("thinkingConfig"), generation["maxOutputTokens"]) == (config, max_tokens)


def stream_of(*events, **last):
    """Events on the wire, and one that ends them."""
    ending = {"candidates": [{"finishReason": "STOP"}], **last}
    return "".join(f"data: {json.dumps(event, ensure_ascii=False)}\r\n\r\n" for event in (*events, ending)).encode()


def said(parts):
    return {"candidates": [{"content": {"parts": parts, "role": "model"}, "index": 0}]}


def decoded(*chunks):
    decoder = ContentDecoder(lambda _: None)
    events = [event for chunk in chunks for event in decoder.take(chunk)]
    assert decoder.complete
    return [*events, *decoder.end()]


WORDS = st.text(st.characters(exclude_categories=["Cs"]), max_size=5)


@given(
    parts=st.lists(st.builds(lambda thought, text: {"text": text, "thought": thought}, st.booleans(), WORDS)),
    cuts=st.lists(st.integers(0, 2000), max_size=30),
)
def test_any_cutting_gives_the_same_words_and_thoughts(parts, cuts):
    stream = stream_of(*(said([part]) for part in parts))
    edges = sorted({0, len(stream), *(cut for cut in cuts if cut < len(stream))})
    events = decoded(*(stream[start:end] for start, end in itertools.pairwise(edges)))
    for thought, kind in ((False, TextDelta), (True, ThinkingDelta)):
        sent = "".join(part["text"] for part in parts if part["thought"] is thought)
        assert "".join(event.text for event in events if isinstance(event, kind)) == sent
    runs = itertools.groupby(parts, key=lambda part: part["thought"])
    thoughts = ["".join(part["text"] for part in run) for thought, run in runs if thought]
    assert [event.block.text for event in events if isinstance(event, ThinkingDone)] == thoughts
    assert events[-1] == Finished("end_turn")


def test_adjacent_words_of_one_burst_are_one_delta():
    words = [{"text": "a"}, {"text": "b"}, {"text": "c", "thought": True}, {"text": "d"}]
    events = decoded(stream_of(said(words[:2]), said(words[2:]), said([{"text": "e"}])))
    assert [event for event in events if isinstance(event, TextDelta | ThinkingDelta)] == [
        TextDelta("ab"),
        ThinkingDelta("c"),
        TextDelta("de"),
    ]


def test_other_candidates_were_not_asked_for():
    second = {"candidates": [{"content": {"parts": [{"text": "no"}]}, "finishReason": "OTHER", "index": 1}]}
    events = decoded(stream_of(said([{"text": "yes"}]), second))
    assert [event.text for event in events if isinstance(event, TextDelta)] == ["yes"]


TOKENS = st.integers(0, 10**7)


@given(prompt=TOKENS, cached=TOKENS, tools=TOKENS, candidates=TOKENS, thoughts=TOKENS, halves=st.booleans())
def test_any_counts_come_to_the_same_sums(prompt, cached, tools, candidates, thoughts, halves):
    metadata = {
        "promptTokenCount": prompt,
        "cachedContentTokenCount": cached,
        "toolUsePromptTokenCount": tools,
        "candidatesTokenCount": candidates,
        "thoughtsTokenCount": thoughts,
    }
    early = [{"usageMetadata": {name: count // 2 for name, count in metadata.items()}}] if halves else []
    events = decoded(stream_of(*early, usageMetadata={name: count for name, count in metadata.items() if count}))
    usage = [event.usage for event in events if isinstance(event, UsageUpdate)][-1]
    assert (usage.input_tokens, usage.output_tokens) == (prompt + tools, candidates + thoughts)
    assert (usage.cache_read_tokens, usage.reasoning_tokens, usage.requests) == (cached, thoughts, 1)


def test_counts_are_told_early_and_late_but_not_with_every_event():
    counted = [{**said([{"text": "x"}]), "usageMetadata": {"candidatesTokenCount": n}} for n in range(1, 1001)]
    pieces = [f"data: {json.dumps(event)}\r\n\r\n".encode() for event in counted]
    told = [event.usage.output_tokens for event in decoded(*pieces, stream_of()) if isinstance(event, UsageUpdate)]
    assert told == [1, 257, 513, 769, 1000]
