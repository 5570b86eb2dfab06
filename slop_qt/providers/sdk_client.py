"""What every vendor's SDK is wrapped in: made late and away from the loops, read raw, cancelled at once."""

import asyncio
import contextlib
import gc
import importlib
import json
import ssl
import threading
from abc import ABC, abstractmethod
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Collection, Mapping
from contextlib import AbstractAsyncContextManager, aclosing
from dataclasses import dataclass
from types import MappingProxyType, ModuleType
from typing import Any, ClassVar

from slop_qt.core.conversation import CacheReach, CacheTtl, ModelRequest, ProviderEvent
from slop_qt.core.errors import ProviderError
from slop_qt.core.models import ModelInfo
from slop_qt.core.ports import Offload
from slop_qt.providers.capabilities import Capabilities
from slop_qt.providers.certificates import trusted_context
from slop_qt.providers.count_endpoint import CountDoor, CountEndpoint
from slop_qt.providers.decoding import AnswerDecoder
from slop_qt.providers.endpoint import Endpoint
from slop_qt.providers.http_failures import FailureTranslator, Refusal
from slop_qt.providers.model_listing import ModelLister, list_models
from slop_qt.providers.pacing import ReadPacer
from slop_qt.providers.pricing import Prices
from slop_qt.providers.servers import Place
from slop_qt.providers.throttle import Throttle

__all__ = ["READ_S", "SdkProvider", "SdkSession", "Toolbox"]

# Seconds. Between two reads the watchdog of the retry layer is stricter; these hold where that is not used.
_CONNECT_S = 15.0
READ_S = 300.0
_WRITE_S = 60.0
# How long a finished answer may take to end its response too, so that the connection can be used again.
_TRAILER_S = 0.05
# How long a complete answer may take to bring its counts and its last event.
_LAST_WORDS_S = 5.0

# By how the beginning of a request comes into a vendor's cache.
_REACHES: Mapping[str | None, CacheReach] = MappingProxyType(
    {"marks": "before", "hint": "before", "made": "stable", None: "nothing"}
)


@dataclass(frozen=True, slots=True)
class Toolbox:
    """What is slow to make and is made once, in the helper pool: the libraries, the TLS context, the prices."""

    sdk: ModuleType
    httpx2: ModuleType
    tls: ssl.SSLContext
    failures: FailureTranslator
    prices: Prices

    def client_options(self) -> dict[str, Any]:
        """For the SDKs that share an ancestor (Anthropic, OpenAI): explicit times, no retries, no redirects."""
        timeout = self.httpx2.Timeout(connect=_CONNECT_S, read=READ_S, write=_WRITE_S, pool=_CONNECT_S)
        http_client = self.sdk.DefaultAioHttpClient(verify=self.tls, timeout=timeout, follow_redirects=False)
        return {"max_retries": 0, "timeout": timeout, "http_client": http_client}


class SdkProvider(ABC):
    """A vendor with an SDK: address, key, and how to make a client. May be opened from any thread's loop.

    offload runs the SDK's import, which takes more than a second. sdk_name is the module's.
    """

    name: str
    sdk_name: ClassVar[str]
    capabilities: ClassVar[Capabilities]

    def __init__(self, endpoint: Endpoint, offload: Offload, server: Place | None = None) -> None:
        """server is where it is if not at the vendor: messages, events and prices then go by that."""
        if server is not None:
            self.name = server.name
        self._at_vendor = server is None
        self._priced_at = endpoint.base_url if server is not None else None
        self._endpoint = endpoint
        self._offload = offload
        self.throttle = Throttle(self.name)
        self._lock = threading.Lock()
        self._toolbox: Toolbox | None = None
        self._count_door = CountDoor()

    @property
    def caches(self) -> bool:
        """Whether what was read from a cache is counted."""
        return self.capabilities.cache_reads

    @property
    def cache_reach(self) -> CacheReach:
        """As the port says."""
        return _REACHES[self.capabilities.caching]

    def cache_life_s(self, ttl: CacheTtl) -> float | None:
        """As the port says: nothing is known, but where a vendor promises something."""
        del ttl
        return None

    def as_sent(self, request: ModelRequest) -> str:
        """As the port says."""
        return json.dumps(self._body(request), ensure_ascii=False, indent=2)

    @abstractmethod
    def _body(self, request: ModelRequest) -> dict[str, Any]:
        """The body that a session sends for the request."""

    @abstractmethod
    def _session(self, tools: Toolbox) -> "SdkSession":
        """A session with a client of its own. Called in the helper pool."""

    @abstractmethod
    def _lister(self, tools: Toolbox) -> ModelLister:
        """A client of its own for the list of models. Called in the helper pool."""

    @abstractmethod
    def _sdk_errors(self, sdk: ModuleType) -> tuple[type[Exception], ...]:
        """What the SDK raises of its own."""

    @abstractmethod
    def _refusal(self, error: Any) -> Refusal | None:
        """The HTTP answer in an error of the SDK, or None where it is none of its status errors."""

    async def open(self) -> "SdkSession":
        """A session with a client, and so connections, of its own."""
        return await self._offload.run(self._open)

    async def models(self, chosen: Collection[str] = ()) -> tuple[ModelInfo, ...]:
        """As the port says. Not on the GUI's loop: it connects."""
        tools, lister = await self._offload.run(self._open_lister)
        listed = await list_models(lister, tools.failures, self._endpoint, chosen)
        return tuple(model.info(self.name) for model in listed)

    def _open(self) -> "SdkSession":
        return self._session(self._tools())

    def _open_lister(self) -> tuple[Toolbox, ModelLister]:
        tools = self._tools()
        return tools, self._lister(tools)

    def _tools(self) -> Toolbox:
        with self._lock:
            if self._toolbox is None:
                self._toolbox = self._load()
            return self._toolbox

    def _load(self) -> Toolbox:
        sdk = importlib.import_module(self.sdk_name)
        httpx2, aiohttp = importlib.import_module("httpx2"), importlib.import_module("aiohttp")
        prices = Prices()
        # A full collection of all that was imported would hold the GIL for a tenth of a second.
        gc.freeze()
        transport = (httpx2.HTTPError, httpx2.StreamError, httpx2.InvalidURL, aiohttp.ClientError)
        failures = FailureTranslator(
            self._endpoint,
            caught=(*self._sdk_errors(sdk), *transport),
            timeouts=(httpx2.TimeoutException,),
            refusal=self._refusal,
        )
        return Toolbox(sdk=sdk, httpx2=httpx2, tls=trusted_context(), failures=failures, prices=prices)


