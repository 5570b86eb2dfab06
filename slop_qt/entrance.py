"""Where an engine is reached from outside: the process's automation socket, which outlives a project in a window."""

import os
from collections.abc import Awaitable, Callable
from pathlib import Path

from slop_qt.automation.discovery import default_socket_path
from slop_qt.launch import LaunchOptions
from slop_qt.qt.socket_server import Behind, SocketServer

__all__ = ["Entrance"]


class Entrance:
    """One project's turn at the socket. Lives in the main thread; used while its loop runs."""

    def __init__(self, options: LaunchOptions, server: SocketServer | None) -> None:
        """server is the process's socket, where another project answers on it until `come_in`; None: there is none."""
        self._options = options
        self._answers = False
        self.server = server

    @property
    def path(self) -> Path | None:
        """Where this process answers; None: nowhere."""
        return self.server.path if self.server is not None else None

    def listen(self, behind: Behind) -> None:
        """Open the process's socket, and answer on it. Raises as SocketServer.listen."""
        named = self._options.automation
        self.server = SocketServer(behind, scope=self._options.automation_scope)
        self._answers = True
        self.server.listen(Path(named).absolute() if named else default_socket_path(os.getpid()))

    def come_in(self, behind: Behind) -> None:
        """Answer on the process's socket in place of the project before."""
        if self.server is not None:
            self.server.serve(behind)
            self._answers = True

    async def leave(self, part: Callable[[], Awaitable[None]] | None) -> None:
        """Close the socket, or do `part`, where another project comes next; nothing where it was not our turn."""
        if self.server is not None and self._answers:
            self._answers = False
            await (part or self.server.close)()
