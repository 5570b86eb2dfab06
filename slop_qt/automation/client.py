"""Driving a running slop_qt from a script: the socket's methods as calls that wait for their answers."""

import os
import socket
import time
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

from slop_qt.automation.discovery import find_socket, read_token
from slop_qt.automation.protocol import (
    ConnectionLostError,
    Notification,
    Reply,
    encode_request,
    parse_message,
)
from slop_qt.core.errors import ConfigurationError, WaitTimedOutError

__all__ = ["Client", "given", "lost", "not_answering", "timed_out"]

_CHUNK = 1 << 18


class Client:
    """One connection to a running application; opened, with its hello, when the object is made. For one thread.

    Attributes:
        socket_path: where it is connected to.
        info: what `app.hello` answered: name, version, protocol, pid, project, headless.
    """

    def __init__(
        self,
        socket_path: str | Path | None = None,
        *,
        token: str | None = None,
        timeout_s: float | None = None,
        environ: Mapping[str, str] = os.environ,
    ) -> None:
        """Connect to the named socket, else to SLOP_QT_SOCKET, else to the newest application that listens.

        token is SLOP_QT_TOKEN or what stands in the token file, unless given. timeout_s is how long any one answer may
        take; None waits for ever.

        Raises:
            ConfigurationError: nobody listens, or there is no token to be found.
            NotAuthorisedError: the token is wrong.
        """
        self.socket_path = find_socket(socket_path, environ)
        self._timeout_s = timeout_s
        self._received = bytearray()
        self._scanned = 0
        self._last_id = 0
        self._replies: dict[int, Reply] = {}
        self._abandoned: set[int] = set()
        self._events: deque[dict[str, Any]] = deque()
        token = token if token is not None else read_token(self.socket_path, environ)
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            self._connect()
            self.info = self.call("app.hello", token=token)
        except BaseException:
            self._socket.close()
            raise

    def __enter__(self) -> "Client":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connection. What was started goes on."""
        self._socket.close()

    def call(self, method: str, /, **params: Any) -> dict[str, Any]:
        """One method, its parameters by name, its result.

        Raises:
            SlopError: as the application answered (`automation.protocol.error_code` gives the number);
                WaitTimedOutError also when timeout_s is over, ConnectionLostError when the connection ended.
        """
        request_id = self.send(method, params)
        return self.receive(request_id)

    def send(self, method: str, params: Mapping[str, Any]) -> int:
        """Send a request without waiting. Returns its id, for `receive`; several may be under way."""
        self._last_id += 1
        try:
            self._socket.settimeout(self._timeout_s)
            self._socket.sendall(encode_request(self._last_id, method, params))
        except TimeoutError:
            self._socket.close()  # half a line is out: nothing more can be said
            raise timed_out(method, self._timeout_s) from None
        except OSError:
            # It may have said why before it closed: that is found when the answer is read.
            pass
        return self._last_id

    def receive(self, request_id: int) -> dict[str, Any]:
        """The result of a request that was sent; answers may be fetched in any order. Raises as `call`."""
        due = None if self._timeout_s is None else time.monotonic() + self._timeout_s
        try:
            while request_id not in self._replies:
                self._take(self._next_line(due))
        except TimeoutError:
            self._abandoned.add(request_id)
            raise timed_out(f"request {request_id}", self._timeout_s) from None
        reply = self._replies.pop(request_id)
        if reply.error is not None:
            raise reply.error
        return reply.result or {}

    def get_mma_status(self, run_id: str | None = None) -> dict[str, Any]:
        """MMA status of a run, or of the newest."""
        return self.call("mma.status", **given(run_id=run_id))

    def wait_run(self, run_id: str | None = None, timeout_s: float | None = None) -> dict[str, Any]:
        """MMA status when the run has ended. timeout_s is the application's to keep.

        Raises:
            WaitTimedOutError: it has not ended by then; `state` is its MMA status at that moment.
        """
        return self.call("run.wait", **given(run_id=run_id, timeout_s=timeout_s))

    def subscribe(
        self, kinds: Sequence[str] | None = None, from_seq: int | None = None, *, timeout_s: float | None = None
    ) -> Iterator[dict[str, Any]]:
        """Committed events from now on, or from from_seq on, in order; of these kinds, or of all.

        The subscription stands when this returns, and replaces the one before. The iterator ends when the connection
        does; other calls may be made meanwhile. timeout_s is how long the next event may take (WaitTimedOutError).
        """
        self.call("events.subscribe", **given(kinds=kinds, from_seq=from_seq))
        self._events.clear()  # what came before the answer belonged to the subscription before
        return self._iterate(timeout_s)

    def unsubscribe(self) -> None:
        """No more events."""
        self.call("events.unsubscribe")
        self._events.clear()

    def _connect(self) -> None:
        try:
            self._socket.settimeout(self._timeout_s)
            self._socket.connect(os.fspath(self.socket_path))
        except OSError as error:
            raise not_answering(self.socket_path, error) from error

    def _iterate(self, timeout_s: float | None) -> Iterator[dict[str, Any]]:
        while True:
            due = None if timeout_s is None else time.monotonic() + timeout_s
            try:
                while not self._events:
                    self._take(self._next_line(due))
            except TimeoutError:
                raise timed_out("events.subscribe", timeout_s) from None
            except ConnectionLostError:
                return
            yield self._events.popleft()

    def _take(self, line: bytes) -> None:
        message = parse_message(line)
        if isinstance(message, Notification):
            self._events.append(message.params)
        elif message.id is None:  # about a line that could not be read as a request at all
            assert message.error is not None
            raise message.error
        elif message.id in self._abandoned:
            self._abandoned.discard(int(message.id))
        else:
            self._replies[int(message.id)] = message

    def _next_line(self, due: float | None) -> bytes:
        while (end := self._received.find(b"\n", self._scanned)) < 0:
            self._scanned = len(self._received)
            self._received += self._read_some(due)
        line = bytes(self._received[:end])
        del self._received[: end + 1]
        self._scanned = 0
        return line

    def _read_some(self, due: float | None) -> bytes:
        left = None if due is None else due - time.monotonic()
        if left is not None and left <= 0:
            raise TimeoutError
        try:
            self._socket.settimeout(left)
            chunk = self._socket.recv(_CHUNK)
        except TimeoutError:
            raise
        except OSError:
            chunk = b""
        if not chunk:
            raise lost(self.socket_path)
        return chunk


def given(**params: Any) -> dict[str, Any]:
    """The parameters that are not None."""
    return {name: value for name, value in params.items() if value is not None}


def lost(socket_path: Path) -> ConnectionLostError:
    """The connection ended."""
    return ConnectionLostError(
        f"The application at {socket_path} closed the connection.",
        "It has ended, or too much was waiting to be read; connect again, and subscribe with from_seq.",
    )


def not_answering(socket_path: Path, error: OSError) -> ConfigurationError:
    """Nobody listens there, or it is not ours to connect to."""
    return ConfigurationError(
        f"No application answers at {socket_path}: {error.strerror or error}.", "Start slop-qt with --automation."
    )


def timed_out(what: str, timeout_s: float | None) -> WaitTimedOutError:
    """An answer did not come in time."""
    return WaitTimedOutError(f"No answer to {what} came within {timeout_s} s.")
