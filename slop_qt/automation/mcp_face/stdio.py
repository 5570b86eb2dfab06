"""Serves one MCP client on standard input and output, until it goes or a signal comes."""

import asyncio
import logging
import os
import signal
import sys
from collections.abc import Sequence

from mcp.server.lowlevel.server import NotificationOptions
from mcp.server.stdio import stdio_server

from slop_qt.automation.mcp_face.application import RunningApplication
from slop_qt.automation.mcp_face.description import ToolDescription
from slop_qt.automation.mcp_face.server import McpFace
from slop_qt.automation.mcp_face.unreadable import AnswersUnreadable

__all__ = ["serve"]

logger = logging.getLogger(__name__)


def serve(methods: Sequence[ToolDescription], application: RunningApplication, *, observes_only: bool) -> None:
    """Answer on standard output what comes on standard input, to its end. SIGINT and SIGTERM end the process, with 0.

    Standard output belongs to MCP meanwhile: what anybody prints goes to standard error.
    """
    try:
        asyncio.run(_serve(McpFace(methods, application, observes_only=observes_only)))
    except* (BrokenPipeError, ConnectionError) as gone:
        logger.info("The client has gone: %s", gone.exceptions[0])


async def _serve(face: McpFace) -> None:
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, _leave)
    server = face.server()
    options = server.create_initialization_options(NotificationOptions(resources_changed=True))
    async with stdio_server() as (incoming, outgoing):
        await server.run(AnswersUnreadable(incoming, outgoing), outgoing, options)


def _leave() -> None:
    # A thread waits for standard input and nothing can wake it, so an orderly end would wait for the client's next
    # line. There is nothing to put in order: the application sees its connections close.
    sys.stderr.flush()
    os._exit(0)
