"""The adapter for chat completions with the real SDK: what compatible servers do differently from each other."""

import json

import pytest
from dialect import Counts, question
from exchange import answered, calls_of, fail, receive, text_of, usages_of
from loopback import STALL, Answer, LoopbackServer
from openai_dialect import DONE, OpenAIDialect, call_delta, chunk, data, usage_chunk

from slop_qt.core.conversation import (
    Finished,
    TextDelta,
    ThinkingBlock,
    ThinkingDelta,
    ThinkingDone,
    ToolCallReceived,
)
from slop_qt.core.usage import Usage
from slop_qt.providers import sdk_client

DIALECT = OpenAIDialect()
REQUEST = question(DIALECT)
STOP, TOOLS = chunk({}, finish="stop"), chunk({}, finish="tool_calls")


@pytest.fixture
def dialect():
    return DIALECT


@pytest.fixture
def said(open_session):
    """The events that some pieces come to."""

    async def said_(*pieces):
        return await answered(open_session, REQUEST, Answer(pieces))

    return said_


# Ends


@pytest.mark.parametrize("rest", [[], [DONE], [usage_chunk(Counts())], [usage_chunk(Counts()), DONE]])
async def test_an_answer_with_a_finish_reason_is_complete_whatever_follows(said, rest):
    events = await said(chunk({"content": "all"}), STOP, *rest)
    assert text_of(events) == "all"
    assert events[-1] == Finished("end_turn")
    assert events.count(Finished("end_turn")) == 1


async def test_a_server_that_stays_silent_after_the_finish_reason_is_not_waited_for_long(open_session, monkeypatch):
    monkeypatch.setattr(sdk_client, "_LAST_WORDS_S", 0.3)
    with LoopbackServer.saying(Answer([chunk({"content": "all"}), STOP, STALL])) as server:
        session = await open_session(server.base_url)
        assert (await receive(session, REQUEST))[-1] == Finished("end_turn")


@pytest.mark.parametrize("rest", [[], [DONE], [usage_chunk(Counts()), DONE]])
async def test_an_answer_without_a_finish_reason_was_cut_even_where_it_says_done(open_session, rest):
    error = await fail(open_session, REQUEST, Answer([chunk({"content": "half"}), *rest]))
    assert "cut" in error.message
    assert error.retryable


async def test_done_alone_is_an_empty_answer(open_session):
    assert "empty" in (await fail(open_session, REQUEST, Answer([DONE]))).message


async def test_stop_with_tool_calls_counts_as_tool_use(said):
    events = await said(call_delta(index=0, id="a", name="read_file", arguments='{"path": "x"}'), STOP, DONE)
    assert calls_of(events) == [ToolCallReceived("a", "read_file", '{"path": "x"}')]
    assert events[-1] == Finished("tool_use")


@pytest.mark.parametrize(("finish", "stop"), [("length", "max_tokens"), ("content_filter", "refusal")])
async def test_calls_of_an_answer_that_was_stopped_are_not_handed_on(said, finish, stop):
    events = await said(call_delta(index=0, id="a", name="read_file", arguments='{"pa'), chunk({}, finish=finish), DONE)
    assert calls_of(events) == []
    assert events[-1] == Finished(stop)


async def test_a_refusal_in_words_is_a_refusal(said):
    events = await said(chunk({"refusal": "I "}), chunk({"refusal": "will not."}), STOP, DONE)
    assert text_of(events) == "I will not."
    assert events[-1] == Finished("refusal")


@pytest.mark.parametrize("finish", ["error", "insufficient_system_resource"])
async def test_a_server_that_gives_up_is_asked_again(open_session, finish):
    error = await fail(open_session, REQUEST, Answer([chunk({"content": "x"}), chunk({}, finish=finish), DONE]))
    assert finish in error.message
    assert error.retryable


@pytest.mark.parametrize(
    ("error", "rate_limited"),
    [
        ({"message": "Rate limit reached", "type": "tokens", "code": "rate_limit_exceeded"}, True),
        ({"message": "Slower", "type": "rate_limit_error", "code": "slow_down"}, True),
        ({"message": "Busy", "type": "service_unavailable_error", "code": "server_is_overloaded"}, True),
        ({"message": "Too many", "type": "", "code": 429}, True),
        ({"message": "No credit", "type": "insufficient_quota", "code": 429}, False),
        ({"message": "Sorry", "type": "server_error", "code": None}, False),
    ],
)
async def test_an_answer_that_breaks_off_says_whether_all_should_slow_down(open_session, error, rate_limited):
    failed = await fail(open_session, REQUEST, Answer([chunk({"content": "x"}), data({"error": error})]))
    assert error["message"] in failed.message
    assert failed.rate_limited is rate_limited


# Tool calls, as servers send them


def pair(first, second):
    """What two calls came to: their names and arguments; ids are checked to differ."""
    assert first.call_id != second.call_id
    assert first.call_id
    assert second.call_id
    return [(first.name, first.arguments_json), (second.name, second.arguments_json)]


ONE, TWO = {"name": "one", "arguments": '{"a": 1}'}, {"name": "two", "arguments": '{"b": 2}'}
BOTH = [("one", '{"a": 1}'), ("two", '{"b": 2}')]


