"""Blocking work beside a loop where there is no Qt to do it, in threads that nobody has to wait for."""

from collections.abc import Callable
from typing import TypeVar

from slop_qt.mma.own_thread import run_in_thread

__all__ = ["HelperThreads"]

T = TypeVar("T")


class HelperThreads:
    """A thread for each job. Implements core.ports.Offload; the end of the process waits for none of them."""

    async def run(self, job: Callable[[], T]) -> T:
        """The job's result or exception. A cancelled wait leaves the job running; its result is dropped."""
        return await run_in_thread(job, name="helper")
