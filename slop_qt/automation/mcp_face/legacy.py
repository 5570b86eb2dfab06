"""Subscriptions as clients before the revision 2026-07-28 make them: `resources/subscribe`, one address at a time."""

from contextlib import AsyncExitStack
from typing import Any

from mcp.server.context import ServerRequestContext
from mcp.server.session import ServerSession
from mcp.shared.subscriptions import ResourcesListChanged, ResourceUpdated, ServerEvent
from mcp_types import EmptyResult, ResourceListChangedNotification, SubscribeRequestParams, UnsubscribeRequestParams
from mcp_types.version import MODERN_PROTOCOL_VERSIONS

from slop_qt.automation.mcp_face.watch import Watch

__all__ = ["LegacySubscriptions"]


class LegacySubscriptions:
    """Which addresses the client follows; of the list it is told from its first look at it on."""

    def __init__(self, watch: Watch) -> None:
        self._watch = watch
        self._session: ServerSession | None = None
        self._list_was_read = False
        self._list = AsyncExitStack()
        self._subscribed: dict[str, AsyncExitStack] = {}

    async def subscribe(self, ctx: ServerRequestContext[Any], params: SubscribeRequestParams) -> EmptyResult:
        """Tell of an address from now on."""
        self._session = ctx.session
        if params.uri not in self._subscribed:
            stack = self._subscribed[params.uri] = AsyncExitStack()
            await stack.enter_async_context(self._watch.interest([params.uri]))
        return EmptyResult()

    async def unsubscribe(self, _ctx: ServerRequestContext[Any], params: UnsubscribeRequestParams) -> EmptyResult:
        """Tell of it no more."""
        if (stack := self._subscribed.pop(params.uri, None)) is not None:
            await stack.aclose()
        return EmptyResult()

    async def list_was_read(self, ctx: ServerRequestContext[Any]) -> None:
        """A client has the list, and will want to know when it changes. Modern ones say so themselves."""
        if ctx.protocol_version in MODERN_PROTOCOL_VERSIONS or self._list_was_read:
            return
        self._session = ctx.session
        self._list_was_read = True
        await self._list.enter_async_context(self._watch.interest())

    async def tell(self, change: ServerEvent) -> None:
        """Pass a change on, if the client asked for it."""
        if self._session is None:
            return
        if isinstance(change, ResourceUpdated) and change.uri in self._subscribed:
            await self._session.send_resource_updated(change.uri)
        elif isinstance(change, ResourcesListChanged):
            await self._session.send_notification(ResourceListChangedNotification())
