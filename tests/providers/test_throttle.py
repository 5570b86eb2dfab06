"""The throttle: a common pause, fewer at once, and more again, in the order in which they ask."""

import asyncio
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st
from virtual_time import VirtualTimeLoop, run_in_virtual_time

from slop_qt.core.errors import ProviderError
from slop_qt.core.ports import ThrottleState
from slop_qt.providers.throttle import Throttle


def too_many(retry_after_s=None, message="any.example says that there are too many requests (429)."):
    return ProviderError(message, retryable=True, rate_limited=True, retry_after_s=retry_after_s)


def throttle_here():
    """A throttle in the time of the running loop, without jitter."""
    return Throttle("any", clock=asyncio.get_running_loop().time, jitter=lambda: 1.0)


def now():
    return asyncio.get_running_loop().time()


def start(throttle, number):
    """So many admissions that have begun."""
    admissions = [throttle.ask() for _ in range(number)]
    assert all(admission.start() for admission in admissions)
    return admissions


def refuse(throttle, number, retry_after_s=None):
    """So many sends at once that are all refused; for how long nobody sends."""
    admissions = start(throttle, number)
    pauses = [admission.refused(too_many(retry_after_s)) for admission in admissions]
    leave(admissions)
    return max(pauses)


def answer(throttle, number):
    """So many answers, one after the other."""
    for admission in (throttle.ask() for _ in range(number)):
        assert admission.start()
        admission.answered()
        leave([admission])


def leave(admissions):
    for admission in admissions:
        with admission:
            pass


async def turn_of(throttle, began, name="", holds_s=0.0):
    """A send that succeeds: waits for its admission, notes when it began, and takes so long."""
    with throttle.ask() as admission:
        await admission.wait()
        began.append((name, now()))
        await asyncio.sleep(holds_s)
        admission.answered()


def test_nothing_limits_before_the_first_refusal():
    async def check():
        throttle = throttle_here()
        admissions = start(throttle, 200)
        assert throttle.state() == ThrottleState("any", in_flight=200)
        leave(admissions)
        assert throttle.state() == ThrottleState("any")

    run_in_virtual_time(check())


@pytest.mark.parametrize(("in_flight", "limit"), [(1, 1), (2, 1), (3, 1), (16, 8), (17, 8), (64, 32)])
def test_all_refusals_of_one_burst_halve_what_was_in_flight_once(in_flight, limit):
    async def check():
        throttle = throttle_here()
        refuse(throttle, in_flight, 10)
        assert throttle.state().limit == limit

    run_in_virtual_time(check())


def test_the_next_burst_halves_it_again():
    async def check():
        throttle = throttle_here()
        refuse(throttle, 16, 10)
        await asyncio.sleep(10)
        refuse(throttle, 8, 10)
        assert throttle.state().limit == 4
        await asyncio.sleep(10)
        refuse(throttle, 1, 10)  # nobody else sent at all
        assert throttle.state().limit == 1

    run_in_virtual_time(check())


def test_nobody_starts_in_the_pause_and_then_no_more_than_may():
    async def check():
        throttle, began = throttle_here(), []
        refuse(throttle, 8, 12)
        tasks = [asyncio.create_task(turn_of(throttle, began, holds_s=1)) for _ in range(14)]
        await asyncio.sleep(11.999)
        assert began == []
        state = throttle.state()
        assert (state.waiting, state.limit, state.pause_s) == (14, 4, pytest.approx(0.001))
        assert state.reason == "any.example says that there are too many requests (429)."
        await asyncio.gather(*tasks)
        return [when for _, when in began]

    # Four at once, and the eighth answer lets one more go.
    assert run_in_virtual_time(check()) == pytest.approx([12] * 4 + [13] * 4 + [14] * 5 + [15])


def test_those_who_asked_first_go_first():
    async def check():
        throttle, began = throttle_here(), []
        refuse(throttle, 2, 5)
        tasks = []
        for name in range(20):
            tasks.append(asyncio.create_task(turn_of(throttle, began, name, holds_s=1)))
            await asyncio.sleep(0.1)
        await asyncio.gather(*tasks)
        return [name for name, _ in began]

    assert run_in_virtual_time(check()) == list(range(20))


