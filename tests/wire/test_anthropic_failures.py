"""The Anthropic adapter with the real SDK when things go wrong: each its own sentence, and never the key."""

import asyncio
import socket
import time
import traceback

import pytest
from anthropic_server import CANARY_KEY as KEY
from anthropic_server import CUT, STALL, Answer, AnthropicServer, answer_events, json_error, sse, stream_answer

from slop_qt.core.conversation import (
    Finished,
    Message,
    ModelRequest,
    RetryNotice,
    TextBlock,
    TextDelta,
    ToolCallReceived,
    UsageUpdate,
)
from slop_qt.core.errors import ProviderError
from slop_qt.providers.retry import stream_with_retries

REQUEST = ModelRequest("claude-opus-4-5", "", (Message("user", (TextBlock("Hello?"),)),))


async def fail(open_session, answer_or_url, into=None):
    """The error that one send comes to; `into` keeps the events before it."""
    events = [] if into is None else into
    if isinstance(answer_or_url, str):
        return await _failure(await open_session(answer_or_url), events)
    with AnthropicServer.saying(answer_or_url) as server:
        session = await open_session(server.base_url)
        error = await _failure(session, events)
        await session.aclose()
    assert len(server.received) == 1, "the SDK must not retry"
    return error


async def _failure(session, events):
    with pytest.raises(ProviderError) as caught:
        async for event in session.stream(REQUEST):
            events.append(event)
    assert KEY not in "".join(traceback.format_exception(caught.value))
    return caught.value


def text_of(events):
    return "".join(event.text for event in events if isinstance(event, TextDelta))


WHOLE = answer_events(text=["some ", "words"], tools=[("c", "write_file", ['{"path": "a", ', '"content": ""}'])])


@pytest.mark.parametrize("ends", [(), (CUT,)], ids=["a clean end", "a broken connection"])
@pytest.mark.parametrize("length", range(1, len(WHOLE)))
async def test_an_answer_without_its_end_is_retryable_and_does_not_finish(open_session, ends, length):
    events = []
    error = await fail(open_session, Answer([sse(*WHOLE[:length]), *ends]), events)
    assert error.retryable
    assert not any(isinstance(event, Finished) for event in events)
    assert next(event.usage.input_tokens for event in events if isinstance(event, UsageUpdate)) == 10
    assert text_of(events) == "some words"[: {1: 0, 2: 0, 3: 5}.get(length, 10)]


async def test_a_tool_call_that_is_cut_is_not_handed_on(open_session):
    events = []
    await fail(open_session, Answer([sse(*WHOLE)[: sse(*WHOLE).index(b'"content\\":')], CUT]), events)
    assert not any(isinstance(event, ToolCallReceived) for event in events)


@pytest.mark.parametrize(
    ("kind", "retryable"),
    [
        ("overloaded_error", True),
        ("api_error", True),
        ("rate_limit_error", True),
        ("timeout_error", True),
        ("invalid_request_error", False),
        ("authentication_error", False),
    ],
)
async def test_an_error_after_text_keeps_the_text(open_session, kind, retryable):
    broken = [*WHOLE[:4], {"type": "error", "error": {"type": kind, "message": f"Sorry, {KEY}"}}]
    events = []
    error = await fail(open_session, Answer([sse(*broken)]), events)
    assert text_of(events) == "some words"
    assert error.retryable is retryable
    assert "Sorry, [key]" in error.message
    assert kind in error.message


