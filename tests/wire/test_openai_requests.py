"""The adapter for chat completions with the real SDK: what is sent to whom, and the many ways to refuse it."""

import json

import pytest
from dialect import CANARY_KEY, Call, Reply, question
from exchange import fail, failure, receive
from loopback import Answer, LoopbackServer
from openai_dialect import OpenAIDialect, chunk, data, json_error

from slop_qt.providers import endpoint
from slop_qt.providers.openai_request import request_body

DIALECT = OpenAIDialect()
REQUEST = question(DIALECT)


@pytest.fixture
def dialect():
    return DIALECT


async def test_a_server_without_keys_is_sent_none(open_session, monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", CANARY_KEY)
    monkeypatch.setenv("OPENAI_ADMIN_KEY", CANARY_KEY)
    with LoopbackServer.saying(Answer(DIALECT.wire(Reply(text=("hi",))).events)) as server:
        session = await open_session(server.base_url, "")
        await receive(session, REQUEST)
        await session.aclose()
    [received] = server.received
    assert "authorization" not in received.headers
    assert CANARY_KEY not in str(received)


async def test_a_server_that_wants_a_key_after_all_says_so(open_session):
    with LoopbackServer.saying(json_error(401, "Missing key")) as server:
        session = await open_session(server.base_url, "")
        error = await failure(session, REQUEST)
    assert "wants a key" in error.message
    assert "OPENAI_API_KEY" in error.hint


async def test_the_request_is_for_a_stream_with_counts(open_session):
    with LoopbackServer.saying(Answer(DIALECT.wire(Reply(calls=(Call("x", ("{}",)),))).events)) as server:
        session = await open_session(server.base_url)
        await receive(session, REQUEST)
        await session.aclose()
    [received] = server.received
    assert received.path == "/v1/chat/completions"
    assert received.body == {
        "model": "gpt-5",
        "messages": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Hello?"}],
        "max_tokens": 16_000,
        "stream": True,
        "stream_options": {"include_usage": True},
    }


async def test_openai_itself_gets_the_key_of_its_cache(open_session, monkeypatch):
    monkeypatch.setattr(endpoint, "_OFFICIAL", "127.0.0.1")
    with LoopbackServer.saying(Answer(DIALECT.wire(Reply(text=("hi",))).events)) as server:
        session = await open_session(server.base_url)
        await receive(session, REQUEST)
        await session.aclose()
    assert server.received[0].body["prompt_cache_key"] == request_body(REQUEST, official=True)["prompt_cache_key"]


async def test_an_account_without_credit_is_not_asked_again(open_session):
    answer = json_error(429, "You exceeded your current quota.", kind="insufficient_quota", code="insufficient_quota")
    error = await fail(open_session, REQUEST, answer)
    assert "no credit left" in error.message
    assert not error.retryable


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (400, {"error": {"message": "The request exceeds the available context size", "code": 400}}),
        (400, {"error": {"message": "too big", "type": "exceed_context_size_error", "code": 400}}),
        (400, {"object": "error", "message": "maximum context length is 4096 tokens", "code": 400}),
        (500, {"error": "Trying to keep the first 5000 tokens when context the overflows, context length 4096"}),
    ],
)
async def test_a_conversation_that_is_too_long_is_known_by_many_words(open_session, status, body):
    answer = Answer([json.dumps(body).encode()], status, {"content-type": "application/json"})
    error = await fail(open_session, REQUEST, answer)
    assert "too long for gpt-5" in error.message
    assert not error.retryable


@pytest.mark.parametrize(
    "body",
    [
        {"error": "model 'x' not found"},
        {"error": {"message": "model 'x' not found"}},
        {"detail": "model 'x' not found"},
        {"object": "error", "message": "model 'x' not found"},
    ],
)
async def test_the_servers_own_words_are_shown_wherever_it_puts_them(open_session, body):
    answer = Answer([json.dumps(body).encode()], 404, {"content-type": "application/json"})
    error = await fail(open_session, REQUEST, answer)
    assert error.message.endswith(": model 'x' not found")
    assert "/v1" in error.hint


@pytest.mark.parametrize("milliseconds", ["1500", "1500.0"])
async def test_a_wait_may_be_asked_for_in_milliseconds(open_session, milliseconds):
    answer = json_error(429, "slow", retry_after_ms=milliseconds, retry_after="9")
    assert (await fail(open_session, REQUEST, answer)).retry_after_s == 1.5


@pytest.mark.parametrize(
    ("error", "retryable"),
    [
        ({"message": "busy", "type": "server_error"}, True),
        ({"message": "busy", "code": 503}, True),
        ({"message": "busy", "code": "429"}, True),
        ({"message": "busy", "code": 400}, False),
        ({"message": "busy", "type": "invalid_request_error"}, False),
        ({"message": "busy", "code": "insufficient_quota"}, False),
        ("busy", True),
    ],
)
async def test_an_error_in_the_stream_is_passing_unless_it_says_otherwise(open_session, error, retryable):
    refused = await fail(open_session, REQUEST, Answer([chunk({"content": "x"}), data({"error": error})]))
    assert "busy" in refused.message
    assert refused.retryable is retryable


async def test_an_error_of_an_older_form_is_known_too(open_session):
    old = data({"object": "error", "message": "maximum context length is 4096", "type": "BadRequestError", "code": 400})
    refused = await fail(open_session, REQUEST, Answer([old]))
    assert "Cut the ticket" in refused.hint
    assert not refused.retryable
