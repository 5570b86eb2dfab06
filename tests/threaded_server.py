"""A TCP server in a thread of its own, for what a test has to stand between or at the end of a connection."""

import asyncio
import contextlib
import threading
from abc import ABC, abstractmethod

__all__ = ["ThreadedServer", "closed"]


class ThreadedServer(ABC):
    """`with` it, then base_url. `_connected` is called in its thread for each connection.

    Attributes:
        _changed: is notified when a connection opens or closes; subclasses may notify it of more.
        _opened: how many connections there were.
    """

    def __init__(self, name: str) -> None:
        self.base_url = ""
        self._changed = threading.Condition()
        self._opened = 0
        self._open = 0
        self._ready = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()), name=name)

    @abstractmethod
    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, number: int) -> None:
        """Serve one connection, whose number counts from 1. It is closed afterwards, and cancelled at the end."""

    def __enter__(self):
        self._thread.start()
        self._ready.wait()
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join()

    def wait_until_left(self, timeout_s: float) -> bool:
        """Whether every client has closed its connections within that time."""
        with self._changed:
            return self._changed.wait_for(lambda: self._open == 0, timeout_s)

    def _count(self, change: int) -> None:
        with self._changed:
            self._open += change
            self._changed.notify_all()

    async def _serve(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._stop = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()
        server = await asyncio.start_server(self._begun, "127.0.0.1", 0)
        self.base_url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        self._ready.set()
        await self._stop.wait()
        server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _begun(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        self._opened += 1
        self._count(+1)
        try:
            await self._connected(reader, writer, self._opened)
        finally:
            self._tasks.discard(task)
            self._count(-1)
            await closed(writer)


async def closed(writer: asyncio.StreamWriter) -> None:
    """Close a connection, whatever the other side does."""
    writer.close()
    with contextlib.suppress(ConnectionError, asyncio.CancelledError):
        await writer.wait_closed()
