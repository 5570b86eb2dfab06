"""`slop-qt mcp`: what the registry of commands has for the socket, as an MCP server."""

import logging
import sys
from pathlib import Path
from typing import Literal

from slop_qt.automation.discovery import check_platform
from slop_qt.automation.mcp_face.application import RunningApplication
from slop_qt.automation.mcp_face.description import ToolDescription
from slop_qt.mma import commands

__all__ = ["METHODS", "run_mcp"]

# What takes nothing away. All else that does not only read is said to be destructive: what a click does, nobody knows.
_ONLY_ADD = {
    commands.EPIC_PLAN,
    commands.RUN_START,
    commands.RUN_PAUSE,
    commands.RUN_RESUME,
    commands.GUI_SCREENSHOT,
}
_PICTURES = {commands.GUI_SCREENSHOT: "png_base64"}

METHODS = tuple(
    ToolDescription(
        method=command.name,
        summary=command.summary,
        params=command.params,
        result=command.result,
        reads_only=command.scope == "observe",
        destructive=command not in _ONLY_ADD,
        picture=_PICTURES.get(command),
    )
    for command in commands.ALL_COMMANDS
    if command.on_socket
)


def run_mcp(socket: Path | None, scope: Literal["observe", "control"], log_level: str) -> int:
    """Serve until the client goes. Returns the exit code.

    Raises:
        ConfigurationError: there are no sockets on this platform.
    """
    from slop_qt.automation.mcp_face.stdio import serve

    check_platform()
    words = "%(levelname)s %(name)s: %(message)s"
    logging.basicConfig(stream=sys.stderr, level=log_level.upper(), format=words, force=True)
    if sys.stdin is None or sys.stdout is None:  # they were closed before it began: there is no client
        return 0
    if sys.stdin.isatty():
        print(  # noqa: T201  # for a person who tries it
            "slop-qt mcp: an MCP client starts this and speaks to it on standard input; docs/mcp.md says how. "
            "Ctrl-C ends it.",
            file=sys.stderr,
        )
    serve(METHODS, RunningApplication(socket), observes_only=scope == "observe")
    return 0
