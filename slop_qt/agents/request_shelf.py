"""Keeps the newest request of each stream, so that a person can read what its model sees."""

import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

from slop_qt.agents.request_texts import place_text
from slop_qt.core.conversation import ModelRequest
from slop_qt.core.errors import NotFoundError
from slop_qt.providers.request_meter import Place

__all__ = ["RequestShelf", "ShelvedRequest"]

_STREAMS = 256


@dataclass(frozen=True, slots=True)
class ShelvedRequest:
    """A request, the places in it that each part of its report tells of, and how its provider sends it."""

    request: ModelRequest
    parts: tuple[tuple[Place, ...], ...]
    as_sent: Callable[[ModelRequest], str]

    def text(self, part: int | None) -> str:
        """The text of a part by its number, or the whole as it is sent. Slow for megabytes: for a helper thread.

        Raises:
            NotFoundError: the report has no such part.
        """
        if part is None:
            return self.as_sent(self.request)
        if not 0 <= part < len(self.parts):
            raise NotFoundError(f"The request has no part {part}.", f"It has {len(self.parts)}, counted from 0.")
        return "\n\n".join(place_text(self.request, place) for place in self.parts[part])


class RequestShelf:
    """The newest requests of the newest 256 streams, by reference: nothing is copied. May be used from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._kept: OrderedDict[tuple[str, str], ShelvedRequest] = OrderedDict()

    def put(self, run_id: str, stream_id: str, shelved: ShelvedRequest) -> None:
        """Keep it in place of the stream's one before."""
        with self._lock:
            self._kept[run_id, stream_id] = shelved
            self._kept.move_to_end((run_id, stream_id))
            if len(self._kept) > _STREAMS:
                self._kept.popitem(last=False)

    def find(self, run_id: str, stream_id: str) -> ShelvedRequest:
        """The newest request of the stream.

        Raises:
            NotFoundError: it is not here, or not any more.
        """
        with self._lock:
            found = self._kept.get((run_id, stream_id))
        if found is None:
            raise NotFoundError(
                f"The texts of {stream_id} in run {run_id} are not there.",
                "They are kept while the application runs, those of the newest 256 streams that have sent something. "
                "What was sent by an earlier start is in the stream itself.",
            )
        return found
