"""Which providers there are by name: the vendors, servers that many people have, and a person's own."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal

from slop_qt.core.errors import ConfigurationError
from slop_qt.core.settings import Server
from slop_qt.providers.endpoint import Vendor, is_official

__all__ = [
    "PRESETS",
    "PRICED_AS",
    "VENDORS",
    "Place",
    "find_server",
    "key_variables",
    "label_of",
    "place_of",
    "provider_at",
    "provider_names",
]

VENDORS = ("anthropic", "gemini", "openai")
# The same by the names that the price table has for them.
PRICED_AS: Mapping[str, str] = {"anthropic": "anthropic", "gemini": "google", "openai": "openai"}
_KEYS: Mapping[str, tuple[str, ...]] = {
    "anthropic": ("ANTHROPIC_API_KEY",),
    "gemini": ("GEMINI_API_KEY", "GOOGLE_API_KEY"),
    "openai": ("OPENAI_API_KEY",),
}

# Servers that speak OpenAI's API, where they are by default. A server of the same name in the settings goes before one.
PRESETS: Mapping[str, Server] = {
    "deepseek": Server(base_url="https://api.deepseek.com", key_variable="DEEPSEEK_API_KEY"),
    "ollama": Server(base_url="http://127.0.0.1:11434/v1"),
    "lmstudio": Server(base_url="http://127.0.0.1:1234/v1"),
    "llamacpp": Server(base_url="http://127.0.0.1:8080/v1"),
    "vllm": Server(base_url="http://127.0.0.1:8000/v1"),
}
_LABELS = {
    "deepseek": "DeepSeek",
    "ollama": "Ollama",
    "lmstudio": "LM Studio",
    "llamacpp": "llama.cpp",
    "vllm": "vLLM",
    "scripted": "Scripted",
}


@dataclass(frozen=True, slots=True)
class Place:
    """Where a provider is and what it is called: all that can be said of it without asking it.

    key_variables are where the environment may have its key, the first that has one counts. key_needed is whether
    nothing can be asked without one. server is whether it is one of the settings or presets, and not a vendor.
    """

    name: str
    api: Literal["openai", "anthropic", "gemini"]
    vendor: Vendor
    base_url: str
    key_variables: tuple[str, ...]
    key_needed: bool
    server: bool


def provider_names(servers: Mapping[str, Server]) -> tuple[str, ...]:
    """Every name that `--provider` takes, vendors first; the scripted one is last of those that always are."""
    return tuple(dict.fromkeys((*VENDORS, *PRESETS, "scripted", *sorted(servers))))


def find_server(name: str, servers: Mapping[str, Server]) -> Server | None:
    """The server of that name, in the settings or else among the presets."""
    return None if name in VENDORS else servers.get(name) or PRESETS.get(name)


def label_of(name: str) -> str:
    """What a preset is called; any other name as it is."""
    return _LABELS.get(name, name)


def provider_at(base_url: str, servers: Mapping[str, Server]) -> str | None:
    """The name of the server with OpenAI's API at that address; None where no name stands for it."""
    for name in (*PRESETS, *sorted(servers)):
        server = find_server(name, servers)
        if server is not None and server.api == "openai" and _same(server.base_url, base_url):
            return name
    return None


def _same(one: str, other: str) -> bool:
    return _plain(one) == _plain(other)


def _plain(address: str) -> str:
    return address.lower().rstrip("/").replace("://localhost", "://127.0.0.1")


def key_variables(servers: Mapping[str, Server]) -> tuple[str, ...]:
    """Every environment variable that may hold a key of some provider."""
    own = [server.key_variable for server in (*PRESETS.values(), *servers.values()) if server.key_variable]
    return tuple(dict.fromkeys((*(variable for names in _KEYS.values() for variable in names), *own)))


def place_of(name: str, environment: Mapping[str, str], servers: Mapping[str, Server]) -> Place:
    """Where the provider of that name is.

    environment has the addresses of vendors that a person has moved (ANTHROPIC_BASE_URL and the like).

    Raises:
        ConfigurationError: there is no such provider with an address.
    """
    server = find_server(name, servers)
    if server is not None:
        return _server_place(name, server)
    if name not in VENDORS:
        raise ConfigurationError(
            f"There is no provider {name!r} with an address.", f"There are: {', '.join(provider_names(servers))}."
        )
    vendor = _vendor(name)
    base_url = environment.get(vendor.address_variable, "") or vendor.base_url
    needed = name != "openai" or is_official(base_url)
    return Place(name, _API[name], vendor, base_url, _KEYS[name], key_needed=needed, server=False)


_API: Mapping[str, Literal["openai", "anthropic", "gemini"]] = {
    "anthropic": "anthropic",
    "gemini": "gemini",
    "openai": "openai",
}


def _vendor(api: str) -> Vendor:
    """The vendor whose API it is; imported late, since start-up needs only names."""
    if api == "anthropic":
        from slop_qt.providers.anthropic_wire import ANTHROPIC

        return ANTHROPIC
    if api == "gemini":
        from slop_qt.providers.gemini_wire import GEMINI

        return GEMINI
    from slop_qt.providers.openai_wire import OPENAI

    return OPENAI


def _server_place(name: str, server: Server) -> Place:
    api = _vendor(server.api)
    label = label_of(name)
    variable = server.key_variable
    vendor = replace(
        api,
        label=label,
        key_variable=variable or "",
        address_variable=f"servers.{name}.base_url in your settings",
        base_url=PRESETS[name].base_url if name in PRESETS else api.base_url,
        no_key=f"Set {variable}, or enter a key for {label} in the settings." if variable else "",
    )
    variables = (variable,) if variable else ()
    return Place(name, server.api, vendor, server.base_url, variables, key_needed=bool(variable), server=True)
