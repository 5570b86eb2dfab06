"""Gemini's list of models (GET /v1beta/models)."""

from contextlib import AbstractAsyncContextManager
from typing import Any

from typing_extensions import override

from slop_qt.providers.model_listing import ListedModel, ModelLister, ModelPage, parsed_list, parsed_name, parsed_tokens

__all__ = ["GeminiModels"]


class GeminiModels(ModelLister):
    """As `ModelLister` says, over connections that are closed with it."""

    def __init__(self, connections: Any) -> None:
        self._connections = connections

    @override
    def page(self, after: str) -> AbstractAsyncContextManager[Any]:
        response: AbstractAsyncContextManager[Any] = self._connections.models(after)
        return response

    @override
    def read(self, body: Any) -> ModelPage:
        models = tuple(_model(entry) for entry in parsed_list(body, "models") if _generates(entry))
        token = body.get("nextPageToken") if isinstance(body, dict) else None
        return ModelPage(models, token if isinstance(token, str) else "")

    @override
    async def close(self) -> None:
        await self._connections.close()


def _generates(entry: dict[str, Any]) -> bool:
    """Whether it can be asked as we ask: the list has models for embeddings, pictures and speech too."""
    methods = entry.get("supportedGenerationMethods")
    return bool(parsed_name(entry.get("name"))) and (not isinstance(methods, list) or "generateContent" in methods)


def _model(entry: dict[str, Any]) -> ListedModel:
    thinks = entry.get("thinking")
    return ListedModel(
        name=parsed_name(entry["name"]).removeprefix("models/"),
        label=parsed_name(entry.get("displayName")),
        context_tokens=parsed_tokens(entry.get("inputTokenLimit")),
        output_tokens=parsed_tokens(entry.get("outputTokenLimit")),
        thinking=thinks if isinstance(thinks, bool) else None,
    )