def test_without_a_word_of_the_server_pauses_double_up_to_half_a_minute():
    async def check():
        throttle, pauses = throttle_here(), []
        for _ in range(9):
            pauses.append(refuse(throttle, 1))
            await asyncio.sleep(pauses[-1])
        return pauses

    assert run_in_virtual_time(check()) == [0.5, 1, 2, 4, 8, 16, 30, 30, 30]


def test_pauses_double_for_ever_without_running_over():
    async def check():
        throttle = throttle_here()
        for _ in range(2000):
            await asyncio.sleep(refuse(throttle, 1))
        return refuse(throttle, 1)

    assert run_in_virtual_time(check()) == 30


def test_an_answer_makes_the_next_pause_short_again():
    async def check():
        throttle = throttle_here()
        for _ in range(3):
            await asyncio.sleep(refuse(throttle, 1))
        answer(throttle, 1)
        return refuse(throttle, 1)

    assert run_in_virtual_time(check()) == 0.5


def test_one_burst_does_not_double_the_pause():
    async def check():
        throttle = throttle_here()
        assert refuse(throttle, 16) == 0.5
        await asyncio.sleep(0.5)
        return refuse(throttle, 1)

    assert run_in_virtual_time(check()) == 1


@pytest.mark.parametrize(("asked", "pause"), [(0, 0), (-3, 0), (7.5, 7.5), (120, 120), (999999, 120)])
def test_a_server_is_heard_for_two_minutes_at_most(asked, pause):
    async def check():
        throttle = throttle_here()
        assert refuse(throttle, 1, asked) == pause
        assert throttle.state().pause_s == pause

    run_in_virtual_time(check())


def test_the_longest_wish_of_a_burst_counts():
    async def check():
        throttle = throttle_here()
        first, second, third = start(throttle, 3)
        assert first.refused(too_many(10)) == 10
        await asyncio.sleep(1)
        assert second.refused(too_many(2)) == 9, "a shorter one shortens nothing"
        assert third.refused(too_many(30)) == 30
        began = []
        waiting = asyncio.create_task(turn_of(throttle, began))
        leave([first, second, third])
        await waiting
        return began[0][1]

    assert run_in_virtual_time(check()) == pytest.approx(31)


def test_who_waits_already_hears_of_a_pause_that_begins_or_grows():
    async def check():
        throttle, began = throttle_here(), []
        refuse(throttle, 2, 1)
        await asyncio.sleep(1)
        [sending] = start(throttle, 1)
        waiting = asyncio.create_task(turn_of(throttle, began))
        await asyncio.sleep(3)
        sending.refused(too_many(20))
        leave([sending])
        await waiting
        return began[0][1]

    assert run_in_virtual_time(check()) == pytest.approx(24)


def test_a_late_refusal_of_the_old_burst_pauses_again_and_halves_nothing():
    async def check():
        throttle = throttle_here()
        *quick, slow = start(throttle, 8)
        for admission in quick:
            admission.refused(too_many(5))
        leave(quick)
        await asyncio.sleep(20)
        assert throttle.state().pause_s == 0
        assert slow.refused(too_many(5)) == 5
        assert (throttle.state().limit, throttle.state().pause_s) == (4, 5)

    run_in_virtual_time(check())


def test_who_was_let_go_and_has_not_begun_is_called_back_to_its_place():
    async def check():
        throttle, began = throttle_here(), []
        refuse(throttle, 6, 1)
        first, second, third = (throttle.ask() for _ in range(3))
        await asyncio.sleep(1)
        assert first.start(), "the others are let go too, and have not begun"
        assert throttle.state().in_flight == 3
        first.refused(too_many(10))
        leave([first])
        assert not second.start()
        assert (throttle.state().waiting, throttle.state().limit) == (2, 1)

        async def go(name, admission):
            with admission:
                await admission.wait()
                began.append((name, now()))

        await asyncio.gather(go("third", third), go("second", second))
        return began

    assert run_in_virtual_time(check()) == [("second", pytest.approx(11)), ("third", pytest.approx(11))]


def test_more_may_go_as_answers_come_until_nothing_limits_again():
    async def check():
        throttle, limits = throttle_here(), []
        await asyncio.sleep(refuse(throttle, 10, 1))
        for _ in range(8 + 8 + 8 + 8 + 9 + 10):
            limits.append(throttle.state().limit)
            answer(throttle, 1)
        assert throttle.state() == ThrottleState("any", reason=throttle.state().reason)
        return limits

    assert run_in_virtual_time(check()) == [5] * 8 + [6] * 8 + [7] * 8 + [8] * 8 + [9] * 9 + [10] * 10


