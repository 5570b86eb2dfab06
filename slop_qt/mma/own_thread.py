"""Work in a thread of its own, blocking or with a loop of its own: where no lane and no helper pool is at hand."""

import asyncio
import contextlib
import threading
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

__all__ = ["run_apart", "run_in_thread"]

T = TypeVar("T")


async def run_in_thread(job: Callable[[], T], *, name: str) -> T:
    """The blocking job's result or exception, from a new thread. Awaited from any loop, the GUI's too.

    A cancelled wait leaves the job running and drops its result; the end of the process waits for none.
    """
    loop = asyncio.get_running_loop()
    outcome: asyncio.Future[T] = loop.create_future()

    def settle(value: Any, error: Exception | None) -> None:
        if outcome.done():
            return
        if error is not None:
            outcome.set_exception(error)
        else:
            outcome.set_result(value)

    def work() -> None:
        value, failure = None, None
        try:
            value = job()
        except Exception as error:  # noqa: BLE001  # the edge of a thread: handed to whoever awaits it
            failure = error
        with contextlib.suppress(RuntimeError):  # that loop has closed: nobody is there to be told
            loop.call_soon_threadsafe(settle, value, failure)

    threading.Thread(target=work, name=name, daemon=True).start()
    return await outcome


async def run_apart(job: Callable[[], Coroutine[Any, Any, T]], *, name: str) -> T:
    """Call `job` in a new thread and await its coroutine there. Awaited from any loop, the GUI's too.

    Cancelling the wait cancels it in its thread; neither that nor the end of the process waits for its end.
    """
    apart = _Apart(job)
    try:
        return await run_in_thread(apart.run, name=name)
    except asyncio.CancelledError:
        apart.cancel()
        raise


class _Apart:
    """The job in its thread. `cancel` may come from any other, and before it has begun."""

    def __init__(self, job: Callable[[], Coroutine[Any, Any, Any]]) -> None:
        self._job = job
        self._lock = threading.Lock()
        self._cancelled = False
        self._loop: asyncio.AbstractEventLoop | None = None
        self._task: asyncio.Task[Any] | None = None

    def run(self) -> Any:
        """Its result. Raises what it raises."""
        with asyncio.Runner(loop_factory=asyncio.SelectorEventLoop) as runner:
            loop = runner.get_loop()
            # Closing would wait for name look-ups, which take as long as they like.
            loop.shutdown_default_executor = _nothing  # type: ignore[method-assign]  # its only way to be left out
            try:
                return runner.run(self._main())
            except asyncio.CancelledError:
                raise RuntimeError("cancelled") from None  # nobody waits any more

    def cancel(self) -> None:
        """End it soon."""
        with self._lock:
            self._cancelled = True
            if self._loop is not None and self._task is not None:
                with contextlib.suppress(RuntimeError):  # it has ended by itself
                    self._loop.call_soon_threadsafe(self._task.cancel)

    async def _main(self) -> Any:
        with self._lock:
            if self._cancelled:
                raise asyncio.CancelledError
            self._loop, self._task = asyncio.get_running_loop(), asyncio.current_task()
        return await self._job()


async def _nothing(_timeout: float | None = None) -> None:
    """In the place of loop.shutdown_default_executor."""
