"""Google's Gemini models: the official SDK for the request, the answer read raw."""

import importlib
import time
from collections.abc import Callable
from functools import partial
from operator import itemgetter
from types import ModuleType
from typing import Any

from typing_extensions import override

from slop_qt.core.conversation import ModelRequest
from slop_qt.core.ports import Offload
from slop_qt.core.usage import Usage
from slop_qt.providers.capabilities import Capabilities
from slop_qt.providers.count_endpoint import CountEndpoint
from slop_qt.providers.endpoint import Endpoint
from slop_qt.providers.gemini_cache_terms import CacheTerms
from slop_qt.providers.gemini_models import GeminiModels
from slop_qt.providers.gemini_request import request_body
from slop_qt.providers.gemini_wire import GEMINI, STOPS, ContentDecoder
from slop_qt.providers.http_failures import Refusal
from slop_qt.providers.model_listing import ModelLister
from slop_qt.providers.sdk_client import SdkProvider, SdkSession, Toolbox
from slop_qt.providers.servers import PRICED_AS, Place

__all__ = ["GeminiProvider"]


class GeminiProvider(SdkProvider):
    """The vendor: key, address, and how to make a client. May be opened from any thread's loop."""

    name = "gemini"
    sdk_name = "google.genai"
    capabilities = Capabilities(
        vendor=GEMINI,
        key_variables=(GEMINI.key_variable, "GOOGLE_API_KEY"),
        keyless="never",
        streams_text=True,
        shows_thinking=True,
        thinking_asked="tokens",
        returns_thinking="signed",
        parallel_calls=True,
        raw_arguments=False,
        stops=STOPS,
        caching="made",
        cache_ttls=("5m", "1h"),
        counts_before="`models.countTokens`",
        cache_reads=True,
        cache_writes=False,
        reasoning=True,
        lists=("label", "context_tokens", "output_tokens", "thinking"),
        prices="model",
    )

    def __init__(
        self,
        *,
        key: str,
        offload: Offload,
        base_url: str = "",
        server: Place | None = None,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        """An empty base_url is the vendor's own; now counts seconds, for the lifetime of caches.

        Raises ConfigurationError where key or address cannot be one.
        """
        vendor, key_needed = (server.vendor, server.key_needed) if server else (GEMINI, True)
        super().__init__(Endpoint.checked(vendor, base_url=base_url, key=key, key_needed=key_needed), offload, server)
        self._now = now
        self._terms = CacheTerms()

    @override
    def _body(self, request: ModelRequest) -> dict[str, Any]:
        return request_body(request)

    @override
    def _session(self, tools: Toolbox) -> SdkSession:
        transport, caching, sessions = (
            importlib.import_module(f"slop_qt.providers.gemini_{part}") for part in ("transport", "cache", "session")
        )
        connections = transport.Connections(self._endpoint, tools)

        def cost_usd(model: str, usage: Usage) -> float | None:
            known_as = model.removeprefix("models/")
            if self._priced_at is not None:
                return tools.prices.cost_at_usd(self._priced_at, known_as, usage)
            return tools.prices.cost_usd(PRICED_AS["gemini"], known_as, usage)

        def decoder(model: str) -> ContentDecoder:
            return ContentDecoder(partial(cost_usd, model), self._endpoint.vendor)

        cache = caching.PrefixCache(connections, tools.failures, self._terms, cost_usd=cost_usd, now=self._now)
        counting = CountEndpoint(
            self._count_door,
            tools.failures,
            send=connections.send_count,
            read=itemgetter("totalTokens"),
            refusal=self._refusal,
        )
        session: SdkSession = sessions.CachingSession(
            self._endpoint, tools.failures, connections=connections, cache=cache, decoder=decoder, count=counting
        )
        return session

    @override
    def _lister(self, tools: Toolbox) -> ModelLister:
        transport = importlib.import_module("slop_qt.providers.gemini_transport")
        return GeminiModels(transport.Connections(self._endpoint, tools))

    @override
    def _sdk_errors(self, sdk: ModuleType) -> tuple[type[Exception], ...]:
        refused: type[Exception] = importlib.import_module("slop_qt.providers.gemini_transport").RefusedError
        return (refused,)

    @override
    def _refusal(self, error: Any) -> Refusal | None:
        return getattr(error, "refusal", None)
