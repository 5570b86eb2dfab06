"""The Anthropic adapter with the real SDK: what comes over the wire is what the agent gets, to the character."""

import asyncio
import gzip
import json
import threading

import pytest
from anthropic_server import STALL, Answer, AnthropicServer, answer_events, block_events, sse, stream_answer

from slop_qt.core.conversation import (
    Finished,
    Message,
    ModelRequest,
    TextBlock,
    TextDelta,
    ThinkingBlock,
    ThinkingDelta,
    ThinkingDone,
    ToolCallReceived,
    UsageUpdate,
)
from slop_qt.providers.anthropic import AnthropicProvider

REQUEST = ModelRequest("claude-opus-4-5", "Be brief.", (Message("user", (TextBlock("Hello?"),)),))


async def receive(session, request=REQUEST):
    return [event async for event in session.stream(request)]


async def answered(open_session, *answers):
    with AnthropicServer.saying(*answers) as server:
        session = await open_session(server.base_url)
        events = await receive(session)
        await session.aclose()
    return events


def text_of(events, kind=TextDelta):
    return "".join(event.text for event in events if isinstance(event, kind))


def usages_of(events):
    return [event.usage for event in events if isinstance(event, UsageUpdate)]


def bytewise(*events):
    return Answer([bytes([byte]) for byte in sse(*events)])


async def test_text_arrives_to_the_character(open_session):
    events = await answered(open_session, stream_answer(text=["Grüße, ", "🙂", "\n\r\n\t\0 end"]))
    assert text_of(events) == "Grüße, 🙂\n\r\n\t\0 end"
    assert events[-1] == Finished("end_turn")


async def test_text_may_be_cut_inside_characters(open_session):
    events = await answered(open_session, bytewise(*answer_events(text=["a🙂b", "é", "👩‍👩‍👧"])))
    assert text_of(events) == "a🙂bé👩‍👩‍👧"


async def test_long_text_arrives_whole_and_joined(open_session):
    words = [f"word {number} 🙂 " for number in range(30_000)]
    events = await answered(open_session, Answer([sse(*answer_events(text=words))]))
    assert text_of(events) == "".join(words)
    assert sum(isinstance(event, TextDelta) for event in events) < 3000


async def test_words_come_while_the_rest_is_not_there(open_session):
    begun = sse(*answer_events(text=["first"])[:3])
    with AnthropicServer.saying(Answer([begun, STALL])) as server:
        session = await open_session(server.base_url)
        stream = session.stream(REQUEST)
        assert isinstance(await anext(stream), UsageUpdate)
        assert await anext(stream) == TextDelta("first")
        await stream.aclose()
        assert await asyncio.to_thread(server.wait_until_left, 5)


async def test_the_end_is_the_end_even_where_the_server_keeps_the_line_open(open_session):
    with AnthropicServer.saying(Answer([sse(*answer_events(text=["all"])), STALL])) as server:
        session = await open_session(server.base_url)
        events = await receive(session)
        assert await asyncio.to_thread(server.wait_until_left, 5)
    assert events[-1] == Finished("end_turn")


@pytest.mark.parametrize("late", [[], [0.01]], ids=["", "where the response ends a little after the answer"])
async def test_a_connection_is_used_again(open_session, late):
    with AnthropicServer.saying(Answer([sse(*answer_events(text=["hi"])), *late])) as server:
        session = await open_session(server.base_url)
        for _ in range(3):
            await receive(session)
        await session.aclose()
    assert [received.connection for received in server.received] == [1, 1, 1]


async def test_sessions_share_nothing(open_session):
    with AnthropicServer.saying(stream_answer(text=["hi"])) as server:
        provider = AnthropicProvider(key="k", offload=_Counting(), base_url=server.base_url)
        first, second = await provider.open(), await provider.open()
        stream = second.stream(REQUEST)
        await anext(stream)
        await receive(first)
        await first.aclose()
        await first.aclose()
        assert text_of([event async for event in stream]) == "hi"
        await second.aclose()
    assert {received.connection for received in server.received} == {1, 2}


class _Counting:
    """Runs jobs in a thread that is not the loop's, and says so."""

    async def run(self, job):
        results = []
        thread = threading.Thread(target=lambda: results.append(job()))
        thread.start()
        thread.join()
        return results[0]


async def test_a_compressed_answer_is_read(open_session):
    body = gzip.compress(sse(*answer_events(text=["squeezed"])))
    headers = {"content-type": "text/event-stream", "content-encoding": "gzip"}
    assert text_of(await answered(open_session, Answer([body[:20], body[20:]], headers=headers))) == "squeezed"


async def test_thinking_travels_back_unchanged_with_its_signature(open_session):
    redacted = block_events(9, {"type": "redacted_thinking", "data": "opaque=="}, [])
    first = answer_events(thinking=["let ", "me see"], signature="sig==", text=["ok"])
    first[6:6] = redacted
    with AnthropicServer.saying(Answer([sse(*first)]), stream_answer(text=["done"])) as server:
        session = await open_session(server.base_url)
        events = await receive(session)
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