def replaced(position, event):
    changed = list(WHOLE)
    changed[position] = event
    return sse(*changed)


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (replaced(2, {"type": "content_block_delta", "index": 7, "delta": {"type": "text_delta", "text": "x"}}), "7"),
        (replaced(2, {"type": "content_block_delta", "index": -1, "delta": {"type": "text_delta", "text": "x"}}), "-1"),
        (replaced(2, {"type": "content_block_delta", "index": [], "delta": {"type": "text_delta", "text": "x"}}), ""),
        (replaced(2, {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta"}}), "KeyError"),
        (replaced(2, {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": 5}}), ""),
        (
            replaced(
                2, {"type": "content_block_delta", "index": 0, "delta": {"type": "thinking_delta", "thinking": ""}}
            ),
            "thinking_delta for a block of text",
        ),
        (replaced(2, {"type": "content_block_delta", "index": 0}), "content_block_delta"),
        (replaced(2, {"type": "content_block_stop", "index": 3}), "3"),
        (replaced(5, WHOLE[1]), "begins twice"),
        (replaced(4, {"type": "ping"}), "inside a content block"),
        (replaced(0, {"type": "message_start"}), "message_start"),
        (replaced(0, {"type": "message_start", "message": {"usage": {"input_tokens": "many"}}}), "message_start"),
        (replaced(0, {"type": "message_start", "message": {"usage": {"input_tokens": -5}}}), "message_start"),
        (replaced(-2, {"type": "message_delta", "delta": {"stop_reason": None}, "usage": {}}), "without a stop reason"),
        (replaced(5, {"type": "content_block_start", "index": 1, "content_block": {"type": "tool_use"}}), ""),
        (b"data: {broken\n\n", "JSON"),
        (b"data: [1]\n\n", ""),
        (b"data: 1\n\n", ""),
        (b'data: "\xff"\n\n', "JSON"),
        (b"data: {}\n\n", "KeyError"),
        (b'data: {"type": []}\n\n', ""),
    ],
)
async def test_nonsense_is_said_to_be_nonsense(open_session, body, says):
    error = await fail(open_session, Answer([body]))
    assert "does not follow the Messages API" in error.message
    assert says in error.message
    assert error.retryable


async def test_an_overflowing_context_has_its_own_sentence(open_session):
    error = await fail(open_session, stream_answer(text=["x"], stop="model_context_window_exceeded"))
    assert "context window" in error.message
    assert not error.retryable


async def test_a_stop_reason_that_is_not_known_is_named(open_session):
    error = await fail(open_session, stream_answer(text=["x"], stop="tired"))
    assert "'tired'" in error.message
    assert not error.retryable


async def test_html_is_not_an_answer(open_session):
    error = await fail(open_session, Answer([b"<html>Log in</html>"], headers={"content-type": "text/html"}))
    assert "text/html" in error.message
    assert "ANTHROPIC_BASE_URL" in error.hint
    assert not error.retryable


@pytest.mark.parametrize("headers", [{}, {"content-type": "text/event-stream"}])
@pytest.mark.parametrize("pieces", [[], [b"\n\n: nothing\n\n"], [sse({"type": "ping"})]])
async def test_an_empty_answer_is_said_to_be_empty(open_session, pieces, headers):
    error = await fail(open_session, Answer(pieces, headers=headers))
    assert "empty" in error.message
    assert error.retryable


@pytest.mark.parametrize(
    ("status", "kind", "retryable", "says"),
    [
        (400, "invalid_request_error", False, "refused the request (400)"),
        (401, "authentication_error", False, "refused the key (401)"),
        (402, "billing_error", False, "(402)"),
        (403, "permission_error", False, "(403)"),
        (404, "not_found_error", False, "knows no model claude-opus-4-5"),
        (408, "timeout_error", True, "(408)"),
        (413, "request_too_large", False, "too large"),
        (429, "rate_limit_error", True, "too many requests (429)"),
        (500, "api_error", True, "failed (500)"),
        (503, "api_error", True, "failed (503)"),
        (529, "overloaded_error", True, "overloaded (529)"),
    ],
)
async def test_each_refusal_has_its_sentence_without_the_key(open_session, status, kind, retryable, says):
    error = await fail(open_session, json_error(status, kind, f"The reason, {KEY}."))
    assert "127.0.0.1:" in error.message
    assert says in error.message
    assert "The reason, [key]." in error.message
    assert error.retryable is retryable
    assert error.retry_after_s is None


async def test_a_refusal_without_json_is_told_too(open_session):
    error = await fail(open_session, Answer([b"<html>" + KEY.encode()], 502, {"content-type": "text/html"}))
    assert "failed (502)" in error.message
    assert error.retryable


async def test_a_prompt_that_is_too_long_says_what_to_do(open_session):
    error = await fail(open_session, json_error(400, "invalid_request_error", "prompt is too long: 300000 tokens"))
    assert "Cut the ticket" in error.hint


@pytest.mark.parametrize(("header", "seconds"), [("7", 7), ("0.5", 0.5), ("999999", 999999), ("-1", 0), ("soon", None)])
async def test_retry_after_is_handed_on(open_session, header, seconds):
    assert (await fail(open_session, json_error(429, "x", "slow", retry_after=header))).retry_after_s == seconds


@pytest.mark.parametrize("status", [301, 302, 307, 308])
async def test_a_redirect_is_refused_and_the_key_goes_nowhere(open_session, status):
    with AnthropicServer.saying(stream_answer(text=["stolen"])) as other:
        answer = Answer([], status, {"location": f"{other.base_url}/v1/messages"})
        error = await fail(open_session, answer)
    assert other.received == []
    assert f"redirects to {other.base_url.removeprefix('http://')}" in error.message
    assert not error.retryable


async def test_a_server_that_is_not_there_is_named(open_session):
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
    error = await fail(open_session, f"http://127.0.0.1:{port}")
    assert f"127.0.0.1:{port} refuses connections" in error.message
    assert error.retryable


async def test_a_name_that_is_not_known_is_named(open_session, monkeypatch):
    for variable in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.delenv(variable, raising=False)
    error = await fail(open_session, "http://nowhere.invalid")
    assert "nowhere.invalid cannot be found" in error.message
    assert error.retryable


async def test_something_that_does_not_speak_http_is_named(open_session):
    async def babble(reader, writer):
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"220 mail ready\r\n")
        writer.close()
        await writer.wait_closed()

    server = await asyncio.start_server(babble, "127.0.0.1", 0)
    async with server:
        host = f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
        error = await fail(open_session, f"http://{host}")
    assert host in error.message
    assert error.retryable


@pytest.mark.parametrize(
    "pieces",
    [[STALL], [sse(*WHOLE[:3]), STALL], [sse(*WHOLE[:3]), *[sse({"type": "ping"}), 0.005] * 400, STALL]],
    ids=["before the first byte", "after some words", "between pings"],
)
async def test_cancelling_closes_the_connection_at_once(open_session, pieces):
    with AnthropicServer.saying(Answer(pieces)) as server:
        session = await open_session(server.base_url)
        begun = asyncio.Event()

        async def consume():
            async for event in session.stream(REQUEST):
                if isinstance(event, TextDelta):
                    begun.set()

        task = asyncio.create_task(consume())
        if len(pieces) > 1:
            await asyncio.wait_for(begun.wait(), 10)
        else:
            assert await asyncio.to_thread(server.wait_until_asked, 10)
        started = time.monotonic()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert time.monotonic() - started < 0.5
        assert await asyncio.to_thread(server.wait_until_left, 10)
        assert time.monotonic() - started < 0.5


async def test_pings_for_ever_are_no_progress(open_session):
    pings = Answer([sse(*WHOLE[:3]), *[sse({"type": "ping"}), 0.02] * 1000])
    with AnthropicServer.saying(pings, stream_answer(text=["better"])) as server:
        session = await open_session(server.base_url)
        events = [
            event
            async for event in stream_with_retries(session, REQUEST, sends=2, no_progress_s=0.25, jitter=lambda: 0.0)
        ]
        await session.aclose()
    [notice] = [event for event in events if isinstance(event, RetryNotice)]
    assert "Nothing came" in notice.reason
    assert text_of(events) == "some better"


async def test_a_refused_request_is_sent_again_identically(open_session):
    with AnthropicServer.saying(
        json_error(429, "rate_limit_error", "wait", retry_after="0.01"),
        Answer([sse(*WHOLE[:4]), CUT]),
        stream_answer(text=["at last"]),
    ) as server:
        session = await open_session(server.base_url)
        events = [
            event
            async for event in stream_with_retries(session, REQUEST, sends=3, no_progress_s=30, jitter=lambda: 0.0)
        ]
        await session.aclose()
    assert [event.wait_s for event in events if isinstance(event, RetryNotice)] == [0.01, 0.5]
    assert text_of(events) == "some wordsat last"
    assert [received.body for received in server.received] == [server.received[0].body] * 3
    assert events[-1] == Finished("end_turn")
