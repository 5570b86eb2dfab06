"""Gemini's explicit cache: what every request of an agent begins with, kept by the server for the time of the agent.

Gemini caches by itself too, which costs nothing and is never sure. A cache of our own is sure, and costs its input once
more and its storage by the hour: it pays from the second request that uses it. So none is made for an agent's first
request, whose answer also says for nothing how large the prefix is; one is made before a later request, when the agent
goes on, unless the answer before was read from Gemini's own cache for the most part. Import this module where the SDK
is imported: off the loops.
"""

import asyncio
import json
import logging
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from slop_qt.core.conversation import CacheTtl, Message, ModelRequest, ToolSpec
from slop_qt.core.errors import ProviderError
from slop_qt.core.usage import Usage
from slop_qt.providers.gemini_cache_terms import CacheTerms
from slop_qt.providers.gemini_request import request_body, stable_body
from slop_qt.providers.gemini_transport import Connections, RefusedError, Response
from slop_qt.providers.http_failures import FailureTranslator

__all__ = ["PrefixCache"]

logger = logging.getLogger(__name__)

_SECONDS: dict[CacheTtl, int] = {"5m": 300, "1h": 3600}
# How long a request waits for its cache before it goes without, and how long the server may take to make it at all.
_PATIENCE_S = 10.0
_CREATE_S = 60.0
_EXTEND_S = 5.0
# How long the end of an agent may take to delete its cache. Shutting down cancels a second time after 2 s.
_END_S = 1.5
# A second one where the first was lost; more would cost more than they save.
_MOST_CACHES = 2
# Read from Gemini's own cache: this part of the prefix is enough to need no other.
_CARRIED = 0.75
_NAME = re.compile(r"cachedContents/[A-Za-z0-9_-]+", re.ASCII)


@dataclass(frozen=True, slots=True)
class _Prefix:
    """What a cache holds. Two are the same where every byte of what is sent is."""

    model: str
    system: str
    tools: tuple[ToolSpec, ...]
    messages: tuple[Message, ...]

    @classmethod
    def of(cls, request: ModelRequest) -> "_Prefix":
        return cls(request.model, request.system, request.tools, request.messages[: request.stable_messages])


@dataclass(slots=True)
class _Cache:
    """A cache that the server keeps; expires is when it no longer does, by our clock."""

    name: str
    prefix: _Prefix
    ttl_s: int
    expires: float
    extendable: bool = True


