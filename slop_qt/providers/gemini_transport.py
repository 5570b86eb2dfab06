"""Gemini's SDK over connections of our own, which hand its answers over as they come.

The SDK parses an answer three times, and what it gives out is no longer what was sent: signatures are encoded anew, an
unknown finish reason becomes a warning. So it makes the requests, and its own option `aiohttp_client` gets a session
with a middleware that takes the responses away from it. Import this module where the SDK is imported: off the loops.
"""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from dataclasses import dataclass
from typing import Any

import aiohttp
from typing_extensions import override

from slop_qt.core.conversation import ModelRequest
from slop_qt.providers.endpoint import Endpoint
from slop_qt.providers.gemini_failures import refusal
from slop_qt.providers.gemini_request import check_model, count_body, request_body
from slop_qt.providers.http_failures import Refusal
from slop_qt.providers.sdk_client import READ_S, Toolbox

__all__ = ["Connections", "RefusedError"]

_CONNECT_S = 15.0
# How much of an error's body is read, bytes, and for how long: the status says most of it.
_BODY = 64 * 1024
_BODY_S = 10.0
# The SDK wants something to build a request from; `extra_body` then puts ours in its place.
_PLACEHOLDER = "-"


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
class _Response:
    """What a session reads of an answer."""

    headers: Mapping[str, str]
    content: aiohttp.StreamReader

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

    @contextlib.asynccontextmanager
    async def send(self, request: ModelRequest) -> AsyncIterator[_Response]:
        """One request, and its response while it is open.

        Raises:
            ProviderError: the model's name cannot be one.
            RefusedError: the server answered with an error.
        """
        check_model(request.model)
        response = await self._begin(request)
        try:
            yield _Response(response.headers, response.content)
        finally:
            response.close()  # it has gone back to the pool by itself where it was read to its end

    @contextlib.asynccontextmanager
    async def send_count(self, request: ModelRequest) -> AsyncIterator[_Response]:
        """The same for the question how many tokens the request is."""
        check_model(request.model)
        response = await self._begin_count(request)
        try:
            yield _Response(response.headers, response.content)
        finally:
            response.close()

    async def close(self) -> None:
        """Close the connections; safe to call twice."""
        if self._http is not None:
            await self._http.close()
            await self._client.aio.aclose()
            self._client.close()

    def _models(self) -> Any:
        """The SDK's methods, over connections of ours that are made in the loop that asks for them first."""
        if self._http is None:
            self._http = aiohttp.ClientSession(
                connector=_Connector(), middlewares=(_hand_over,), cookie_jar=aiohttp.DummyCookieJar(), trust_env=True
            )
            options = self._options.model_copy(update={"aiohttp_client": self._http})
            self._client = self._sdk.Client(api_key=self._key, vertexai=False, http_options=options)
        return self._client.aio.models

    async def _begin_count(self, request: ModelRequest) -> aiohttp.ClientResponse:
        config = {"http_options": {"extra_body": count_body(request)}}
        try:
            await self._models().count_tokens(model=request.model, contents=_PLACEHOLDER, config=config)
        except _BegunError as begun:
            return begun.response
        raise AssertionError("the SDK did not use the session that it was given")

    async def _begin(self, request: ModelRequest) -> aiohttp.ClientResponse:
        answers = await self._models().generate_content_stream(
            model=request.model,
            contents=_PLACEHOLDER,
            config={
                "http_options": {"extra_body": request_body(request)},
                "automatic_function_calling": {"disable": True},
                "automatic_continuation": False,  # it sends again by itself
            },
        )
        try:
            await anext(answers)
        except _BegunError as begun:
            return begun.response
        raise AssertionError("the SDK did not use the session that it was given")


async def _hand_over(request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType) -> aiohttp.ClientResponse:
    """The middleware. Always raises: RefusedError or _BegunError, or what the connection failed by."""
    async with asyncio.timeout(READ_S):
        response = await handler(request)
    if response.status == 200:
        raise _BegunError(response)
    body = bytearray()
    try:
        with contextlib.suppress(aiohttp.ClientError, OSError):
            async with asyncio.timeout(_BODY_S):
                while len(body) < _BODY and (chunk := await response.content.readany()):
                    body += chunk
    finally:
        response.close()
    raise RefusedError(refusal(response.status, response.headers, bytes(body)))
