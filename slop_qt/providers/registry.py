"""How each provider is made from what the person has set."""

from collections.abc import Mapping
from pathlib import Path

from slop_qt.core.errors import ConfigurationError
from slop_qt.core.ports import Offload, Provider
from slop_qt.core.settings import Server
from slop_qt.providers.servers import Place, place_of, provider_names

__all__ = ["SCRIPTED", "open_provider"]

SCRIPTED = "scripted"
_NO_SERVERS: Mapping[str, Server] = {}


def open_provider(
    name: str,
    *,
    environment: Mapping[str, str],
    offload: Offload,
    scenario: Path | None = None,
    unpaced: bool = False,
    servers: Mapping[str, Server] = _NO_SERVERS,
    key: str | None = None,
) -> Provider:
    """The provider of that name, made once and shared by all agents that use it. Connects to nothing yet.

    environment is where keys and addresses are (os.environ), and servers are those of the settings; key goes before
    the environment's. scenario is the file of the scripted provider, which is sent as fast as possible if unpaced.

    Raises:
        ConfigurationError: there is no such provider, or its key or scenario is missing or wrong.
    """
    if name == SCRIPTED:
        return _scripted(scenario, unpaced=unpaced)
    if name not in provider_names(servers):
        raise ConfigurationError(f"There is no provider {name!r}.", f"There are: {', '.join(provider_names(servers))}.")
    place = place_of(name, environment, servers)
    values = (environment.get(variable, "") for variable in place.key_variables)
    found = key if key is not None else next((value for value in values if value.strip()), "")
    return _adapter(place, found, offload)


def _adapter(place: Place, key: str, offload: Offload) -> Provider:
    server = place if place.server else None
    if place.api == "anthropic":
        from slop_qt.providers.anthropic import AnthropicProvider

        return AnthropicProvider(key=key, base_url=place.base_url, offload=offload, server=server)
    if place.api == "gemini":
        from slop_qt.providers.gemini import GeminiProvider

        return GeminiProvider(key=key, base_url=place.base_url, offload=offload, server=server)
    from slop_qt.providers.openai_compatible import OpenAIProvider

    return OpenAIProvider(key=key, base_url=place.base_url, offload=offload, server=server)


def _scripted(scenario: Path | None, *, unpaced: bool) -> Provider:
    from slop_qt.providers.scenario import load_scenario
    from slop_qt.providers.scripted import ScriptedProvider

    if scenario is None:
        raise ConfigurationError("The scripted provider has no scenario.", "Give one with --scenario FILE.")
    script = load_scenario(scenario)
    if unpaced:
        defaults = script.defaults.model_copy(update={"chunks_per_s": 0})
        script = script.model_copy(update={"defaults": defaults})
    return ScriptedProvider(script)
