"""Every adapter, with its real SDK, when things go wrong: its own sentence, never the key, nothing half acted on."""

import asyncio
import socket
from dataclasses import replace

import pytest
from dialect import CANARY_KEY as KEY
from dialect import Call, Reply, question
from dialects import DIALECTS
from exchange import begun, calls_of, cuts, fail, failure, receive, text_of, usages_of
from loopback import CUT, Answer, LoopbackServer

from slop_qt.core.conversation import Finished, Message, TextBlock
from slop_qt.core.errors import ProviderError

CALLS = (Call("write_file", ('{"path": "a', '", "content": ""}'), "c1"), Call("list_directory", ("{}",), "c2"))
WHOLE = Reply(thinking=("hm",), text=("some ", "words"), calls=CALLS)


@pytest.fixture(params=DIALECTS, ids=lambda dialect: dialect.name)
def dialect(request):
    return request.param


# Cut answers


@pytest.mark.parametrize("ends", [(), (CUT,)], ids=["a clean end", "a broken connection"])
async def test_an_answer_without_its_end_is_retryable_and_does_not_finish(dialect, open_session, ends):
    wire = dialect.wire(WHOLE)
    answers = [Answer([*wire.events[:length], *ends]) for length in range(1, wire.needed)]
    with LoopbackServer.saying(*answers) as server:
        session = await open_session(server.base_url)
        for length in range(1, wire.needed):
            events = []
            error = await failure(session, question(dialect), events)
            assert error.retryable
            assert_void(events)
            assert len(server.received) == length
        await session.aclose()


def assert_void(events):
    """What came of a cut answer is exact as far as it goes, counted, and not finished."""
    assert not any(isinstance(event, Finished) for event in events)
    assert "some words".startswith(text_of(events))
    assert [(call.name, call.arguments_json) for call in calls_of(events)] in [
        [(call.name, call.arguments) for call in CALLS[:number]] for number in range(3)
    ]
    assert all(usage.requests == 1 for usage in usages_of(events))
    assert usages_of(events) or not text_of(events)


async def test_an_answer_that_is_cut_anywhere_does_not_finish(dialect, open_session):
    wire = dialect.wire(WHOLE)
    body = b"".join(wire.events[: wire.needed - 1])
    places = cuts(body)
    place = iter(places)
    outcomes = []

    async def some(session, times):
        for _ in range(times):
            events = []
            error = await failure(session, question(dialect), events)
            outcomes.append((events, error))

    with LoopbackServer(lambda _: Answer([body[: next(place)]])) as server:
        sessions = [await open_session(server.base_url) for _ in range(8)]
        await asyncio.gather(*(some(session, len(places[n::8])) for n, session in enumerate(sessions)))
        for session in sessions:
            await session.aclose()
    assert len(outcomes) == len(places)
    for events, error in outcomes:
        assert error.retryable
        assert_void(events)


async def test_what_comes_after_the_end_does_not_matter(dialect, open_session):
    wire = dialect.wire(WHOLE)
    for length in range(wire.needed, len(wire.events) + 1):
        for ending in ((), (0.1, CUT)):  # what comes together with the cut is lost in the transport
            with LoopbackServer.saying(Answer([*wire.events[:length], *ending])) as server:
                session = await open_session(server.base_url)
                assert (await receive(session, question(dialect)))[-1] == Finished("tool_use")
                await session.aclose()


# Errors and nonsense in the stream


@pytest.mark.parametrize("passing", [True, False])
async def test_an_error_after_text_keeps_the_text(dialect, open_session, passing):
    broken = [*begun(dialect.wire(WHOLE)), dialect.error_event(f"Sorry, {KEY}", passing=passing)]
    events = []
    error = await fail(open_session, question(dialect), Answer(broken), events)
    assert text_of(events) == "some words"
    assert error.retryable is passing
    assert "Sorry, [key]" in error.message
    assert_void(events)