class PrefixCache:
    """One agent's cache, from the request that needs it to the agent's end. Lives in the agent's loop.

    Nothing that fails here fails a request: it is sent whole then. cost_usd prices what making a cache takes in: its
    storage is in no price table, and so in no cost. now counts seconds.
    """

    def __init__(
        self,
        connections: Connections,
        failures: FailureTranslator,
        terms: CacheTerms,
        *,
        cost_usd: Callable[[str, Usage], float | None],
        now: Callable[[], float],
    ) -> None:
        self._connections = connections
        self._failures = failures
        self._terms = terms
        self._cost_usd = cost_usd
        self._now = now
        self._measured: _Prefix | None = None
        self._tokens = 0  # of what was measured
        self._carried = False  # by Gemini's own cache
        self._left = _MOST_CACHES
        self._making: asyncio.Task[None] | None = None
        self._cache: _Cache | None = None
        self._bill: Usage | None = None
        self._to_delete: dict[str, str] = {}  # names, and the model of each

    async def prepare(self, request: ModelRequest) -> Usage | None:
        """Make or extend the cache, where that is worth it; what it cost, where that was not told yet."""
        prefix = _Prefix.of(request)
        await self._keep(prefix)
        if self._is_worth_it(prefix, request):
            self._left -= 1
            self._making = asyncio.create_task(self._make(prefix, request), name="gemini cache")
            # Whoever cancels this leaves it running: a cache whose name never came could not be deleted.
            done, _ = await asyncio.wait({self._making}, timeout=_PATIENCE_S)
            for made in done:
                made.result()  # what is no failure but a defect
        bill, self._bill = self._bill, None
        return bill

    def left_s(self, request: ModelRequest) -> float | None:
        """For how long the server keeps a cache of what the request begins with, seconds; None where it has none."""
        if self._cache is None or not self._name_for(_Prefix.of(request)):
            return None
        return self._cache.expires - self._now()

    async def begin(self, request: ModelRequest) -> Response:
        """Send it, with the cache in place of what that holds; whole, where there is none or the server lost it."""
        name = self._name_for(_Prefix.of(request))
        if name and _has_more(request):
            try:
                return await self._connections.begin(request.model, request_body(request, cache=name))
            except RefusedError as error:
                self._lose(error)
        return await self._connections.begin(request.model, request_body(request))

    def observe(self, request: ModelRequest, usage: Usage) -> None:
        """An answer's counts: they tell how large the prefix is, and whether Gemini's own cache had it."""
        prefix = _Prefix.of(request)
        if not usage.input_tokens or self._name_for(prefix):
            return
        if prefix != self._measured:
            self._measured, self._tokens = prefix, round(usage.input_tokens * _share(request))
        self._carried = usage.cache_read_tokens >= _CARRIED * self._tokens

    async def end(self) -> None:
        """Delete what was made, within a bounded time; what is left then goes when its lifetime ends."""
        try:
            async with asyncio.timeout(_END_S):
                if self._making is not None:
                    await asyncio.wait({self._making})
                for name, model in self._to_delete.items():
                    await self._delete(name, model)
        except TimeoutError:
            logger.warning("Gemini was too slow to make or delete a cache: it goes when its lifetime ends.")
        finally:
            self._cache = None
            self._to_delete.clear()
            if self._making is not None:
                self._making.cancel()
                await asyncio.wait({self._making})
        if self._bill is not None:
            logger.warning("A cache of %d tokens was made too late to be used or counted.", self._bill.input_tokens)
            self._bill = None

    def _is_worth_it(self, prefix: _Prefix, request: ModelRequest) -> bool:
        return (
            self._cache is None
            and self._left > 0
            and (self._making is None or self._making.done())
            and prefix == self._measured
            and not self._carried
            and self._terms.fits(request.model, self._tokens)
            and _has_more(request)
        )

    def _name_for(self, prefix: _Prefix) -> str:
        """The cache that a request with this prefix can use; empty where there is none."""
        usable = self._cache is not None and self._cache.prefix == prefix and self._now() < self._cache.expires
        return self._cache.name if self._cache is not None and usable else ""

    async def _make(self, prefix: _Prefix, request: ModelRequest) -> None:
        ttl_s = _SECONDS[request.cache_ttl]
        asked_at = self._now()
        try:
            async with asyncio.timeout(_CREATE_S):
                said = await self._connections.create_cache(request.model, stable_body(request), ttl_s)
            name, tokens = _described(said)
        except self._failures.caught as error:
            self._left = 0
            if isinstance(error, RefusedError):
                self._terms.learn(request.model, error.refusal)
            self._note("make", error, request.model)
        else:
            self._to_delete[name] = request.model
            self._cache = _Cache(name, prefix, ttl_s, asked_at + ttl_s)
            self._bill = self._priced(request.model, tokens or self._tokens)

    def _priced(self, model: str, tokens: int) -> Usage:
        usage = Usage(requests=1, input_tokens=tokens, cache_write_tokens=tokens)
        return usage.model_copy(update={"cost_usd": self._cost_usd(model, usage)})

    async def _keep(self, prefix: _Prefix) -> None:
        """Forget a cache that is over or holds something else, and extend one that soon would be."""
        cache = self._cache
        if cache is None:
            return
        left = cache.expires - self._now()
        if left <= 0 or cache.prefix != prefix:
            self._cache = None
        elif left < cache.ttl_s / 3 and cache.extendable:
            asked_at = self._now()
            try:
                async with asyncio.timeout(_EXTEND_S):
                    await self._connections.extend_cache(cache.name, cache.ttl_s)
                cache.expires = asked_at + cache.ttl_s
            except self._failures.caught as error:
                cache.extendable = False
                self._note("extend", error, prefix.model)

    def _lose(self, error: RefusedError) -> None:
        """A request that uses the cache was refused. Raises that again where it is not for the cache."""
        status = error.refusal.status
        if status not in {400, 403, 404} or error.refusal.kind or self._cache is None:
            raise error
        if status == 400:
            self._left = 0  # it is there, and is not wanted
        self._note("use", error, self._cache.prefix.model)
        self._cache = None

    async def _delete(self, name: str, model: str) -> None:
        try:
            await self._connections.delete_cache(name)
        except RefusedError as error:
            if error.refusal.status not in {403, 404}:  # it is gone already
                self._note("delete", error, model)
        except self._failures.caught as error:
            self._note("delete", error, model)

    def _note(self, what: str, error: Exception, model: str) -> None:
        logger.info("Gemini did not %s a cache: %s", what, self._failures.translate(error, model).message)


def _has_more(request: ModelRequest) -> bool:
    """Whether there is something to send beside what a cache holds: the API wants it."""
    return bool(request_body(request, cache="-")["contents"])


def _share(request: ModelRequest) -> float:
    """How much of a request its prefix is: all of an agent's first one."""
    if len(request.messages) <= request.stable_messages:
        return 1.0
    return len(json.dumps(stable_body(request))) / len(json.dumps(request_body(request)))


def _described(said: Any) -> tuple[str, int]:
    """A cache's name and size (0 where that is not told). Raises ProviderError where that is none."""
    name = said.get("name") if isinstance(said, dict) else None
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise ProviderError("What the server made has no name that a cache can have.")
    counts = said.get("usageMetadata")
    tokens = counts.get("totalTokenCount") if isinstance(counts, dict) else None
    return name, tokens if isinstance(tokens, int) and tokens > 0 else 0
