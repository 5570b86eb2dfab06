"""What the wire tests share: sessions of the real SDK against a loopback server."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest
from anthropic_server import CANARY_KEY

from slop_qt.providers.anthropic import AnthropicProvider, AnthropicSession


class ThreadOffload:
    """The helper pool's port over the running loop's executor."""

    async def run(self, job):
        return await asyncio.to_thread(job)


OpenSession = Callable[[str], Awaitable[AnthropicSession]]


@pytest.fixture
async def open_session() -> AsyncIterator[OpenSession]:
    """Opens a session to a base URL; closes it after the test."""
    sessions: list[AnthropicSession] = []

    async def open_(base_url: str) -> AnthropicSession:
        provider = AnthropicProvider(key=CANARY_KEY, offload=ThreadOffload(), base_url=base_url)
        sessions.append(await provider.open())
        return sessions[-1]

    yield open_
    for session in sessions:
        await session.aclose()
