"""Blocking work beside a loop where there is no Qt to do it, in threads that nobody has to wait for."""

import asyncio
import contextlib
import threading
from collections.abc import Callable
from typing import Any, TypeVar

__all__ = ["HelperThreads"]

T = TypeVar("T")


class HelperThreads:
    """A thread for each job. Implements core.ports.Offload; the end of the process waits for none of them."""

    async def run(self, job: Callable[[], T]) -> T:
        """The job's result or exception. A cancelled wait leaves the job running; its result is dropped."""
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

        threading.Thread(target=work, name="helper", daemon=True).start()
        return await outcome
