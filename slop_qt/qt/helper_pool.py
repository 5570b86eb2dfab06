"""Blocking work (git, files, SDK imports, journal queries) away from every event loop (port: core.ports.Offload)."""

import asyncio
import contextlib
import threading
from collections.abc import Callable
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from typing import Any, TypeVar, cast

from PySide6.QtCore import QRunnable, QThreadPool

from slop_qt.core.errors import NotPossibleError, SlopError

__all__ = ["HelperPool"]

T = TypeVar("T")


@dataclass(slots=True, eq=False)
class _Call:
    """A job, and the future of the loop that waits for it."""

    job: Callable[[], Any]
    loop: asyncio.AbstractEventLoop
    future: asyncio.Future[Any]
    value: Any = None
    error: Exception | None = None

    @property
    def name(self) -> str:
        """What the job is called in the code."""
        return str(getattr(self.job, "__qualname__", type(self.job).__name__))

    def perform(self) -> None:
        """Do it, in a helper thread."""
        try:
            self.value = self.job()
        except Exception as error:  # noqa: BLE001 — handed to whoever awaits it
            self.error = error
        except BaseException as error:  # noqa: BLE001 — a SystemExit would end the loop that awaits this
            self.error = SlopError(f"{self.name} was ended by {type(error).__name__}: {error}.")

    def deliver(self) -> None:
        """Hand the outcome to the loop that waits, if it is still there. In any thread."""
        with contextlib.suppress(RuntimeError):  # that loop has closed: nobody is there to be told
            self.loop.call_soon_threadsafe(self._settle)

    def _settle(self) -> None:
        if self.future.done():
            return
        if self.error is not None:
            self.future.set_exception(self.error)
        else:
            self.future.set_result(self.value)


class _Helper(QRunnable):
    """One helper thread: takes calls until a None tells it to end. `doing` is the job that it is at."""

    def __init__(self, number: int, calls: SimpleQueue[_Call | None], pool: "HelperPool") -> None:
        super().__init__()
        self.setAutoDelete(False)
        self.number = number
        self.doing = ""
        self._calls = calls
        self._pool = pool

    def run(self) -> None:
        """The helper's life, in its pool thread."""
        try:
            while (call := self._calls.get()) is not None:
                self.doing = call.name
                call.perform()
                self.doing = ""
                self._pool.job_ended()
                call.deliver()
                del call  # or it would live, with all it refers to, until the next one comes
        finally:
            self._pool.helper_ended(self)


class HelperPool:
    """A few threads for jobs that block, opened as they are needed. Implements core.ports.Offload.

    `run` may be awaited from the loop of any thread; `shutdown` is the main loop's; `job_ended` and `helper_ended` are
    for its own helpers.
    """

    def __init__(self, limit: int = 4) -> None:
        """limit is how many jobs may run at once; more wait for their turn."""
        self._limit = limit
        self._threads = QThreadPool()
        self._threads.setMaxThreadCount(limit)
        self._calls: SimpleQueue[_Call | None] = SimpleQueue()
        self._lock = threading.Lock()
        self._helpers: list[_Helper] = []
        self._alive: set[_Helper] = set()
        self._open_jobs = 0
        self._closing = False
        self._on_last_ended: Callable[[], object] = _nothing

    async def run(self, job: Callable[[], T]) -> T:
        """The job's result or exception. A cancelled wait leaves the job running; its result is dropped.

        Raises:
            NotPossibleError: the pool is shutting down.
        """
        loop = asyncio.get_running_loop()
        call = _Call(job, loop, loop.create_future())
        with self._lock:
            if self._closing:
                raise _refusal(call)
            self._open_jobs += 1
            if self._open_jobs > len(self._helpers) < self._limit:
                self._open_helper()
            self._calls.put(call)
        return cast("T", await call.future)

    async def shutdown(self, deadline_s: float) -> list[str]:
        """Refuse what has not started, and await what has for deadline_s seconds.

        Returns the names of the helpers that are still at a job; empty means that nothing is left.
        """
        all_ended = asyncio.Event()
        loop = asyncio.get_running_loop()
        with self._lock:
            self._closing = True
            self._on_last_ended = lambda: loop.call_soon_threadsafe(all_ended.set)
            waiting = self._take_waiting()
            for _ in self._alive:
                self._calls.put(None)
            if not self._alive:
                all_ended.set()
        for call in waiting:
            call.error = _refusal(call)
            call.deliver()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(deadline_s):
                await all_ended.wait()
        if self._threads.waitForDone(500):
            self._helpers.clear()
        with self._lock:
            return [f"helper {helper.number}: {helper.doing}" for helper in self._alive]

    def job_ended(self) -> None:
        """A helper is free again."""
        with self._lock:
            self._open_jobs -= 1

    def helper_ended(self, helper: _Helper) -> None:
        """A helper's thread is about to end."""
        with self._lock:
            self._alive.discard(helper)
            last = not self._alive
        if last:
            self._on_last_ended()

    def _open_helper(self) -> None:
        helper = _Helper(len(self._helpers) + 1, self._calls, self)
        self._helpers.append(helper)
        self._alive.add(helper)
        self._threads.start(helper)

    def _take_waiting(self) -> list[_Call]:
        waiting: list[_Call] = []
        with contextlib.suppress(Empty):
            while (call := self._calls.get_nowait()) is not None:
                waiting.append(call)
        return waiting


def _refusal(call: _Call) -> NotPossibleError:
    return NotPossibleError(f"{call.name} was not started: the application is shutting down.")


def _nothing() -> None:
    """No shutdown waits for the last helper."""
