"""The helper pool: blocking jobs come back to whichever loop awaits them."""

import asyncio
import sys
import threading
import weakref

import pytest
from qt_support import MainLoop, thread_count, until

from slop_qt.core.errors import NotPossibleError, SlopError
from slop_qt.qt.helper_pool import HelperPool
from slop_qt.qt.lanes import LanePool


def test_results_and_exceptions_come_back_from_another_thread(main_loop: MainLoop) -> None:
    def broken() -> None:
        raise FileNotFoundError("gone")

    async def scenario() -> None:
        pool = HelperPool()
        assert await pool.run(threading.get_ident) != threading.get_ident()
        with pytest.raises(FileNotFoundError, match="gone"):
            await pool.run(broken)
        assert await pool.shutdown(5.0) == []

    main_loop.run(scenario())


def test_no_more_jobs_run_at_once_than_there_are_helpers(main_loop: MainLoop) -> None:
    gate, lock = threading.Event(), threading.Lock()
    running: set[int] = set()
    most = 0

    def job() -> None:
        nonlocal most
        with lock:
            running.add(threading.get_ident())
            most = max(most, len(running))
        gate.wait()
        with lock:
            running.discard(threading.get_ident())

    async def scenario() -> None:
        pool = HelperPool(limit=3)
        jobs = [asyncio.create_task(pool.run(job)) for _ in range(12)]
        await until(lambda: len(running) == 3)
        gate.set()
        await asyncio.gather(*jobs)
        assert most == 3
        assert await pool.shutdown(5.0) == []

    main_loop.run(scenario())


def test_one_job_after_another_needs_one_thread(main_loop: MainLoop) -> None:
    async def scenario() -> None:
        pool = HelperPool()
        assert len({await pool.run(threading.get_ident) for _ in range(50)}) == 1
        assert await pool.shutdown(5.0) == []

    main_loop.run(scenario())


def test_it_is_awaited_from_a_lane(main_loop: MainLoop) -> None:
    async def scenario() -> None:
        helpers = HelperPool()
        lanes = LanePool(on_fault=lambda where, message: pytest.fail(f"{where}: {message}"))

        async def in_a_lane() -> tuple[int, int]:
            return threading.get_ident(), await helpers.run(threading.get_ident)

        for lane, helper in await asyncio.gather(*[lanes.run(in_a_lane, name="job") for _ in range(32)]):
            assert len({lane, helper, threading.get_ident()}) == 3
        assert await lanes.shutdown(5.0) == []
        assert await helpers.shutdown(5.0) == []

    main_loop.run(scenario())


def test_a_cancelled_wait_drops_the_result_of_a_job_that_goes_on(main_loop: MainLoop) -> None:
    started, gate, ended = threading.Event(), threading.Event(), threading.Event()

    def job() -> None:
        started.set()
        gate.wait()
        ended.set()

    async def scenario() -> None:
        pool = HelperPool(limit=1)
        task = asyncio.create_task(pool.run(job))
        await until(started.is_set)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert not ended.is_set()
        gate.set()
        assert await pool.run(lambda: "next") == "next"
        assert ended.is_set()
        assert await pool.shutdown(5.0) == []

    main_loop.run(scenario())


def test_a_job_outlives_the_loop_that_asked_for_it(main_loop: MainLoop) -> None:
    started, gate = threading.Event(), threading.Event()

    def job() -> None:
        started.set()
        gate.wait()

    async def asks_and_leaves(pool: HelperPool) -> None:
        task = asyncio.create_task(pool.run(job))
        await until(started.is_set)
        task.cancel()

    async def scenario() -> None:
        pool = HelperPool(limit=1)
        thread = threading.Thread(target=lambda: asyncio.run(asks_and_leaves(pool)))
        thread.start()
        await until(lambda: not thread.is_alive())
        gate.set()
        assert await pool.run(lambda: "still here") == "still here"
        assert await pool.shutdown(5.0) == []

    main_loop.run(scenario())


def test_a_job_that_calls_exit_ends_neither_helper_nor_loop(main_loop: MainLoop) -> None:
    def leaves() -> None:
        sys.exit(3)

    async def scenario() -> None:
        pool = HelperPool(limit=1)
        with pytest.raises(SlopError, match="leaves was ended by SystemExit: 3"):
            await pool.run(leaves)
        assert await pool.run(lambda: 1) == 1
        assert await pool.shutdown(5.0) == []

    main_loop.run(scenario())


def test_what_a_job_refers_to_is_let_go_of_when_it_is_done(main_loop: MainLoop) -> None:
    class Big:
        """Something that should not linger."""

    async def scenario() -> None:
        pool = HelperPool(limit=1)
        big = Big()
        gone = weakref.ref(big)
        await pool.run(lambda kept=big: None)
        del big
        await until(lambda: gone() is None)
        assert await pool.shutdown(5.0) == []

    main_loop.run(scenario())


def test_shutdown_refuses_what_waits_and_awaits_what_runs(main_loop: MainLoop) -> None:
    started, gate = threading.Event(), threading.Event()

    def job() -> str:
        started.set()
        gate.wait()
        return "done"

    async def scenario() -> None:
        baseline = thread_count()
        pool = HelperPool(limit=1)
        runs = asyncio.create_task(pool.run(job))
        waits = asyncio.create_task(pool.run(job))
        await until(started.is_set)
        closing = asyncio.create_task(pool.shutdown(5.0))
        with pytest.raises(NotPossibleError, match=r"job was not started.*shutting down"):
            await waits
        assert not closing.done()
        gate.set()
        assert await runs == "done"
        assert await closing == []
        with pytest.raises(NotPossibleError):
            await pool.run(job)
        await until(lambda: thread_count() == baseline)

    main_loop.run(scenario())


def test_shutdown_names_the_job_that_does_not_end(main_loop: MainLoop) -> None:
    started, gate = threading.Event(), threading.Event()

    def clone_the_internet() -> None:
        started.set()
        gate.wait()

    async def scenario() -> None:
        pool = HelperPool()
        task = asyncio.create_task(pool.run(clone_the_internet))
        await until(started.is_set)
        [alive] = await pool.shutdown(0.05)
        assert alive.startswith("helper 1: ")
        assert "clone_the_internet" in alive
        gate.set()
        await task
        assert await pool.shutdown(5.0) == []

    main_loop.run(scenario())


def test_shutdown_of_an_unused_pool_is_at_once(main_loop: MainLoop) -> None:
    async def scenario() -> list[str]:
        return await HelperPool().shutdown(3600.0)

    assert main_loop.run(scenario()) == []
