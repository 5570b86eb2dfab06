"""Publishing an event and going on only when it is on disk."""

import asyncio
import contextlib

from slop_qt.core.events import Event
from slop_qt.core.ports import EventSink

__all__ = ["publish_durably"]


async def publish_durably(sink: EventSink, event: Event) -> int:
    """Publish, and return the seq once the journal has committed it. For any thread's loop.

    Raises:
        StoreError: the journal could not write it.
    """
    loop = asyncio.get_running_loop()
    written: asyncio.Future[None] = loop.create_future()

    def settle(error: Exception | None) -> None:
        if written.done():
            return
        if error is None:
            written.set_result(None)
        else:
            written.set_exception(error)

    def committed(error: Exception | None) -> None:
        with contextlib.suppress(RuntimeError):  # the waiting loop may have closed: nobody is there to be told
            loop.call_soon_threadsafe(settle, error)

    seq = sink.publish(event, committed)
    await written
    return seq
