"""Our requests as bodies of the chat completions API."""

import json
from dataclasses import replace

import pytest

from slop_qt.core.conversation import (
    Message,
    ModelRequest,
    TextBlock,
    ThinkingBlock,
    ToolResultBlock,
    ToolSpec,
    ToolUseBlock,
)
from slop_qt.providers.openai_request import request_body


def body_of(*messages, official=False, **fields):
    return request_body(ModelRequest("model", fields.pop("system", ""), messages, **fields), official=official)


def test_a_request_has_everything():
    tools = (ToolSpec("one", "first", {"type": "object"}), ToolSpec("two", "second", {"type": "object"}))
    messages = (
        Message("user", (TextBlock("do it"),)),
        Message("assistant", (TextBlock("yes"), ToolUseBlock("c1", "one", {"a": "ü"}), ToolUseBlock("c2", "two", [1]))),
        Message("user", (TextBlock("go on"), ToolResultBlock("c1", "fine"), ToolResultBlock("c2", "no", ok=False))),
    )
    assert body_of(*messages, system="system", tools=tools, max_output_tokens=99) == {
        "model": "model",
        "max_tokens": 99,
        "stream_options": {"include_usage": True},
        "tools": [
            {"type": "function", "function": {"name": "one", "description": "first", "parameters": {"type": "object"}}},
            {
                "type": "function",
                "function": {"name": "two", "description": "second", "parameters": {"type": "object"}},
            },
        ],
        "messages": [
            {"role": "system", "content": "system"},
            {"role": "user", "content": "do it"},
            {
                "role": "assistant",
                "content": "yes",
                "tool_calls": [
                    {"id": "c1", "type": "function", "function": {"name": "one", "arguments": '{"a":"ü"}'}},
                    {"id": "c2", "type": "function", "function": {"name": "two", "arguments": "{}"}},
                ],
            },
            {"role": "tool", "tool_call_id": "c1", "content": "fine"},
            {"role": "tool", "tool_call_id": "c2", "content": "Error: no"},
            {"role": "user", "content": "go on"},
        ],
    }


def test_openai_itself_is_told_the_limit_under_its_new_name():
    body = body_of(official=True, max_output_tokens=99)
    assert body["max_completion_tokens"] == 99
    assert "max_tokens" not in body


def test_openai_itself_is_told_which_requests_begin_alike():
    tools = (ToolSpec("one", "first", {"type": "object"}),)
    asked = [Message("user", (TextBlock(words),)) for words in ("a", "b")]
    key = body_of(asked[0], system="s", tools=tools, official=True)["prompt_cache_key"]
    assert body_of(*asked, system="s", tools=tools, official=True)["prompt_cache_key"] == key
    assert body_of(asked[0], system="t", tools=tools, official=True)["prompt_cache_key"] != key
    assert body_of(asked[0], system="s", official=True)["prompt_cache_key"] != key
    assert body_of(asked[0], system="\ud800", official=True)["prompt_cache_key"] != key
    assert len(key) <= 64, "what the API takes"
    assert "prompt_cache_key" not in body_of(asked[0], system="s", tools=tools)


def test_thinking_travels_back_where_the_server_called_it_so():
    use = ToolUseBlock("c1", "one", {})
    blocks = (ThinkingBlock("hm, ", "reasoning_content"), ThinkingBlock("so", "reasoning_content"), use)
    asked = Message("user", (TextBlock("do it"),))
    result = Message("user", (ToolResultBlock("c1", "fine"),))
    answered = body_of(asked, Message("assistant", blocks), result)["messages"]
    [said] = [message for message in answered if message["role"] == "assistant"]
    assert said["reasoning_content"] == "hm, so"
    assert said["tool_calls"][0]["id"] == "c1"


def test_thinking_does_not_travel_back_and_turns_still_alternate():
    blocks = (ThinkingBlock("hm"), TextBlock(""))
    messages = body_of(
        Message("user", (TextBlock("a"),)), Message("assistant", blocks), Message("user", (TextBlock("b"),))
    )["messages"]
    assert [message["role"] for message in messages] == ["user", "assistant", "user"]
    assert "hm" not in json.dumps(messages)


@pytest.mark.parametrize(
    ("model", "asked", "left_off"),
    [
        ("gpt-4.1", "medium", None),
        ("o3", "medium", None),
        ("gpt-5", "medium", None),
        ("gpt-5-mini-2025-08-07", "medium", None),
        ("gpt-5.1", "medium", None),
        ("gpt-5.2", "none", "none"),
        ("gpt-5.2-chat-latest", "medium", None),
        ("gpt-5.6-terra", "none", "none"),
        ("gpt-6-astra", "none", "none"),
    ],
)
def test_openai_itself_is_told_not_to_think_where_a_model_would_refuse_its_tools(model, asked, left_off):
    tools = (ToolSpec("one", "first", {"type": "object"}),)
    request = ModelRequest(model, "", (Message("user", (TextBlock("x"),)),), tools)
    thinking = replace(request, thinking_tokens=4000)
    assert request_body(request, official=True).get("reasoning_effort") == left_off
    assert request_body(thinking, official=True).get("reasoning_effort") == asked
    for elsewhere in (request_body(thinking, official=False), request_body(replace(thinking, tools=()), official=True)):
        assert elsewhere["reasoning_effort"] == "medium"


def test_several_texts_of_a_turn_are_paragraphs():
    [message] = body_of(Message("user", (TextBlock("a"), TextBlock(""), TextBlock("b"))))["messages"]
    assert message["content"] == "a\n\nb"


@pytest.mark.parametrize(
    ("tokens", "effort"), [(0, None), (1, "low"), (2048, "low"), (4000, "medium"), (8192, "medium"), (8193, "high")]
)
def test_thinking_is_asked_for_as_effort(tokens, effort):
    assert body_of(thinking_tokens=tokens).get("reasoning_effort") == effort


def test_the_same_request_gives_the_same_body_and_is_not_changed():
    schema = {"type": "object"}
    request = ModelRequest("m", "s", (Message("user", (TextBlock("x"),)),), (ToolSpec("t", "d", schema),))
    assert json.dumps(request_body(request, official=True)) == json.dumps(request_body(request, official=True))
    assert schema == {"type": "object"}
