"""Every adapter, with its real SDK: what comes over the wire is what the agent gets, to the character."""

import asyncio
import gzip
import json
import random
import threading

import pytest
from dialect import CANARY_KEY, Call, Counts, Reply, question
from dialects import DIALECTS
from exchange import answered, bytewise, calls_of, cuts, receive, text_of, usages_of
from loopback import STALL, Answer, LoopbackServer

from slop_qt.core.conversation import (
    Finished,
    Message,
    TextBlock,
    TextDelta,
    ThinkingDelta,
    ThinkingDone,
    ToolResultBlock,
    ToolSpec,
    ToolUseBlock,
)
from slop_qt.core.usage import total_usage
from slop_qt.providers import sdk_client

ARGUMENTS = json.dumps({"path": "ä.py", "content": 'x = "🙂"\n'}, ensure_ascii=False)


@pytest.fixture(params=DIALECTS, ids=lambda dialect: dialect.name)
def dialect(request):
    return request.param


@pytest.fixture
def converse(dialect, open_session):
    """The events that a reply comes to."""

    async def converse_(model="", **reply):
        answer = Answer(dialect.wire(Reply(**reply)).events)
        return await answered(open_session, question(dialect, model=model), answer)

    return converse_


# Words


async def test_text_arrives_to_the_character(converse):
    events = await converse(text=("Grüße, ", "🙂", "\n\r\n\t\0 end ", " "))
    assert text_of(events) == "Grüße, 🙂\n\r\n\t\0 end  "
    assert events[-1] == Finished("end_turn")


async def test_text_may_be_cut_inside_characters(dialect, open_session):
    body = dialect.wire(Reply(text=("a🙂b", "é", "👩‍👩‍👧"))).whole
    events = await answered(open_session, question(dialect), bytewise(body))
    assert text_of(events) == "a🙂bé👩‍👩‍👧"
    assert events[-1] == Finished("end_turn")


async def test_an_answer_may_be_cut_in_two_anywhere(dialect, open_session):
    reply = Reply(thinking=("hm 🙂",), text=("ü🙂",), calls=(Call("read_file", ('{"path": "ä"}',)),))
    body = dialect.wire(reply).whole
    places = cuts(body)
    place = iter(places)

    def cut(_):
        at = next(place)
        return Answer([body[:at], 0.002, body[at:]])

    async def some(session, times):
        return [await receive(session, question(dialect)) for _ in range(times)]

    with LoopbackServer(cut) as server:
        sessions = [await open_session(server.base_url) for _ in range(8)]
        shares = [len(places[number::8]) for number in range(8)]
        answers = [events for share in await asyncio.gather(*map(some, sessions, shares)) for events in share]
        for session in sessions:
            await session.aclose()
    assert len(answers) == len(places)
    for events in answers:
        assert (text_of(events), text_of(events, ThinkingDelta)) == ("ü🙂", "hm 🙂")
        assert [call.arguments_json for call in calls_of(events)] == ['{"path": "ä"}']
        assert events[-1] == Finished("tool_use")


async def test_long_text_arrives_whole_and_joined(dialect, open_session):
    words = [f"word {number} 🙂 " for number in range(30_000)]
    body = dialect.wire(Reply(text=tuple(words))).whole
    events = await answered(open_session, question(dialect), Answer([body]))
    assert text_of(events) == "".join(words)
    assert sum(isinstance(event, TextDelta) for event in events) < 3000


async def test_words_come_while_the_rest_is_not_there(dialect, open_session):
    wire = dialect.wire(Reply(text=("first", "second")))
    begun = next(n for n in range(len(wire.events)) if b"second" in wire.events[n])
    with LoopbackServer.saying(Answer([*wire.events[:begun], STALL])) as server:
        session = await open_session(server.base_url)
        stream = session.stream(question(dialect))
        async with asyncio.timeout(10):
            while (event := await anext(stream)) != TextDelta("first"):
                assert not isinstance(event, TextDelta)
        await stream.aclose()
        assert await asyncio.to_thread(server.wait_until_left, 5)


async def test_the_end_is_the_end_even_where_the_server_keeps_the_line_open(dialect, open_session, monkeypatch):
    monkeypatch.setattr(sdk_client, "_LAST_WORDS_S", 0.3)
    with LoopbackServer.saying(Answer([*dialect.wire(Reply(text=("all",))).events, STALL])) as server:
        session = await open_session(server.base_url)
        async with asyncio.timeout(15):
            events = await receive(session, question(dialect))
        assert await asyncio.to_thread(server.wait_until_left, 5)
    assert events[-1] == Finished("end_turn")