async def test_an_error_instead_of_an_answer_is_told(dialect, open_session):
    answer = Answer([dialect.error_event("Sorry", passing=True)])
    assert "Sorry" in (await fail(open_session, question(dialect), answer)).message


@pytest.mark.parametrize(
    ("dialect", "event"),
    [(dialect, event) for dialect in DIALECTS for event in dialect.nonsense]
    + [
        (dialect, event)
        for dialect in DIALECTS
        for event in (b"data: {broken\n\n", b"data: [1]\n\n", b"data: 1\n\n", b'data: "\xff"\n\n', b'data: "x"\n\n')
    ],
    ids=lambda value: value[6:60].decode("ascii", "replace") if isinstance(value, bytes) else value.name,
)
async def test_nonsense_is_said_to_be_nonsense(dialect, open_session, event):
    events = []
    error = await fail(open_session, question(dialect), Answer([dialect.wire(WHOLE).events[0], event]), events)
    assert "does not follow the" in error.message
    assert dialect.address_variable in error.hint
    assert error.retryable
    assert_void(events)


@pytest.mark.parametrize(
    ("dialect", "word", "says"),
    [(dialect, word, says) for dialect in DIALECTS for word, says in dialect.bad_stops.items()],
    ids=lambda value: value if isinstance(value, str) else value.name,
)
async def test_a_stop_reason_that_is_no_end_has_its_sentence(dialect, open_session, word, says):
    events = []
    answer = Answer(dialect.wire(Reply(text=("x",), stop=word)).events)
    error = await fail(open_session, question(dialect), answer, events)
    assert says in error.message
    assert not any(isinstance(event, Finished) for event in events)


# No answer at all


@pytest.mark.parametrize("kind", ["text/html", "application/json"])
async def test_another_kind_of_document_is_not_an_answer(dialect, open_session, kind):
    answer = Answer([b"<html>Log in</html>"], headers={"content-type": kind})
    error = await fail(open_session, question(dialect), answer)
    assert kind in error.message
    assert dialect.address_variable in error.hint
    assert not error.retryable


@pytest.mark.parametrize("headers", [{}, {"content-type": "text/event-stream"}])
@pytest.mark.parametrize("noise", ["", "\n\n: nothing\n\n", "keep_alive"])
async def test_an_empty_answer_is_said_to_be_empty(dialect, open_session, noise, headers):
    body = dialect.keep_alive if noise == "keep_alive" else noise.encode()
    error = await fail(open_session, question(dialect), Answer([body] if body else [], headers=headers))
    assert "empty" in error.message
    assert error.retryable


@pytest.mark.parametrize(
    ("status", "retryable", "says"),
    [
        (400, False, "refused the request (400)"),
        (401, False, "refused the key (401)"),
        (402, False, "(402)"),
        (403, False, "(403)"),
        (404, False, "knows no model {model}"),
        (408, True, "(408)"),
        (413, False, "too large"),
        (418, False, "refused the request (418)"),
        (429, True, "too many requests (429)"),
        (500, True, "failed (500)"),
        (502, True, "failed (502)"),
        (503, True, "failed (503)"),
        (504, True, "failed (504)"),
        (529, True, "overloaded (529)"),
    ],
)
async def test_each_refusal_has_its_sentence_without_the_key(dialect, open_session, status, retryable, says):
    error = await fail(open_session, question(dialect), dialect.refusal(status, f"The reason, {KEY}."))
    assert "127.0.0.1:" in error.message or status == 413
    assert says.format(model=dialect.model) in error.message
    assert "The reason, [key]." in error.message
    assert error.retryable is retryable
    assert error.rate_limited is (status in {429, 529})
    assert error.retry_after_s is None


async def test_a_server_that_is_overloaded_for_a_time_asks_all_to_slow_down(dialect, open_session):
    error = await fail(open_session, question(dialect), dialect.refusal(503, "busy", retry_after="7"))
    assert error.rate_limited
    assert error.retry_after_s == 7


