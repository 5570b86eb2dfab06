"""Asks a provider which models it has: bounded in time, bytes and pages, and lenient with what comes."""

import asyncio
import contextlib
from abc import ABC, abstractmethod
from collections.abc import Collection
from contextlib import AbstractAsyncContextManager, aclosing
from dataclasses import dataclass, fields, replace
from datetime import date, datetime
from typing import Any

import orjson

from slop_qt.core.errors import ProviderError
from slop_qt.core.models import ModelInfo
from slop_qt.providers.endpoint import Endpoint
from slop_qt.providers.http_failures import FailureTranslator

__all__ = [
    "ListedModel",
    "ModelLister",
    "ModelPage",
    "list_models",
    "parsed_day",
    "parsed_list",
    "parsed_name",
    "parsed_tokens",
    "with_details",
]

# For everything together, seconds.
_ALL_S = 15.0
_CLOSE_S = 2.0
# The longest list known has some hundred models of a few kilobytes.
_MOST_PAGES = 10
_MOST_BYTES = 8 * 1024 * 1024
_MOST_TOKENS = 1_000_000_000
_LONGEST_NAME = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedModel:
    """One entry of a list of models, as far as it could be understood. owner is whoever the server says it is of."""

    name: str
    label: str = ""
    owner: str = ""
    context_tokens: int | None = None
    output_tokens: int | None = None
    tools: bool | None = None
    thinking: bool | None = None
    deprecated: bool = False
    retires: date | None = None

    def info(self, provider: str) -> ModelInfo:
        """The same for everybody else."""
        said = {field.name: getattr(self, field.name) for field in fields(self) if field.name != "owner"}
        return ModelInfo(provider=provider, source="provider", **said)


@dataclass(frozen=True, slots=True)
class ModelPage:
    """A page of the list. after is where the next one begins; empty where this was the last."""

    models: tuple[ListedModel, ...]
    after: str = ""


class ModelLister(ABC):
    """How one API lists its models. Made in the helper pool, then used by one task of one loop, then closed."""

    @abstractmethod
    def page(self, after: str) -> AbstractAsyncContextManager[Any]:
        """The response (headers, iter_bytes) with the models that come after."""

    @abstractmethod
    def read(self, body: Any) -> ModelPage:
        """The models of a page's JSON; entries that make no sense are left out."""

    @abstractmethod
    async def close(self) -> None:
        """Close the connections; safe to call twice."""

    async def completed(self, models: tuple[ListedModel, ...], chosen: Collection[str]) -> tuple[ListedModel, ...]:
        """The models with what the server says of them elsewhere; chosen are those that are worth a request each."""
        del chosen
        return models


async def list_models(
    lister: ModelLister, failures: FailureTranslator, endpoint: Endpoint, chosen: Collection[str]
) -> tuple[ListedModel, ...]:
    """All models of the list, each once.

    Raises:
        ProviderError: the provider refused, did not answer in time, or answered with something else.
    """
    try:
        async with asyncio.timeout(_ALL_S):
            return await lister.completed(await _all_pages(lister, endpoint), chosen)
    except failures.caught as error:
        raise failures.translate(error, "") from None
    finally:
        with contextlib.suppress(*failures.transport_errors):
            async with asyncio.timeout(_CLOSE_S):
                await lister.close()


async def _all_pages(lister: ModelLister, endpoint: Endpoint) -> tuple[ListedModel, ...]:
    found: dict[str, ListedModel] = {}
    after = ""
    for _ in range(_MOST_PAGES):
        async with lister.page(after) as response:
            body = await _json(response, endpoint)
        page = lister.read(body)
        for model in page.models:
            found.setdefault(model.name, model)
        if not page.after or page.after == after:
            break
        after = page.after
    return tuple(found.values())


async def _json(response: Any, endpoint: Endpoint) -> Any:
    body = bytearray()
    async with aclosing(response.iter_bytes()) as chunks:
        async for chunk in chunks:
            body += chunk
            if len(body) > _MOST_BYTES:
                raise _no_list(endpoint, "more than 8 MiB")
    try:
        parsed = orjson.loads(bytes(body))
    except ValueError:
        kind = response.headers.get("content-type", "").partition(";")[0].strip().lower()
        raise _no_list(
            endpoint, kind if kind not in {"", "application/json"} else "something that is no JSON"
        ) from None
    if not isinstance(parsed, dict | list):
        raise _no_list(endpoint, "JSON of another shape")
    return parsed


def _no_list(endpoint: Endpoint, what: str) -> ProviderError:
    return ProviderError(
        f"{endpoint.host} answered with {what} and not with a list of models.",
        "Something else answers there: a proxy, a login page? Check the network and "
        f"{endpoint.vendor.address_variable}.",
    )


def parsed_list(body: Any, field: str) -> list[dict[str, Any]]:
    """The objects of a list, which is the body itself or a field of it."""
    entries = body.get(field) if isinstance(body, dict) else body
    return [entry for entry in entries if isinstance(entry, dict)] if isinstance(entries, list) else []


def parsed_name(value: Any) -> str:
    """A name or label; empty where it is none, or too long or strange to be one."""
    if not isinstance(value, str) or len(value) > _LONGEST_NAME or not value.isprintable():
        return ""
    return value.strip()


def parsed_tokens(value: Any) -> int | None:
    """A number of tokens above zero; None where it is none."""
    if isinstance(value, bool) or not isinstance(value, int) or not 0 < value <= _MOST_TOKENS:
        return None
    return value


def parsed_day(value: Any) -> date | None:
    """The day of an ISO 8601 date or time; None where it is none."""
    if not isinstance(value, str):
        return None
    try:
        return datetime.fromisoformat(value).date()
    except ValueError:
        return None


def with_details(models: tuple[ListedModel, ...], details: dict[str, dict[str, Any]]) -> tuple[ListedModel, ...]:
    """The models with these fields in the place of what the list says; None changes nothing."""
    return tuple(
        replace(model, **{name: value for name, value in details.get(model.name, {}).items() if value is not None})
        for model in models
    )
