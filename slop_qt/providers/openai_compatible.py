"""OpenAI's models and all servers that speak as it does: DeepSeek, vLLM, LM Studio, Ollama, llama.cpp and others."""

import contextlib
from collections.abc import AsyncIterator
from operator import itemgetter
from types import ModuleType
from typing import Any

from typing_extensions import override

from slop_qt.core.conversation import ModelRequest
from slop_qt.core.ports import Offload
from slop_qt.core.usage import Usage
from slop_qt.providers.capabilities import Capabilities
from slop_qt.providers.count_endpoint import CountEndpoint
from slop_qt.providers.endpoint import Endpoint, is_official
from slop_qt.providers.http_failures import Refusal, says_overflow
from slop_qt.providers.model_listing import ModelLister
from slop_qt.providers.openai_models import OpenAIModels
from slop_qt.providers.openai_request import request_body
from slop_qt.providers.openai_wire import OPENAI, STOPS, ChunkDecoder
from slop_qt.providers.sdk_client import SdkProvider, SdkSession, Toolbox
from slop_qt.providers.servers import Place
from slop_qt.providers.withheld_headers import withheld_headers

__all__ = ["OpenAIProvider"]

# The SDK will not go without a word for a key, even where the header that has it is left out.
_NO_KEY = "none"
# Which of the account's parts pays, from OPENAI_ORG_ID and OPENAI_PROJECT_ID.
_ACCOUNT_HEADERS = ("OpenAI-Organization", "OpenAI-Project")
_OVERFLOW_STATUSES = frozenset({400, 413, 422, 500})


class OpenAIProvider(SdkProvider):
    """The API: key, address, and how to make a client. May be opened from any thread's loop.

    Only OpenAI itself needs a key.
    """

    name = "openai"
    sdk_name = "openai"
    capabilities = Capabilities(
        vendor=OPENAI,
        key_variables=(OPENAI.key_variable,),
        keyless="elsewhere",
        streams_text=True,
        shows_thinking=True,
        thinking_asked="effort",
        returns_thinking="named",
        parallel_calls=True,
        raw_arguments=True,
        stops=STOPS,
        caching="hint",
        cache_ttls=(),
        counts_before="`/v1/chat/completions/input_tokens`, not at OpenAI itself",
        cache_reads=True,
        cache_writes=True,
        reasoning=True,
        lists=("deprecated", "retires"),
        prices="address and model",
    )

    def __init__(self, *, key: str, offload: Offload, base_url: str = "", server: Place | None = None) -> None:
        """An empty base_url is OpenAI's own. Raises ConfigurationError where key or address cannot be one."""
        self._official = is_official(base_url or OPENAI.base_url)
        vendor, key_needed = (server.vendor, server.key_needed) if server else (OPENAI, self._official)
        super().__init__(Endpoint.checked(vendor, base_url=base_url, key=key, key_needed=key_needed), offload, server)

    @override
    def _body(self, request: ModelRequest) -> dict[str, Any]:
        return {**request_body(request, official=self._official), "stream": True}

    def _session(self, tools: Toolbox) -> SdkSession:
        endpoint = self._endpoint
        client = self._client(tools, tools.client_options())
        headers = self._headers(tools)

        def send(request: ModelRequest) -> Any:
            create = client.chat.completions.with_streaming_response.create
            return create(**self._body(request), extra_headers=headers)

        def send_count(request: ModelRequest) -> Any:
            return _streamed(client, "/chat/completions/input_tokens", request_body(request, official=False), headers)

        # llama.cpp has this endpoint, which renders the request as it would for an answer. OpenAI itself has none.
        counting = CountEndpoint(
            self._count_door,
            tools.failures,
            send=send_count,
            read=itemgetter("input_tokens"),
            refusal=self._refusal,
        )

        def decoder(model: str) -> ChunkDecoder:
            def cost_usd(usage: Usage) -> float | None:
                return tools.prices.cost_at_usd(endpoint.base_url, model, usage)

            return ChunkDecoder(cost_usd, endpoint.vendor)

        return SdkSession(
            endpoint,
            tools.failures,
            send=send,
            decoder=decoder,
            close=client.close,
            count=None if self._official else counting,
        )

    def _lister(self, tools: Toolbox) -> ModelLister:
        options = tools.client_options()
        return OpenAIModels(
            self._client(tools, options),
            options["http_client"],
            self._endpoint,
            headers=self._headers(tools),
            official=self._official,
            caught=tools.failures.caught,
        )

    def _client(self, tools: Toolbox, options: dict[str, Any]) -> Any:
        key, base_url = self._endpoint.key or _NO_KEY, self._endpoint.base_url
        if not self._at_vendor:
            options["default_headers"] = withheld_headers(
                "OPENAI_CUSTOM_HEADERS", omit=tools.sdk.omit, key=key, also=_ACCOUNT_HEADERS
            )
        return tools.sdk.AsyncOpenAI(api_key=key, base_url=base_url, **options)

    def _headers(self, tools: Toolbox) -> dict[str, Any]:
        return {} if self._endpoint.key else {"Authorization": tools.sdk.omit}

    def _sdk_errors(self, sdk: ModuleType) -> tuple[type[Exception], ...]:
        return (sdk.OpenAIError,)

    def _refusal(self, error: Any) -> Refusal | None:
        status = getattr(error, "status_code", None)
        if status is None:
            return None
        message = _message(error)
        words = f"{error.code} {error.type} {message}"
        if status in _OVERFLOW_STATUSES and says_overflow(words):
            return Refusal(status, error.response.headers, message, "overflow")
        return Refusal(status, error.response.headers, message, "quota" if "insufficient_quota" in words else "")


@contextlib.asynccontextmanager
async def _streamed(client: Any, path: str, body: dict[str, Any], headers: dict[str, Any]) -> AsyncIterator[Any]:
    """The SDK's own way to an endpoint that it has no method for, its answer unread."""
    options = {"headers": {**headers, "X-Stainless-Raw-Response": "stream"}}
    response = await client.post(path, cast_to=object, body=body, options=options)
    try:
        yield response
    finally:
        await response.close()


def _message(error: Any) -> str:
    """The server's words: an object's message, or the error itself, as some local servers have it; no HTML page."""
    body = error.body
    if isinstance(body, dict):
        return str(body.get("message") or body.get("detail") or "")
    is_json = "json" in error.response.headers.get("content-type", "")
    return body if isinstance(body, str) and is_json else ""
