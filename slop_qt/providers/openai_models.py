"""The list of models of OpenAI and of all servers that speak as it does, each with words of its own beside the name."""

import asyncio
import re
from collections.abc import Collection, Mapping
from contextlib import AbstractAsyncContextManager
from typing import Any

import orjson
from typing_extensions import override

from slop_qt.providers.endpoint import Endpoint, server_root
from slop_qt.providers.model_listing import (
    ListedModel,
    ModelLister,
    ModelPage,
    parsed_day,
    parsed_list,
    parsed_name,
    parsed_tokens,
    with_details,
)

__all__ = ["OpenAIModels"]

# What vLLM, Groq, OpenRouter, Mistral and LM Studio call the context window.
_CONTEXT = ("max_model_len", "context_window", "context_length", "max_context_length")
# OpenAI lists all that it has; these are not for chat completions.
_NO_CHAT = re.compile(
    r"embedding|whisper|tts|dall-e|moderation|image|sora|transcribe|realtime|audio|^gpt-live|^babbage|^davinci|instruct"
)
_DETAIL_S = 3.0
_MOST_BYTES = 4 * 1024 * 1024
_MOST_CHOSEN = 8
_NUM_CTX = re.compile(r"^num_ctx\s+(\d+)\s*$", re.MULTILINE)


class OpenAIModels(ModelLister):
    """As `ModelLister` says, with a client of the SDK that is closed with it.

    http is the client below it, for what a local server says outside of OpenAI's API; caught is what that raises.
    headers are the SDK's extra ones.
    """

    def __init__(
        self,
        client: Any,
        http: Any,
        endpoint: Endpoint,
        *,
        headers: Mapping[str, Any],
        official: bool,
        caught: tuple[type[Exception], ...],
    ) -> None:
        self._client = client
        self._http = http
        self._root = server_root(endpoint.base_url)
        self._headers = headers
        self._official = official
        self._caught: tuple[type[Exception], ...] = (*caught, ValueError)
        self._key = {"Authorization": f"Bearer {endpoint.key}"} if endpoint.key else {}

    @override
    def page(self, after: str) -> AbstractAsyncContextManager[Any]:
        response: AbstractAsyncContextManager[Any] = self._client.models.with_streaming_response.list(
            extra_headers=dict(self._headers)
        )
        return response

    @override
    def read(self, body: Any) -> ModelPage:
        models = tuple(_model(entry) for entry in parsed_list(body, "data") if parsed_name(entry.get("id")))
        if self._official:
            models = tuple(model for model in models if not _NO_CHAT.search(model.name))
        return ModelPage(models)

    @override
    async def completed(self, models: tuple[ListedModel, ...], chosen: Collection[str]) -> tuple[ListedModel, ...]:
        """What llama.cpp, LM Studio and Ollama say of their models at addresses of their own."""
        owners = {model.owner for model in models}
        if self._official or not owners:
            return models
        if "llamacpp" in owners:
            return with_details(models, await self._of_llama_cpp(models))
        if "organization_owner" in owners:
            details = await self._of_lm_studio()
            chatting = tuple(model for model in models if details.get(model.name, {}).pop("chats", True))
            return with_details(chatting, details)
        if "library" in owners:
            asked = [
                model.name for model in models if model.name in chosen or model.name.removesuffix(":latest") in chosen
            ]
            return with_details(models, await self._of_ollama(asked[:_MOST_CHOSEN]))
        return models

    @override
    async def close(self) -> None:
        await self._client.close()

    async def _of_llama_cpp(self, models: tuple[ListedModel, ...]) -> dict[str, dict[str, Any]]:
        """It was started with a context, which may be smaller than the one that the model was trained with."""
        props = await self._get("/props")
        defaults = props.get("default_generation_settings")
        context = parsed_tokens(defaults.get("n_ctx")) if isinstance(defaults, dict) else None
        return {model.name: {"context_tokens": context} for model in models}

    async def _of_lm_studio(self) -> dict[str, dict[str, Any]]:
        details: dict[str, dict[str, Any]] = {}
        for entry in parsed_list(await self._get("/api/v0/models"), "data"):
            context = parsed_tokens(entry.get("loaded_context_length")) or parsed_tokens(
                entry.get("max_context_length")
            )
            details[parsed_name(entry.get("id"))] = {
                "context_tokens": context,
                "chats": entry.get("type") != "embeddings",
            }
        return details

    async def _of_ollama(self, asked: list[str]) -> dict[str, dict[str, Any]]:
        """The smallest window counts that it says: it cuts what does not fit without a word."""
        if not asked:
            return {}
        loaded = {
            parsed_name(entry.get("name")): parsed_tokens(entry.get("context_length"))
            for entry in parsed_list(await self._get("/api/ps"), "models")
        }
        shown = await asyncio.gather(*(self._get("/api/show", {"model": name}) for name in asked))
        return {name: _shown_by_ollama(told, loaded.get(name)) for name, told in zip(asked, shown, strict=True)}

    async def _get(self, path: str, body: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """The JSON object there; an empty one where there is none, whatever the reason: nothing depends on it."""
        try:
            async with asyncio.timeout(_DETAIL_S):
                method = "GET" if body is None else "POST"
                async with self._http.stream(method, f"{self._root}{path}", headers=self._key, json=body) as response:
                    content = bytearray()
                    async for chunk in response.aiter_bytes():
                        content += chunk
                        if len(content) > _MOST_BYTES:
                            return {}
            parsed = orjson.loads(bytes(content)) if response.status_code == 200 else {}
        except self._caught:
            return {}
        return parsed if isinstance(parsed, dict) else {}


def _model(entry: dict[str, Any]) -> ListedModel:
    contexts = (parsed_tokens(entry.get(name)) for name in _CONTEXT)
    meta = entry.get("meta")
    trained = parsed_tokens(meta.get("n_ctx_train")) if isinstance(meta, dict) else None
    shutdown = parsed_day(entry.get("shutdown_date")) or parsed_day(entry.get("deprecation"))
    return ListedModel(
        name=parsed_name(entry["id"]),
        owner=parsed_name(entry.get("owned_by")),
        context_tokens=next((context for context in contexts if context is not None), trained),
        output_tokens=parsed_tokens(entry.get("max_completion_tokens")),
        deprecated=shutdown is not None,
        retires=shutdown,
    )


def _shown_by_ollama(told: Mapping[str, Any], loaded: int | None) -> dict[str, Any]:
    facts = told.get("model_info")
    trained = (
        [parsed_tokens(value) for name, value in facts.items() if name.endswith(".context_length")]
        if isinstance(facts, dict)
        else []
    )
    parameters = told.get("parameters")
    chosen = _NUM_CTX.search(parameters) if isinstance(parameters, str) else None
    windows = [*trained, loaded, parsed_tokens(int(chosen[1][:12])) if chosen else None]
    can = told.get("capabilities")
    return {
        "context_tokens": min((window for window in windows if window is not None), default=None),
        "tools": "tools" in can if isinstance(can, list) else None,
        "thinking": "thinking" in can if isinstance(can, list) else None,
    }
