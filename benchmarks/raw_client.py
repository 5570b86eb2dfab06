"""The floor of the answer lines: a client of a few lines that does nothing but get the text out of the stream.

It reads a plain socket, parses each event's JSON and joins the words: no SDK, no HTTP library, no checks, no journal,
no view. The sizes of the HTTP chunks are lines that it passes over, which only a server may allow that sends each event
as a chunk.
"""

import json
import socket

import orjson

from benchmarks.answer_server import ask_for

__all__ = ["fetch"]

_READ = 256 * 1024


def fetch(port: int, tokens: int) -> str:
    """The text of an answer of that many tokens."""
    body = json.dumps({"messages": [{"role": "user", "content": ask_for(tokens)}]}).encode()
    words: list[str] = []
    with socket.create_connection(("127.0.0.1", port)) as connection:
        connection.sendall(b"POST /v1/messages HTTP/1.1\r\ncontent-length: %d\r\n\r\n%b" % (len(body), body))
        rest = b""
        while True:
            *lines, rest = (rest + connection.recv(_READ)).split(b"\n")
            for line in lines:
                if line.startswith(b"data: "):
                    event = orjson.loads(line[6:])
                    if event["type"] == "content_block_delta" and event["delta"]["type"] == "text_delta":
                        words.append(event["delta"]["text"])
                    elif event["type"] == "message_stop":
                        return "".join(words)
