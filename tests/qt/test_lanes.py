"""Lanes: jobs come back, are cancelled where they run, and leave nothing behind."""

import asyncio
import sys
import threading
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

import pytest
from qt_support import MainLoop, thread_count, turns, until

from slop_qt.core.errors import NotPossibleError, SlopError
from slop_qt.qt.lanes import LanePool

# No test waits for time: this is what "for ever" is inside a job that is going to be cancelled.
FOR_EVER_S = 3600.0


class Faults(list[tuple[str, str]]):
    """What the pool reported."""

    def __call__(self, where: str, message: str) -> None:
        assert threading.current_thread() is threading.main_thread()
        self.append((where, message))


@asynccontextmanager
async def lane_pool(faults: Faults | None = None, limit: int = 8) -> AsyncIterator[LanePool]:
    heard = Faults() if faults is None else faults
    pool = LanePool(on_fault=heard, limit=limit)
    try:
        yield pool
        if faults is None:
            assert heard == []
    finally:
        assert await pool.shutdown(5.0) == []


async def answer(value: Any) -> Any:
    await asyncio.sleep(0)
    return value, threading.get_ident(), type(asyncio.get_running_loop())


class Blocked:
    """A job that says when it runs, waits for ever, and notes how it was ended."""

    def __init__(self) -> None:
        self.running = threading.Event()
        self.cleaned = False
        self.cleaned_in = 0

    async def __call__(self) -> None:
        self.running.set()
        try:
            await asyncio.sleep(FOR_EVER_S)
        finally:
            await asyncio.sleep(0)
            self.cleaned = True
            self.cleaned_in = threading.get_ident()


def test_sixteen_jobs_share_eight_lanes_and_each_gets_its_own_result(main_loop: MainLoop) -> None:
    async def scenario() -> None:
        async with lane_pool() as pool:
            jobs = [pool.run(partial(answer, number), name=f"job {number}") for number in range(16)]
            results = await asyncio.gather(*jobs)
            assert [value for value, _, _ in results] == list(range(16))
            assert len({thread for _, thread, _ in results}) == 8
            assert threading.get_ident() not in {thread for _, thread, _ in results}
            assert {loop for _, _, loop in results} == {asyncio.SelectorEventLoop}
            assert pool.busy == 0

    main_loop.run(scenario())


def test_an_idle_lane_is_used_again_before_another_is_opened(main_loop: MainLoop) -> None:
    async def scenario() -> None:
        async with lane_pool() as pool:
            threads = {(await pool.run(partial(answer, None), name="job"))[1] for _ in range(5)}
            assert len(threads) == 1

    main_loop.run(scenario())


def test_the_least_busy_lane_gets_the_next_job(main_loop: MainLoop) -> None:
    async def scenario() -> None:
        async with lane_pool(limit=2) as pool:
            blocked = [Blocked() for _ in range(3)]
            tasks = [asyncio.create_task(pool.run(job, name="blocked")) for job in blocked]
            await until(lambda: all(job.running.is_set() for job in blocked))
            tasks[0].cancel()
            tasks[2].cancel()
            await asyncio.wait({tasks[0], tasks[2]})
            _, thread, _ = await pool.run(partial(answer, None), name="next")
            assert thread == blocked[0].cleaned_in == blocked[2].cleaned_in
            tasks[1].cancel()
            await asyncio.wait({tasks[1]})
            assert blocked[1].cleaned_in != thread

    main_loop.run(scenario())


def test_an_exception_comes_back_as_it_was(main_loop: MainLoop) -> None:
    async def broken() -> None:
        raise NotPossibleError("no", "do this")

    def broken_before_it_began() -> Coroutine[Any, Any, None]:
        raise ValueError("never a coroutine")

    async def scenario() -> None:
        async with lane_pool() as pool:
            with pytest.raises(NotPossibleError) as caught:
                await pool.run(broken, name="broken")
            assert caught.value.hint == "do this"
            with pytest.raises(ValueError, match="never a coroutine"):
                await pool.run(broken_before_it_began, name="broken")

    main_loop.run(scenario())


def test_a_cancelled_wait_ends_only_after_the_task_in_its_lane_has(main_loop: MainLoop) -> None:
    async def scenario() -> None:
        async with lane_pool() as pool:
            jobs = [Blocked() for _ in range(16)]
            tasks = [asyncio.create_task(pool.run(job, name="blocked")) for job in jobs]
            await until(lambda: all(job.running.is_set() for job in jobs))
            for task, job in zip(tasks, jobs, strict=True):
                task.cancel()
                with pytest.raises(asyncio.CancelledError):
                    await task
                assert job.cleaned

    main_loop.run(scenario())


