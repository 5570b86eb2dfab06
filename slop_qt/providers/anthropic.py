"""Anthropic's models: the official SDK for the connection, its rawest stream for speed, our own reading of it."""

import asyncio
import contextlib
import gc
import importlib
import ssl
import threading
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from dataclasses import dataclass
from functools import partial
from types import ModuleType
from typing import Any
from urllib.parse import urlsplit

from slop_qt.core.conversation import ModelRequest, ProviderEvent
from slop_qt.core.errors import ConfigurationError, ProviderError
from slop_qt.core.ports import Offload
from slop_qt.providers.anthropic_errors import FailureTranslator
from slop_qt.providers.anthropic_wire import AnswerDecoder, request_body
from slop_qt.providers.pacing import ReadPacer
from slop_qt.providers.pricing import Prices

__all__ = ["DEFAULT_BASE_URL", "AnthropicProvider", "AnthropicSession"]

DEFAULT_BASE_URL = "https://api.anthropic.com"

# Seconds. Between two reads the watchdog of the retry layer is stricter; this one holds where that is not used.
_CONNECT_S = 15.0
_READ_S = 300.0
_WRITE_S = 60.0
# How long a complete answer may take to end its response too, so that the connection can be used again.
_TRAILER_S = 0.05


@dataclass(frozen=True, slots=True)
class _Toolbox:
    """What is slow to make and is made once, in the helper pool: the libraries, the TLS context, the prices."""

    sdk: ModuleType
    httpx2: ModuleType
    tls: ssl.SSLContext
    failures: FailureTranslator
    prices: Prices


class AnthropicProvider:
    """The vendor: key, address, and how to make a client. May be opened from any thread's loop.

    offload runs the SDK's import, which takes more than a second.
    """

    name = "anthropic"

    def __init__(self, *, key: str, offload: Offload, base_url: str = DEFAULT_BASE_URL) -> None:
        """Raises ConfigurationError where the key or the address cannot be one."""
        self._key = _checked_key(key)
        self._base_url = base_url
        self._host = _host(base_url)
        self._offload = offload
        self._lock = threading.Lock()
        self._toolbox: _Toolbox | None = None

    async def open(self) -> "AnthropicSession":
        """A session with a client, and so connections, of its own."""
        return await self._offload.run(self._session)

    def _session(self) -> "AnthropicSession":
        with self._lock:
            if self._toolbox is None:
                self._toolbox = self._load()
        tools = self._toolbox
        timeout = tools.httpx2.Timeout(connect=_CONNECT_S, read=_READ_S, write=_WRITE_S, pool=_CONNECT_S)
        client = tools.sdk.AsyncAnthropic(
            api_key=self._key,
            base_url=self._base_url,
            max_retries=0,
            timeout=timeout,
            http_client=tools.sdk.DefaultAioHttpClient(verify=tools.tls, timeout=timeout, follow_redirects=False),
        )
        return AnthropicSession(client, tools.failures, tools.prices)

    def _load(self) -> _Toolbox:
        sdk = importlib.import_module("anthropic")
        httpx2, aiohttp = importlib.import_module("httpx2"), importlib.import_module("aiohttp")
        prices = Prices()
        # A full collection of all that was imported would hold the GIL for a tenth of a second.
        gc.freeze()
        return _Toolbox(
            sdk=sdk,
            httpx2=httpx2,
            tls=httpx2.create_ssl_context(),
            failures=FailureTranslator(sdk, (httpx2, aiohttp), self._host, self._key),
            prices=prices,
        )


class AnthropicSession:
    """One agent's client. Lives in the loop of that agent's lane; one stream at a time."""

    def __init__(self, client: Any, failures: FailureTranslator, prices: Prices) -> None:
        self._client = client
        self._failures = failures
        self._prices = prices

    async def stream(self, request: ModelRequest) -> AsyncGenerator[ProviderEvent, None]:
        """As the port says. Closing it, or cancelling the task that reads, closes the connection."""
        decoder = AnswerDecoder(partial(self._prices.cost_usd, AnthropicProvider.name, request.model))
        create = self._client.messages.with_streaming_response.create
        try:
            async with create(**request_body(request), stream=True) as response:
                _check_kind(response.headers.get("content-type", ""))
                async with aclosing(response.iter_bytes()) as chunks:
                    pacer = ReadPacer()
                    async for chunk in chunks:
                        for event in decoder.take(chunk):
                            yield event
                        if decoder.finished:
                            await _read_trailer(chunks)
                            return
                        await pacer.pause(len(chunk))
            raise _cut(begun=decoder.begun)
        except self._failures.caught as error:
            raise self._failures.translate(error, request.model) from None

    async def aclose(self) -> None:
        """Close the connections; safe to call twice."""
        await self._client.close()


async def _read_trailer(chunks: AsyncIterator[bytes]) -> None:
    """Read on to the response's end, where that comes at once: a connection that is left in the middle is lost."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(_TRAILER_S):
            async for _ in chunks:
                pass


def _check_kind(content_type: str) -> None:
    kind = content_type.partition(";")[0].strip().lower()
    if kind not in {"text/event-stream", ""}:
        raise ProviderError(
            f"The server answered with {kind} and not with a stream of events.",
            "Something else answers there: a proxy, a login page? Check the network and ANTHROPIC_BASE_URL.",
        )


def _cut(*, begun: bool) -> ProviderError:
    what = "The answer was cut before its end" if begun else "The answer was empty"
    return ProviderError(f"{what}.", retryable=True)


def _checked_key(key: str) -> str:
    stripped = key.strip()
    if not stripped:
        raise ConfigurationError(
            "There is no key for Anthropic.",
            "Set ANTHROPIC_API_KEY (any word will do for a local server that asks for none).",
        )
    if not (stripped.isascii() and stripped.isprintable()) or " " in stripped:
        raise ConfigurationError(
            "The key for Anthropic has characters that a key cannot have.", "Copy it into ANTHROPIC_API_KEY again."
        )
    return stripped


def _host(base_url: str) -> str:
    """Host and port of an address, for messages."""
    try:
        parts = urlsplit(base_url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        host = None
    if not host or parts.scheme not in {"http", "https"}:
        raise ConfigurationError(
            f"ANTHROPIC_BASE_URL is {base_url!r}, which is not an address.",
            f"Write it like {DEFAULT_BASE_URL} or http://localhost:8080.",
        )
    return parts.netloc.rpartition("@")[2]
