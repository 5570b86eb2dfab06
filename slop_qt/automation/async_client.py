"""The automation client for programs that have an asyncio loop; otherwise as `automation.client`."""

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Any

from slop_qt.automation.client import given, lost, not_answering, timed_out
from slop_qt.automation.discovery import find_socket, read_token
from slop_qt.automation.protocol import Notification, Reply, encode_request, parse_message
from slop_qt.core.errors import NotPossibleError, SlopError

__all__ = ["AsyncClient"]

_LONGEST_LINE = 1 << 30

# None is the end of the connection.
_Events = asyncio.Queue[dict[str, Any] | None]


@dataclass(frozen=True, slots=True, eq=False)
class _Waiting:
    """A request under way. answered is called in the order in which lines arrive, before anything behind it is read."""

    future: asyncio.Future[dict[str, Any]]
    answered: Callable[[], None]


class AsyncClient:
    """One connection to a running application, open between `async with` and its end. Many calls may wait at once.

    Attributes:
        socket_path: where it is connected to.
        info: what `app.hello` answered; {} before.
        newest_seq: what the last subscription answered: the newest event's number at that moment.
    """

    def __init__(
        self,
        socket_path: str | Path | None = None,
        *,
        token: str | None = None,
        timeout_s: float | None = None,
        environ: Mapping[str, str] = os.environ,
    ) -> None:
        """Nothing is connected yet; the arguments and errors of the connection are those of `Client`."""
        self.socket_path = find_socket(socket_path, environ)
        self.info: dict[str, Any] = {}
        self.newest_seq = 0
        self._token = token if token is not None else read_token(self.socket_path, environ)
        self._timeout_s = timeout_s
        self._last_id = 0
        self._waiting: dict[int, _Waiting] = {}
        self._events: _Events = asyncio.Queue()
        self._writer: asyncio.StreamWriter | None = None
        self._reading: asyncio.Task[None] | None = None
        self._ended: SlopError | None = None

    async def __aenter__(self) -> "AsyncClient":
        try:
            reader, self._writer = await asyncio.open_unix_connection(self.socket_path, limit=_LONGEST_LINE)
        except OSError as error:
            raise not_answering(self.socket_path, error) from error
        self._reading = asyncio.create_task(self._read(reader), name="automation client")
        try:
            self.info = await self.call("app.hello", token=self._token)
        except BaseException:
            await self.aclose()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Close the connection. What was started goes on."""
        if self._reading is None or self._writer is None:
            return
        self._writer.close()  # before anything is waited for: who closes may have been cancelled
        self._reading.cancel()
        await asyncio.wait({self._reading})
        with contextlib.suppress(OSError):
            await self._writer.wait_closed()

    async def call(self, method: str, /, **params: Any) -> dict[str, Any]:
        """One method, its parameters by name, its result. Raises as `Client.call`."""
        return await self._call(method, params, _nothing)

    async def get_mma_status(self, run_id: str | None = None) -> dict[str, Any]:
        """MMA status of a run, or of the newest."""
        return await self.call("mma.status", **given(run_id=run_id))

    async def wait_run(self, run_id: str | None = None, timeout_s: float | None = None) -> dict[str, Any]:
        """MMA status when the run has ended; as `Client.wait_run`."""
        return await self.call("run.wait", **given(run_id=run_id, timeout_s=timeout_s))

    async def subscribe(
        self, kinds: Sequence[str] | None = None, from_seq: int | None = None
    ) -> AsyncIterator[dict[str, Any]]:
        """Committed events from now on, or from from_seq on: `async for event in await client.subscribe()`.

        The subscription stands when this returns, and replaces the one before. The iterator ends with the connection.
        """
        events: _Events = asyncio.Queue()

        params = given(kinds=kinds, from_seq=from_seq)
        answer = await self._call("events.subscribe", params, partial(self._deliver_to, events))
        self.newest_seq = answer["seq"]
        return self._iterate(events)

    async def unsubscribe(self) -> None:
        """No more events; the iterator ends."""
        await self._call("events.unsubscribe", {}, partial(self._deliver_to, asyncio.Queue()))

    def _deliver_to(self, events: _Events) -> None:
        self._events.put_nowait(None)
        self._events = events

    async def _call(self, method: str, params: Mapping[str, Any], answered: Callable[[], None]) -> dict[str, Any]:
        if self._writer is None:
            raise NotPossibleError("The client is not connected.", "Use it in `async with`.")
        if self._ended is not None:
            raise self._ended
        self._last_id = request_id = self._last_id + 1
        line = encode_request(request_id, method, params)
        waiting = _Waiting(asyncio.get_running_loop().create_future(), answered)
        self._waiting[request_id] = waiting
        try:
            async with asyncio.timeout(self._timeout_s):
                self._writer.write(line)
                with contextlib.suppress(ConnectionError):  # why it closed is found when the answer is read
                    await self._writer.drain()
                return await waiting.future
        except TimeoutError:
            raise timed_out(method, self._timeout_s) from None
        finally:
            self._waiting.pop(request_id, None)

    @staticmethod
    async def _iterate(events: _Events) -> AsyncIterator[dict[str, Any]]:
        while (event := await events.get()) is not None:
            yield event

    async def _read(self, reader: asyncio.StreamReader) -> None:
        ended: SlopError = lost(self.socket_path)
        try:
            while (line := await reader.readline()).endswith(b"\n"):
                self._take(line)
        except ConnectionError:
            pass
        except SlopError as error:
            ended = error
        finally:
            self._ended = ended
            for waiting in self._waiting.values():
                if not waiting.future.done():
                    waiting.future.set_exception(ended)
            self._events.put_nowait(None)

    def _take(self, line: bytes) -> None:
        message = parse_message(line)
        if isinstance(message, Notification):
            self._events.put_nowait(message.params)
        elif message.id is None and message.error is not None:
            raise message.error
        elif isinstance(message.id, int) and (waiting := self._waiting.get(message.id)) is not None:
            self._settle(waiting, message)

    @staticmethod
    def _settle(waiting: _Waiting, reply: Reply) -> None:
        if waiting.future.done():
            return
        if reply.error is not None:
            waiting.future.set_exception(reply.error)
        else:
            waiting.answered()
            waiting.future.set_result(reply.result or {})


def _nothing() -> None:
    """Nothing is to be done when the answer comes."""
