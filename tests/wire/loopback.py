"""A loopback server that answers as a test says: well, badly, or not at all. It knows no vendor."""

import asyncio
import contextlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Any

from threaded_server import ThreadedServer

__all__ = ["CUT", "STALL", "Answer", "LoopbackServer", "Received"]


class _Special(Enum):
    STALL = auto()
    CUT = auto()


STALL = _Special.STALL  # keep the connection open and send nothing more, until the client goes
CUT = _Special.CUT  # break the connection off


@dataclass(frozen=True)
class Answer:
    """An HTTP response. pieces are sent one by one; floats among them are pauses in seconds.

    A headless one has no status line either: nothing comes before the first piece.
    """

    pieces: Sequence[bytes | float | _Special]
    status: int = 200
    headers: dict[str, str] = field(default_factory=lambda: {"content-type": "text/event-stream; charset=utf-8"})
    headless: bool = False


@dataclass(frozen=True)
class Received:
    """A request. raw is its body as it came; connection the number of the TCP connection it came over, from 1."""

    method: str
    path: str
    headers: dict[str, str]
    raw: bytes
    connection: int

    @property
    def body(self) -> Any:
        """The body as JSON; None where there is none."""
        return json.loads(self.raw) if self.raw else None


class LoopbackServer(ThreadedServer):
    """Serves in a thread of its own: `with LoopbackServer(respond) as server`, then server.base_url.

    respond is called there with each request and gives the answer. received holds the requests so far.
    """

    def __init__(self, respond: Callable[[Received], Answer]) -> None:
        super().__init__("loopback-server")
        self._respond = respond
        self.received: list[Received] = []

    def wait_until_asked(self, timeout_s: float) -> bool:
        """Whether a request has come within that time."""
        with self._changed:
            return self._changed.wait_for(lambda: bool(self.received), timeout_s)

    @classmethod
    def saying(cls, *answers: Answer) -> "LoopbackServer":
        """Gives these answers, one for each request; the last one again and again."""
        left = list(answers)
        return cls(lambda _: left.pop(0) if len(left) > 1 else left[0])

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, number: int) -> None:
        with contextlib.suppress(ConnectionError, asyncio.CancelledError):
            while (request := await self._read(reader, number)) is not None:
                with self._changed:
                    self.received.append(request)
                    self._changed.notify_all()
                await self._write(self._respond(request), reader, writer)

    async def _read(self, reader: asyncio.StreamReader, connection: int) -> Received | None:
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        except asyncio.IncompleteReadError:
            return None
        first, *lines = head.rstrip().split("\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        body = await reader.readexactly(int(headers.get("content-length", "0")))
        method, path, _ = first.split(" ")
        return Received(method, path, headers, body, connection)

    async def _write(self, answer: Answer, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = f"HTTP/1.1 {answer.status} status\r\ntransfer-encoding: chunked\r\n"
        head += "".join(f"{name}: {value}\r\n" for name, value in answer.headers.items())
        if not answer.headless:
            writer.write(head.encode() + b"\r\n")
        for piece in answer.pieces:
            if piece is STALL:
                await writer.drain()
                await reader.read()
                raise ConnectionAbortedError
            if piece is CUT:
                await writer.drain()
                raise ConnectionAbortedError
            if isinstance(piece, float):
                await asyncio.sleep(piece)
            elif piece:
                writer.write(b"%x\r\n%b\r\n" % (len(piece), piece))
                await writer.drain()
        writer.write(b"0\r\n\r\n")
        await writer.drain()
