"""A real MCP client of `slop-qt mcp`, which is a process of its own, as agents start it."""

import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from mcp import Client
from mcp.client.stdio import StdioServerParameters, stdio_client
from mcp_types import CallToolResult
from simulation_support import WAIT_S, Project

ROOT = Path(__file__).parents[2]


@asynccontextmanager
async def agent(project: Project, *arguments: str | Path, **options: Any) -> AsyncIterator[Client]:
    """A client by the SDK; at its end the server has ended as well, and has said nothing on standard error."""
    log = project.home / "mcp.log"
    parameters = StdioServerParameters(
        command=sys.executable,
        args=["-m", "slop_qt", "mcp", *map(str, arguments)],
        env={**project.environment, "PYTHONPATH": str(ROOT)},
        cwd=project.folder,
    )
    with log.open("w") as errors:
        transport = stdio_client(parameters, errlog=errors)
        async with Client(transport, read_timeout_seconds=WAIT_S, **options) as client:
            yield client
    assert log.read_text() == ""


async def ask(client: Client, tool: str, **arguments: Any) -> Any:
    """What a tool answers, which the client has held against the tool's schema."""
    result = await client.call_tool(tool, arguments)
    assert not result.is_error, result.content
    return result.structured_content


async def refused(client: Client, tool: str, **arguments: Any) -> tuple[int, str, CallToolResult]:
    """The code and the words of a call that fails."""
    result = await client.call_tool(tool, arguments)
    assert result.is_error, result.structured_content
    words = result.content[0].text
    code = result.structured_content["code"]
    assert words.endswith(f"(code {code})"), "a model that sees the words alone knows it too"
    return code, words, result


async def text_of(client: Client, uri: str) -> str:
    """What a resource holds now."""
    (content,) = (await client.read_resource(uri)).contents
    return content.text
