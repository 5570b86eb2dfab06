"""Threads with an asyncio loop each: where agents and commands run, away from the window (port: core.ports.Lanes)."""

import asyncio
import contextlib
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from typing import Any, TypeVar, cast

from PySide6.QtCore import QObject, Qt, QThreadPool, Signal, Slot

from slop_qt.core.errors import NotPossibleError
from slop_qt.qt.worker_lane import Job, OnFault, Outcome, Reports, Start, WorkerLane, describe_error, lost_job

__all__ = ["LanePool", "OnFault", "describe_error"]

T = TypeVar("T")


@dataclass(slots=True, eq=False)
class _Pending:
    """A job and who waits for it. Main thread."""

    job: Job
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
        self._reports = Reports(self._settled.emit, self._finished.emit, self._fault.emit)
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
        job = Job(self._jobs_seen, name, start)
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

    def _give(self, outcome: Outcome) -> None:
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
    def _on_settled(self, outcome: Outcome) -> None:
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
            error = asyncio.CancelledError() if job.cancelled else lost_job(job.name, died or "its lane ended")
            self._give(Outcome(job_number, error=error))
        if self._closing and not self._lanes:
            self._all_ended.set()

    @Slot(str, str)
    def _on_lane_fault(self, where: str, message: str) -> None:
        self._on_fault(where, message)
