"""Every adapter, with its real SDK, asked how many tokens a request is: once, bounded, and never with an error."""

import asyncio
import json
import logging
import time
from dataclasses import replace

import pytest
from dialect import CANARY_KEY, Reply, question
from dialects import DIALECTS
from exchange import ThreadOffload, receive, text_of
from loopback import CUT, STALL, Answer, LoopbackServer
from openai_dialect import OpenAIDialect

from slop_qt.core.conversation import (
    Message,
    TextBlock,
    ThinkingBlock,
    ToolResultBlock,
    ToolSpec,
    ToolUseBlock,
)
from slop_qt.providers import count_endpoint

PATHS = {
    "anthropic": "/v1/messages/count_tokens",
    "gemini": "/v1beta/models/gemini-2.5-pro:countTokens",
    "openai": "/v1/chat/completions/input_tokens",
}
FIELDS = {"anthropic": "input_tokens", "gemini": "totalTokens", "openai": "input_tokens"}
OPENAI = OpenAIDialect()
JSON = {"content-type": "application/json"}


@pytest.fixture(params=DIALECTS, ids=lambda dialect: dialect.name)
def dialect(request):
    return request.param


def counted(dialect, tokens):
    """An answer with this count."""
    return Answer([json.dumps({FIELDS[dialect.name]: tokens}).encode()], headers=JSON)


def whole(dialect):
    """A request with everything that counts."""
    schema = {"type": "object", "properties": {"path": {"type": "string"}}}
    messages = (
        Message("user", (TextBlock("Read it."),)),
        Message(
            "assistant",
            (ThinkingBlock("hm", signature="c2lnbmVk"), ToolUseBlock("call_1", "read_file", {"path": "ä.py"})),
        ),
        Message("user", (ToolResultBlock("call_1", "x = 1"),)),
    )
    tools = (ToolSpec("read_file", "Read a file.", schema),)
    return replace(question(dialect), messages=messages, tools=tools, thinking_tokens=2000)


async def asked(open_session, request, *answers, times=1):
    """What counting comes to, again and again, and what the server was asked."""
    with LoopbackServer.saying(*answers) as server:
        session = await open_session(server.base_url)
        counts = [await session.count(request) for _ in range(times)]
        await session.aclose()
    return counts, server.received


async def test_the_count_is_the_providers(dialect, open_session):
    counts, [received] = await asked(open_session, question(dialect), counted(dialect, 1234))
    assert counts == [1234]
    assert received.method == "POST"
    assert received.path == PATHS[dialect.name]
    assert dialect.carries_key(received)


def test_the_adapters_say_that_they_can(dialect):
    said = dialect.provider("http://127.0.0.1:1", None).capabilities.counts_before
    assert PATHS[dialect.name].rpartition(":")[2] in said


