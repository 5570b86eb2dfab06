"""Tells MCP clients which resources have changed, for as long as anybody wants to know."""

import asyncio
import logging
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping
from contextlib import asynccontextmanager
from typing import Any

from mcp.shared.subscriptions import ResourcesListChanged, ResourceUpdated, ServerEvent

from slop_qt.automation.mcp_face.application import RunningApplication
from slop_qt.automation.mcp_face.resources import STATUS_URI, canonical, stream_uri
from slop_qt.core.errors import SlopError
from slop_qt.core.events import EVENT_KINDS

__all__ = ["Watch"]

logger = logging.getLogger(__name__)

_KINDS = tuple(kind for kind in EVENT_KINDS if kind != "thinking")  # which is in no resource
_TELL_EVERY_S = 0.25
_LOOK_AGAIN_S = 0.5


class Watch:
    """Follows the application's events while somebody is interested, through its restarts, and tells what changed.

    Nobody is told more often than four times a second, and what has changed last is always told. Lives on one loop.
    """

    def __init__(self, application: RunningApplication, tell: Callable[[ServerEvent], Awaitable[None]]) -> None:
        """tell passes a change on; while it waits, changes of the same resource are one change."""
        self._application = application
        self._tell = tell
        self._interested = 0
        self._spellings: dict[str, Counter[str]] = {}
        self._changed: dict[ServerEvent, None] = {}
        self._anything = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []

    @asynccontextmanager
    async def interest(self, uris: Iterable[str] = ()) -> AsyncIterator[None]:
        """Tell of changes of these addresses, and of the list, until this ends.

        Where the application is only connected to after this was entered, all of them are told as changed then: nothing
        that changed meanwhile is missed.
        """
        wanted = tuple(uris)
        for uri in wanted:
            self._spellings.setdefault(canonical(uri), Counter())[uri] += 1
        self._interested += 1
        if not self._tasks:
            self._tasks = [asyncio.create_task(self._follow()), asyncio.create_task(self._pass_on())]
            for task in self._tasks:
                task.add_done_callback(_report)
        try:
            yield
        finally:
            for uri in wanted:
                self._forget(uri)
            self._interested -= 1
            if not self._interested:
                self.close()

    def close(self) -> None:
        """Follow no more."""
        for task in self._tasks:
            task.cancel()
        self._tasks.clear()
        self._changed.clear()

    def _forget(self, uri: str) -> None:
        spellings = self._spellings[canonical(uri)]
        spellings[uri] -= 1
        spellings += Counter()  # drops what nobody wants any more
        if not spellings:
            del self._spellings[canonical(uri)]

    async def _follow(self) -> None:
        while True:
            try:
                async with self._application.connection() as client:
                    arriving = await client.subscribe(_KINDS)
                    self._all_changed()
                    async for event in arriving:
                        self._note(event)
                self._all_changed()  # it has ended: who reads again is told so
            except SlopError as error:
                logger.debug("There is nothing to follow: %s", error)
            await asyncio.sleep(_LOOK_AGAIN_S)

    async def _pass_on(self) -> None:
        while True:
            await self._anything.wait()
            self._anything.clear()
            changed, self._changed = self._changed, {}
            for change in changed:
                await self._tell(change)
            await asyncio.sleep(_TELL_EVERY_S)

    def _note(self, event: Mapping[str, Any]) -> None:
        kind, run_id = event["kind"], event.get("run_id")
        if kind in {"stream_text", "worker_ended"} and run_id is not None:
            self._resource_changed(stream_uri(run_id, event["stream_id"]))
        if kind != "stream_text":  # whoever wants the text to the word asks for its stream
            self._resource_changed(STATUS_URI)
        if kind in {"run_started", "worker_started"}:
            self._mark(ResourcesListChanged())

    def _all_changed(self) -> None:
        self._mark(ResourcesListChanged())
        for uri in self._spellings:
            self._resource_changed(uri)

    def _resource_changed(self, uri: str) -> None:
        for spelling in self._spellings.get(uri, ()):
            self._mark(ResourceUpdated(spelling))

    def _mark(self, change: ServerEvent) -> None:
        self._changed[change] = None
        self._anything.set()


def _report(task: asyncio.Task[None]) -> None:
    if not task.cancelled() and (error := task.exception()) is not None:
        logger.error("No more changes of resources are told: %s", error, exc_info=error)
