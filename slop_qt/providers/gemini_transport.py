"""Gemini's SDK over connections of our own, which hand its answers over as they come.

The SDK parses an answer three times, and what it gives out is no longer what was sent: signatures are encoded anew, an
unknown finish reason becomes a warning. So it makes the requests, and its own option `aiohttp_client` gets a session
with a middleware that takes the responses away from it. Import this module where the SDK is imported: off the loops.
"""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

import aiohttp
import orjson
from typing_extensions import override

from slop_qt.core.conversation import ModelRequest
from slop_qt.core.errors import ProviderError
from slop_qt.providers.endpoint import Endpoint
from slop_qt.providers.gemini_failures import refusal
from slop_qt.providers.gemini_request import check_model, count_body
from slop_qt.providers.http_failures import Refusal
from slop_qt.providers.sdk_client import READ_S, Toolbox

__all__ = ["Connections", "RefusedError", "Response"]

_CONNECT_S = 15.0
# How much is read of what is no stream, bytes, and for how long. Of an error's body the status says most.
_BODY = 64 * 1024
_BODY_S = 10.0
# The SDK wants something to build a request from; `extra_body` then puts ours in its place.
_PLACEHOLDER = "-"
# It will not go without a word for a key.
_NO_KEY = "none"
_MODELS = 1000  # a page


class RefusedError(Exception):
    """The server answered with an error."""

    def __init__(self, answer: Refusal) -> None:
        super().__init__(answer.status)
        self.refusal = answer


class _BegunError(Exception):
    """No failure: this is how a response gets past the SDK that asked for it."""

    def __init__(self, response: aiohttp.ClientResponse) -> None:
        super().__init__()
        self.response = response


class _Connector(aiohttp.TCPConnector):
    """The SDK sets one time for a whole answer, or none: this bounds the time to connect."""

    @override
    async def connect(self, req: Any, traces: Any, timeout: aiohttp.ClientTimeout) -> Any:
        return await super().connect(req, traces, aiohttp.ClientTimeout(connect=_CONNECT_S, sock_connect=_CONNECT_S))


@dataclass(frozen=True, slots=True)
class Response:
    """What a session reads of an answer. Close it."""

    headers: Mapping[str, str]
    content: aiohttp.StreamReader
    close: Callable[[], None]  # it has gone back to the pool by itself where it was read to its end

    async def iter_bytes(self) -> AsyncGenerator[bytes, None]:
        """The body as it comes. Raises TimeoutError where nothing does."""
        while True:
            async with asyncio.timeout(READ_S):
                chunk = await self.content.readany()
            if not chunk:
                return
            yield chunk