class SdkSession:
    """One agent's client. Lives in the loop of that agent's lane; one stream at a time.

    send gives a response with `headers` and `iter_bytes()`; decoder makes a decoder for a model; close ends the
    client's connections. count is None where the API has no endpoint for it.
    """

    def __init__(
        self,
        endpoint: Endpoint,
        failures: FailureTranslator,
        *,
        send: Callable[[ModelRequest], AbstractAsyncContextManager[Any]],
        decoder: Callable[[str], AnswerDecoder],
        close: Callable[[], Awaitable[None]],
        count: CountEndpoint | None = None,
    ) -> None:
        self._endpoint = endpoint
        self._failures = failures
        self._send = send
        self._decoder = decoder
        self._close = close
        self._count = count

    async def stream(self, request: ModelRequest) -> AsyncGenerator[ProviderEvent, None]:
        """As the port says. Closing it, or cancelling the task that reads, closes the connection."""
        decoder = self._decoder(request.model)
        try:
            async with self._send(request) as response:
                self._check_kind(response.headers.get("content-type", ""))
                async with aclosing(response.iter_bytes()) as chunks:
                    pacer = ReadPacer()
                    while (chunk := await self._next(chunks, decoder)) is not None:
                        for event in decoder.take(chunk):
                            yield event
                        if decoder.finished:
                            await self._read_trailer(chunks)
                            return
                        await pacer.pause(len(chunk))
            for event in decoder.end():
                yield event
        except self._failures.caught as error:
            for event in decoder.give_up():
                yield event
            raise self._failures.translate(error, request.model) from None
        except UnicodeEncodeError:
            raise ProviderError(
                "The request holds half of a surrogate pair, which is no character and cannot be sent.",
                "Look for text that is not UTF-8 in the epic, the ticket or its files.",
            ) from None

    async def count(self, request: ModelRequest) -> int | None:
        """As the port says."""
        return await self._count.count(request) if self._count is not None else None

    async def aclose(self) -> None:
        """Close the connections; safe to call twice."""
        await self._close()

    async def _next(self, chunks: AsyncIterator[bytes], decoder: AnswerDecoder) -> bytes | None:
        """The next bytes; None at the end, and where nothing more is needed and nothing more comes."""
        if not decoder.complete:
            return await anext(chunks, None)
        with contextlib.suppress(*self._failures.transport_errors):
            async with asyncio.timeout(_LAST_WORDS_S):
                return await anext(chunks, None)
        return None

    async def _read_trailer(self, chunks: AsyncIterator[bytes]) -> None:
        """Read on to the response's end, where that comes at once: a connection that is left in the middle is lost."""
        with contextlib.suppress(*self._failures.transport_errors):
            async with asyncio.timeout(_TRAILER_S):
                async for _ in chunks:
                    pass

    def _check_kind(self, content_type: str) -> None:
        kind = content_type.partition(";")[0].strip().lower()
        if kind not in {"text/event-stream", ""}:
            raise ProviderError(
                f"The server answered with {kind} and not with a stream of events.",
                "Something else answers there: a proxy, a login page? Check the network and "
                f"{self._endpoint.vendor.address_variable}.",
            )