def test_a_limit_stays_while_anybody_waits_for_it():
    async def check():
        throttle, began = throttle_here(), []
        await asyncio.sleep(refuse(throttle, 2, 1))
        tasks = [asyncio.create_task(turn_of(throttle, began, holds_s=1)) for _ in range(80)]
        most = 0
        while not all(task.done() for task in tasks):
            await asyncio.sleep(0.5)
            state = throttle.state()
            assert state.limit is not None or not state.waiting
            most = max(most, state.in_flight)
        assert throttle.state().limit is None
        return most

    assert 3 <= run_in_virtual_time(check()) < 10


def test_one_at_a_time_is_tried_beside_answers_that_were_taken_before_the_pause():
    async def check():
        throttle, began = throttle_here(), []
        *taken, refused = start(throttle, 5)
        refused.refused(too_many(10))
        leave([refused])
        tasks = [asyncio.create_task(turn_of(throttle, began, holds_s=1)) for _ in range(3)]
        await asyncio.gather(*tasks[:2])
        assert throttle.state().in_flight == 5, "the four that go on, and the third"
        leave(taken)
        await tasks[2]
        return [when for _, when in began]

    assert run_in_virtual_time(check()) == pytest.approx([10, 11, 12])


def test_answers_to_what_was_sent_before_the_pause_say_nothing():
    async def check():
        throttle = throttle_here()
        *sent_before, refused = start(throttle, 9)
        refused.refused(too_many(1))
        leave([refused])
        for admission in sent_before:
            admission.answered()
        leave(sent_before)
        return throttle.state().limit

    assert run_in_virtual_time(check()) == 4


def test_a_limit_that_nobody_waits_for_is_forgotten_a_minute_after_the_pause():
    async def check():
        throttle = throttle_here()
        refuse(throttle, 8, 10)
        await asyncio.sleep(70)
        assert throttle.state().limit == 4
        await asyncio.sleep(0.001)
        assert throttle.state().limit is None
        leave(start(throttle, 100))

    run_in_virtual_time(check())


def test_a_limit_that_somebody_waits_for_is_not_forgotten():
    async def check():
        throttle, began = throttle_here(), []
        await asyncio.sleep(refuse(throttle, 2, 1))
        [sending] = start(throttle, 1)
        waiting = asyncio.create_task(turn_of(throttle, began))
        await asyncio.sleep(600)
        assert (throttle.state().limit, began) == (1, [])
        leave([sending])
        await waiting

    run_in_virtual_time(check())


@pytest.mark.parametrize("after_s", [3, 12], ids=["in the pause", "in the queue"])
def test_who_is_cancelled_while_it_waits_leaves_its_place_at_once(after_s):
    async def check():
        throttle, began = throttle_here(), []
        refuse(throttle, 2, 10)
        tasks = [asyncio.create_task(turn_of(throttle, began, name, holds_s=5)) for name in range(3)]
        await asyncio.sleep(after_s)
        tasks[1].cancel()
        with suppress(asyncio.CancelledError):
            await tasks[1]
        assert now() == after_s
        await asyncio.gather(tasks[0], tasks[2])
        assert throttle.state().waiting == throttle.state().in_flight == 0
        return began

    assert run_in_virtual_time(check()) == [(0, 10), (2, 15)]


def test_who_is_cancelled_in_the_moment_in_which_it_may_go_leaves_its_place():
    async def check():
        throttle, began = throttle_here(), []
        await asyncio.sleep(refuse(throttle, 2, 10))
        [sending] = start(throttle, 1)
        tasks = [asyncio.create_task(turn_of(throttle, began, name)) for name in range(2)]
        await asyncio.sleep(1)
        leave([sending])
        assert throttle.state().in_flight == 1, "the first may go, and does not know it yet"
        tasks[0].cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        return began

    assert run_in_virtual_time(check()) == [(1, 11)]


