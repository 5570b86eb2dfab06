"""The retry layer of many agents on one provider: they wait together, visibly, and no wait is a send."""

import asyncio
from contextlib import aclosing

import pytest
from virtual_time import run_in_virtual_time

from slop_qt.core.conversation import Caller, Finished, ModelRequest, RetryNotice, TextDelta
from slop_qt.core.errors import ProviderError
from slop_qt.providers.retry import stream_with_retries
from slop_qt.providers.throttle import Throttle

_REFUSES_S = 0.25


class Server:
    """A provider behind the port: it takes so many requests at once, for answer_s each, and soon refuses what is more.

    fails are the tickets whose first send fails otherwise.
    """

    def __init__(self, *, takes, answer_s=1.0, retry_after_s=None, fails=()):
        self.throttle = Throttle("any", clock=asyncio.get_running_loop().time, jitter=lambda: 1.0)
        self.sends = []  # when, and by whom
        self.at_once = self.most_at_once = self.refused = 0
        self._takes = takes
        self._answer_s = answer_s
        self._retry_after_s = retry_after_s
        self._fails = set(fails)

    async def stream(self, request):
        ticket = request.caller.ticket
        self.sends.append((asyncio.get_running_loop().time(), ticket))
        room = self.at_once < self._takes
        if not room or ticket in self._fails:
            await asyncio.sleep(_REFUSES_S)
        if ticket in self._fails:
            self._fails.discard(ticket)
            raise ProviderError("The connection broke.", retryable=True)
        if not room:
            self.refused += 1
            raise ProviderError("Too many (429).", retryable=True, rate_limited=True, retry_after_s=self._retry_after_s)
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        try:
            await asyncio.sleep(self._answer_s)
            yield TextDelta("words")
            yield Finished("end_turn")
        finally:
            self.at_once -= 1

    async def aclose(self):
        """Nothing to close."""


def sent(server, ticket, *, sends=5, no_progress_s=60.0):
    request = ModelRequest("any", "system", (), caller=Caller(3, ticket=ticket))
    return stream_with_retries(
        server, request, throttle=server.throttle, sends=sends, no_progress_s=no_progress_s, jitter=lambda: 1.0
    )


async def events_of(server, ticket, **limits):
    async with aclosing(sent(server, ticket, **limits)) as stream:
        return [event async for event in stream]


def notices(events):
    return [event for event in events if isinstance(event, RetryNotice)]


def test_after_one_refusal_nobody_runs_into_it_again():
    async def check():
        server = Server(takes=0, retry_after_s=30)
        first = asyncio.create_task(events_of(server, "T-0"))
        await asyncio.sleep(1)
        others = [asyncio.create_task(events_of(server, f"T-{number}")) for number in range(1, 16)]
        await asyncio.sleep(28)
        assert server.sends == [(0, "T-0")]
        server._takes = 99
        await asyncio.gather(first, *others)
        assert len(server.sends) == 17
        return server.most_at_once, [await task for task in others]

    most_at_once, answers = run_in_virtual_time(check())
    assert most_at_once < 6, "one at first, and one more with each round of answers"
    for events in answers:
        [notice] = notices(events)
        assert notice == RetryNotice("Too many (429). Requests to any take turns.", 29.25, 1)
        assert events[0] is notice, "it waits before anything has come"


def test_many_settle_at_what_the_provider_takes():
    async def check():
        server = Server(takes=4)
        answers = await asyncio.gather(*(events_of(server, f"T-{number}") for number in range(64)))
        assert all(events[-1] == Finished("end_turn") for events in answers)
        return server.refused, server.most_at_once

    refused, most_at_once = run_in_virtual_time(check())
    assert most_at_once == 4
    # 60 at first, which nobody can foresee; then the limit goes down to what is taken and feels its way up again.
    assert 60 <= refused < 60 + 64


def test_a_wait_for_others_is_no_send():
    async def check():
        server = Server(takes=0, retry_after_s=20)
        first = asyncio.create_task(events_of(server, "T-0"))
        await asyncio.sleep(1)
        server._takes = 9
        events = await events_of(server, "T-1", sends=1, no_progress_s=2)
        await first
        return events, asyncio.get_running_loop().time()

    events, seconds = run_in_virtual_time(check())
    assert [notice.attempt for notice in notices(events)] == [1]
    assert events[-1] == Finished("end_turn"), "19 s of waiting are no lack of progress"
    assert seconds == pytest.approx(22.25)


