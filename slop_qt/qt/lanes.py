"""Threads with an asyncio loop each: where agents and commands run, away from the window (port: core.ports.Lanes)."""

import asyncio
import contextlib
import threading
import traceback
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from pathlib import PurePath
from typing import Any, TypeVar, cast

from PySide6.QtCore import QObject, QRunnable, Qt, QThreadPool, Signal, Slot

from slop_qt.core.errors import NotPossibleError, SlopError

__all__ = ["LanePool", "OnFault", "WorkerLane", "describe_error"]

T = TypeVar("T")
Start = Callable[[], Coroutine[Any, Any, Any]]

# Where something unexpected happened, and what, in words; called in the main thread.
OnFault = Callable[[str, str], None]


def describe_error(error: BaseException) -> str:
    """An unexpected error in one line: its type, what it says, and the place where it was raised."""
    words = "".join(traceback.format_exception_only(error)).strip()
    frames = traceback.extract_tb(error.__traceback__)
    return f"{words} ({PurePath(frames[-1].filename).name}:{frames[-1].lineno})" if frames else words


@dataclass(slots=True, eq=False)
class _Job:
    """A coroutine on its way through a lane. The main thread sets `cancelled`; only the lane touches `task`."""

    number: int
    name: str
    start: Start
    cancelled: bool = False
    task: asyncio.Task[Any] | None = None


@dataclass(frozen=True, slots=True)
class _Outcome:
    """How a job ended. A cancelled one has a CancelledError."""

    number: int
    value: Any = None
    error: BaseException | None = None


@dataclass(frozen=True, slots=True)
class _Reports:
    """Bound signals of the pool: all that a lane may touch of it."""

    settled: Callable[[_Outcome], None]
    finished: Callable[[int, str], None]
    fault: Callable[[str, str], None]