async def test_thinking_is_told_apart_and_comes_back_with_its_signature(dialect, converse):
    events = await converse(thinking=("let ", "me 🙂"), text=("ok",))
    assert text_of(events, ThinkingDelta) == "let me 🙂"
    assert text_of(events) == "ok"
    blocks = [event.block for event in events if isinstance(event, ThinkingDone)]
    assert [(block.text, block.signature) for block in blocks] == [("let me 🙂", dialect.signature)]


async def test_what_is_not_known_and_what_keeps_the_line_alive_is_passed_over(dialect, open_session):
    wire = dialect.wire(Reply(text=("a", "b")))
    noise = (b": a comment\n\nretry: 5\n\n", dialect.keep_alive, dialect.unknown)
    pieces = [piece for event in wire.events[: wire.needed] for piece in (*noise, event)] + list(
        wire.events[wire.needed :]
    )
    events = await answered(open_session, question(dialect), Answer(pieces))
    assert text_of(events) == "ab"
    assert events[-1] == Finished("end_turn")


async def test_a_compressed_answer_is_read(dialect, open_session):
    body = gzip.compress(dialect.wire(Reply(text=("squeezed",))).whole)
    headers = {"content-type": "text/event-stream", "content-encoding": "gzip"}
    answer = Answer([body[:20], body[20:]], headers=headers)
    assert text_of(await answered(open_session, question(dialect), answer)) == "squeezed"


# Tools


@pytest.mark.parametrize("cut", range(len(ARGUMENTS) + 1))
async def test_arguments_may_be_cut_at_every_character(converse, cut):
    events = await converse(calls=(Call("write_file", (ARGUMENTS[:cut], ARGUMENTS[cut:])),))
    [call] = calls_of(events)
    assert (call.name, json.loads(call.arguments_json)) == ("write_file", json.loads(ARGUMENTS))
    assert events[-1] == Finished("tool_use")


async def test_parallel_calls_with_arguments_character_by_character(dialect, open_session):
    calls = (
        Call("write_file", tuple(ARGUMENTS), "call_1"),
        Call("run_command", tuple('{"command": ["ls", "-l"]}'), "call_2"),
        Call("list_directory", ("{}",), "call_3"),
    )
    body = dialect.wire(Reply(text=("Now:",), calls=calls)).whole
    events = await answered(open_session, question(dialect), bytewise(body))
    received = [(call.name, json.loads(call.arguments_json)) for call in calls_of(events)]
    assert received == [(call.name, json.loads(call.arguments)) for call in calls]
    assert len({call.call_id for call in calls_of(events)}) == 3
    assert text_of(events) == "Now:"
    assert events[-1] == Finished("tool_use")


async def test_arguments_are_handed_on_raw_even_where_they_are_broken(dialect, converse):
    if not dialect.streams_arguments:
        pytest.skip("arguments are objects there, and cannot be broken by themselves")
    events = await converse(calls=(Call("read_file", ('{"path": "a', "b")),))
    assert [call.arguments_json for call in calls_of(events)] == ['{"path": "ab']


# Counts


@pytest.mark.parametrize(
    "counts", [Counts(100, 50), Counts(2400, 50, cache_read=2000, reasoning=20), Counts(7, 0), Counts(0, 1)]
)
async def test_counts_are_the_same_for_every_vendor(converse, counts):
    final = usages_of(await converse(text=("hi",), counts=counts))[-1]
    assert (final.requests, final.input_tokens, final.output_tokens) == (1, counts.input, counts.output)
    assert (final.cache_read_tokens, final.reasoning_tokens) == (counts.cache_read, counts.reasoning)


async def test_the_counts_of_many_answers_add_up(dialect, open_session):
    chance = random.Random(3)
    many = []
    for _ in range(40):
        read, reasoning = chance.randrange(10**6), chance.randrange(10**5)
        written = chance.randrange(10**6) if dialect.cache_writes else 0
        fresh, said = chance.randrange(10**6), chance.randrange(10**5)
        many.append(Counts(read + written + fresh, reasoning + said, read, written, reasoning))
    answers = [Answer(dialect.wire(Reply(text=("x",), counts=counts)).events) for counts in many]
    with LoopbackServer.saying(*answers) as server:
        session = await open_session(server.base_url)
        used = [usages_of(await receive(session, question(dialect)))[-1] for _ in many]
        await session.aclose()
    total = total_usage(used)
    assert total.requests == 40
    assert total.input_tokens == sum(counts.input for counts in many)
    assert total.output_tokens == sum(counts.output for counts in many)
    assert total.cache_read_tokens == sum(counts.cache_read for counts in many)
    assert total.cache_write_tokens == sum(counts.cache_write for counts in many)
    assert total.reasoning_tokens == sum(counts.reasoning for counts in many)


