"""An agent's session with Gemini: what all sessions do, and a cache that is made, used, counted and deleted with it."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, AsyncIterator, Callable

from typing_extensions import override

from slop_qt.core.conversation import CacheHeld, CacheWritten, ModelRequest, ProviderEvent, UsageUpdate
from slop_qt.providers.count_endpoint import CountEndpoint
from slop_qt.providers.decoding import AnswerDecoder
from slop_qt.providers.endpoint import Endpoint
from slop_qt.providers.gemini_cache import PrefixCache
from slop_qt.providers.gemini_transport import Connections, Response
from slop_qt.providers.http_failures import FailureTranslator
from slop_qt.providers.sdk_client import SdkSession

__all__ = ["CachingSession"]


class CachingSession(SdkSession):
    """One agent's client that keeps what its requests begin with in a cache of the server's, and deletes it."""

    def __init__(
        self,
        endpoint: Endpoint,
        failures: FailureTranslator,
        *,
        connections: Connections,
        cache: PrefixCache,
        decoder: Callable[[str], AnswerDecoder],
        count: CountEndpoint,
    ) -> None:
        super().__init__(endpoint, failures, send=self._begin, decoder=decoder, close=connections.close, count=count)
        self._cache = cache

    @override
    async def stream(self, request: ModelRequest) -> AsyncGenerator[ProviderEvent, None]:
        bill = await self._cache.prepare(request)
        if bill is not None:
            yield CacheWritten(bill)
        told = False
        async with contextlib.aclosing(super().stream(request)) as events:
            async for event in events:
                # Not before: until it answers, the server may say that it has lost the cache.
                left_s = None if told else self._cache.left_s(request)
                told = True
                if left_s is not None:
                    yield CacheHeld(left_s)
                if isinstance(event, UsageUpdate):
                    self._cache.observe(request, event.usage)
                yield event

    @override
    async def aclose(self) -> None:
        """Delete the cache and close the connections, in a bounded time; safe to call twice.

        A cancellation meanwhile is raised when that is done: what an agent leaves at a server costs money.
        """
        ending = asyncio.create_task(self._cache.end(), name="gemini cache's end")
        interrupted = False
        while not ending.done():
            try:
                await asyncio.wait({ending})
            except asyncio.CancelledError:
                interrupted = True
        await super().aclose()
        if interrupted:
            raise asyncio.CancelledError
        ending.result()

    @contextlib.asynccontextmanager
    async def _begin(self, request: ModelRequest) -> AsyncIterator[Response]:
        response = await self._cache.begin(request)
        try:
            yield response
        finally:
            response.close()
