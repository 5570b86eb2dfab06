"""What the adapters say of themselves (docs/providers.md) is what they do with their real SDKs."""

from dataclasses import replace

import pytest
from dialect import Call, Counts, Reply, question
from dialects import DIALECTS
from exchange import answered, calls_of, receive, text_of, usages_of
from loopback import STALL, Answer, LoopbackServer

from slop_qt.core.conversation import (
    Finished,
    Message,
    TextBlock,
    TextDelta,
    ThinkingBlock,
    ThinkingDelta,
    ToolResultBlock,
    ToolUseBlock,
)
from slop_qt.core.errors import ConfigurationError
from slop_qt.providers.registry import open_provider
from slop_qt.providers.servers import VENDORS, place_of

COUNTS = Counts(1000, 50, cache_read=100, reasoning=30)


@pytest.fixture(params=DIALECTS, ids=lambda dialect: dialect.name)
def dialect(request):
    return request.param


@pytest.fixture
def can(dialect):
    return dialect.provider("http://127.0.0.1:1", None).capabilities


async def sent(dialect, open_session, request):
    """The request's body as the server got it."""
    with LoopbackServer.saying(Answer(dialect.wire(Reply(text=("x",))).events)) as server:
        session = await open_session(server.base_url)
        await receive(session, request)
        await session.aclose()
    return server.received[0]


def test_every_adapter_but_the_scripted_one_speaks_in_the_suite():
    assert {dialect.name for dialect in DIALECTS} == set(VENDORS)


def test_the_dialect_knows_the_same(dialect, can):
    assert dict(can.stops) == dict(dialect.stops)
    assert can.cache_writes == dialect.cache_writes
    assert can.raw_arguments == dialect.streams_arguments
    assert (can.returns_thinking is not None) == (dialect.signature is not None)
    assert can.vendor.address_variable == dialect.address_variable


async def test_text_and_thinking_come_as_is_said(dialect, can, open_session):
    wire = dialect.wire(Reply(thinking=("hm",), text=("first", "second")))
    begun = next(n for n in range(len(wire.events)) if b"second" in wire.events[n])
    events = []
    with LoopbackServer.saying(Answer([*wire.events[:begun], STALL])) as server:
        stream = (await open_session(server.base_url)).stream(question(dialect))
        while TextDelta("first") not in events and Finished("end_turn") not in events:
            events.append(await anext(stream))
        await stream.aclose()
    assert can.streams_text == (TextDelta("first") in events)
    assert can.shows_thinking == (text_of(events, ThinkingDelta) == "hm")


async def test_several_calls_come_as_is_said(dialect, can, open_session):
    reply = Reply(calls=(Call("a", ("{}",), "call_1"), Call("b", ("{}",), "call_2")))
    events = await answered(open_session, question(dialect), Answer(dialect.wire(reply).events))
    assert can.parallel_calls == (len(calls_of(events)) == 2)


async def test_counts_are_those_that_are_said(dialect, can, open_session):
    counts = replace(COUNTS, cache_write=200) if can.cache_writes else COUNTS
    events = await answered(
        open_session, question(dialect), Answer(dialect.wire(Reply(text=("x",), counts=counts)).events)
    )
    final = usages_of(events)[-1]
    assert can.cache_reads == (final.cache_read_tokens == 100)
    assert can.cache_writes == (final.cache_write_tokens == 200)
    assert can.reasoning == (final.reasoning_tokens == 30)


async def test_caching_is_asked_for_as_is_said(dialect, can, open_session):
    """Gemini's own is made by requests of its own (test_gemini_cache), OpenAI's hint goes to OpenAI alone."""
    short, long = [
        (await sent(dialect, open_session, replace(question(dialect), cache_ttl=t))).raw for t in ("5m", "1h")
    ]
    assert (can.caching == "marks") == (b"cache_control" in short)
    if can.caching == "marks":
        assert can.cache_ttls == ("5m", "1h")
        assert b'"1h"' in long
        assert b'"1h"' not in short
    else:
        assert long == short
    assert bool(can.cache_ttls) == (can.caching != "hint")


async def test_prices_are_looked_up_as_is_said(dialect, can, open_session):
    """Nobody knows the prices of an address on loopback."""
    events = await answered(open_session, question(dialect), Answer(dialect.wire(Reply(text=("x",))).events))
    assert {True: "model", False: "address and model"}[usages_of(events)[-1].cost_usd is not None] == can.prices


async def test_thinking_travels_back_as_is_said(dialect, can, open_session):
    thought = ThinkingBlock("a thought", signature="c2lnbmVkLWNhbmFyeQ==" if can.returns_thinking == "signed" else None)
    named = replace(thought, text="another one", signature=dialect.signature)
    history = (
        Message("assistant", (thought, named, TextBlock("yes"), ToolUseBlock("c1", "one", {}))),
        Message("user", (ToolResultBlock("c1", "fine"),)),
    )
    request = question(dialect)
    got = await sent(dialect, open_session, replace(request, messages=(*request.messages, *history)))
    assert (b"another one" in got.raw) == (can.returns_thinking is not None)
    assert (b"a thought" in got.raw) == (b"c2lnbmVkLWNhbmFyeQ==" in got.raw) == (can.returns_thinking == "signed")


async def test_thinking_is_asked_for_as_is_said(dialect, can, open_session):
    got = await sent(dialect, open_session, replace(question(dialect), thinking_tokens=2345))
    asked = "tokens" if b"2345" in got.raw else "effort" if b'"medium"' in got.raw else None
    assert asked == can.thinking_asked
    assert b"2345" not in (await sent(dialect, open_session, question(dialect))).raw


def test_keys_are_looked_for_where_is_said(dialect, can):
    def opened(**environment):
        return open_provider(dialect.name, environment=environment, offload=None)

    assert can.vendor.key_variable == can.key_variables[0]
    assert place_of(dialect.name, {}, {}).key_variables == can.key_variables
    for variable in can.key_variables:
        opened(**{variable: "key"})
    with pytest.raises(ConfigurationError, match="no key"):
        opened()
    try:
        opened(**{can.vendor.address_variable: "http://localhost:1/v1"})
    except ConfigurationError:
        assert can.keyless == "never"
    else:
        assert can.keyless == "elsewhere"