@pytest.mark.parametrize(
    "pieces",
    [
        [call_delta(index=0, **ONE), call_delta(index=1, **TWO)],
        [call_delta(index=0, id="", **ONE), call_delta(index=1, id=None, **TWO)],
        [call_delta(index=0, id="same", **ONE), call_delta(index=1, id="same", **TWO)],
        [call_delta(index=0, **ONE), call_delta(index=1, id="call_1", **TWO)],
        [call_delta(index=0, id="a", **ONE), call_delta(index=0, id="b", **TWO)],
        [call_delta(id="a", **ONE), call_delta(id="b", **TWO)],
        [call_delta(**ONE), call_delta(**TWO)],
        [call_delta(index=5, id="a", **ONE), call_delta(index=9, id="b", **TWO)],
        [chunk({"tool_calls": [{"index": 0, "id": "a", "function": ONE}, {"index": 1, "id": "b", "function": TWO}]})],
        [call_delta(id="a", name="one", arguments={"a": 1}), call_delta(id="b", **TWO)],
    ],
    ids=[
        "no ids",
        "empty ids",
        "the same id",
        "one id, and it is what would be made up",
        "the same index",
        "no index",
        "neither index nor id",
        "indexes with gaps",
        "in one chunk",
        "an object for arguments",
    ],
)
async def test_calls_are_told_apart_however_a_server_numbers_them(said, pieces):
    events = await said(*pieces, TOOLS, DONE)
    first, second = pair(*calls_of(events))
    assert (first[0], json.loads(first[1])) == ("one", {"a": 1})
    assert second == BOTH[1]


async def test_interleaved_pieces_find_their_calls(said):
    pieces = [call_delta(index=0, id="a", name="one"), call_delta(index=1, id="b", name="two")]
    for first, second in zip(BOTH[0][1], BOTH[1][1], strict=True):
        pieces += [call_delta(index=0, arguments=first), call_delta(index=1, arguments=second)]
    assert pair(*calls_of(await said(*pieces, TOOLS, DONE))) == BOTH


@pytest.mark.parametrize(
    "names", [["read_", "file"], ["read_file", "read_file", "read_file"], ["read_file", "", ""], ["read_file"]]
)
async def test_a_name_may_come_in_pieces_or_again_and_again(said, names):
    pieces = [call_delta(index=0, id="a", name=name, arguments=" ") for name in names]
    [call] = calls_of(await said(*pieces, call_delta(index=0, arguments="{}"), TOOLS))
    assert (call.name, call.arguments_json.strip()) == ("read_file", "{}")


@pytest.mark.parametrize("arguments", ["", None])
async def test_a_call_without_arguments_has_empty_ones(said, arguments):
    [call] = calls_of(await said(call_delta(index=0, id="a", name="list_directory", arguments=arguments), TOOLS))
    assert call.arguments_json == "{}"


# Thinking


@pytest.mark.parametrize("field", ["reasoning_content", "reasoning"])
async def test_thinking_comes_under_several_names(said, field):
    pieces = [chunk({field: "hm", "content": None}), chunk({field: " so"}), chunk({"content": "ok", field: ""})]
    events = [event for event in await said(*pieces, STOP, DONE) if not hasattr(event, "usage")]
    assert text_of(events, ThinkingDelta) == "hm so"
    assert events[-3:] == [
        ThinkingDone(ThinkingBlock("hm so", field if field == "reasoning_content" else None)),
        TextDelta("ok"),
        Finished("end_turn"),
    ]


async def test_a_server_that_sends_thinking_under_both_names_is_not_read_twice(said):
    events = await said(chunk({"reasoning_content": "hm", "reasoning": "hm"}), STOP, DONE)
    assert text_of(events, ThinkingDelta) == "hm"
    assert ThinkingDone(ThinkingBlock("hm", "reasoning_content")) in events


# Counts


async def test_counts_that_come_with_every_chunk_count_up(said):
    counted = json.loads(usage_chunk(Counts(10, 1))[6:])["usage"]
    growing = [
        data({"choices": [{"delta": {"content": "x"}}], "usage": {**counted, "completion_tokens": n}})
        for n in range(1, 4)
    ]
    events = await said(*growing, STOP, DONE)
    assert usages_of(events)[-1] == Usage(requests=1, input_tokens=10, output_tokens=3)
    assert text_of(events) == "xxx"


@pytest.mark.parametrize(
    "usage",
    [
        {"prompt_tokens": 9, "completion_tokens": 2, "prompt_cache_hit_tokens": 4, "prompt_cache_miss_tokens": 5},
        {"prompt_tokens": 9, "completion_tokens": 2, "prompt_tokens_details": {"cached_tokens": 4}},
        {
            "prompt_tokens": 9,
            "completion_tokens": 2,
            "prompt_tokens_details": {"cached_tokens": 4, "cache_write_tokens": None},
            "completion_tokens_details": None,
        },
    ],
)
async def test_the_cache_is_counted_under_several_names(said, usage):
    events = await said(chunk({"content": "x"}), STOP, data({"choices": [], "usage": usage}), DONE)
    assert usages_of(events)[-1] == Usage(requests=1, input_tokens=9, output_tokens=2, cache_read_tokens=4)


async def test_a_cut_answer_is_a_request_of_unknown_price(open_session):
    events = []
    await fail(open_session, REQUEST, Answer([chunk({"content": "half"})]), events)
    assert usages_of(events) == [Usage(requests=1)]


async def test_a_local_server_has_no_price_even_for_a_model_that_has_one_elsewhere(said):
    assert usages_of(await said(chunk({"content": "x"}), STOP, usage_chunk(Counts()), DONE))[-1].cost_usd is None
