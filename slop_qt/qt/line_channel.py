"""Lines over a local socket, in bounded memory however its other end behaves."""

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable

from PySide6.QtCore import QObject, QTimer, Signal, Slot
from PySide6.QtNetwork import QLocalSocket

__all__ = ["LineChannel"]

logger = logging.getLogger(__name__)

_MAX_WAITING = 16 << 20
_ROOM = 1 << 20
_PIECE = 1 << 18
_LINGER_MS = 2000


class LineChannel(QObject):
    """Hands on one line per turn of the loop, and sends without waiting.

    An end that does not read is cut off when 16 MiB wait behind what is being sent. Lives in the main thread, made
    while its loop runs. Signal: closed(), once, when the connection has ended.
    """

    closed = Signal()

    def __init__(
        self,
        socket: QLocalSocket,
        *,
        on_line: Callable[[bytes], None],
        on_too_long: Callable[[], None],
        max_line: int,
        parent: QObject,
    ) -> None:
        """The socket becomes the channel's. For a line over max_line bytes on_too_long is called, and not on_line."""
        super().__init__(parent)
        self._loop = asyncio.get_running_loop()
        self._on_line = on_line
        self._on_too_long = on_too_long
        self._max_line = max_line
        self._incoming = bytearray()
        self._scanned = 0
        self._outgoing: deque[memoryview] = deque()
        self._waiting = 0
        self._has_room = asyncio.Event()
        self._has_room.set()
        self._open = True
        self._turn_due = False
        self._finishing = False
        self._inside_long_line = False
        self._linger = QTimer(self, interval=_LINGER_MS, singleShot=True)
        self._linger.timeout.connect(self.abort)
        self._socket = socket
        socket.setParent(self)
        socket.setReadBufferSize(_PIECE)
        socket.readyRead.connect(self._on_ready)
        socket.bytesWritten.connect(self._on_written)
        socket.disconnected.connect(self._on_disconnected)
        self._schedule_turn()  # for what came before anybody was connected to readyRead

    @property
    def is_open(self) -> bool:
        """Whether the other end is there."""
        return self._open

    def send(self, data: bytes) -> None:
        """Queue bytes; nothing happens on a closed channel."""
        if not self._open or not data:
            return
        behind_the_first = self._waiting - len(self._outgoing[0]) if self._outgoing else 0
        if behind_the_first > _MAX_WAITING:
            logger.warning("A client of the automation socket does not read; it was cut off")
            self.abort()
            return
        self._outgoing.append(memoryview(data))
        self._waiting += len(data)
        self._pump()

    def room(self) -> Awaitable[object]:
        """Completes when less than 1 MiB waits to be sent."""
        return self._has_room.wait()

    def finish(self) -> None:
        """Take no more lines; close when everything is sent, or after two seconds."""
        if self._open and not self._finishing:
            self._finishing = True
            self._incoming.clear()
            self._linger.start()
            self._close_when_sent()

    @Slot()
    def abort(self) -> None:
        """Close at once."""
        self._socket.abort()
        self._on_disconnected()

    def _schedule_turn(self) -> None:
        if not self._turn_due:
            self._turn_due = True
            self._loop.call_soon(self._turn)

    def _turn(self) -> None:
        self._turn_due = False
        if not self._open or self._finishing:
            return
        line = self._next_line()
        if len(line if line is not None else self._incoming) > self._max_line:
            self._inside_long_line = line is None
            self._on_too_long()
            return
        if line is not None:
            self._on_line(line)
        if self._incoming or self._socket.bytesAvailable():
            self._schedule_turn()

    def _next_line(self) -> bytes | None:
        end = self._incoming.find(b"\n", self._scanned)
        if end < 0:
            self._scanned = len(self._incoming)
            self._incoming += self._socket.read(_PIECE).data()
            end = self._incoming.find(b"\n", self._scanned)
        if end < 0:
            self._scanned = len(self._incoming)
            return None
        line = bytes(self._incoming[:end])
        del self._incoming[: end + 1]
        self._scanned = 0
        return line

    def _pump(self) -> None:
        while self._outgoing and self._socket.bytesToWrite() < _PIECE:
            first = self._outgoing.popleft()
            if len(first) > _PIECE:
                self._outgoing.appendleft(first[_PIECE:])
            piece = first[:_PIECE]
            self._waiting -= len(piece)
            self._socket.write(bytes(piece))
        if self._waiting < _ROOM:
            self._has_room.set()
        else:
            self._has_room.clear()

    def _close_when_sent(self) -> None:
        # Closing on a client that is still writing would hide the answer from it: the rest of its line is read first.
        if not self._outgoing and not self._socket.bytesToWrite() and not self._inside_long_line:
            self._socket.disconnectFromServer()

    @Slot()
    def _on_ready(self) -> None:
        if not self._finishing:
            self._schedule_turn()
            return
        if b"\n" in self._socket.readAll().data():
            self._inside_long_line = False
        self._close_when_sent()

    @Slot()
    def _on_written(self) -> None:
        self._pump()
        if self._finishing:
            self._close_when_sent()

    @Slot()
    def _on_disconnected(self) -> None:
        if self._open:
            self._open = False
            self._linger.stop()
            self._outgoing.clear()
            self._waiting = 0
            self._has_room.set()
            self.closed.emit()
