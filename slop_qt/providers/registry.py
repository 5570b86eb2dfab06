"""Which providers there are, and how each is made from what the person has set."""

from collections.abc import Mapping
from pathlib import Path

from slop_qt.core.errors import ConfigurationError
from slop_qt.core.ports import Offload, Provider

__all__ = ["PROVIDERS", "open_provider"]

_ANTHROPIC, _GEMINI, _OPENAI, _SCRIPTED = PROVIDERS = ("anthropic", "gemini", "openai", "scripted")


def open_provider(
    name: str,
    *,
    environment: Mapping[str, str],
    offload: Offload,
    scenario: Path | None = None,
    unpaced: bool = False,
) -> Provider:
    """The provider of that name, made once and shared by all agents that use it. Connects to nothing yet.

    environment is where keys and addresses are (os.environ); scenario is the file of the scripted provider,
    which is sent as fast as possible if unpaced.

    Raises:
        ConfigurationError: there is no such provider, or its key or scenario is missing or wrong.
    """
    if name == _ANTHROPIC:
        from slop_qt.providers.anthropic import AnthropicProvider

        return AnthropicProvider(
            key=environment.get("ANTHROPIC_API_KEY", ""),
            base_url=environment.get("ANTHROPIC_BASE_URL", ""),
            offload=offload,
        )
    if name == _GEMINI:
        from slop_qt.providers.gemini import GeminiProvider

        return GeminiProvider(
            key=environment.get("GEMINI_API_KEY", "").strip() or environment.get("GOOGLE_API_KEY", ""),
            base_url=environment.get("GOOGLE_GEMINI_BASE_URL", ""),
            offload=offload,
        )
    if name == _OPENAI:
        from slop_qt.providers.openai_compatible import OpenAIProvider

        return OpenAIProvider(
            key=environment.get("OPENAI_API_KEY", ""),
            base_url=environment.get("OPENAI_BASE_URL", ""),
            offload=offload,
        )
    if name == _SCRIPTED:
        from slop_qt.providers.scenario import load_scenario
        from slop_qt.providers.scripted import ScriptedProvider

        if scenario is None:
            raise ConfigurationError("The scripted provider has no scenario.", "Give one with --scenario FILE.")
        script = load_scenario(scenario)
        if unpaced:
            defaults = script.defaults.model_copy(update={"chunks_per_s": 0})
            script = script.model_copy(update={"defaults": defaults})
        return ScriptedProvider(script)
    raise ConfigurationError(f"There is no provider {name!r}.", f"There are: {', '.join(PROVIDERS)}.")
