"""A socket server with a real journal, bus and registry behind it, and a client that may say anything."""

import asyncio
import json
import os
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

from slop_qt.automation import Client
from slop_qt.core.approvals import DecidedBy
from slop_qt.core.errors import ConflictError, WaitTimedOutError
from slop_qt.core.events import Event, StreamText
from slop_qt.mma import commands, shapes
from slop_qt.mma.bus import Bus
from slop_qt.mma.command_registry import CommandRegistry
from slop_qt.mma.queries import status_of
from slop_qt.qt.helper_pool import HelperPool
from slop_qt.qt.socket_connection import Scope
from slop_qt.qt.socket_server import Behind, SocketServer
from slop_qt.store.journal import Journal

T = TypeVar("T")

TIMEOUT_S = 20.0


class Handlers:
    """What carries commands out: enough to see when, how often and by whom, and to hold a call back."""

    def __init__(self) -> None:
        self.by: list[DecidedBy] = []
        self.release = asyncio.Event()
        self.waiting = 0
        self.cancelled = 0
        self.started: list[str] = []
        self.text = "x"
        self.registry = CommandRegistry()
        self.registry.register(commands.APP_INFO, self.info)
        self.registry.register(commands.RUN_WAIT, self.wait)
        self.registry.register(commands.RUN_START, self.start)
        self.registry.register(commands.RUN_CANCEL, self.cancel)
        self.registry.register(commands.RUN_LIST, self.broken)
        self.registry.register(commands.STREAM_READ, self.read)
        self.registry.register(commands.MMA_STATUS, self.status)
        self.registry.register(commands.EPIC_PROPOSE, self.propose)

    async def info(self, _: shapes.Nothing, by: DecidedBy) -> shapes.AppInfo:
        self.by.append(by)
        return shapes.AppInfo(version="1.0", pid=os.getpid(), project="/somewhere", headless=True)

    async def wait(self, params: shapes.WaitRun, _: DecidedBy) -> shapes.MmaStatus:
        status = status_of(None)
        if params.timeout_s is not None:
            raise WaitTimedOutError("It goes on.", state=status.model_dump(mode="json"))
        self.waiting += 1
        try:
            await self.release.wait()
        except asyncio.CancelledError:
            self.cancelled += 1
            raise
        finally:
            self.waiting -= 1
        return status

    async def start(self, params: shapes.StartRun, _: DecidedBy) -> shapes.RunStarted:
        self.started.append(params.track_id)
        await self.release.wait()
        self.started.append(f"{params.track_id} done")
        return shapes.RunStarted(run_id="R-1")

    async def cancel(self, _params: shapes.RunRef, _by: DecidedBy) -> shapes.RunStatusResult:
        raise ConflictError("Run R-1 has ended.", "Start another one.")

    async def broken(self, _params: shapes.Nothing, _by: DecidedBy) -> shapes.Runs:
        raise ZeroDivisionError("of all things")

    async def read(self, params: shapes.ReadStream, _: DecidedBy) -> shapes.StreamPage:
        return shapes.StreamPage(text=self.text, next_offset=params.offset, closed=False)

    async def status(self, _params: shapes.RunRef, _by: DecidedBy) -> shapes.MmaStatus:
        raise asyncio.CancelledError

    async def propose(self, _params: shapes.PlanEpic, _by: DecidedBy) -> shapes.TracksProposed:
        return shapes.TracksProposed(run_id="R-1", tracks=())


class Application:
    """All that is behind a socket, without a window. Open between `async with` and its end."""

    def __init__(
        self,
        folder: Path,
        *,
        scope: Scope = "control",
        owner: int | None = None,
        read_journal: Callable[[int], Iterator[Event]] | None = None,
    ) -> None:
        self.path = folder / "a.sock"
        self.handlers = Handlers()
        self.faults: list[tuple[str, str]] = []
        self.helpers = HelperPool()
        self._clients = HelperPool(limit=16)
        self.journal = Journal(folder / "journal.sqlite3")
        self.journal.open()
        self.bus = Bus(self.journal)
        behind = Behind(
            registry=self.handlers.registry,
            events=self.bus,
            read_journal=read_journal or self.journal.read,
            offload=self.helpers,
            on_fault=lambda where, message: self.faults.append((where, message)),
        )
        self.server = SocketServer(behind, scope=scope, owner=owner)

    async def __aenter__(self) -> "Application":
        self.server.listen(self.path)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.server.close()
        self.bus.close()
        self.journal.close(10.0)
        assert await self._clients.shutdown(10.0) == []
        assert await self.helpers.shutdown(10.0) == []

    async def outside(self, client: Callable[[], T]) -> T:
        """Run a client, which blocks, in a thread of its own, while the application goes on."""
        return await self._clients.run(client)

    def client(self) -> Client:
        """A connection, for use in `outside`."""
        return Client(self.path, timeout_s=TIMEOUT_S)

    def raw(self) -> "RawClient":
        """A connection without a hello, for use in `outside`."""
        return RawClient(self.path)

    def greeted(self) -> "RawClient":
        """A connection after its hello, for use in `outside`."""
        raw = RawClient(self.path)
        token = self.path.with_name("a.sock.token").read_text()
        assert "result" in raw.ask({"jsonrpc": "2.0", "id": 0, "method": "app.hello", "params": {"token": token}})
        return raw

    def publish(self, count: int, *, first: int = 0) -> list[Event]:
        """That many stream_text events, their texts counting from `first`."""
        events = [StreamText(run_id="R-1", stream_id="Tier 1", text=str(first + n)) for n in range(count)]
        for event in events:
            self.bus.publish(event)
        return events


class RawClient:
    """Says any bytes, and reads lines."""

    def __init__(self, path: Path) -> None:
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.socket.settimeout(TIMEOUT_S)
        self.socket.connect(str(path))
        self._file = self.socket.makefile("rb")

    def __enter__(self) -> "RawClient":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self._file.close()
        self.socket.close()

    def say(self, line: bytes | dict[str, Any] | list[Any]) -> None:
        self.socket.sendall((line if isinstance(line, bytes) else json.dumps(line).encode()) + b"\n")

    def hear(self) -> dict[str, Any]:
        return json.loads(self._file.readline())

    def ask(self, line: bytes | dict[str, Any] | list[Any]) -> dict[str, Any]:
        self.say(line)
        return self.hear()

    def is_closed(self) -> bool:
        """Waits for the end of the connection; False if something comes instead."""
        try:
            return self._file.read(1) == b""
        except ConnectionError:
            return True