class Holder:
    """A job that holds its whole lane up until it is let go."""

    def __init__(self) -> None:
        self.running = threading.Event()
        self.gate = threading.Event()

    async def __call__(self) -> None:
        self.running.set()
        self.gate.wait()


def test_a_job_cancelled_before_its_lane_stands_never_hangs(main_loop: MainLoop) -> None:
    async def scenario() -> None:
        for _ in range(20):
            async with lane_pool(limit=1) as pool:
                job = Blocked()
                task = asyncio.create_task(pool.run(job, name="early"))
                await asyncio.sleep(0)
                task.cancel()
                with pytest.raises(asyncio.CancelledError):
                    await task
                assert job.running.is_set() == job.cleaned

    main_loop.run(scenario())


def test_a_job_cancelled_before_its_turn_in_a_busy_lane_never_starts(main_loop: MainLoop) -> None:
    async def scenario() -> None:
        async with lane_pool(limit=1) as pool:
            first, second, late = Holder(), Holder(), Blocked()
            tasks = [asyncio.create_task(pool.run(first, name="first"))]
            await until(first.running.is_set)
            # Both are taken in one turn of the lane; the second holds it up when the late one is next in line.
            tasks.append(asyncio.create_task(pool.run(second, name="second")))
            tasks.append(asyncio.create_task(pool.run(late, name="late")))
            await until(lambda: pool.busy == 3)
            first.gate.set()
            await until(second.running.is_set)
            tasks[2].cancel()
            await turns()
            second.gate.set()
            with pytest.raises(asyncio.CancelledError):
                await tasks[2]
            await asyncio.gather(*tasks[:2])
            assert not late.running.is_set()

    main_loop.run(scenario())


def test_a_job_that_ignores_a_cancel_is_waited_for(main_loop: MainLoop) -> None:
    started, ignored, go_on = threading.Event(), threading.Event(), threading.Event()

    async def stubborn() -> str:
        started.set()
        try:
            await asyncio.sleep(FOR_EVER_S)
        except asyncio.CancelledError:
            ignored.set()
        await until(go_on.is_set)
        return "finished all the same"

    async def scenario() -> None:
        async with lane_pool() as pool:
            task = asyncio.create_task(pool.run(stubborn, name="stubborn"))
            await until(started.is_set)
            task.cancel()
            await until(ignored.is_set)
            await turns()
            assert not task.done()
            go_on.set()
            with pytest.raises(asyncio.CancelledError):
                await task
            assert pool.busy == 0

    main_loop.run(scenario())


def test_a_second_cancel_reaches_a_job_that_ignored_the_first(main_loop: MainLoop) -> None:
    started, ignored = threading.Event(), threading.Event()

    async def stubborn() -> None:
        started.set()
        try:
            await asyncio.sleep(FOR_EVER_S)
        except asyncio.CancelledError:
            ignored.set()
        await asyncio.sleep(FOR_EVER_S)

    async def scenario() -> None:
        async with lane_pool() as pool:
            task = asyncio.create_task(pool.run(stubborn, name="stubborn"))
            await until(started.is_set)
            task.cancel()
            await until(ignored.is_set)
            assert not task.done()
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task

    main_loop.run(scenario())


def test_an_error_while_being_cancelled_is_reported_and_the_wait_is_cancelled(main_loop: MainLoop) -> None:
    started = threading.Event()
    faults = Faults()

    async def untidy() -> None:
        started.set()
        try:
            await asyncio.sleep(FOR_EVER_S)
        finally:
            raise OSError("could not clean up")

    async def scenario() -> None:
        async with lane_pool(faults) as pool:
            task = asyncio.create_task(pool.run(untidy, name="untidy"))
            await until(started.is_set)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
        [(where, message)] = faults
        assert where == "untidy"
        assert "OSError: could not clean up (test_lanes.py:" in message

    main_loop.run(scenario())


def test_a_timeout_around_a_job_is_a_timeout(main_loop: MainLoop) -> None:
    async def scenario() -> None:
        async with lane_pool() as pool:
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.02):
                    await pool.run(Blocked(), name="blocked")

    main_loop.run(scenario())


def test_a_lane_that_dies_fails_its_jobs_with_a_reason_and_is_replaced(main_loop: MainLoop) -> None:
    faults = Faults()
    started = threading.Event()

    async def neighbour() -> None:
        started.set()
        await asyncio.sleep(FOR_EVER_S)

    async def kills_its_lane() -> None:
        sys.exit(7)

    async def scenario() -> None:
        async with lane_pool(faults, limit=1) as pool:
            lives = asyncio.create_task(pool.run(neighbour, name="neighbour"))
            await until(started.is_set)
            with pytest.raises(SlopError, match=r"killer was lost: SystemExit: 7") as caught:
                await pool.run(kills_its_lane, name="killer")
            assert caught.value.hint
            with pytest.raises(SlopError, match=r"neighbour was lost: SystemExit: 7"):
                await lives
            await until(lambda: bool(faults))
            assert (await pool.run(partial(answer, 1), name="after"))[0] == 1
        assert [where for where, _ in faults] == ["lane 1"]

    main_loop.run(scenario())


