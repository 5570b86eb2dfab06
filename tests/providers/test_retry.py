"""The retry layer: the identical request, visible waits, a watchdog, and cancelling at any moment."""

import asyncio
import itertools
from contextlib import aclosing

import pytest
from virtual_time import run_in_virtual_time

from slop_qt.core.conversation import Caller, Finished, ModelRequest, RetryNotice, TextDelta, ToolCallGrowing
from slop_qt.core.errors import ProviderError
from slop_qt.providers.retry import stream_with_retries
from slop_qt.providers.scenario import parse_scenario
from slop_qt.providers.scripted import ScriptedProvider
from slop_qt.providers.throttle import Throttle

REQUEST = ModelRequest("any", "system", (), caller=Caller(3, ticket="T-1"))


class RecordingSession:
    """A real session, and the requests that it was given."""

    def __init__(self, session):
        self._session = session
        self.requests = []

    def stream(self, request):
        self.requests.append(request)
        return self._session.stream(request)

    async def aclose(self):
        await self._session.aclose()


def session_of(fault, text="0123456789"):
    provider = ScriptedProvider(
        parse_scenario(f'[defaults]\nchunk_chars = 1\n[[turn]]\ntier = 3\ntext = "{text}"\n[turn.fault]\n{fault}')
    )
    return asyncio.run(provider.open())


def sent(session, *, sends=5, no_progress_s=60.0, jitter=lambda: 1.0):
    """One request through the retry layer, with a throttle of its own in the loop's time."""
    throttle = Throttle("scripted", clock=asyncio.get_running_loop().time, jitter=jitter)
    return stream_with_retries(
        session, REQUEST, throttle=throttle, sends=sends, no_progress_s=no_progress_s, jitter=jitter
    )


def run(session, *, sends=5, no_progress_s=60.0, jitter=lambda: 1.0):
    """Events, the error that came out, and how long it took."""

    async def collect():
        events, failure = [], None
        keep = events.append
        try:
            async with aclosing(sent(session, sends=sends, no_progress_s=no_progress_s, jitter=jitter)) as stream:
                async for event in stream:
                    keep(event)
        except ProviderError as error:
            failure = error
        return events, failure, asyncio.get_running_loop().time()

    return run_in_virtual_time(collect())


def notices(events):
    return [event for event in events if isinstance(event, RetryNotice)]


def test_an_answer_that_comes_is_handed_on_as_it_is():
    session = RecordingSession(session_of('kind = "slow"\nafter_chunks = 99'))
    events, failure, seconds = run(session)
    assert (failure, seconds, notices(events)) == (None, 0, [])
    assert "".join(event.text for event in events if isinstance(event, TextDelta)) == "0123456789"
    assert events[-1] == Finished("end_turn")


def test_the_identical_request_is_sent_again_after_a_notice():
    session = RecordingSession(session_of('kind = "disconnect"\nafter_chunks = 3\ntimes = 2'))
    events, failure, _ = run(session)
    assert failure is None
    assert len(session.requests) == 3
    assert all(request is REQUEST for request in session.requests)
    texts = "".join(
        "|" if isinstance(e, RetryNotice) else e.text for e in events if isinstance(e, RetryNotice | TextDelta)
    )
    assert texts == "012|012|0123456789"
    assert [notice.attempt for notice in notices(events)] == [2, 3]
    assert "connection broke" in notices(events)[0].reason


def test_waits_double_up_to_thirty_seconds():
    events, _, seconds = run(session_of('kind = "overloaded"\ntimes = 9'), sends=10)
    waits = [notice.wait_s for notice in notices(events)]
    assert waits == [0.5, 1, 2, 4, 8, 16, 30, 30, 30]
    assert seconds == pytest.approx(sum(waits))


def test_jitter_shortens_waits_to_no_less_than_half():
    events, _, _ = run(session_of('kind = "overloaded"\ntimes = 2'), jitter=lambda: 0.0)
    assert [notice.wait_s for notice in notices(events)] == [0.25, 0.5]


@pytest.mark.parametrize(("asked", "waited"), [(7.5, 7.5), (0, 0), (120, 120), (999999, 120)])
def test_what_the_server_asks_for_is_waited_up_to_two_minutes(asked, waited):
    events, failure, seconds = run(session_of(f'kind = "rate_limit"\nretry_after_s = {asked}'), jitter=lambda: 0.3)
    assert failure is None
    assert notices(events)[0].wait_s == waited
    assert seconds == pytest.approx(waited)


def test_what_cannot_succeed_is_not_sent_again():
    session = RecordingSession(session_of('kind = "auth"'))
    events, failure, _ = run(session)
    assert not failure.retryable
    assert (len(session.requests), notices(events)) == (1, [])


