"""A relay before a server: what both sides said, byte for byte, to hold our reading of it against."""

import asyncio
import contextlib
import http.client
import io
import json
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from threaded_server import ThreadedServer, closed

__all__ = ["Exchange", "WireTap"]


@dataclass(frozen=True)
class Exchange:
    """A request and its response. connection is the number of the TCP connection that they came over, from 1."""

    path: str
    request: dict[str, Any]
    status: int
    body: bytes
    connection: int

    @property
    def events(self) -> list[dict[str, Any]]:
        """The data of a stream's events, in order, without the word that ends some streams."""
        lines = self.body.decode().split("\n")
        return [json.loads(line[6:]) for line in lines if line.startswith("data: ") and line != "data: [DONE]"]


@dataclass
class _Connection:
    asked: bytearray = field(default_factory=bytearray)
    answered: bytearray = field(default_factory=bytearray)


class WireTap(ThreadedServer):
    """Relays in a thread of its own: `with WireTap(server_url) as tap`, then tap.base_url.

    It changes nothing and knows no vendor; a side that closes closes the other.
    """

    def __init__(self, server_url: str) -> None:
        super().__init__("wire-tap")
        split = urlsplit(server_url)
        self._server = (split.hostname or "", split.port or 80)
        self._connections: list[_Connection] = []

    @property
    def exchanges(self) -> list[Exchange]:
        """Those with an answer, so far, connection by connection. For when the answers are complete."""
        return [
            exchange
            for number, connection in enumerate(self._connections, 1)
            for exchange in _parsed(bytes(connection.asked), bytes(connection.answered), number)
        ]

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, number: int) -> None:
        kept = _Connection()
        self._connections.append(kept)
        server_reader, server_writer = await asyncio.open_connection(*self._server)
        ways = (_pump(reader, server_writer, kept.asked), _pump(server_reader, writer, kept.answered))
        directions = [asyncio.ensure_future(way) for way in ways]
        try:
            await asyncio.wait(directions, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for direction in directions:
                direction.cancel()
            await asyncio.gather(*directions, return_exceptions=True)
            await closed(server_writer)


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, kept: bytearray) -> None:
    with contextlib.suppress(ConnectionError):
        while piece := await reader.read(1 << 16):
            kept += piece
            writer.write(piece)
            await writer.drain()


def _parsed(asked: bytes, answered: bytes, connection: int) -> list[Exchange]:
    requests, responses = io.BytesIO(asked), _Kept(answered)
    found = []
    while (line := requests.readline()) and responses.tell() < len(answered):
        path = line.split()[1].decode()
        headers = http.client.parse_headers(requests)
        request = json.loads(requests.read(int(headers["content-length"])))
        response = http.client.HTTPResponse(responses, method="POST")
        response.begin()
        found.append(Exchange(path, request, response.status, response.read(), connection))
    return found


class _Kept(io.BytesIO):
    """Responses one after another, for a reader that takes it for a socket and closes it after each."""

    def makefile(self, _: str) -> "_Kept":
        return self

    def close(self) -> None:
        """The next response is read from here too."""
