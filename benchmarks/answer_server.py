"""A model's API on loopback that never makes its client wait: answers are rendered before they are asked for.

`python -m benchmarks.answer_server TOKENS…` writes its port as its first line, and then one line an answer: the time at
which its request had arrived, in seconds of the system's monotonic clock, which all processes share. How many tokens
are wanted stands in the request (`ask_for`); a request to be counted gets a count. Each event is an HTTP chunk of its
own, as real servers send them.
"""

import json
import re
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from benchmarks.answers import events

__all__ = ["AnswerServer", "ask_for", "serve"]

_WANTED = re.compile(rb"Answer with (\d+) tokens")
_HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream; charset=utf-8\r\ntransfer-encoding: chunked\r\n\r\n"
_COUNT = b'HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 20\r\n\r\n{"input_tokens": 10}'


def ask_for(tokens: int) -> str:
    """The words that make the server answer with so many tokens."""
    return f"Answer with {tokens} tokens"


class AnswerServer:
    """The server in a process of its own, seen from the bench."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process
        self.port = int(self._line())

    @property
    def base_url(self) -> str:
        """For ANTHROPIC_BASE_URL."""
        return f"http://127.0.0.1:{self.port}"

    def asked_at(self) -> float:
        """When the next request had arrived, in seconds of time.monotonic(): one call for each request."""
        return float(self._line())

    def _line(self) -> str:
        assert self._process.stdout is not None
        return self._process.stdout.readline()


@contextmanager
def serve(*sizes: int) -> Iterator[AnswerServer]:
    """A running server that has answers of these sizes, in tokens."""
    command = [sys.executable, "-m", "benchmarks.answer_server", *map(str, sizes)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield AnswerServer(process)
        finally:
            process.terminate()


def _rendered(tokens: int) -> bytes:
    chunks = []
    for event in events(tokens):
        data = f"event: {event['type']}\ndata: {json.dumps(event, ensure_ascii=False)}\n\n".encode()
        chunks.append(b"%x\r\n%b\r\n" % (len(data), data))
    return _HEAD + b"".join(chunks) + b"0\r\n\r\n"


def _answer(connection: socket.socket, answers: dict[int, bytes]) -> None:
    with connection, connection.makefile("rb") as reader:
        while head := reader.readline():
            size = 0
            while (line := reader.readline().strip().lower()) != b"":
                if line.startswith(b"content-length:"):
                    size = int(line.partition(b":")[2])
            body = reader.read(size)
            if b"/count_tokens " in head:
                connection.sendall(_COUNT)
                continue
            print(time.monotonic(), flush=True)
            wanted = _WANTED.search(body)
            assert wanted is not None, f"{head!r} does not say how much is wanted"
            connection.sendall(answers[int(wanted[1])])


def _main(sizes: list[int]) -> None:
    answers = {size: _rendered(size) for size in sizes}
    with socket.create_server(("127.0.0.1", 0)) as listening:
        print(listening.getsockname()[1], flush=True)
        while True:
            connection, _ = listening.accept()
            threading.Thread(target=_answer, args=(connection, answers), daemon=True).start()


if __name__ == "__main__":
    _main([int(size) for size in sys.argv[1:]])
