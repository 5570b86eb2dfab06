"""Anthropic's models: the official SDK for the connection, its rawest stream for speed, our own reading of it."""

from collections.abc import Mapping
from functools import partial
from operator import itemgetter
from types import MappingProxyType, ModuleType
from typing import Any

from typing_extensions import override

from slop_qt.core.conversation import CacheTtl, ModelRequest
from slop_qt.core.ports import Offload
from slop_qt.providers.anthropic_models import AnthropicModels
from slop_qt.providers.anthropic_request import count_body, request_body
from slop_qt.providers.anthropic_wire import ANTHROPIC, STOPS, MessageDecoder
from slop_qt.providers.capabilities import Capabilities
from slop_qt.providers.count_endpoint import CountEndpoint
from slop_qt.providers.endpoint import Endpoint
from slop_qt.providers.http_failures import Refusal, says_overflow
from slop_qt.providers.model_listing import ModelLister
from slop_qt.providers.sdk_client import SdkProvider, SdkSession, Toolbox
from slop_qt.providers.servers import Place
from slop_qt.providers.withheld_headers import withheld_headers

__all__ = ["AnthropicProvider"]

# The SDK will not go without a word for a key.
_NO_KEY = "none"
# Seconds for which a cache is kept after its last use.
_LIVES_S: Mapping[CacheTtl, float] = MappingProxyType({"5m": 300.0, "1h": 3600.0})


class AnthropicProvider(SdkProvider):
    """The vendor: key, address, and how to make a client. May be opened from any thread's loop."""

    name = "anthropic"
    sdk_name = "anthropic"
    capabilities = Capabilities(
        vendor=ANTHROPIC,
        key_variables=(ANTHROPIC.key_variable,),
        keyless="never",
        streams_text=True,
        shows_thinking=True,
        thinking_asked="tokens",
        returns_thinking="signed",
        parallel_calls=True,
        raw_arguments=True,
        stops=STOPS,
        caching="marks",
        cache_ttls=("5m", "1h"),
        counts_before="`/v1/messages/count_tokens`",
        cache_reads=True,
        cache_writes=True,
        reasoning=True,
        lists=("label", "context_tokens", "output_tokens", "thinking", "deprecated", "retires"),
        prices="model",
    )

    def __init__(self, *, key: str, offload: Offload, base_url: str = "", server: Place | None = None) -> None:
        """An empty base_url is the vendor's own. Raises ConfigurationError where key or address cannot be one."""
        vendor, key_needed = (server.vendor, server.key_needed) if server else (ANTHROPIC, True)
        super().__init__(Endpoint.checked(vendor, base_url=base_url, key=key, key_needed=key_needed), offload, server)

    @override
    def cache_life_s(self, ttl: CacheTtl) -> float | None:
        return _LIVES_S[ttl]

    @override
    def _body(self, request: ModelRequest) -> dict[str, Any]:
        return {**request_body(request), "stream": True}

    def _session(self, tools: Toolbox) -> SdkSession:
        endpoint = self._endpoint
        client = self._client(tools)

        def send(request: ModelRequest) -> Any:
            return client.messages.with_streaming_response.create(**self._body(request))

        def send_count(request: ModelRequest) -> Any:
            return client.messages.with_streaming_response.count_tokens(**count_body(request))

        counting = CountEndpoint(
            self._count_door,
            tools.failures,
            send=send_count,
            read=itemgetter("input_tokens"),
            refusal=self._refusal,
        )

        def decoder(model: str) -> MessageDecoder:
            if self._priced_at is not None:
                cost_usd = partial(tools.prices.cost_at_usd, self._priced_at, model)
            else:
                cost_usd = partial(tools.prices.cost_usd, self.name, model)
            return MessageDecoder(cost_usd, endpoint.vendor)

        return SdkSession(endpoint, tools.failures, send=send, decoder=decoder, close=client.close, count=counting)

    def _lister(self, tools: Toolbox) -> ModelLister:
        return AnthropicModels(self._client(tools))

    def _client(self, tools: Toolbox) -> Any:
        key, base_url = self._endpoint.key or _NO_KEY, self._endpoint.base_url
        options = tools.client_options()
        if not self._at_vendor:
            options["default_headers"] = withheld_headers("ANTHROPIC_CUSTOM_HEADERS", omit=tools.sdk.omit, key=key)
        return tools.sdk.AsyncAnthropic(api_key=key, base_url=base_url, **options)

    def _sdk_errors(self, sdk: ModuleType) -> tuple[type[Exception], ...]:
        return (sdk.AnthropicError,)

    def _refusal(self, error: Any) -> Refusal | None:
        # Only status errors have one; those of the answer's shape, which it has too, are never raised for raw bytes.
        if not hasattr(error, "status_code"):
            return None
        message = str(error.api_message or "")
        overflow = error.status_code == 400 and says_overflow(message)
        return Refusal(error.status_code, error.response.headers, message, "overflow" if overflow else "")