def test_who_has_to_wait_for_its_turn_only_is_told_so_without_a_time():
    async def check():
        server = Server(takes=0, answer_s=5, retry_after_s=1)
        first = asyncio.create_task(events_of(server, "T-0"))
        await asyncio.sleep(2)
        server._takes = 9
        # Its second send is under way by then or comes first; only one may be in flight.
        second = asyncio.create_task(events_of(server, "T-1"))
        await asyncio.sleep(0)
        state = server.throttle.state()
        events = await second
        await first
        return state, notices(events)

    state, waits = run_in_virtual_time(check())
    assert state.limit == 1
    assert all(wait.attempt == 1 for wait in waits)
    assert len(waits) <= 1


def test_each_wait_has_one_notice():
    async def check():
        server = Server(takes=0, retry_after_s=10)
        tasks = [asyncio.create_task(events_of(server, f"T-{number}")) for number in range(4)]
        await asyncio.sleep(9)
        server._takes = 1
        return [notices(await task) for task in tasks], server.sends

    waits, sends = run_in_virtual_time(check())
    for number, of_one in enumerate(waits):
        tried = sum(ticket == f"T-{number}" for _, ticket in sends)
        assert [notice.attempt for notice in of_one] == list(range(2, tried + 1))


def test_another_failure_waits_for_its_own_time_or_the_pause_whichever_is_longer():
    async def check():
        server = Server(takes=0, retry_after_s=20, fails={"T-1"})
        first = asyncio.create_task(events_of(server, "T-0"))
        second = asyncio.create_task(events_of(server, "T-1"))
        await asyncio.sleep(1)
        server._takes = 9
        events = await second
        await first
        return notices(events), server.sends

    waits, sends = run_in_virtual_time(check())
    assert waits == [RetryNotice("The connection broke.", 20.0, 2)]
    assert [when for when, ticket in sends if ticket == "T-1"][1] >= 20


def test_another_failure_slows_nobody_down():
    async def check():
        server = Server(takes=9, fails={"T-0"})
        first = asyncio.create_task(events_of(server, "T-0"))
        await asyncio.sleep(0)
        assert server.throttle.state().limit is None
        assert notices(await events_of(server, "T-1")) == []
        await first

    run_in_virtual_time(check())


def test_the_last_refusal_slows_the_others_down_too():
    async def check():
        server = Server(takes=0, retry_after_s=50)
        with pytest.raises(ProviderError, match="429"):
            await events_of(server, "T-0", sends=1)
        return server.throttle.state()

    state = run_in_virtual_time(check())
    assert (state.limit, state.pause_s, state.in_flight) == (1, 50.0, 0)


@pytest.mark.parametrize("after_s", [2, 30.5], ids=["in the pause", "in the queue"])
def test_cancelling_ends_the_wait_at_once_and_leaves_nothing(after_s):
    async def check():
        server = Server(takes=0, answer_s=5, retry_after_s=30)
        others = [asyncio.create_task(events_of(server, f"T-{number}")) for number in range(2)]
        await asyncio.sleep(1)
        server._takes = 9
        task = asyncio.create_task(events_of(server, "T-9"))
        await asyncio.sleep(after_s - 1)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert asyncio.get_running_loop().time() == after_s
        await asyncio.gather(*others)
        state = server.throttle.state()
        assert state.waiting == state.in_flight == 0
        assert "T-9" not in [ticket for _, ticket in server.sends]

    run_in_virtual_time(check())


def test_an_answer_that_is_left_early_gives_its_place_back():
    async def check():
        server = Server(takes=9)
        async with aclosing(sent(server, "T-0")) as stream:
            await anext(stream)
            assert server.throttle.state().in_flight == 1
        assert server.throttle.state().in_flight == 0

    run_in_virtual_time(check())


def test_a_defect_gives_its_place_back():
    class Broken(Server):
        async def stream(self, request):
            raise RuntimeError("a defect")
            yield

    async def check():
        server = Broken(takes=9)
        with pytest.raises(RuntimeError):
            await events_of(server, "T-0")
        assert server.throttle.state().in_flight == 0

    run_in_virtual_time(check())
