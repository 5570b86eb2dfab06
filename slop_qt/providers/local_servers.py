"""Finds the model servers of this machine by what they answer; a port alone says nothing."""

import asyncio
import importlib
from collections.abc import Sequence
from dataclasses import dataclass
from types import ModuleType
from typing import Any

import orjson

from slop_qt.providers.model_listing import parsed_list, parsed_name

__all__ = ["FoundServer", "find_local_servers"]

# For all questions to one port together, seconds.
_PORT_S = 1.5
_MOST_BYTES = 2 * 1024 * 1024
_MOST_MODELS = 200
_LLAMA_CPP, _LM_STUDIO, _OLLAMA = "llamacpp", "lmstudio", "ollama"
_NOT_CHATTING = frozenset({"embeddings", "embedding"})


@dataclass(frozen=True, slots=True)
class FoundServer:
    """A model server: what it is (the name of a preset), where its API is that is like OpenAI's, and its models."""

    kind: str
    base_url: str
    models: tuple[str, ...]


async def find_local_servers(ports: Sequence[int]) -> tuple[FoundServer, ...]:
    """Ask these ports on 127.0.0.1 what they are, all at once; with no key, over no proxy, following nowhere.

    Returns those that are Ollama, LM Studio or llama.cpp within 1.5 s, in the order of the ports. Not on the GUI's
    loop: it connects, and imports aiohttp.
    """
    aiohttp = importlib.import_module("aiohttp")
    async with aiohttp.ClientSession(trust_env=False, cookie_jar=aiohttp.DummyCookieJar()) as http:
        found = await asyncio.gather(*(_ask(http, aiohttp, port) for port in ports))
    return tuple(server for server in found if server is not None)


async def _ask(http: Any, aiohttp: ModuleType, port: int) -> FoundServer | None:
    root = f"http://127.0.0.1:{port}"
    questions = ("/v1/models", "/props", "/api/v0/models", "/api/version", "/api/tags")
    answers: dict[str, Any] = {}

    async def ask(path: str) -> None:
        # TimeoutError is an OSError; the rest is what is no HTTP, or no JSON.
        try:
            answers[path] = await _json(http, f"{root}{path}")
        except (aiohttp.ClientError, OSError, ValueError):
            return

    try:
        async with asyncio.timeout(_PORT_S):
            await asyncio.gather(*(ask(path) for path in questions))
    except TimeoutError:
        pass  # one that stalls on one question may have answered what matters
    kind, models = _recognised(answers)
    return FoundServer(kind, f"{root}/v1", models[:_MOST_MODELS]) if kind else None


async def _json(http: Any, url: str) -> Any:
    async with http.get(url, allow_redirects=False) as response:
        if response.status != 200:
            return None
        body = bytearray()
        async for chunk in response.content.iter_any():
            body += chunk
            if len(body) > _MOST_BYTES:
                return None
    return orjson.loads(bytes(body))


def _recognised(answers: dict[str, Any]) -> tuple[str, tuple[str, ...]]:
    """What it is and its models, by where which answers are; "" for what is none of them.

    llama.cpp comes first: it answers some of Ollama's questions too.
    """
    listed = parsed_list(answers.get("/v1/models"), "data")
    props = answers.get("/props")
    if any(entry.get("owned_by") == "llamacpp" for entry in listed) or (
        isinstance(props, dict) and "default_generation_settings" in props and listed
    ):
        return _LLAMA_CPP, _names(listed, "id")
    studio = answers.get("/api/v0/models")
    if isinstance(studio, dict) and isinstance(studio.get("data"), list):
        chatting = [entry for entry in parsed_list(studio, "data") if entry.get("type") not in _NOT_CHATTING]
        return _LM_STUDIO, _names(chatting, "id")
    version, tags = answers.get("/api/version"), answers.get("/api/tags")
    says_version = isinstance(version, dict) and isinstance(version.get("version"), str)
    if says_version and isinstance(tags, dict) and isinstance(tags.get("models"), list):
        return _OLLAMA, _names(parsed_list(tags, "models"), "name")
    return "", ()


def _names(entries: list[dict[str, Any]], field: str) -> tuple[str, ...]:
    return tuple(name for entry in entries if (name := parsed_name(entry.get(field))))