def test_a_job_that_cancels_itself_is_an_error_and_not_a_cancelled_wait(main_loop: MainLoop) -> None:
    async def gives_up() -> None:
        raise asyncio.CancelledError

    async def scenario() -> None:
        async with lane_pool() as pool:
            with pytest.raises(SlopError, match="was lost: it was cancelled from inside"):
                await pool.run(gives_up, name="gives up")

    main_loop.run(scenario())


def test_an_error_in_a_lanes_callback_is_reported_and_the_lane_goes_on(main_loop: MainLoop) -> None:
    faults = Faults()

    def broken() -> None:
        raise ZeroDivisionError("in a callback")

    async def schedules_it() -> None:
        asyncio.get_running_loop().call_soon(broken)

    async def scenario() -> None:
        async with lane_pool(faults) as pool:
            await pool.run(schedules_it, name="job")
            await until(lambda: bool(faults))
            assert (await pool.run(partial(answer, 2), name="after"))[0] == 2
        [(where, message)] = faults
        assert where == "lane 1"
        assert "ZeroDivisionError: in a callback" in message

    main_loop.run(scenario())


def test_shutdown_cancels_everything_and_leaves_no_thread(main_loop: MainLoop) -> None:
    async def scenario() -> None:
        baseline = thread_count()
        pool = LanePool(on_fault=Faults())
        jobs = [Blocked() for _ in range(16)]
        tasks = [asyncio.create_task(pool.run(job, name="blocked")) for job in jobs]
        await until(lambda: all(job.running.is_set() for job in jobs))
        assert thread_count() >= baseline + 8
        assert await pool.shutdown(5.0) == []
        results = await asyncio.gather(*tasks, return_exceptions=True)
        assert all(isinstance(result, asyncio.CancelledError) for result in results)
        assert all(job.cleaned for job in jobs)
        await until(lambda: thread_count() == baseline)
        with pytest.raises(NotPossibleError, match="shutting down"):
            await pool.run(partial(answer, None), name="too late")
        assert await pool.shutdown(5.0) == []

    main_loop.run(scenario())


def test_shutdown_without_a_lane_is_at_once(main_loop: MainLoop) -> None:
    async def scenario() -> list[str]:
        return await LanePool(on_fault=Faults()).shutdown(FOR_EVER_S)

    assert main_loop.run(scenario()) == []


def test_shutdown_names_what_does_not_end(main_loop: MainLoop) -> None:
    gate, running = threading.Event(), threading.Event()

    async def blocks_its_lane() -> None:
        running.set()
        gate.wait()

    async def scenario() -> None:
        pool = LanePool(on_fault=Faults())
        task = asyncio.create_task(pool.run(blocks_its_lane, name="Tier 3: T-001"))
        await until(running.is_set)
        assert await pool.shutdown(0.05) == ["lane 1: Tier 3: T-001"]
        gate.set()
        await asyncio.wait({task})
        assert await pool.shutdown(5.0) == []

    main_loop.run(scenario())


def test_shutdown_cancels_again_what_ignored_the_first(main_loop: MainLoop) -> None:
    started, ignored = threading.Event(), threading.Event()

    async def stubborn() -> None:
        started.set()
        try:
            await asyncio.sleep(FOR_EVER_S)
        except asyncio.CancelledError:
            ignored.set()
        await asyncio.sleep(FOR_EVER_S)

    async def scenario() -> None:
        pool = LanePool(on_fault=Faults())
        task = asyncio.create_task(pool.run(stubborn, name="stubborn"))
        await until(started.is_set)
        assert await pool.shutdown(1.0) == []
        assert ignored.is_set()
        with pytest.raises(asyncio.CancelledError):
            await task

    main_loop.run(scenario())


def test_shutdown_does_not_wait_for_a_lanes_default_executor(main_loop: MainLoop) -> None:
    gate, running = threading.Event(), threading.Event()

    def stuck_in_getaddrinfo() -> None:
        running.set()
        gate.wait()

    async def resolves() -> None:
        await asyncio.get_running_loop().run_in_executor(None, stuck_in_getaddrinfo)

    async def scenario() -> None:
        pool = LanePool(on_fault=Faults())
        task = asyncio.create_task(pool.run(resolves, name="resolves"))
        await until(running.is_set)
        assert await pool.shutdown(5.0) == []
        await until(task.done)  # whoever waits for a job hears of its end some turns after the lane
        assert task.cancelled()
        gate.set()

    main_loop.run(scenario())