class WorkerLane(QRunnable):
    """One pool thread's event loop, living until it is stopped; jobs are tasks on it.

    `run` is the pool thread's. `submit`, `cancel` and `stop` are for the main thread, at any time: what they ask for
    before the loop stands is kept, and done in order as soon as it does.
    """

    def __init__(self, number: int, reports: _Reports) -> None:
        super().__init__()
        self.setAutoDelete(False)
        self.number = number
        self._reports = reports
        self._lock = threading.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._early: list[tuple[Callable[..., object], tuple[Any, ...]]] = []
        self._stopping: asyncio.Event | None = None
        self._died = ""

    def submit(self, job: _Job) -> None:
        """Start the job's coroutine on this lane's loop."""
        self._post(self._begin, job)

    def cancel(self, job: _Job) -> None:
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

    def _begin(self, job: _Job) -> None:
        job.task = asyncio.get_running_loop().create_task(_carry_out(job), name=job.name)
        job.task.add_done_callback(partial(self._settle, job))

    def _interrupt(self, job: _Job) -> None:
        if job.task is not None:
            job.task.cancel()

    def _halt(self) -> None:
        assert self._stopping is not None  # posted callbacks run after _serve made it
        self._stopping.set()

    def _settle(self, job: _Job, task: asyncio.Task[Any]) -> None:
        if task.cancelled():
            error: BaseException | None = asyncio.CancelledError() if job.cancelled else self._lost(job)
        else:
            error = task.exception()
            if error is not None and not isinstance(error, Exception):
                error = self._lost(job, describe_error(error))
        value = None if error is not None else task.result()
        self._reports.settled(_Outcome(job.number, value, error))

    def _lost(self, job: _Job, why: str = "") -> SlopError:
        return _lost_job(job.name, why or self._died or "it was cancelled from inside its lane")

    def _on_loop_error(self, _loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        error = context.get("exception")
        words = describe_error(error) if isinstance(error, BaseException) else ""
        message = f"{context.get('message', '')} {words}".strip()
        self._reports.fault(f"lane {self.number}", message)


@dataclass(slots=True, eq=False)
class _Pending:
    """A job and who waits for it. Main thread."""

    job: _Job
    lane: WorkerLane
    future: asyncio.Future[Any]


@dataclass(slots=True, eq=False)
class _OpenLane:
    """A lane and how much it has to do. Main thread."""

    lane: WorkerLane
    jobs: set[int] = field(default_factory=set)


class LanePool(QObject):
    """Opens lanes on demand, gives each job to the least busy one, and closes them in order.

    Lives in the main thread; `run` and `shutdown` are awaited on its (qasync) loop. The signals are its lanes' way
    home and nobody else's: bound, queued, plain data. Implements core.ports.Lanes.
    """

    _settled = Signal(object)
    _finished = Signal(int, str)
    _fault = Signal(str, str)

    def __init__(self, *, on_fault: OnFault, limit: int = 8, parent: QObject | None = None) -> None:
        """limit is how many lanes there may be; on_fault hears of what nobody awaits, in the main thread."""
        super().__init__(parent)
        self._on_fault = on_fault
        self._limit = limit
        self._threads = QThreadPool(self)
        self._threads.setMaxThreadCount(limit)
        self._reports = _Reports(self._settled.emit, self._finished.emit, self._fault.emit)
        self._lanes: dict[int, _OpenLane] = {}
        self._ended: list[WorkerLane] = []
        self._pending: dict[int, _Pending] = {}
        self._jobs_seen = 0
        self._lanes_seen = 0
        self._closing = False
        self._all_ended = asyncio.Event()
        queued = Qt.ConnectionType.QueuedConnection
        self._settled.connect(self._on_settled, queued)
        self._finished.connect(self._on_finished, queued)
        self._fault.connect(self._on_lane_fault, queued)

    @property
    def busy(self) -> int:
        """How many jobs have not ended."""
        return len(self._pending)

    async def run(self, job: Callable[[], Coroutine[Any, Any, T]], *, name: str) -> T:
        """Call `job` in a lane and await its coroutine there.

        Cancelling the wait cancels the task in its lane, and raises CancelledError here after that task has ended.

        Raises:
            NotPossibleError: the pool is shutting down.
            SlopError: the lane ended under the job.
        """
        if self._closing:
            raise NotPossibleError(f"{name} was not started: the application is shutting down.")
        pending = self._submit(job, name)
        interrupted: asyncio.CancelledError | None = None
        while not pending.future.done():
            try:
                await asyncio.wait({pending.future})
            except asyncio.CancelledError as cancelled:
                interrupted = cancelled
                pending.lane.cancel(pending.job)
        if interrupted is None:
            return cast("T", pending.future.result())
        error = None if pending.future.cancelled() else pending.future.exception()
        if error is not None:
            self._on_fault(name, f"While it was being cancelled: {describe_error(error)}")
        raise interrupted

    async def shutdown(self, deadline_s: float) -> list[str]:
        """Cancel everything, await every lane's end for deadline_s seconds, and take no more work.

        At half of the time whatever still runs is cancelled once more. Returns the names of the lanes that are still
        alive, with their jobs; empty means that nothing is left.
        """
        self._closing = True
        for _ in range(2):
            self._cancel_all()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(deadline_s / 2):
                    await self._all_ended.wait()
                break
        if self._threads.waitForDone(500):
            self._ended.clear()
        return [self._name_of(open_lane) for open_lane in self._lanes.values()]

    def _submit(self, start: Start, name: str) -> _Pending:
        self._jobs_seen += 1
        job = _Job(self._jobs_seen, name, start)
        open_lane = self._least_busy()
        open_lane.jobs.add(job.number)
        pending = _Pending(job, open_lane.lane, asyncio.get_running_loop().create_future())
        self._pending[job.number] = pending
        open_lane.lane.submit(job)
        return pending

    def _least_busy(self) -> _OpenLane:
        best = min(self._lanes.values(), key=lambda open_lane: len(open_lane.jobs), default=None)
        if best is not None and (not best.jobs or len(self._lanes) >= self._limit):
            return best
        self._lanes_seen += 1
        lane = WorkerLane(self._lanes_seen, self._reports)
        self._lanes[lane.number] = opened = _OpenLane(lane)
        self._threads.start(lane)
        return opened

    def _cancel_all(self) -> None:
        for pending in self._pending.values():
            pending.lane.cancel(pending.job)
        for open_lane in self._lanes.values():
            if not open_lane.jobs:
                open_lane.lane.stop()
        if not self._lanes:
            self._all_ended.set()

    def _name_of(self, open_lane: _OpenLane) -> str:
        jobs = ", ".join(self._pending[number].job.name for number in sorted(open_lane.jobs))
        return f"lane {open_lane.lane.number}: {jobs}" if jobs else f"lane {open_lane.lane.number}"

    def _give(self, outcome: _Outcome) -> None:
        pending = self._pending.pop(outcome.number, None)
        if pending is None or pending.future.done():
            return
        if isinstance(outcome.error, asyncio.CancelledError):
            pending.future.cancel()
        elif outcome.error is not None:
            pending.future.set_exception(outcome.error)
        else:
            pending.future.set_result(outcome.value)

    @Slot(object)
    def _on_settled(self, outcome: _Outcome) -> None:
        pending = self._pending.get(outcome.number)
        open_lane = self._lanes.get(pending.lane.number) if pending is not None else None
        if open_lane is not None:
            open_lane.jobs.discard(outcome.number)
            if self._closing and not open_lane.jobs:
                open_lane.lane.stop()
        self._give(outcome)

    @Slot(int, str)
    def _on_finished(self, number: int, died: str) -> None:
        open_lane = self._lanes.pop(number)
        # Kept until waitForDone: its thread may still be on its way out of `run`.
        self._ended.append(open_lane.lane)
        if died:
            self._on_fault(f"lane {number}", died)
        for job_number in sorted(open_lane.jobs):
            job = self._pending[job_number].job
            error = asyncio.CancelledError() if job.cancelled else _lost_job(job.name, died or "its lane ended")
            self._give(_Outcome(job_number, error=error))
        if self._closing and not self._lanes:
            self._all_ended.set()

    @Slot(str, str)
    def _on_lane_fault(self, where: str, message: str) -> None:
        self._on_fault(where, message)


def _lost_job(name: str, why: str) -> SlopError:
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


async def _carry_out(job: _Job) -> Any:
    if job.cancelled:
        raise asyncio.CancelledError
    return await job.start()
