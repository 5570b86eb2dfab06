"""The automation socket of the running application (3-automation.md): who may come in, and its files."""

import asyncio
import contextlib
import os
import socket
import struct
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PySide6.QtCore import QObject, Slot
from PySide6.QtNetwork import QLocalServer, QLocalSocket

from slop_qt.automation.discovery import prepare_socket_path, token_path, write_token
from slop_qt.core.errors import ConfigurationError
from slop_qt.core.events import Event
from slop_qt.core.ports import Offload
from slop_qt.mma.command_registry import CommandRegistry
from slop_qt.qt.committed_feed import CommittedEvents, CommittedFeed
from slop_qt.qt.lanes import OnFault
from slop_qt.qt.socket_connection import Door, Scope, SocketConnection

__all__ = ["Behind", "SocketServer"]

_BACKLOG = 512
_LAST_WORDS_S = 0.2


@dataclass(frozen=True, slots=True)
class Behind:
    """What an open project answers with.

    read_journal gives the committed events from a seq on; it is called in a helper thread.
    """

    registry: CommandRegistry
    events: CommittedEvents
    read_journal: Callable[[int], Iterator[Event]]
    offload: Offload
    on_fault: OnFault

    def feed(self) -> CommittedFeed:
        """What subscribers are told from."""
        return CommittedFeed(self.events, self.read_journal, self.offload)


class SocketServer(QObject):
    """Listens on one path and answers with the commands of a project; which one it is may change.

    From one project to the next: `withhold`, then `part` when the old one's journal is closed, then `serve`. Lives in
    the main thread; made, opened and closed while its loop runs.
    """

    def __init__(
        self, behind: Behind, *, scope: Scope = "control", owner: int | None = None, parent: QObject | None = None
    ) -> None:
        """owner is the one user who is let in: this process's, unless given."""
        super().__init__(parent)
        self._owner = os.getuid() if owner is None else owner
        self._door = Door(behind.registry, behind.feed(), scope, behind.on_fault)
        self._door.opened.set()
        self._path: Path | None = None
        self._connections: set[SocketConnection] = set()
        self._one_ended = asyncio.Event()
        self._server = QLocalServer(self)
        self._server.setSocketOptions(QLocalServer.SocketOption.UserAccessOption)
        self._server.setListenBacklogSize(_BACKLOG)
        self._server.newConnection.connect(self._on_new_connections)

    @property
    def path(self) -> Path | None:
        """Where it listens; None before `listen` and after `close`."""
        return self._path

    def listen(self, path: Path) -> None:
        """Write the token file, then listen. A dead socket is replaced.

        Raises:
            ConfigurationError: the path cannot be used.
            ConflictError: another application listens there, or there is a file that is no socket.
        """
        prepare_socket_path(path)
        self._door.token = write_token(path)
        if not self._server.listen(str(path)):
            token_path(path).unlink(missing_ok=True)
            raise ConfigurationError(
                f"The automation socket {path} cannot be opened: {self._server.errorString()}.",
                "Choose another path with --automation=PATH.",
            )
        path.chmod(0o600)  # Qt makes it 0700
        self._path = path

    async def withhold(self, caller: asyncio.Task[Any] | None, deadline_s: float = 2.0) -> str | None:
        """Begin nothing more but a quit, and wait for what clients are changing; caller is not waited for.

        Returns a method that is still being carried out after deadline_s seconds; None: nothing is.
        """
        self._door.opened.clear()
        calls = (call for connection in self._connections for call in connection.changing.items())
        changing = {call: method for call, method in calls if call is not caller}
        if not changing:
            return None
        _, pending = await asyncio.wait(changing, timeout=deadline_s)
        return next((changing[call] for call in pending), None)

    def go_on(self) -> None:
        """After `withhold`: nothing has changed, begin again what is asked for."""
        self._door.opened.set()

    async def part(self, caller: asyncio.Task[Any] | None, deadline_s: float = 1.0) -> None:
        """Tell subscribers what is committed, and send everybody away whom the old project has answered.

        Whose call caller is stays, and loses subscription and waiting calls; who has just come stays, too.
        """
        await self._door.feed.finish(deadline_s)
        leaving = set()
        for connection in tuple(self._connections):
            if connection.carries(caller):
                connection.move_on()
            elif connection.introduced:
                leaving.add(connection)
        await self._send_away(leaving, deadline_s)

    def serve(self, behind: Behind) -> None:
        """Answer with this project from now on."""
        self._door.registry, self._door.feed, self._door.on_fault = behind.registry, behind.feed(), behind.on_fault
        self._door.opened.set()

    async def close(self, deadline_s: float = 1.0) -> None:
        """Let nobody in, answer what is being carried out for deadline_s seconds at most, and remove the files."""
        if self._path is not None:
            token_path(self._path).unlink(missing_ok=True)
            self._path = None
        self._server.close()  # which removes the socket
        await self._door.feed.finish(deadline_s)
        await self._send_away(self._connections, deadline_s)

    async def _send_away(self, leaving: Iterable[SocketConnection], deadline_s: float) -> None:
        leaving = set(leaving)
        for connection in leaving:
            connection.finish()
        await self._wait_for_end(leaving, deadline_s)
        for connection in leaving & self._connections:
            connection.abort()
        await self._wait_for_end(leaving, _LAST_WORDS_S)

    async def _wait_for_end(self, leaving: set[SocketConnection], deadline_s: float) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(deadline_s):
                while leaving & self._connections:
                    self._one_ended.clear()
                    await self._one_ended.wait()

    @Slot()
    def _on_new_connections(self) -> None:
        while (client := self._server.nextPendingConnection()) is not None:
            if _peer_uid(client) not in {None, self._owner}:
                client.abort()
                client.deleteLater()
                continue
            connection = SocketConnection(client, self._door, parent=self)
            self._connections.add(connection)
            connection.ended.connect(self._on_ended)

    @Slot(object)
    def _on_ended(self, connection: SocketConnection) -> None:
        self._connections.discard(connection)
        connection.deleteLater()
        self._one_ended.set()


def _peer_uid(client: QLocalSocket) -> int | None:
    """The user at the other end; None where the platform does not tell, and file permissions must do."""
    if not hasattr(socket, "SO_PEERCRED"):
        return None
    with socket.socket(fileno=os.dup(int(client.socketDescriptor()))) as peer:
        credentials = peer.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
    _, uid, _ = struct.unpack("3i", credentials)
    return int(uid)