class Connections:
    """One agent's client. Made in the helper pool; it connects, and lives from then on, in the agent's loop."""

    def __init__(self, endpoint: Endpoint, tools: Toolbox) -> None:
        self._sdk = tools.sdk
        self._key = endpoint.key
        self._options = tools.sdk.types.HttpOptions(
            base_url=endpoint.base_url,
            api_version="v1beta",
            # Without this the SDK waits up to ten seconds after a connection that failed, and tries once more.
            retry_options=tools.sdk.types.HttpRetryOptions(attempts=1),
            async_client_args={"ssl": tools.tls, "allow_redirects": False},
            client_args={"verify": tools.tls},
        )
        self._http: aiohttp.ClientSession | None = None
        self._client: Any = None

    async def begin(self, model: str, body: dict[str, Any]) -> Response:
        """Send one request, and hand over its response when it begins.

        Raises:
            ProviderError: the model's name cannot be one.
            RefusedError: the server answered with an error.
        """
        check_model(model)
        answers = await self._sdk_client().models.generate_content_stream(
            model=model,
            contents=_PLACEHOLDER,
            config={
                "http_options": {"extra_body": body},
                "automatic_function_calling": {"disable": True},
                "automatic_continuation": False,  # it sends again by itself
            },
        )
        response = await _begun(anext(answers))
        return Response(response.headers, response.content, response.close)

    async def create_cache(self, model: str, body: dict[str, Any], ttl_s: int) -> Any:
        """Have the server keep what `stable_body` made for so many seconds; the cache as it describes it, JSON.

        Raises:
            RefusedError: the server answered with an error.
            ProviderError: it answered with no JSON.
        """
        config = {"ttl": f"{ttl_s}s", "http_options": {"extra_body": body}}
        said = await _whole(self._sdk_client().caches.create(model=model, config=config))
        try:
            return orjson.loads(said)
        except ValueError:
            raise ProviderError("The server answered with something that is no JSON.") from None

    async def extend_cache(self, name: str, ttl_s: int) -> None:
        """Have a cache kept for so many seconds from now on. Raises RefusedError."""
        await _whole(self._sdk_client().caches.update(name=name, config={"ttl": f"{ttl_s}s"}))

    async def delete_cache(self, name: str) -> None:
        """Have a cache forgotten. Raises RefusedError."""
        await _whole(self._sdk_client().caches.delete(name=name))

    @contextlib.asynccontextmanager
    async def send_count(self, request: ModelRequest) -> AsyncIterator[Response]:
        """Ask how many tokens a request is, and hand over the response while it is open. Raises as `begin`."""
        check_model(request.model)
        config = {"http_options": {"extra_body": count_body(request)}}
        asking = self._sdk_client().models.count_tokens(model=request.model, contents=_PLACEHOLDER, config=config)
        response = await _begun(asking)
        try:
            yield Response(response.headers, response.content, response.close)
        finally:
            response.close()

    async def close(self) -> None:
        """Close the connections; safe to call twice."""
        if self._http is not None:
            await self._http.close()
            await self._client.aio.aclose()
            self._client.close()

    @contextlib.asynccontextmanager
    async def models(self, after: str) -> AsyncIterator[Response]:
        """A page of the list of models, and its response while it is open. Raises RefusedError."""
        config = {"page_size": _MODELS, **({"page_token": after} if after else {})}
        response = await _begun(self._sdk_client().models.list(config=config))
        try:
            yield Response(response.headers, response.content, response.close)
        finally:
            response.close()

    def _sdk_client(self) -> Any:
        """The SDK's client for the loop that this runs in; made with the first request."""
        if self._http is None:
            self._http = aiohttp.ClientSession(
                connector=_Connector(), middlewares=(_hand_over,), cookie_jar=aiohttp.DummyCookieJar(), trust_env=True
            )
            options = self._options.model_copy(update={"aiohttp_client": self._http})
            self._client = self._sdk.Client(api_key=self._key or _NO_KEY, vertexai=False, http_options=options)
        return self._client.aio


async def _begun(call: Awaitable[Any]) -> aiohttp.ClientResponse:
    """The response to a call of the SDK, which never gets to see it."""
    try:
        await call
    except _BegunError as begun:
        return begun.response
    raise AssertionError("the SDK did not use the session that it was given")


async def _whole(call: Awaitable[Any]) -> bytes:
    """The body of a response that is no stream. Raises TimeoutError, or what the connection failed by."""
    response = await _begun(call)
    body = bytearray()
    try:
        await _read(response, body)
    finally:
        response.close()
    return bytes(body)


async def _read(response: aiohttp.ClientResponse, body: bytearray) -> None:
    async with asyncio.timeout(_BODY_S):
        while len(body) < _BODY and (chunk := await response.content.readany()):
            body += chunk


async def _hand_over(request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType) -> aiohttp.ClientResponse:
    """The middleware. Always raises: RefusedError or _BegunError, or what the connection failed by."""
    async with asyncio.timeout(READ_S):
        response = await handler(request)
    if response.status == 200:
        raise _BegunError(response)
    body = bytearray()
    try:
        with contextlib.suppress(aiohttp.ClientError, OSError):
            await _read(response, body)
    finally:
        response.close()
    raise RefusedError(refusal(response.status, response.headers, bytes(body)))
