"""One request and what it comes to, for all wire tests."""

import asyncio
import traceback

import pytest
from dialect import CANARY_KEY
from loopback import Answer, LoopbackServer

from slop_qt.core.conversation import TextDelta, ToolCallReceived, UsageUpdate
from slop_qt.core.errors import ProviderError

__all__ = [
    "ThreadOffload",
    "answered",
    "begun",
    "bytewise",
    "calls_of",
    "cuts",
    "fail",
    "failure",
    "receive",
    "text_of",
    "usages_of",
]


class ThreadOffload:
    """The helper pool's port over the running loop's executor."""

    async def run(self, job):
        return await asyncio.to_thread(job)


async def receive(session, request):
    """All events of one send."""
    return [event async for event in session.stream(request)]


async def answered(open_session, request, *answers):
    """All events of one send to a server that gives these answers."""
    with LoopbackServer.saying(*answers) as server:
        session = await open_session(server.base_url)
        events = await receive(session, request)
        await session.aclose()
    return events


async def failure(session, request, into=None):
    """The error that one send comes to, which must not show the key; `into` gets the events before it."""
    with pytest.raises(ProviderError) as caught:
        async for event in session.stream(request):
            if into is not None:
                into.append(event)
    assert CANARY_KEY not in "".join(traceback.format_exception(caught.value))
    return caught.value


async def fail(open_session, request, answer_or_url, into=None):
    """The same, to a server that gives this answer, or to whatever is at that address."""
    if isinstance(answer_or_url, str):
        return await failure(await open_session(answer_or_url), request, into)
    with LoopbackServer.saying(answer_or_url) as server:
        session = await open_session(server.base_url)
        error = await failure(session, request, into)
        await session.aclose()
    assert len(server.received) == 1, "the SDK must not retry"
    return error


def text_of(events, kind=TextDelta):
    """All words of a kind."""
    return "".join(event.text for event in events if isinstance(event, kind))


def usages_of(events):
    """Every count, in order."""
    return [event.usage for event in events if isinstance(event, UsageUpdate)]


def calls_of(events):
    """Every tool call, in order."""
    return [event for event in events if isinstance(event, ToolCallReceived)]


def begun(wire):
    """The events of an answer up to those that have `words`."""
    found = [number for number, event in enumerate(wire.events) if b"words" in event]
    return wire.events[: found[-1] + 1]


def bytewise(body):
    """The body as a response, one byte a piece."""
    return Answer([bytes([byte]) for byte in body])


def cuts(body):
    """Where a body is cut over the wire: around each end of a line and each byte that is not ASCII, and in every fifth
    place between, where one is as the next: a line is not there until it ends. test_cuts.py cuts at every byte.
    """
    marks = [place for place, byte in enumerate(body) if byte in b"\r\n" or byte >= 0x80]
    near = {mark + distance for mark in marks for distance in (-1, 0, 1, 2)}
    return [place for place in range(1, len(body)) if place in near or place % 5 == 0 or place > len(body) - 5]
