"""The MCP server: its tools, resources and subscriptions, for clients of the newest and of earlier revisions."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

from mcp.server.context import ServerRequestContext
from mcp.server.lowlevel.server import Server
from mcp.server.subscriptions import InMemorySubscriptionBus, ListenHandler
from mcp.shared.exceptions import MCPError
from mcp.shared.subscriptions import ServerEvent
from mcp_types import (
    INTERNAL_ERROR,
    INVALID_PARAMS,
    CallToolRequestParams,
    CallToolResult,
    ListResourcesResult,
    ListResourceTemplatesResult,
    ListToolsResult,
    PaginatedRequestParams,
    ReadResourceRequestParams,
    ReadResourceResult,
    SubscriptionsListenRequestParams,
    SubscriptionsListenResult,
)

from slop_qt import __version__
from slop_qt.automation.mcp_face import resources
from slop_qt.automation.mcp_face.application import RunningApplication
from slop_qt.automation.mcp_face.description import ToolDescription, tool_name
from slop_qt.automation.mcp_face.events_page import EVENTS_READ, read_events
from slop_qt.automation.mcp_face.legacy import LegacySubscriptions
from slop_qt.automation.mcp_face.tools import as_tool, failure, success
from slop_qt.automation.mcp_face.watch import Watch
from slop_qt.automation.protocol import NotAuthorisedError, error_code
from slop_qt.core.errors import NotFoundError, SlopError

__all__ = ["McpFace"]

_INSTRUCTIONS = """\
These tools drive a running slop_qt, which plans and runs coding tasks with agents in four tiers.
It has to be started with `slop-qt --automation PROJECT`; app_info says which one answers.
A run: track_list, then run_start, then events_read or approvals_list until something waits for a decision,
approvals_resolve, run_wait with a timeout_s, run_diff, and run_apply once the person agrees.
Where there is a window, gui_tree names its widgets, gui_screenshot shows it, and the other gui tools use it.
A failed call says what to do; its code is that of the automation socket.
"""


class McpFace:
    """Answers MCP requests by calls on the application. Lives on one loop, for one client."""

    def __init__(
        self, methods: Sequence[ToolDescription], application: RunningApplication, *, observes_only: bool
    ) -> None:
        """methods are the socket's. With observes_only those that change something are neither listed nor carried out.

        Raises:
            ValueError: two methods would have the same name as tools.
        """
        self._application = application
        self._observes_only = observes_only
        self._described: dict[str, ToolDescription] = {}
        for each in (*methods, EVENTS_READ):
            if (name := tool_name(each.method)) in self._described:
                raise ValueError(f"{self._described[name].method} and {each.method} would both be the tool {name}.")
            self._described[name] = each
        self._bus = InMemorySubscriptionBus()
        self._listen = ListenHandler(self._bus)
        self._watch = Watch(application, self._tell)
        self._legacy = LegacySubscriptions(self._watch)

    def server(self) -> Server[None]:
        """The server, to be run on a pair of streams."""
        return Server(
            "slop-qt",
            version=__version__,
            title="slop_qt",
            instructions=_INSTRUCTIONS,
            lifespan=self._lifespan,
            on_list_tools=self._list_tools,
            on_call_tool=self._call_tool,
            on_list_resources=self._list_resources,
            on_list_resource_templates=self._list_templates,
            on_read_resource=self._read_resource,
            on_subscribe_resource=self._legacy.subscribe,
            on_unsubscribe_resource=self._legacy.unsubscribe,
            on_subscriptions_listen=self._subscriptions_listen,
        )

    @asynccontextmanager
    async def _lifespan(self, _server: Server[None]) -> AsyncIterator[None]:
        try:
            yield
        finally:
            self._watch.close()

    async def _list_tools(
        self, _ctx: ServerRequestContext[None], _params: PaginatedRequestParams | None
    ) -> ListToolsResult:
        offered = [each for each in self._described.values() if each.reads_only or not self._observes_only]
        return ListToolsResult(tools=[as_tool(each) for each in offered])

    async def _call_tool(self, _ctx: ServerRequestContext[None], params: CallToolRequestParams) -> CallToolResult:
        described = self._described.get(params.name)
        if described is None:
            raise MCPError(INVALID_PARAMS, f"There is no tool {params.name}. tools/list has those that there are.")
        try:
            if self._observes_only and not described.reads_only:
                raise NotAuthorisedError(
                    f"{described.method} is outside this server's scope, which is to observe.",
                    "Start slop-qt mcp with --automation-scope control.",
                )
            return success(described, await self._answer(described, params.arguments or {}))
        except SlopError as error:
            return failure(error)

    async def _answer(self, described: ToolDescription, arguments: dict[str, Any]) -> dict[str, Any]:
        if described is EVENTS_READ:
            return await read_events(self._application, arguments)
        return await self._application.call(described.method, arguments)

    async def _list_resources(
        self, ctx: ServerRequestContext[None], _params: PaginatedRequestParams | None
    ) -> ListResourcesResult:
        await self._legacy.list_was_read(ctx)
        try:
            return ListResourcesResult(resources=await resources.listed(self._application))
        except SlopError as error:
            raise _protocol_error(error) from error

    async def _list_templates(
        self, _ctx: ServerRequestContext[None], _params: PaginatedRequestParams | None
    ) -> ListResourceTemplatesResult:
        return ListResourceTemplatesResult(resource_templates=list(resources.TEMPLATES))

    async def _read_resource(
        self, _ctx: ServerRequestContext[None], params: ReadResourceRequestParams
    ) -> ReadResourceResult:
        try:
            return ReadResourceResult(contents=[await resources.read(self._application, params.uri)])
        except SlopError as error:
            raise _protocol_error(error, uri=params.uri) from error

    async def _subscriptions_listen(
        self, ctx: ServerRequestContext[None], params: SubscriptionsListenRequestParams
    ) -> SubscriptionsListenResult:
        async with self._watch.interest(params.notifications.resource_subscriptions or ()):
            return await self._listen(ctx, params)

    async def _tell(self, change: ServerEvent) -> None:
        await self._bus.publish(change)
        await self._legacy.tell(change)


def _protocol_error(error: SlopError, **more: str) -> MCPError:
    code = INVALID_PARAMS if isinstance(error, NotFoundError) else INTERNAL_ERROR
    return MCPError(code, str(error), {"code": int(error_code(error)), "hint": error.hint, **more})
