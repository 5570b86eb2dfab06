"""What tests of the Qt layer share: a main loop that can be run from a plain test, and conditions to wait for."""

import asyncio
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any, TypeVar

import qasync

T = TypeVar("T")


class MainLoop:
    """The GUI thread's loop, for tests that are no coroutines. `errors` are what its callbacks raised."""

    def __init__(self, loop: qasync.QEventLoop) -> None:
        self.loop = loop
        self.errors: list[dict[str, Any]] = []
        loop.set_exception_handler(lambda _loop, context: self.errors.append(context))

    def run(self, coroutine: Coroutine[Any, Any, T], timeout_s: float = 30.0) -> T:
        """Run it to its end; no longer than timeout_s."""
        return self.loop.run_until_complete(asyncio.wait_for(coroutine, timeout_s))


async def until(condition: Callable[[], bool], timeout_s: float = 10.0) -> None:
    """Let the loop turn until the condition holds."""
    async with asyncio.timeout(timeout_s):
        while not condition():  # noqa: ASYNC110 — what it looks at changes in other threads
            await asyncio.sleep(0.002)


async def turns(count: int = 10) -> None:
    """Let everything that is ready on this loop happen, and what becomes ready by that."""
    for _ in range(count):
        await asyncio.sleep(0)


def thread_count() -> int:
    """How many threads this process has, the operating system says."""
    return len(list(Path("/proc/self/task").iterdir()))
