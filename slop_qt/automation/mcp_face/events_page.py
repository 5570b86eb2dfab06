"""Events a page at a time: for agents, which can ask but not listen."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Mapping
from typing import Annotated, Any

import orjson
from pydantic import Field, ValidationError

from slop_qt.automation.mcp_face.application import RunningApplication
from slop_qt.automation.mcp_face.description import ToolDescription
from slop_qt.automation.protocol import ConnectionLostError
from slop_qt.core.errors import InvalidInputError
from slop_qt.core.shape import Shape

__all__ = ["EVENTS_READ", "EventsPage", "ReadEvents", "read_events"]

# What is committed already comes in one go. Nothing hangs on this: what comes later is on the next page.
_QUIET_S = 0.1


class ReadEvents(Shape):
    """Events of these kinds (None: all) from from_seq on (None: from now on), in order.

    Answers when limit events are there, when no more come at once, or when none has come for wait_s seconds.
    """

    kinds: tuple[str, ...] | None = None
    from_seq: Annotated[int, Field(ge=0)] | None = None
    limit: Annotated[int, Field(ge=1, le=1000)] = 100
    wait_s: Annotated[float, Field(ge=0, le=3600)] = 1.0


class EventsPage(Shape):
    """Some events; the next page begins at next_seq. newest_seq is that of the journal when this page was begun."""

    events: tuple[dict[str, Any], ...]
    next_seq: int
    newest_seq: int


EVENTS_READ = ToolDescription(
    "events.read",
    "A page of committed events, waiting for the first one if need be. "
    "Give next_seq of one page as from_seq of the next, and none is missing and none comes twice.",
    ReadEvents,
    EventsPage,
    reads_only=True,
)


async def read_events(application: RunningApplication, params: Mapping[str, Any]) -> dict[str, Any]:
    """An EventsPage as JSON.

    Raises:
        InvalidInputError: the parameters are not of ReadEvents, or a kind does not exist.
        SlopError: as the application answered.
    """
    wanted = _parsed(params)
    async with application.connection() as client:
        arriving = await client.subscribe(wanted.kinds, wanted.from_seq)
        newest = client.newest_seq
        events = await _page(arriving, wanted, newest)
    begin = newest + 1 if wanted.from_seq is None else wanted.from_seq
    next_seq = events[-1]["seq"] + 1 if events else begin
    return {"events": events, "next_seq": next_seq, "newest_seq": newest}


async def _page(arriving: AsyncIterator[dict[str, Any]], wanted: ReadEvents, newest: int) -> list[dict[str, Any]]:
    events: list[dict[str, Any]] = []
    with contextlib.suppress(TimeoutError):
        while len(events) < wanted.limit:
            async with asyncio.timeout(_QUIET_S if events else wanted.wait_s):
                event = await anext(arriving, None)
            if event is None:  # the application ended: what came of it is told first
                if not events:
                    raise ConnectionLostError("The application ended.", "The next call finds another one that runs.")
                break
            events.append(event)
            if event["seq"] == newest:
                break
    return events


def _parsed(params: Mapping[str, Any]) -> ReadEvents:
    try:
        return ReadEvents.model_validate_json(orjson.dumps(dict(params)))
    except (ValidationError, TypeError) as error:
        known = ", ".join(ReadEvents.model_fields)
        what = str(error)
        if isinstance(error, ValidationError):
            first = error.errors(include_url=False, include_context=False)[0]
            what = f"{'.'.join(str(part) for part in first['loc']) or 'params'}: {first['msg']}"
        raise InvalidInputError(f"events.read: {what}. Parameters that exist: {known}.") from None
