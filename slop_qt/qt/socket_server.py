"""The automation socket of the running application (3-automation.md): who may come in, and its files."""

import asyncio
import contextlib
import os
import socket
import struct
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

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

__all__ = ["SocketServer"]

_BACKLOG = 512
_LAST_WORDS_S = 0.2


class SocketServer(QObject):
    """Listens on one path and answers with the commands of the registry.

    Lives in the main thread; made, opened and closed while its loop runs.
    """

    def __init__(
        self,
        *,
        registry: CommandRegistry,
        events: CommittedEvents,
        read_journal: Callable[[int], Iterator[Event]],
        offload: Offload,
        on_fault: OnFault,
        scope: Scope = "control",
        owner: int | None = None,
        parent: QObject | None = None,
    ) -> None:
        """owner is the one user who is let in: this process's, unless given.

        read_journal gives the committed events from a seq on; it is called in a helper thread.
        """
        super().__init__(parent)
        self._owner = os.getuid() if owner is None else owner
        self._feed = CommittedFeed(events, read_journal, offload)
        self._door = Door(registry, self._feed, token="", scope=scope, on_fault=on_fault)
        self._path: Path | None = None
        self._connections: set[SocketConnection] = set()
        self._all_ended = asyncio.Event()
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
        self._door = replace(self._door, token=write_token(path))
        if not self._server.listen(str(path)):
            token_path(path).unlink(missing_ok=True)
            raise ConfigurationError(
                f"The automation socket {path} cannot be opened: {self._server.errorString()}.",
                "Choose another path with --automation=PATH.",
            )
        path.chmod(0o600)  # Qt makes it 0700
        self._path = path

    async def close(self, deadline_s: float = 1.0) -> None:
        """Let nobody in, answer what is being carried out for deadline_s seconds at most, and remove the files."""
        if self._path is not None:
            token_path(self._path).unlink(missing_ok=True)
            self._path = None
        self._server.close()  # which removes the socket
        self._feed.close()
        for connection in tuple(self._connections):
            connection.finish()
        await self._wait_for_end(deadline_s)
        for connection in tuple(self._connections):
            connection.abort()
        await self._wait_for_end(_LAST_WORDS_S)

    async def _wait_for_end(self, deadline_s: float) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(deadline_s):
                while self._connections:
                    self._all_ended.clear()
                    await self._all_ended.wait()

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
        if not self._connections:
            self._all_ended.set()


def _peer_uid(client: QLocalSocket) -> int | None:
    """The user at the other end; None where the platform does not tell, and file permissions must do."""
    if not hasattr(socket, "SO_PEERCRED"):
        return None
    with socket.socket(fileno=os.dup(int(client.socketDescriptor()))) as peer:
        credentials = peer.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
    _, uid, _ = struct.unpack("3i", credentials)
    return int(uid)
