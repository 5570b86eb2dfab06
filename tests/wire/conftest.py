"""What the wire tests share: sessions of the real SDKs against a loopback server."""

from collections.abc import AsyncIterator, Awaitable, Callable

import pytest
from dialect import CANARY_KEY, Dialect
from exchange import ThreadOffload

from slop_qt.core.ports import ProviderSession

OpenSession = Callable[..., Awaitable[ProviderSession]]


@pytest.fixture
async def open_session(dialect: Dialect) -> AsyncIterator[OpenSession]:
    """Opens a session to a base URL, in the test module's dialect; closes it after the test."""
    sessions: list[ProviderSession] = []

    async def open_(base_url: str, key: str = CANARY_KEY) -> ProviderSession:
        provider = dialect.provider(base_url, ThreadOffload(), key)
        sessions.append(await provider.open())
        return sessions[-1]

    yield open_
    for session in sessions:
        await session.aclose()
