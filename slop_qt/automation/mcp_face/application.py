"""The running application as the face sees it: found when it is needed, and looked for again when it is gone."""

import asyncio
import os
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from slop_qt.automation.async_client import AsyncClient
from slop_qt.automation.protocol import ConnectionLostError
from slop_qt.core.errors import ConfigurationError

__all__ = ["RunningApplication"]


class RunningApplication:
    """Connections to one application, each for one call: who drops the call closes it, and so ends the waiting there.

    Without a socket named, the newest application is taken, and kept to while it answers: another one that is started
    later does not get the calls that were meant for this one.
    """

    def __init__(self, socket: Path | None = None, environ: Mapping[str, str] = os.environ) -> None:
        """Nothing is looked for yet; socket and environ mean what they mean to `AsyncClient`."""
        self._named = socket
        self._environ = environ
        self._kept: Path | None = None

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[AsyncClient]:
        """A connection of one's own.

        Raises:
            ConfigurationError: no application answers; the hint says how to start one.
            NotAuthorisedError: it refuses the token.
        """
        client = await self._connected()
        try:
            yield client
        finally:
            await client.aclose()

    async def call(self, method: str, params: Mapping[str, Any]) -> dict[str, Any]:
        """One method, as `AsyncClient.call`. Cancelling it cancels what only waits in the application."""
        async with self.connection() as client:
            try:
                return await client.call(method, **params)
            except ConnectionLostError as error:
                raise ConnectionLostError(
                    f"The application at {client.socket_path} ended before it had answered {method}.",
                    "Start it again if it should run; the next call finds it.",
                ) from error

    async def _connected(self) -> AsyncClient:
        if self._kept is not None:
            try:
                return await self._opened(self._kept)
            except (ConfigurationError, ConnectionLostError):  # it has ended: perhaps there is another
                self._kept = None
        client = await self._opened(self._named)
        self._kept = client.socket_path
        return client

    async def _opened(self, socket: Path | None) -> AsyncClient:
        # Finding a socket reads folders and files and tries what may not answer.
        client = await asyncio.to_thread(AsyncClient, socket, environ=self._environ)
        return await client.__aenter__()
