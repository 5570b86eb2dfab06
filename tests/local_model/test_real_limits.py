"""A real server that is left in the middle, or asked for too much."""

import asyncio
from contextlib import aclosing

import pytest
from endpoints import question
from exchange import failure, receive, text_of
from simulation_support import until

from slop_qt.core.conversation import Finished, TextDelta
from slop_qt.providers.http_failures import OVERFLOW_HINT

pytestmark = pytest.mark.local_model

LONG = question("Count from one to one thousand, every number on a line of its own.", tokens=3000)
UNFINISHED = 1500  # tokens; the whole of LONG would be more than 3,000
IDLE_S = 60.0


async def becomes_idle(llama):
    """Returns when no slot of the server works any more. Who asks without a pause keeps the server from its work."""
    await asyncio.to_thread(until, llama.is_idle, "the model to stop", IDLE_S)


async def becomes_busy(llama):
    """How many tokens the one slot that works holds."""
    (held,) = await asyncio.to_thread(until, lambda: busy(llama), "the model to begin", IDLE_S)
    return held


def busy(llama):
    """The tokens that the working slots hold so far."""
    return [slot["n_prompt_tokens"] for slot in llama.slots() if slot["is_processing"]]


def longest(llama):
    """The tokens of the longest conversation that a slot holds, answer included."""
    return max(slot.get("n_prompt_tokens", 0) for slot in llama.slots())


async def test_closing_a_stream_stops_the_model(open_session, llama):
    session = await open_session(llama)
    async with aclosing(session.stream(LONG)) as stream:
        async for event in stream:
            if isinstance(event, TextDelta):
                break
        held = await becomes_busy(llama)
    await becomes_idle(llama)
    assert held <= longest(llama) < UNFINISHED
    events = await receive(session, question("Say yes.", tokens=8))
    assert text_of(events) and isinstance(events[-1], Finished)


async def test_cancelling_the_task_stops_the_model(open_session, llama):
    session = await open_session(llama)
    speaking = asyncio.Event()

    async def listen():
        async for event in session.stream(LONG):
            if isinstance(event, TextDelta):
                speaking.set()

    task = asyncio.create_task(listen())
    async with asyncio.timeout(IDLE_S):
        await speaking.wait()
    await becomes_busy(llama)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await becomes_idle(llama)


async def test_cancelling_before_the_first_word_leaves_at_once_and_there_is_no_answer(
    endpoint, open_session, llama, tap
):
    session = await open_session(tap)
    # Numbers that the server has not read yet.
    words = " ".join(map(str, range(1000, 1060) if endpoint.name == "openai" else range(5000, 5060)))
    task = asyncio.create_task(receive(session, question(words, tokens=3000)))
    await becomes_busy(llama)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await asyncio.to_thread(tap.wait_until_left, 5)
    # The server reads a conversation to its end before it looks whether anybody waits for the answer.
    await becomes_idle(llama)
    assert longest(llama) < UNFINISHED


async def test_a_conversation_that_is_too_long_is_a_sentence_and_not_sent_again(open_session, llama):
    error = await failure(await open_session(llama), question("word " * llama.context_tokens))
    assert "the conversation is too long for local" in error.message
    assert error.hint == OVERFLOW_HINT
    assert not error.retryable