async def test_parallel_tool_calls_whose_arguments_are_cut_at_every_character(open_session):
    tools = [
        ("call_1", "write_file", list(json.dumps({"path": "ä.py", "content": 'x = "🙂"\n'}, ensure_ascii=False))),
        ("call_2", "run_command", list('{"command": ["ls", "-l"]}')),
        ("call_3", "list_directory", []),
        ("call_4", "list_directory", [""]),
    ]
    events = await answered(open_session, bytewise(*answer_events(text=["Now:"], tools=tools)))
    assert [event for event in events if isinstance(event, ToolCallReceived)] == [
        ToolCallReceived("call_1", "write_file", '{"path": "ä.py", "content": "x = \\"🙂\\"\\n"}'),
        ToolCallReceived("call_2", "run_command", '{"command": ["ls", "-l"]}'),
        ToolCallReceived("call_3", "list_directory", "{}"),
        ToolCallReceived("call_4", "list_directory", "{}"),
    ]
    assert events[-1] == Finished("tool_use")


async def test_arguments_are_handed_on_raw_even_where_they_are_broken(open_session):
    events = await answered(open_session, stream_answer(tools=[("c", "read_file", ['{"path": "a', "b"])]))
    assert [event.arguments_json for event in events if isinstance(event, ToolCallReceived)] == ['{"path": "ab']


async def test_usage_is_cumulative_and_input_includes_the_cache(open_session):
    events = await answered(
        open_session,
        stream_answer(
            text=["hi"],
            usage={
                "input_tokens": 100,
                "cache_read_input_tokens": 2000,
                "cache_creation_input_tokens": 300,
                "output_tokens": 1,
            },
            final_usage={"output_tokens": 50, "output_tokens_details": {"thinking_tokens": 20}},
        ),
    )
    early, final = usages_of(events)
    assert (early.requests, early.input_tokens, early.output_tokens) == (1, 2400, 1)
    assert (final.requests, final.input_tokens, final.output_tokens) == (1, 2400, 50)
    assert (final.cache_read_tokens, final.cache_write_tokens, final.reasoning_tokens) == (2000, 300, 20)
    million = 1_000_000
    dollars = (100 * 5 + 2000 * 0.5 + 300 * 6.25 + 50 * 25) / million
    assert final.cost_usd == pytest.approx(dollars)
    assert early.cost_usd is not None


async def test_what_the_final_usage_leaves_out_or_nulls_stays(open_session):
    usage = {"input_tokens": 7, "cache_read_input_tokens": None, "output_tokens": 1}
    final_usage = {"input_tokens": None, "cache_read_input_tokens": 5, "output_tokens": 3}
    events = await answered(open_session, stream_answer(text=["x"], usage=usage, final_usage=final_usage))
    final = usages_of(events)[-1]
    assert (final.input_tokens, final.cache_read_tokens, final.output_tokens) == (12, 5, 3)


async def test_an_answer_without_usage_is_one_request_of_unknown_price(open_session):
    answer = answer_events(text=["x"])
    del answer[0]["message"]["usage"], answer[-2]["usage"]
    final = usages_of(await answered(open_session, Answer([sse(*answer)])))[-1]
    assert (final.requests, final.input_tokens, final.output_tokens, final.cost_usd) == (1, 0, 0, None)


async def test_a_model_without_a_price_has_no_cost(open_session):
    with AnthropicServer.saying(stream_answer(text=["x"])) as server:
        session = await open_session(server.base_url)
        events = await receive(session, ModelRequest("my-own-model", "", REQUEST.messages))
        await session.aclose()
    assert usages_of(events)[-1].cost_usd is None


@pytest.mark.parametrize(
    ("reason", "stop"),
    [
        ("end_turn", "end_turn"),
        ("stop_sequence", "end_turn"),
        ("tool_use", "tool_use"),
        ("max_tokens", "max_tokens"),
        ("refusal", "refusal"),
        ("pause_turn", "pause"),
    ],
)
async def test_each_stop_reason_is_told(open_session, reason, stop):
    assert (await answered(open_session, stream_answer(text=["x"], stop=reason)))[-1] == Finished(stop)


async def test_pings_comments_and_what_is_not_known_are_passed_over(open_session):
    answer = answer_events(text=["a", "b"])
    answer[1:1] = [{"type": "ping"}, {"type": "something_new", "data": [1]}]
    answer[4:4] = block_events(
        5, {"type": "server_tool_use", "id": "s", "name": "web"}, [{"type": "input_json_delta", "partial_json": "{"}]
    )
    answer[4:4] = [{"type": "content_block_delta", "index": 0, "delta": {"type": "citations_delta", "citation": {}}}]
    events = await answered(open_session, Answer([b": a comment\n\nretry: 5\n\n", sse(*answer)]))
    assert text_of(events) == "ab"
    assert not any(isinstance(event, ToolCallReceived) for event in events)
    assert events[-1] == Finished("end_turn")
