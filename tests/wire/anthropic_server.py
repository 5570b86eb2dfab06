"""A loopback server that speaks Anthropic's wire format as a test or a bench says: well, badly, or not at all."""

import asyncio
import contextlib
import json
import threading
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Any

__all__ = [
    "CANARY_KEY",
    "CUT",
    "STALL",
    "Answer",
    "AnthropicServer",
    "Received",
    "answer_events",
    "json_error",
    "sse",
    "stream_answer",
]


# What no message, log line or file may ever contain.
CANARY_KEY = "sk-ant-canary-0123456789"


class _Special(Enum):
    STALL = auto()
    CUT = auto()


STALL = _Special.STALL  # keep the connection open and send nothing more, until the client goes
CUT = _Special.CUT  # break the connection off


@dataclass(frozen=True)
class Answer:
    """An HTTP response. pieces are sent one by one; floats among them are pauses in seconds."""

    pieces: Sequence[bytes | float | _Special]
    status: int = 200
    headers: dict[str, str] = field(default_factory=lambda: {"content-type": "text/event-stream; charset=utf-8"})


@dataclass(frozen=True)
class Received:
    """A request. connection is the number of the TCP connection that it came over, from 1."""

    method: str
    path: str
    headers: dict[str, str]
    body: Any
    connection: int


def sse(*events: dict[str, Any]) -> bytes:
    """Events on the wire."""
    return b"".join(
        f"event: {event['type']}\ndata: {json.dumps(event, ensure_ascii=False)}\n\n".encode() for event in events
    )


def block_events(index: int, start: dict[str, Any], deltas: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """A content block, begun, grown and ended."""
    return [
        {"type": "content_block_start", "index": index, "content_block": start},
        *({"type": "content_block_delta", "index": index, "delta": delta} for delta in deltas),
        {"type": "content_block_stop", "index": index},
    ]


def answer_events(
    *,
    text: Iterable[str] = (),
    thinking: Iterable[str] = (),
    signature: str = "signature",
    tools: Sequence[tuple[str, str, Iterable[str]]] = (),
    stop: str | None = None,
    usage: dict[str, Any] | None = None,
    final_usage: dict[str, Any] | None = None,
) -> list[dict[str, Any]]:
    """A whole answer; text and thinking in the given deltas, tools as (id, name, pieces of JSON)."""
    blocks: list[tuple[dict[str, Any], list[dict[str, Any]]]] = []
    thoughts, words = list(thinking), list(text)
    if thoughts:
        grown = [{"type": "thinking_delta", "thinking": thought} for thought in thoughts]
        grown.append({"type": "signature_delta", "signature": signature})
        blocks.append(({"type": "thinking", "thinking": "", "signature": ""}, grown))
    if words:
        blocks.append(({"type": "text", "text": ""}, [{"type": "text_delta", "text": word} for word in words]))
    for call_id, name, pieces in tools:
        start = {"type": "tool_use", "id": call_id, "name": name, "input": {}}
        blocks.append((start, [{"type": "input_json_delta", "partial_json": piece} for piece in pieces]))
    message = {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "model": "model",
        "content": [],
        "stop_reason": None,
        "stop_sequence": None,
        "usage": usage if usage is not None else {"input_tokens": 10, "output_tokens": 1},
    }
    ending = {"stop_reason": stop or ("tool_use" if tools else "end_turn"), "stop_sequence": None}
    return [
        {"type": "message_start", "message": message},
        *(event for index, (start, deltas) in enumerate(blocks) for event in block_events(index, start, deltas)),
        {"type": "message_delta", "delta": ending, "usage": final_usage or {"output_tokens": 20}},
        {"type": "message_stop"},
    ]


def stream_answer(**fields: Any) -> Answer:
    """`answer_events` as a response, in one piece for each event."""
    return Answer([sse(event) for event in answer_events(**fields)])


def json_error(status: int, kind: str, message: str, **headers: str) -> Answer:
    """An error response as the API sends it; headers' underscores become dashes."""
    body = {"type": "error", "error": {"type": kind, "message": message}, "request_id": "req_1"}
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    return Answer([json.dumps(body).encode()], status, {"content-type": "application/json", **names})


class AnthropicServer:
    """Serves in a thread of its own: `with AnthropicServer(respond) as server`, then server.base_url.

    respond is called there with each request and gives the answer. received holds the requests so far.
    """

    def __init__(self, respond: Callable[[Received], Answer]) -> None:
        self._respond = respond
        self.received: list[Received] = []
        self.base_url = ""
        self._connections = 0
        self._idle = threading.Condition()
        self._open = 0
        self._ready = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()), name="anthropic-server")

    def wait_until_left(self, timeout_s: float) -> bool:
        """Whether every client has closed its connections within that time."""
        with self._idle:
            return self._idle.wait_for(lambda: self._open == 0, timeout_s)

    def wait_until_asked(self, timeout_s: float) -> bool:
        """Whether a request has come within that time."""
        with self._idle:
            return self._idle.wait_for(lambda: bool(self.received), timeout_s)

    def _count(self, change: int) -> None:
        with self._idle:
            self._open += change
            self._idle.notify_all()

    @classmethod
    def saying(cls, *answers: Answer) -> "AnthropicServer":
        """Gives these answers, one for each request; the last one again and again."""
        left = list(answers)
        return cls(lambda _: left.pop(0) if len(left) > 1 else left[0])

    def __enter__(self) -> "AnthropicServer":
        self._thread.start()
        self._ready.wait()
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join()

    async def _serve(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._stop = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()
        server = await asyncio.start_server(self._connected, "127.0.0.1", 0)
        self.base_url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        self._ready.set()
        await self._stop.wait()
        server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        self._connections += 1
        self._count(+1)
        connection = self._connections
        try:
            while (request := await self._read(reader, connection)) is not None:
                with self._idle:
                    self.received.append(request)
                    self._idle.notify_all()
                await self._write(self._respond(request), reader, writer)
        except (ConnectionError, asyncio.CancelledError):
            pass
        finally:
            self._tasks.discard(task)
            self._count(-1)
            writer.close()
            with contextlib.suppress(ConnectionError, asyncio.CancelledError):
                await writer.wait_closed()

    async def _read(self, reader: asyncio.StreamReader, connection: int) -> Received | None:
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        except asyncio.IncompleteReadError:
            return None
        first, *lines = head.rstrip().split("\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        body = await reader.readexactly(int(headers.get("content-length", "0")))
        method, path, _ = first.split(" ")
        return Received(method, path, headers, json.loads(body) if body else None, connection)

    async def _write(self, answer: Answer, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = f"HTTP/1.1 {answer.status} status\r\ntransfer-encoding: chunked\r\n"
        head += "".join(f"{name}: {value}\r\n" for name, value in answer.headers.items())
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
            else:
                writer.write(b"%x\r\n%b\r\n" % (len(piece), piece))
                await writer.drain()
        writer.write(b"0\r\n\r\n")
        await writer.drain()
