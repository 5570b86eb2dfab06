"""Collects what a model sends into few events, so that the cost of a stream is bounded by time and not by tokens."""

import asyncio

from slop_qt.core.events import StreamText, Thinking
from slop_qt.core.ports import EventSink

__all__ = ["FLUSH_AFTER_CHARS", "FLUSH_AFTER_S", "StreamWriter"]

FLUSH_AFTER_S = 0.033
FLUSH_AFTER_CHARS = 8192


class StreamWriter:
    """One agent's way into the journal for text and thinking. Lives in the agent's lane.

    Pieces are kept for at most 33 ms or 8,192 characters; whoever publishes anything else about the stream flushes
    first, so that the order of events is the order in which things came.
    """

    def __init__(self, sink: EventSink, run_id: str, stream_id: str) -> None:
        self._sink = sink
        self._run_id = run_id
        self._stream_id = stream_id
        self._pieces: list[str] = []
        self._size = 0
        self._kind: type[StreamText] | type[Thinking] = StreamText
        self._timer: asyncio.TimerHandle | None = None

    def text(self, piece: str) -> None:
        """Add characters of the answer."""
        self._add(StreamText, piece)

    def thinking(self, piece: str) -> None:
        """Add characters of the thinking."""
        self._add(Thinking, piece)

    def flush(self) -> None:
        """Publish what was collected."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._pieces:
            text = "".join(self._pieces)
            self._pieces.clear()
            self._size = 0
            self._sink.publish(self._kind(run_id=self._run_id, stream_id=self._stream_id, text=text))

    def _add(self, kind: type[StreamText] | type[Thinking], piece: str) -> None:
        if not piece:
            return
        if kind is not self._kind:
            self.flush()
            self._kind = kind
        self._pieces.append(piece)
        self._size += len(piece)
        if self._size >= FLUSH_AFTER_CHARS:
            self.flush()
        elif self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(FLUSH_AFTER_S, self._due)

    def _due(self) -> None:
        self._timer = None
        self.flush()