def test_a_defect_is_not_sent_again():
    session = RecordingSession(session_of('kind = "crash"'))
    with pytest.raises(RuntimeError, match="crashed"):
        run(session)
    assert len(session.requests) == 1


@pytest.mark.parametrize("sends", [1, 2, 5])
def test_after_the_last_send_the_error_comes_out_and_says_how_often(sends):
    session = RecordingSession(session_of('kind = "server_error"\ntimes = 99'))
    events, failure, _ = run(session, sends=sends)
    assert len(session.requests) == sends
    assert len(notices(events)) == sends - 1
    assert "500" in failure.message
    assert (f"sent {sends} times" in failure.message) is (sends > 1)


def test_a_silent_stream_is_given_up_and_sent_again():
    session = RecordingSession(session_of('kind = "hang"\nafter_chunks = 4'))
    events, failure, seconds = run(session, no_progress_s=60)
    assert failure is None
    assert notices(events) == [RetryNotice("Nothing came from the provider for 60 s.", 0.5, 2)]
    assert seconds == pytest.approx(60.5)


def test_a_stream_that_never_speaks_fails_in_the_end():
    _, failure, seconds = run(session_of('kind = "hang"\ntimes = 99'), sends=3, no_progress_s=10)
    assert "Nothing came" in failure.message
    assert "no_progress_s" in failure.hint
    assert seconds == pytest.approx(10 + 0.5 + 10 + 1 + 10)


def test_a_slow_stream_makes_progress():
    _, failure, seconds = run(session_of('kind = "slow"', text="x" * 40), no_progress_s=0.2)
    assert failure is None
    assert seconds > 0.2


def test_a_call_that_is_long_in_coming_makes_progress():
    class Writing(RecordingSession):
        async def stream(self, request):
            for _ in range(10):
                await asyncio.sleep(50)
                yield ToolCallGrowing()
            yield Finished("tool_use")

    events, failure, seconds = run(Writing(None), no_progress_s=60)
    assert (failure, notices(events), seconds) == (None, [], 500)


def test_the_time_that_the_consumer_takes_does_not_count():
    session = RecordingSession(session_of('kind = "slow"\nafter_chunks = 99'))

    async def dawdle():
        async with aclosing(sent(session, sends=1, no_progress_s=1)) as stream:
            async for _ in stream:
                await asyncio.sleep(5)
        return asyncio.get_running_loop().time()

    assert run_in_virtual_time(dawdle()) > 50


def test_the_watchdog_leaves_one_timer_however_many_deltas_come():
    session = session_of('kind = "slow"\nafter_chunks = 99999', text="x" * 5000)

    async def count():
        loop = asyncio.get_running_loop()
        async for _ in sent(session, sends=1):
            assert len(loop._scheduled) <= 1

    run_in_virtual_time(count())


@pytest.mark.parametrize(
    ("fault", "after_s"),
    [
        ('kind = "hang"\nafter_chunks = 2', 30),  # while nothing comes
        ('kind = "rate_limit"\nretry_after_s = 100', 30),  # while waiting to send again
        ('kind = "slow"\nafter_chunks = 1', 0.3),  # in the middle of an answer
    ],
)
def test_cancelling_ends_it_at_once_in_every_state(fault, after_s):
    session = session_of(fault)

    async def cancel():
        loop = asyncio.get_running_loop()

        async def consume():
            async with aclosing(sent(session)) as stream:
                async for _ in stream:
                    pass

        task = asyncio.create_task(consume())
        await asyncio.sleep(after_s)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        return loop.time()

    assert run_in_virtual_time(cancel()) == pytest.approx(after_s)


def test_cancelling_in_the_very_moment_of_the_watchdog_is_still_cancelling():
    session = session_of('kind = "hang"')

    async def cancel_when_it_strikes():
        async def consume():
            async for _ in sent(session, no_progress_s=10):
                pass

        task = asyncio.create_task(consume())
        asyncio.get_running_loop().call_later(10, task.cancel)
        with pytest.raises(asyncio.CancelledError):
            await task
        return asyncio.get_running_loop().time()

    assert run_in_virtual_time(cancel_when_it_strikes()) == pytest.approx(10)


def test_an_answer_that_is_left_early_is_closed():
    closed = itertools.count()

    class ClosingSession(RecordingSession):
        async def stream(self, request):
            try:
                async for event in self._session.stream(request):
                    yield event
            finally:
                next(closed)

    async def leave():
        session = ClosingSession(session_of_none)
        async with aclosing(sent(session)) as stream:
            async for event in stream:
                if isinstance(event, TextDelta):
                    break
        return next(closed)

    session_of_none = session_of('kind = "slow"\nafter_chunks = 99')
    assert run_in_virtual_time(leave()) == 1
