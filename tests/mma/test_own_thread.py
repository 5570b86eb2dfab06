"""Coroutines in threads of their own: their results, their errors, and their ends when nobody waits any more."""

import asyncio
import threading

import pytest

from slop_qt.core.errors import ProviderError
from slop_qt.mma.own_thread import run_apart


async def test_the_result_comes_back_from_another_thread() -> None:
    async def job() -> str:
        await asyncio.sleep(0)
        return threading.current_thread().name

    assert await run_apart(job, name="apart") == "apart"


async def test_an_error_comes_back_as_it_is() -> None:
    async def job() -> None:
        raise ProviderError("m", "h", retry_after_s=3)

    with pytest.raises(ProviderError) as caught:
        await run_apart(job, name="apart")
    assert (caught.value.message, caught.value.hint, caught.value.retry_after_s) == ("m", "h", 3)


async def test_cancelling_the_wait_cancels_the_job_in_its_thread() -> None:
    begun, ended = threading.Event(), threading.Event()

    async def job() -> None:
        begun.set()
        try:
            await asyncio.get_running_loop().create_future()
        finally:
            ended.set()

    waiting = asyncio.create_task(run_apart(job, name="apart"))
    await asyncio.to_thread(begun.wait, 10)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert await asyncio.to_thread(ended.wait, 10)


async def test_many_at_once_do_not_wait_for_each_other() -> None:
    together = threading.Barrier(8)

    async def job() -> int:
        return await asyncio.to_thread(together.wait, 10)

    assert sorted(await asyncio.gather(*(run_apart(job, name=f"apart {n}") for n in range(8)))) == list(range(8))


def test_a_loop_that_has_closed_is_not_told() -> None:
    begun, go = threading.Event(), threading.Event()
    threads: list[threading.Thread] = []

    async def job() -> None:
        threads.append(threading.current_thread())
        begun.set()
        go.wait(10)  # it does not hear that it was cancelled before the other loop is gone

    async def main() -> None:
        waiting = asyncio.create_task(run_apart(job, name="apart"))
        await asyncio.to_thread(begun.wait, 10)
        waiting.cancel()

    asyncio.run(main())
    go.set()
    threads[0].join(10)
    assert not threads[0].is_alive()
