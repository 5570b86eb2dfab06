"""What the tests with a real model share: the server that the environment names, a tap before it, and sessions."""

import os
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path

import pytest
from agent_support import Threads
from endpoints import ENDPOINTS, Endpoint
from llama import SERVER_VARIABLE, LlamaServer, find_model, started
from wire_tap import WireTap

from slop_qt.core.ports import ProviderSession

sys.path.insert(0, str(Path(__file__).parents[1] / "wire"))  # what reads the events of an answer

OpenSession = Callable[..., Awaitable[ProviderSession]]


@pytest.fixture(scope="session")
def llama() -> Iterator[LlamaServer]:
    """The server: a URL is used as it is, a program is started with a model and killed after the last test."""
    named = os.environ.get(SERVER_VARIABLE, "")
    if not named:
        pytest.skip(f"{SERVER_VARIABLE} names no llama-server; tests/README.md says how to get one")
    if "://" in named:
        server = LlamaServer(named)
        server.wait_until_healthy()
        yield server
        return
    program = Path(named)
    with started(program, find_model(program, os.environ)) as server:
        yield server


@pytest.fixture
def tap(llama: LlamaServer) -> Iterator[WireTap]:
    """What goes between us and the server."""
    with WireTap(llama.base_url) as tap:
        yield tap


@pytest.fixture(params=ENDPOINTS, ids=lambda endpoint: endpoint.name)
def endpoint(request: pytest.FixtureRequest) -> Endpoint:
    """Every API of the server's in turn."""
    chosen: Endpoint = request.param
    return chosen


@pytest.fixture
def offload() -> Iterator[Threads]:
    threads = Threads()
    yield threads
    threads.close()


@pytest.fixture
async def open_session(endpoint: Endpoint, offload: Threads) -> AsyncIterator[OpenSession]:
    """open_session(server or tap): a session of our adapter for the endpoint; closed after the test."""
    sessions: list[ProviderSession] = []

    async def open_(server: LlamaServer | WireTap) -> ProviderSession:
        sessions.append(await endpoint.provider(server.base_url, offload).open())
        return sessions[-1]

    yield open_
    for session in sessions:
        await session.aclose()