def test_giving_a_place_back_twice_gives_back_one():
    async def check():
        throttle = throttle_here()
        await asyncio.sleep(refuse(throttle, 4, 1))
        admissions = start(throttle, 2)
        leave([admissions[0]] * 3)
        assert throttle.state().in_flight == 1
        start(throttle, 1)
        assert not throttle.ask().start()

    run_in_virtual_time(check())


class TestClosedLoops:
    """A lane that died in the middle holds up nobody."""

    async def limited(self):
        throttle = Throttle("any")
        refuse(throttle, 2, 0)
        assert throttle.state().limit == 1
        return throttle

    def in_a_loop_that_dies(self, act):
        async def run():
            return act()

        loop = asyncio.new_event_loop()
        try:
            return loop.run_until_complete(run())
        finally:
            loop.close()

    def test_a_place_in_the_queue_is_passed_over(self):
        throttle = asyncio.run(self.limited())

        async def check():
            [sending] = start(throttle, 1)
            dead = await asyncio.to_thread(self.in_a_loop_that_dies, throttle.ask)
            began = []
            living = asyncio.create_task(turn_of(throttle, began))
            await asyncio.sleep(0)
            assert throttle.state().waiting == 2
            leave([sending])
            await asyncio.wait_for(living, 10)
            leave([dead])

        asyncio.run(check())
        assert throttle.state().waiting == throttle.state().in_flight == 0

    def test_a_send_in_flight_gives_its_place_to_the_next_that_asks(self):
        throttle = asyncio.run(self.limited())
        [dead] = self.in_a_loop_that_dies(lambda: start(throttle, 1))
        assert throttle.state().in_flight == 1
        asyncio.run(asyncio.wait_for(turn_of(throttle, []), 10))
        leave([dead])
        assert throttle.state().in_flight == 0

    def test_a_pause_that_begins_wakes_only_who_lives(self):
        throttle = asyncio.run(self.limited())
        [sending] = self.in_a_loop_that_dies(lambda: start(throttle, 1))
        self.in_a_loop_that_dies(throttle.ask)
        sending.refused(too_many(0))
        assert throttle.state().waiting == 0


# What a send does: when it asks, how long it takes, and how it ends.
_SENDS = st.lists(
    st.tuples(
        st.sampled_from([0, 0, 0.5, 1, 7, 100]),
        st.sampled_from([0, 0.5, 3]),
        st.lists(st.sampled_from(["answer", "fail", "refuse", "refuse 0", "refuse 5", "late refuse"]), max_size=4),
        st.sampled_from([None, None, None, 0, 0.5, 4, 6]),
    ),
    max_size=24,
)


@given(sends=_SENDS)
def test_every_place_comes_back_and_no_rule_is_broken_however_sends_end(sends):
    since_refusal, at_refusal = set(), [0]

    async def worker(throttle, asks_s, takes_s, ends):
        await asyncio.sleep(asks_s)
        for end in ends:
            with throttle.ask() as admission:
                await admission.wait()
                state = throttle.state()
                assert state.pause_s == 0
                since_refusal.add(admission)
                assert state.limit is None or len(since_refusal) <= state.limit
                assert state.limit is None or state.in_flight <= max(state.limit, at_refusal[0])
                try:
                    await asyncio.sleep(takes_s * (50 if end.startswith("late") else 1))
                finally:
                    since_refusal.discard(admission)
                if end == "answer":
                    admission.answered()
                elif "refuse" in end:
                    at_refusal[0] = throttle.state().in_flight
                    admission.refused(too_many(float(end.split()[-1]) if end[-1].isdigit() else None))
                    since_refusal.clear()

    async def check():
        throttle = throttle_here()
        loop = asyncio.get_running_loop()
        tasks = []
        for asks_s, takes_s, ends, cancelled_s in sends:
            tasks.append(asyncio.create_task(worker(throttle, asks_s, takes_s, ends)))
            if cancelled_s is not None:
                loop.call_later(asks_s + cancelled_s, tasks[-1].cancel)
        outcomes = await asyncio.gather(*tasks, return_exceptions=True)
        assert all(outcome is None or isinstance(outcome, asyncio.CancelledError) for outcome in outcomes), outcomes
        state = throttle.state()
        assert state.in_flight == state.waiting == 0
        await asyncio.sleep(200)
        leave(start(throttle, 50))

    with asyncio.Runner(loop_factory=VirtualTimeLoop) as runner:
        runner.run(check())
