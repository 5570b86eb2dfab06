"""Every adapter, with its real SDK, many sessions in many threads: one refusal slows all of them down together."""

import asyncio
import itertools
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import aclosing

import pytest
from dialect import CANARY_KEY, Reply, question
from dialects import DIALECTS
from exchange import ThreadOffload
from loopback import Answer, LoopbackServer

from slop_qt.core.conversation import Finished, RetryNotice
from slop_qt.providers.retry import stream_with_retries

THREADS = 8
SESSIONS = 16
PAUSE_S = 0.4
LONG = Reply(text=("some ", "words"))


@pytest.fixture(params=DIALECTS, ids=lambda dialect: dialect.name)
def dialect(request):
    return request.param


class Pieces:
    """A response's pieces, made while they are sent."""

    def __init__(self, make):
        self._make = make

    def __iter__(self):
        return self._make()


class Counting:
    """A server's answers, with when each request came and how many were being answered at once.

    `before` are refused once so many requests have come; what comes after them is answered, after a moment.
    """

    def __init__(self, dialect, *, before, together):
        self._dialect = dialect
        self._before = before
        self._together = together
        self.throttle = None
        self.came = []
        self.at_once = 0
        self.over_limit = []

    def respond(self, _request):
        self.came.append(time.monotonic())
        if len(self.came) <= self._before:
            refusal = self._dialect.refusal(429, "slow down", retry_after=str(PAUSE_S))
            return Answer(Pieces(lambda: self._refuse(refusal.pieces)), refusal.status, refusal.headers)
        self.at_once += 1
        limit = self.throttle.state().limit
        if limit is not None and self.at_once > limit:
            self.over_limit.append((self.at_once, limit))
        return Answer(Pieces(self._answer))

    def _refuse(self, pieces):
        while len(self.came) < self._together:
            yield 0.005
        yield from pieces

    def _answer(self):
        *most, last = self._dialect.wire(LONG).events
        yield from most
        yield 0.02
        self.at_once -= 1  # the client may go on as soon as it has the rest
        yield last


def sent(session, provider, dialect):
    """A question through the retry layer and the provider's throttle."""
    return stream_with_retries(
        session, question(dialect), throttle=provider.throttle, sends=5, no_progress_s=30, jitter=lambda: 0.0
    )


async def ask(provider, dialect):
    """One session's events."""
    session = await provider.open()
    try:
        async with aclosing(sent(session, provider, dialect)) as events:
            return [event async for event in events]
    finally:
        await session.aclose()


async def in_threads(provider, dialect, sessions):
    """All sessions' events, from threads with a loop each."""

    async def share(number):
        return await asyncio.gather(*(ask(provider, dialect) for _ in range(number)))

    each = [sessions // THREADS + (number < sessions % THREADS) for number in range(THREADS)]
    loop = asyncio.get_running_loop()
    with ThreadPoolExecutor(THREADS) as pool:
        shares = await asyncio.gather(*(loop.run_in_executor(pool, asyncio.run, share(number)) for number in each))
    return list(itertools.chain(*shares))


def waits(events):
    return [event for event in events if isinstance(event, RetryNotice)]


async def test_a_burst_that_is_refused_comes_back_after_the_pause_and_half_as_many_at_once(dialect):
    counting = Counting(dialect, before=SESSIONS, together=SESSIONS)
    with LoopbackServer(counting.respond) as server:
        provider = dialect.provider(server.base_url, ThreadOffload())
        counting.throttle = provider.throttle
        answers = await in_threads(provider, dialect, SESSIONS)
    assert all(events[-1] == Finished("end_turn") for events in answers)
    assert len(counting.came) == 2 * SESSIONS, "each was refused once and then answered"
    first, second = counting.came[:SESSIONS], counting.came[SESSIONS:]
    assert min(second) >= max(first) + PAUSE_S
    assert counting.over_limit == []
    assert all([notice.attempt for notice in waits(events)] == [2] for events in answers)
    state = provider.throttle.state()
    assert (state.in_flight, state.waiting) == (0, 0)
    assert state.limit is None or 8 <= state.limit <= SESSIONS


async def test_one_refusal_keeps_all_the_others_from_being_refused(dialect):
    counting = Counting(dialect, before=1, together=1)
    with LoopbackServer(counting.respond) as server:
        provider = dialect.provider(server.base_url, ThreadOffload())
        counting.throttle = provider.throttle
        first = await provider.open()
        async with aclosing(sent(first, provider, dialect)) as events:
            refused = await anext(events)
            others = await in_threads(provider, dialect, SESSIONS - 1)
            assert [event async for event in events][-1] == Finished("end_turn")
        await first.aclose()
    assert (refused.attempt, refused.wait_s) == (2, PAUSE_S)
    assert len(counting.came) == SESSIONS + 1, "one was refused; nobody ran into it again"
    assert counting.came[1] >= counting.came[0] + PAUSE_S
    assert counting.over_limit == []
    assert any(waits(events) for events in others), "some asked in the pause"
    for events in others:
        assert [notice.attempt for notice in waits(events)] in ([], [1])
        assert events[-1] == Finished("end_turn")
    for notice in itertools.chain(*map(waits, others)):
        assert f"(429): slow down. Requests to {dialect.name} take turns." in notice.reason
        assert notice.wait_s <= PAUSE_S


async def test_what_the_server_says_of_the_key_is_in_no_reason(dialect):
    refusal = dialect.refusal(429, f"too many for {CANARY_KEY}", retry_after="0.01")
    with LoopbackServer.saying(refusal, Answer(dialect.wire(LONG).events)) as server:
        provider = dialect.provider(server.base_url, ThreadOffload())
        await ask(provider, dialect)
    assert "too many for [key]" in provider.throttle.state().reason
    assert CANARY_KEY not in repr(provider.throttle.state())