async def test_a_server_without_keys_is_sent_none_to_count_either(monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", CANARY_KEY)
    with LoopbackServer.saying(Answer([b'{"input_tokens": 5}'], headers=JSON)) as server:
        session = await OPENAI.provider(server.base_url, ThreadOffload(), "").open()
        assert await session.count(question(OPENAI)) == 5
        await session.aclose()
    assert "authorization" not in server.received[0].headers
    assert CANARY_KEY not in str(server.received)


async def test_the_request_is_counted_as_it_will_be_sent(dialect, open_session):
    request = whole(dialect)
    with LoopbackServer.saying(counted(dialect, 7), Answer(dialect.wire(Reply(text=("ok",))).events)) as server:
        session = await open_session(server.base_url)
        assert await session.count(request) == 7
        assert text_of(await receive(session, request)) == "ok"
        await session.aclose()
    count, sent = (received.body for received in server.received)
    if dialect.name == "gemini":
        assert count.pop("contents") == []
        assert count.pop("generateContentRequest") == {"model": "models/gemini-2.5-pro", **sent}
        assert not count
        return
    about_the_answer = {"max_tokens", "stream"} if dialect.name == "anthropic" else {"stream"}
    assert count == {name: value for name, value in sent.items() if name not in about_the_answer}
    assert "thinking" in count or "reasoning_effort" in count


async def test_counting_and_answering_share_a_connection(dialect, open_session):
    with LoopbackServer.saying(counted(dialect, 7), Answer(dialect.wire(Reply(text=("ok",))).events)) as server:
        session = await open_session(server.base_url)
        await session.count(question(dialect))
        await receive(session, question(dialect))
        await session.aclose()
    assert {received.connection for received in server.received} == {1}


@pytest.mark.parametrize("status", [404, 405, 501])
async def test_an_endpoint_that_is_not_there_is_not_asked_for_again(dialect, open_session, status):
    counts, received = await asked(open_session, question(dialect), dialect.refusal(status, "what?"), times=3)
    assert counts == [None] * 3
    assert len(received) == 1


@pytest.mark.parametrize("status", [429, 500, 529, 401, 302])
async def test_an_endpoint_that_refuses_is_left_alone_for_a_minute(dialect, open_session, status):
    answers = dialect.refusal(status, "no", location="http://127.0.0.1:9/"), counted(dialect, 5)
    counts, received = await asked(open_session, question(dialect), *answers, times=3)
    assert counts == [None] * 3
    assert len(received) == 1


def test_after_a_minute_it_is_asked_again():
    now = [1000.0]
    door = count_endpoint.CountDoor(lambda: now[0])
    door.pause()
    now[0] += 59
    assert not door.is_open
    now[0] += 1
    assert door.is_open
    door.close()
    door.pause()
    now[0] += 1e9
    assert not door.is_open


async def test_what_one_session_found_out_all_of_the_provider_know(dialect):
    with LoopbackServer.saying(dialect.refusal(404, "what?")) as server:
        provider = dialect.provider(server.base_url, ThreadOffload())
        for _ in range(3):
            session = await provider.open()
            assert await session.count(question(dialect)) is None
            await session.aclose()
    assert len(server.received) == 1


async def test_a_request_that_is_refused_says_nothing_of_the_next(dialect, open_session):
    answers = dialect.refusal(400, "not this one"), counted(dialect, 5)
    counts, _ = await asked(open_session, question(dialect), *answers, times=2)
    assert counts == [None, 5]


NONSENSE = {
    "a page": Answer([b"<html>Log in</html>"], headers={"content-type": "text/html"}),
    "nothing": Answer([], headers=JSON),
    "an empty object": Answer([b"{}"], headers=JSON),
    "a list": Answer([b"[1]"], headers=JSON),
    "not UTF-8": Answer([b'{"input_tokens": "\xff"}'], headers=JSON),
    "too much": Answer([b'{"input_tokens": 1, "totalTokens": 1, "x": "', b"y" * 200_000, b'"}'], headers=JSON),
    "cut": Answer([b'{"input_tokens": 1', CUT], headers=JSON),
}


@pytest.mark.parametrize("answer", NONSENSE.values(), ids=NONSENSE)
async def test_nonsense_is_no_count(dialect, open_session, answer):
    counts, received = await asked(open_session, question(dialect), answer, counted(dialect, 5), times=2)
    assert counts == [None, None]
    assert len(received) == 1


@pytest.mark.parametrize("number", [-1, 1.5, "12", True, None, [3]])
async def test_a_number_that_cannot_be_one_is_no_count(dialect, open_session, number):
    counts, _ = await asked(open_session, question(dialect), counted(dialect, number))
    assert counts == [None]


@pytest.mark.parametrize("where", ["before the head", "inside the body"])
async def test_a_stall_is_not_waited_for(dialect, open_session, monkeypatch, where):
    monkeypatch.setattr(count_endpoint, "_WHOLE_S", 0.2)
    stuck = Answer([STALL], headless=True) if where == "before the head" else Answer([b'{"inp', STALL], headers=JSON)
    with LoopbackServer.saying(stuck) as server:
        session = await open_session(server.base_url)
        started = time.monotonic()
        assert await session.count(question(dialect)) is None
        assert time.monotonic() - started < 2
        assert await session.count(question(dialect)) is None
        assert await asyncio.to_thread(server.wait_until_left, 5)
        await session.aclose()
    assert len(server.received) == 1


async def test_cancelling_closes_the_connection_at_once(dialect, open_session):
    with LoopbackServer.saying(Answer([STALL], headless=True)) as server:
        session = await open_session(server.base_url)
        task = asyncio.create_task(session.count(question(dialect)))
        assert await asyncio.to_thread(server.wait_until_asked, 10)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert await asyncio.to_thread(server.wait_until_left, 5)
        await session.aclose()


async def test_nobody_there_is_no_count(dialect, open_session):
    session = await open_session("http://127.0.0.1:1")
    assert await session.count(question(dialect)) is None


async def test_half_of_a_surrogate_pair_is_left_to_the_answer_to_complain_of(dialect, open_session):
    request = replace(question(dialect), messages=(Message("user", (TextBlock("\ud83d"),)),))
    counts, _ = await asked(open_session, request, counted(dialect, 5))
    assert counts == [5 if dialect.name == "gemini" else None]  # Gemini's SDK sends it, escaped


async def test_no_log_line_has_the_key(dialect, open_session, caplog):
    caplog.set_level(logging.DEBUG)
    for answer in (dialect.bad_key(f"{CANARY_KEY} is no key"), NONSENSE["a page"], dialect.refusal(500, CANARY_KEY)):
        await asked(open_session, question(dialect), answer)
    ours = [record.getMessage() for record in caplog.records if record.name.startswith("slop_qt")]
    assert len(ours) == 3
    assert CANARY_KEY not in "".join(ours)


async def test_openai_itself_is_not_asked():
    session = await OPENAI.provider("https://api.openai.com/v1", ThreadOffload()).open()
    assert await session.count(question(OPENAI)) is None
    await session.aclose()