@pytest.mark.parametrize("body", [b"<html>" + KEY.encode(), b"", b"[]", b'{"error": null}', b'{"error": []}', b"\xff"])
@pytest.mark.parametrize("kind", ["text/html", "application/json"])
async def test_a_refusal_in_another_form_is_told_too(dialect, open_session, body, kind):
    error = await fail(open_session, question(dialect), Answer([body], 502, {"content-type": kind}))
    assert "failed (502)" in error.message
    assert error.retryable


async def test_a_refused_key_says_where_to_set_one(dialect, open_session):
    error = await fail(open_session, question(dialect), dialect.bad_key("No such key."))
    assert "refused the key" in error.message
    assert "_API_KEY" in error.hint
    assert not error.retryable


async def test_a_conversation_that_is_too_long_says_what_to_do(dialect, open_session):
    error = await fail(open_session, question(dialect), dialect.overflow())
    assert "too long" in error.message
    assert "Cut the ticket" in error.hint
    assert not error.retryable


@pytest.mark.parametrize(("header", "seconds"), [("7", 7), ("0.5", 0.5), ("999999", 999999), ("-1", 0), ("soon", None)])
async def test_retry_after_is_handed_on(dialect, open_session, header, seconds):
    answer = dialect.refusal(429, "slow", retry_after=header)
    assert (await fail(open_session, question(dialect), answer)).retry_after_s == seconds


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_a_redirect_is_refused_and_the_key_goes_nowhere(dialect, open_session, status):
    with LoopbackServer.saying(Answer(dialect.wire(Reply(text=("stolen",))).events)) as other:
        answer = Answer([], status, {"location": f"{other.base_url}/v1/{KEY}"})
        error = await fail(open_session, question(dialect), answer)
    assert other.received == []
    assert f"redirects to {other.base_url.removeprefix('http://')}" in error.message
    assert not error.retryable


# No server


async def test_a_server_that_is_not_there_is_named(dialect, open_session):
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
    error = await fail(open_session, question(dialect), f"http://127.0.0.1:{port}")
    assert f"127.0.0.1:{port} refuses connections" in error.message
    assert error.retryable


async def test_a_name_that_is_not_known_is_named(dialect, open_session, monkeypatch):
    for variable in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.delenv(variable, raising=False)
    error = await fail(open_session, question(dialect), "http://nowhere.invalid")
    assert "nowhere.invalid cannot be found" in error.message
    assert error.retryable


@pytest.mark.parametrize("greeting", [b"220 mail ready\r\n", b"", b"HTTP/1.1 200 OK\r\ncontent-length: many\r\n\r\n"])
async def test_something_that_does_not_speak_http_is_named(dialect, open_session, greeting):
    async def babble(reader, writer):
        await reader.readuntil(b"\r\n\r\n")
        writer.write(greeting)
        writer.close()
        await writer.wait_closed()

    server = await asyncio.start_server(babble, "127.0.0.1", 0)
    async with server:
        host = f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
        error = await fail(open_session, question(dialect), f"http://{host}")
    assert host in error.message
    assert error.retryable


async def test_a_broken_compression_is_told(dialect, open_session):
    headers = {"content-type": "text/event-stream", "content-encoding": "gzip"}
    error = await fail(open_session, question(dialect), Answer([b"this is no gzip"], headers=headers))
    assert error.retryable


async def test_a_request_with_half_a_character_is_sent_escaped_or_refused_with_a_sentence(dialect, open_session):
    request = replace(question(dialect), messages=(Message("user", (TextBlock("half: \ud83d"),)),))
    with LoopbackServer.saying(Answer(dialect.wire(WHOLE).events)) as server:
        session = await open_session(server.base_url)
        try:
            assert (await receive(session, request))[-1] == Finished("tool_use")
        except ProviderError as error:
            assert "surrogate" in error.message
            assert not error.retryable
            assert server.received == []
        else:
            assert b"\\ud83d" in server.received[0].raw
