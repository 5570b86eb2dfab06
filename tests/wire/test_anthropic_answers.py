"""The Anthropic adapter with the real SDK: what only the Messages API has, beside what the conformance suite checks."""

import pytest
from anthropic_dialect import AnthropicDialect, answer_events, block_events, sse, stream_answer
from dialect import question
from exchange import answered, calls_of, fail, receive, text_of, usages_of
from loopback import CUT, Answer, LoopbackServer

from slop_qt.core.conversation import (
    Finished,
    Message,
    ModelRequest,
    TextBlock,
    ThinkingBlock,
    ThinkingDelta,
    ThinkingDone,
    ToolCallReceived,
)

DIALECT = AnthropicDialect()
REQUEST = question(DIALECT)
WHOLE = answer_events(text=["some ", "words"], tools=[("c", "write_file", ['{"path": "a', '"content": ""}'])])


@pytest.fixture
def dialect():
    return DIALECT


async def test_thinking_travels_back_unchanged_with_its_signature(open_session):
    redacted = block_events(9, {"type": "redacted_thinking", "data": "opaque=="}, [])
    first = answer_events(thinking=["let ", "me see"], signature="sig==", text=["ok"])
    first[6:6] = redacted
    with LoopbackServer.saying(Answer([sse(*first)]), stream_answer(text=["done"])) as server:
        session = await open_session(server.base_url)
        events = await receive(session, REQUEST)
        assert text_of(events, ThinkingDelta) == "let me see"
        blocks = tuple(event.block for event in events if isinstance(event, ThinkingDone))
        assert blocks == (ThinkingBlock("let me see", "sig=="), ThinkingBlock("", redacted="opaque=="))
        reply = Message("assistant", (*blocks, TextBlock("ok")))
        await receive(session, ModelRequest("m", "", (*REQUEST.messages, reply, *REQUEST.messages)))
        await session.aclose()
    assert server.received[1].body["messages"][1]["content"] == [
        {"type": "thinking", "thinking": "let me see", "signature": "sig=="},
        {"type": "redacted_thinking", "data": "opaque=="},
        {"type": "text", "text": "ok"},
    ]


async def test_a_call_without_pieces_has_empty_arguments_and_its_own_id(open_session):
    tools = [("call_3", "list_directory", []), ("call_4", "list_directory", [""])]
    events = await answered(open_session, REQUEST, stream_answer(tools=tools))
    assert calls_of(events) == [
        ToolCallReceived("call_3", "list_directory", "{}"),
        ToolCallReceived("call_4", "list_directory", "{}"),
    ]


async def test_usage_is_cumulative_and_priced_with_both_sides_of_the_cache(open_session):
    usage = {
        "input_tokens": 100,
        "cache_read_input_tokens": 2000,
        "cache_creation_input_tokens": 300,
        "output_tokens": 1,
    }
    final_usage = {"output_tokens": 50, "output_tokens_details": {"thinking_tokens": 20}}
    events = await answered(open_session, REQUEST, stream_answer(text=["hi"], usage=usage, final_usage=final_usage))
    early, final = usages_of(events)
    assert (early.requests, early.input_tokens, early.output_tokens) == (1, 2400, 1)
    assert (final.requests, final.input_tokens, final.output_tokens) == (1, 2400, 50)
    dollars = (100 * 5 + 2000 * 0.5 + 300 * 6.25 + 50 * 25) / 1_000_000
    assert final.cost_usd == pytest.approx(dollars)
    assert early.cost_usd is not None


async def test_what_the_final_usage_leaves_out_or_nulls_stays(open_session):
    usage = {"input_tokens": 7, "cache_read_input_tokens": None, "output_tokens": 1}
    final_usage = {"input_tokens": None, "cache_read_input_tokens": 5, "output_tokens": 3}
    events = await answered(open_session, REQUEST, stream_answer(text=["x"], usage=usage, final_usage=final_usage))
    final = usages_of(events)[-1]
    assert (final.input_tokens, final.cache_read_tokens, final.output_tokens) == (12, 5, 3)


@pytest.mark.parametrize("length", range(1, len(WHOLE)))
async def test_a_cut_answer_has_counted_its_input(open_session, length):
    events = []
    await fail(open_session, REQUEST, Answer([sse(*WHOLE[:length]), CUT]), events)
    assert usages_of(events)[-1].input_tokens == 10


async def test_blocks_and_deltas_that_are_of_no_use_here_are_passed_over(open_session):
    answer = answer_events(text=["a", "b"])
    partial = {"type": "input_json_delta", "partial_json": "{"}
    answer[3:3] = block_events(5, {"type": "server_tool_use", "id": "s", "name": "web"}, [partial])
    citation = {"type": "citations_delta", "citation": {}}
    answer[3:3] = [{"type": "content_block_delta", "index": 0, "delta": citation}]
    events = await answered(open_session, REQUEST, Answer([sse(*answer)]))
    assert text_of(events) == "ab"
    assert calls_of(events) == []
    assert events[-1] == Finished("end_turn")


@pytest.mark.parametrize(
    ("kind", "retryable", "rate_limited"),
    [
        ("overloaded_error", True, True),
        ("api_error", True, False),
        ("rate_limit_error", True, True),
        ("timeout_error", True, False),
        ("invalid_request_error", False, False),
        ("authentication_error", False, False),
    ],
)
async def test_only_passing_errors_are_tried_again(open_session, kind, retryable, rate_limited):
    broken = [*WHOLE[:4], {"type": "error", "error": {"type": kind, "message": "Sorry"}}]
    error = await fail(open_session, REQUEST, Answer([sse(*broken)]))
    assert (error.retryable, error.rate_limited) == (retryable, rate_limited)
    assert kind in error.message


def replaced(position, event):
    changed = list(WHOLE)
    changed[position] = event
    return sse(*changed)


def delta(**fields):
    return {"type": "content_block_delta", "index": 0, "delta": fields}


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (replaced(2, delta(type="text_delta")), "KeyError"),
        (replaced(2, delta(type="text_delta", text=5)), "TypeError"),
        (replaced(2, delta(type="thinking_delta", thinking="")), "thinking_delta for a block of text"),
        (replaced(2, {"type": "content_block_delta", "index": 0}), "content_block_delta"),
        (replaced(5, WHOLE[1]), "begins twice"),
        (replaced(4, {"type": "ping"}), "inside a content block"),
        (replaced(-2, {"type": "message_delta", "delta": {"stop_reason": None}}), "without a stop reason"),
        (replaced(5, {"type": "content_block_start", "index": 1, "content_block": {"type": "tool_use"}}), ""),
    ],
)
async def test_nonsense_is_named(open_session, body, says):
    error = await fail(open_session, REQUEST, Answer([body]))
    assert "does not follow the Messages API" in error.message
    assert says in error.message
    assert error.retryable
