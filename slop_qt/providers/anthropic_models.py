"""Anthropic's list of models (GET /v1/models), and that of servers that speak as it does."""

from contextlib import AbstractAsyncContextManager
from typing import Any

from typing_extensions import override

from slop_qt.providers.model_listing import (
    ListedModel,
    ModelLister,
    ModelPage,
    parsed_day,
    parsed_list,
    parsed_name,
    parsed_tokens,
)

__all__ = ["AnthropicModels"]

_PAGE = 1000


class AnthropicModels(ModelLister):
    """As `ModelLister` says, with a client of the SDK that is closed with it."""

    def __init__(self, client: Any) -> None:
        self._client = client

    @override
    def page(self, after: str) -> AbstractAsyncContextManager[Any]:
        where = {"after_id": after} if after else {}
        response: AbstractAsyncContextManager[Any] = self._client.models.with_streaming_response.list(
            limit=_PAGE, **where
        )
        return response

    @override
    def read(self, body: Any) -> ModelPage:
        models = tuple(_model(entry) for entry in parsed_list(body, "data") if parsed_name(entry.get("id")))
        more = isinstance(body, dict) and body.get("has_more") is True
        return ModelPage(models, parsed_name(body.get("last_id")) if more else "")

    @override
    async def close(self) -> None:
        await self._client.close()


def _model(entry: dict[str, Any]) -> ListedModel:
    capabilities = entry.get("capabilities")
    thinking = capabilities.get("thinking") if isinstance(capabilities, dict) else None
    thinks = thinking.get("supported") if isinstance(thinking, dict) else None
    return ListedModel(
        name=parsed_name(entry["id"]),
        label=parsed_name(entry.get("display_name")),
        context_tokens=parsed_tokens(entry.get("max_input_tokens")),
        output_tokens=parsed_tokens(entry.get("max_tokens")),
        thinking=thinks if isinstance(thinks, bool) else None,
        deprecated=parsed_name(entry.get("lifecycle")) in {"deprecated", "retired"}
        or parsed_day(entry.get("deprecated_at")) is not None,
        retires=parsed_day(entry.get("retires_at")),
    )
