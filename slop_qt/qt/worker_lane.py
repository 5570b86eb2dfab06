"""One lane: a pool thread with an asyncio loop, in which jobs run as tasks and are cancelled where they run."""

import asyncio
import contextlib
import threading
import traceback
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import PurePath
from typing import Any

from PySide6.QtCore import QRunnable

from slop_qt.core.errors import SlopError

__all__ = ["Job", "OnFault", "Outcome", "Reports", "Start", "WorkerLane", "describe_error", "lost_job"]

Start = Callable[[], Coroutine[Any, Any, Any]]

# Where something unexpected happened, and what, in words; called in the main thread.
OnFault = Callable[[str, str], None]


def describe_error(error: BaseException) -> str:
    """An unexpected error in one line: its type, what it says, and the place where it was raised."""
    words = "".join(traceback.format_exception_only(error)).strip()
    frames = traceback.extract_tb(error.__traceback__)
    return f"{words} ({PurePath(frames[-1].filename).name}:{frames[-1].lineno})" if frames else words


@dataclass(slots=True, eq=False)
class Job:
    """A coroutine on its way through a lane. The main thread sets `cancelled`; only the lane touches `task`."""

    number: int
    name: str
    start: Start
    cancelled: bool = False
    task: asyncio.Task[Any] | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a job ended. A cancelled one has a CancelledError."""

    number: int
    value: Any = None
    error: BaseException | None = None


@dataclass(frozen=True, slots=True)
class Reports:
    """Bound signals of the pool: all that a lane may touch of it."""

    settled: Callable[[Outcome], None]
    finished: Callable[[int, str], None]
    fault: Callable[[str, str], None]


class WorkerLane(QRunnable):
    """One pool thread's event loop, living until it is stopped; jobs are tasks on it.

    `run` is the pool thread's. `submit`, `cancel` and `stop` are for the main thread, at any time: what they ask for
    before the loop stands is kept, and done in order as soon as it does.
    """

    def __init__(self, number: int, reports: Reports) -> None:
        super().__init__()
        self.setAutoDelete(False)
        self.number = number
        self._reports = reports
        self._lock = threading.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._early: list[tuple[Callable[..., object], tuple[Any, ...]]] = []
        self._stopping: asyncio.Event | None = None
        self._died = ""

    def submit(self, job: Job) -> None:
        """Start the job's coroutine on this lane's loop."""
        self._post(self._begin, job)

    def cancel(self, job: Job) -> None:
        """Cancel the job's task; a job that has not started never will."""
        job.cancelled = True
        self._post(self._interrupt, job)

    def stop(self) -> None:
        """End the lane. What still runs on it is cancelled and awaited."""
        self._post(self._halt)

    def run(self) -> None:
        """The lane's life, in its pool thread."""
        try:
            self._live()
        except BaseException as error:  # noqa: BLE001 — the edge of a thread: nobody above would hear of it
            self._died = self._died or describe_error(error)
        finally:
            self._reports.finished(self.number, self._died)

    def _live(self) -> None:
        with asyncio.Runner(loop_factory=_lane_loop) as runner:
            runner.get_loop().set_exception_handler(self._on_loop_error)
            try:
                runner.run(self._serve())
            except BaseException as error:
                # Before the runner cancels the other tasks: they tell why they were lost.
                self._died = describe_error(error)
                raise

    async def _serve(self) -> None:
        loop = asyncio.get_running_loop()
        self._stopping = asyncio.Event()
        with self._lock:
            self._loop = loop
            for callback, args in self._early:
                loop.call_soon(callback, *args)
            self._early.clear()
        await self._stopping.wait()

    def _post(self, callback: Callable[..., object], *args: Any) -> None:
        with self._lock:
            if self._loop is None:
                self._early.append((callback, args))
                return
        # A closed loop: the lane has ended, its `finished` is on the way and settles whatever it had.
        with contextlib.suppress(RuntimeError):
            self._loop.call_soon_threadsafe(callback, *args)

    def _begin(self, job: Job) -> None:
        job.task = asyncio.get_running_loop().create_task(_carry_out(job), name=job.name)
        job.task.add_done_callback(partial(self._settle, job))

    def _interrupt(self, job: Job) -> None:
        if job.task is not None:
            job.task.cancel()

    def _halt(self) -> None:
        assert self._stopping is not None  # posted callbacks run after _serve made it
        self._stopping.set()

    def _settle(self, job: Job, task: asyncio.Task[Any]) -> None:
        if task.cancelled():
            error: BaseException | None = asyncio.CancelledError() if job.cancelled else self._lost(job)
        else:
            error = task.exception()
            if error is not None and not isinstance(error, Exception):
                error = self._lost(job, describe_error(error))
        value = None if error is not None else task.result()
        self._reports.settled(Outcome(job.number, value, error))

    def _lost(self, job: Job, why: str = "") -> SlopError:
        return lost_job(job.name, why or self._died or "it was cancelled from inside its lane")

    def _on_loop_error(self, _loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        error = context.get("exception")
        words = describe_error(error) if isinstance(error, BaseException) else ""
        message = f"{context.get('message', '')} {words}".strip()
        self._reports.fault(f"lane {self.number}", message)


def lost_job(name: str, why: str) -> SlopError:
    """What whoever awaits a job is told when its lane ended under it."""
    return SlopError(f"{name} was lost: {why}.", "Start it again; what it had published is kept.")


def _lane_loop() -> asyncio.AbstractEventLoop:
    loop = asyncio.SelectorEventLoop()
    # For libraries that use it (getaddrinfo does): closing must not join its threads without a timeout.
    executor = ThreadPoolExecutor(max_workers=4, thread_name_prefix="lane-default")
    loop.set_default_executor(executor)

    async def leave_executor(_timeout: float | None = None) -> None:
        executor.shutdown(wait=False, cancel_futures=True)

    loop.shutdown_default_executor = leave_executor  # type: ignore[method-assign]  # one loop, not the class
    return loop


async def _carry_out(job: Job) -> Any:
    if job.cancelled:
        raise asyncio.CancelledError
    return await job.start()
