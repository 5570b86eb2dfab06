"""Every adapter, with its real SDK, while it waits: cancelled at once in every state, and sent again identically."""

import asyncio
import time

import pytest
from dialect import Call, Reply, question
from dialects import DIALECTS
from exchange import begun, text_of
from loopback import CUT, STALL, Answer, LoopbackServer

from slop_qt.core.conversation import Finished, RetryNotice, TextDelta, ToolCallGrowing
from slop_qt.providers.retry import stream_with_retries
from slop_qt.providers.throttle import Throttle

WHOLE = Reply(text=("some ", "words"))


@pytest.fixture(params=DIALECTS, ids=lambda dialect: dialect.name)
def dialect(request):
    return request.param


def sent(session, dialect, *, sends, no_progress_s=30.0):
    """A question through the retry layer, with a throttle of its own."""
    waits = {"throttle": Throttle(dialect.name), "jitter": lambda: 0.0}
    return stream_with_retries(session, question(dialect), sends=sends, no_progress_s=no_progress_s, **waits)


def stuck(dialect, where):
    """An answer that never ends, and whether words come before it sticks."""
    words = begun(dialect.wire(WHOLE))
    return {
        "before the head": (Answer([STALL], headless=True), False),
        "before the first byte": (Answer([STALL]), False),
        "after some words": (Answer([*words, STALL]), True),
        "inside an event": (Answer([*words, b"data: {", STALL]), True),
        "between signs of life": (Answer([*words, *[dialect.keep_alive, 0.005] * 400, STALL]), True),
    }[where]


@pytest.mark.parametrize(
    "where",
    ["before the head", "before the first byte", "after some words", "inside an event", "between signs of life"],
)
async def test_cancelling_closes_the_connection_at_once(dialect, open_session, where):
    answer, speaks = stuck(dialect, where)
    with LoopbackServer.saying(answer) as server:
        session = await open_session(server.base_url)
        words = asyncio.Event()

        async def consume():
            async for event in session.stream(question(dialect)):
                if isinstance(event, TextDelta):
                    words.set()

        task = asyncio.create_task(consume())
        if speaks:
            await asyncio.wait_for(words.wait(), 10)
        else:
            assert await asyncio.to_thread(server.wait_until_asked, 10)
        started = time.monotonic()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert time.monotonic() - started < 0.5
        assert await asyncio.to_thread(server.wait_until_left, 10)
        assert time.monotonic() - started < 0.5


async def test_cancelling_works_while_it_waits_to_send_again(dialect, open_session):
    with LoopbackServer.saying(dialect.refusal(429, "wait", retry_after="999999")) as server:
        session = await open_session(server.base_url)
        notices = asyncio.Queue()

        async def consume():
            async for event in sent(session, dialect, sends=2):
                notices.put_nowait(event)

        task = asyncio.create_task(consume())
        notice = await asyncio.wait_for(notices.get(), 10)
        assert notice.wait_s == 120
        started = time.monotonic()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert time.monotonic() - started < 0.5


async def test_signs_of_life_for_ever_are_no_progress(dialect, open_session):
    endless = Answer([*begun(dialect.wire(WHOLE)), *[dialect.keep_alive, 0.02] * 1000])
    better = Answer(dialect.wire(Reply(text=("better",))).events)
    with LoopbackServer.saying(endless, better) as server:
        session = await open_session(server.base_url)
        sending = sent(session, dialect, sends=2, no_progress_s=0.25)
        events = [event async for event in sending]
        await session.aclose()
    [notice] = [event for event in events if isinstance(event, RetryNotice)]
    assert "Nothing came" in notice.reason
    assert text_of(events) == "some wordsbetter"


async def test_a_call_that_is_long_in_coming_is_progress(dialect, open_session):
    if not dialect.streams_arguments:
        pytest.skip("a call comes whole there")
    arguments = ('{"path": "a.py", ', '"content": "', "much, ", "and ", 'more"}')
    wire = dialect.wire(Reply(calls=(Call("write_file", arguments),)))
    middle = next(number for number, event in enumerate(wire.events) if b"and " in event)
    with LoopbackServer.saying(Answer([*wire.events[:middle], STALL])) as server:
        session = await open_session(server.base_url)
        stream = sent(session, dialect, sends=1)
        async with asyncio.timeout(10):
            while not isinstance(await anext(stream), ToolCallGrowing):
                pass
        await stream.aclose()


async def test_a_refused_request_is_sent_again_identically(dialect, open_session):
    refused = dialect.refusal(429, "wait", retry_after="0.01")
    with LoopbackServer.saying(
        refused, Answer([*begun(dialect.wire(WHOLE)), 0.1, CUT]), Answer(dialect.wire(Reply(text=("at last",))).events)
    ) as server:
        session = await open_session(server.base_url)
        sending = sent(session, dialect, sends=3)
        events = [event async for event in sending]
        await session.aclose()
    assert [event.wait_s for event in events if isinstance(event, RetryNotice)] == [0.01, 0.5]
    assert text_of(events) == "some wordsat last"
    assert [received.raw for received in server.received] == [server.received[0].raw] * 3
    assert events[-1] == Finished("end_turn")