async def test_cache_writes_are_part_of_the_input(dialect, converse):
    if not dialect.cache_writes:
        pytest.skip("not counted there")
    final = usages_of(await converse(text=("hi",), counts=Counts(1000, 5, cache_read=100, cache_write=300)))[-1]
    assert (final.input_tokens, final.cache_read_tokens, final.cache_write_tokens) == (1000, 100, 300)


async def test_an_answer_without_counts_is_one_request_of_unknown_price(converse):
    final = usages_of(await converse(text=("x",), counts=None))[-1]
    assert (final.requests, final.input_tokens, final.output_tokens, final.cost_usd) == (1, 0, 0, None)


async def test_a_model_without_a_price_has_no_cost(converse):
    assert usages_of(await converse(model="my-own-model", text=("x",)))[-1].cost_usd is None


# Ends


@pytest.mark.parametrize(
    ("dialect", "word", "stop"),
    [(dialect, word, stop) for dialect in DIALECTS for word, stop in dialect.stops.items()],
    ids=lambda value: value if isinstance(value, str) else value.name,
)
async def test_each_stop_reason_is_told(converse, word, stop):
    events = await converse(text=("x",), stop=word)
    assert text_of(events) == "x"
    assert events[-1] == Finished(stop)


# Connections and requests


@pytest.mark.parametrize("late", [[], [0.01]], ids=["", "where the response ends a little after the answer"])
async def test_a_connection_is_used_again(dialect, open_session, late):
    with LoopbackServer.saying(Answer([dialect.wire(Reply(text=("hi",))).whole, *late])) as server:
        session = await open_session(server.base_url)
        for _ in range(3):
            await receive(session, question(dialect))
        await session.aclose()
    assert [received.connection for received in server.received] == [1, 1, 1]


async def test_sessions_share_nothing(dialect):
    with LoopbackServer.saying(Answer(dialect.wire(Reply(text=("hi",))).events)) as server:
        provider = dialect.provider(server.base_url, _Threads())
        first, second = await provider.open(), await provider.open()
        stream = second.stream(question(dialect))
        early = [await anext(stream)]
        await receive(first, question(dialect))
        await first.aclose()
        await first.aclose()
        assert text_of([*early, *[event async for event in stream]]) == "hi"
        await second.aclose()
    assert {received.connection for received in server.received} == {1, 2}


class _Threads:
    """Runs each job in a thread of its own."""

    async def run(self, job):
        results = []
        thread = threading.Thread(target=lambda: results.append(job()))
        thread.start()
        thread.join()
        return results[0]


async def test_the_key_goes_to_its_place_and_into_no_log(dialect, converse, open_session, caplog):
    caplog.set_level("DEBUG")
    with LoopbackServer.saying(Answer(dialect.wire(Reply(text=("hi",))).events)) as server:
        session = await open_session(server.base_url)
        await receive(session, question(dialect))
        await session.aclose()
    [received] = server.received
    assert dialect.carries_key(received)
    assert CANARY_KEY not in received.path
    assert CANARY_KEY not in received.raw.decode()
    assert CANARY_KEY not in caplog.text


async def test_a_conversation_with_everything_is_sent_the_same_each_time(dialect, open_session):
    request = question(dialect)
    messages = (
        *request.messages,
        Message(
            "assistant", (TextBlock("Grüße 🙂"), ToolUseBlock("c1", "one", {"a": 1}), ToolUseBlock("c2", "two", []))
        ),
        Message("user", (ToolResultBlock("c1", "fine\0"), ToolResultBlock("c2", "no list, please", ok=False))),
    )
    schema = {"type": "object", "properties": {"a": {"type": "integer"}}, "additionalProperties": False}
    tools = (ToolSpec("one", "first", schema), ToolSpec("two", "second", {"type": "object", "properties": {}}))
    full = type(request)(request.model, "system", messages, tools, thinking_tokens=2000)
    with LoopbackServer.saying(Answer(dialect.wire(Reply(text=("hi",))).events)) as server:
        session = await open_session(server.base_url)
        for _ in range(2):
            assert (await receive(session, full))[-1] == Finished("end_turn")
        await session.aclose()
    first, second = server.received
    assert first.raw == second.raw
    for words in ("Grüße 🙂", "no list, please", "system", "second", "additionalProperties", "Hello?"):
        assert words in json.dumps(first.body, ensure_ascii=False)
