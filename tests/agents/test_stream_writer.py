"""The stream writer: nothing lost, nothing out of order, few events."""

import asyncio
from typing import Any

from agent_support import RecordingSink

from slop_qt.agents.stream_writer import FLUSH_AFTER_CHARS, FLUSH_AFTER_S, StreamWriter
from slop_qt.core.events import StreamText, Thinking


def written(sink: RecordingSink) -> list[tuple[str, str]]:
    return [(event.kind, event.text) for event in sink.events]


def writer(sink: RecordingSink) -> StreamWriter:
    return StreamWriter(sink, "R-1", "Tier 1")


def watched_timers() -> list[tuple[float, asyncio.TimerHandle]]:
    """What is asked of this test's loop from now on: delays in seconds, and their timers."""
    timers: list[tuple[float, asyncio.TimerHandle]] = []
    loop = asyncio.get_running_loop()
    call_later = loop.call_later

    def watched(delay: float, *rest: Any) -> asyncio.TimerHandle:
        timer = call_later(delay, *rest)
        timers.append((delay, timer))
        return timer

    loop.call_later = watched  # type: ignore[method-assign]
    return timers


async def test_pieces_that_come_together_become_one_event(sink: RecordingSink) -> None:
    stream = writer(sink)
    for piece in "every token alone":
        stream.text(piece)
    assert sink.events == []
    event = await sink.seen(lambda event: isinstance(event, StreamText))
    assert written(sink) == [("stream_text", "every token alone")]
    assert (event.run_id, event.stream_id) == ("R-1", "Tier 1")


async def test_the_first_piece_waits_for_33_milliseconds_and_no_longer(sink: RecordingSink) -> None:
    timers = watched_timers()
    stream = writer(sink)
    stream.text("a")
    stream.text("b")
    assert [delay for delay, _ in timers] == [FLUSH_AFTER_S] and FLUSH_AFTER_S <= 0.033
    await sink.seen(lambda event: isinstance(event, StreamText))
    timers.clear()
    stream.text("c")
    assert [delay for delay, _ in timers] == [FLUSH_AFTER_S]
    stream.flush()
    assert written(sink) == [("stream_text", "ab"), ("stream_text", "c")]


async def test_as_much_as_fills_an_event_goes_out_at_once(sink: RecordingSink) -> None:
    stream = writer(sink)
    stream.text("x" * (FLUSH_AFTER_CHARS - 1))
    assert sink.events == []
    stream.text("yz")
    assert written(sink) == [("stream_text", "x" * (FLUSH_AFTER_CHARS - 1) + "yz")]
    assert FLUSH_AFTER_CHARS == 8192


async def test_thinking_and_text_keep_their_order_and_stay_apart(sink: RecordingSink) -> None:
    stream = writer(sink)
    stream.thinking("hm ")
    stream.thinking("so")
    stream.text("The ")
    stream.text("answer")
    stream.thinking("or not")
    stream.flush()
    assert written(sink) == [("thinking", "hm so"), ("stream_text", "The answer"), ("thinking", "or not")]
    assert [type(event) for event in sink.events] == [Thinking, StreamText, Thinking]


async def test_a_flush_leaves_no_timer_and_publishes_nothing_twice(sink: RecordingSink) -> None:
    timers = watched_timers()
    stream = writer(sink)
    stream.text("once")
    stream.flush()
    stream.flush()
    assert [timer.cancelled() for _, timer in timers] == [True]
    assert written(sink) == [("stream_text", "once")]


async def test_an_empty_piece_is_no_event_and_does_not_part_what_surrounds_it(sink: RecordingSink) -> None:
    stream = writer(sink)
    stream.text("a")
    stream.thinking("")
    stream.text("")
    stream.text("b")
    stream.flush()
    assert written(sink) == [("stream_text", "ab")]


async def test_characters_outside_the_basic_plane_and_half_ones_survive(sink: RecordingSink) -> None:
    stream = writer(sink)
    pieces = ["👩", "‍", "🚀", "\ud83d", "\x00", "\r\n", "é"]
    for piece in pieces:
        stream.text(piece)
    stream.flush()
    assert "".join(event.text for event in sink.events) == "".join(pieces)
