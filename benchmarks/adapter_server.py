"""A loopback server in a process of its own that has one answer for each vendor, rendered before it is asked for.

`python -m benchmarks.adapter_server TOKENS` writes its port as its first line. Events are HTTP chunks of their own, as
real servers send them. Both sides of a comparison ask the same server.
"""

import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from benchmarks.adapter_answers import VENDORS, rendered, vendor_of

__all__ = ["serve_vendors"]

_HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream; charset=utf-8\r\ntransfer-encoding: chunked\r\n\r\n"


@contextmanager
def serve_vendors(tokens: int) -> Iterator[str]:
    """The address of a running server whose answers have that many tokens."""
    command = [sys.executable, "-m", "benchmarks.adapter_server", str(tokens)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield f"http://127.0.0.1:{int(process.stdout.readline())}"
        finally:
            process.terminate()


def _answer(connection: socket.socket, answers: dict[str, bytes]) -> None:
    with connection, connection.makefile("rb") as reader:
        while head := reader.readline():
            size = 0
            while (line := reader.readline().strip().lower()) != b"":
                if line.startswith(b"content-length:"):
                    size = int(line.partition(b":")[2])
            reader.read(size)
            connection.sendall(answers[vendor_of(head.split()[1].decode())])


def _main(tokens: int) -> None:
    answers = {}
    for vendor in VENDORS:
        chunks = (b"%x\r\n%b\r\n" % (len(event), event) for event in rendered(vendor, tokens))
        answers[vendor] = _HEAD + b"".join(chunks) + b"0\r\n\r\n"
    with socket.create_server(("127.0.0.1", 0)) as listening:
        print(listening.getsockname()[1], flush=True)
        while True:
            connection, _ = listening.accept()
            threading.Thread(target=_answer, args=(connection, answers), daemon=True).start()


if __name__ == "__main__":
    _main(int(sys.argv[1]))
