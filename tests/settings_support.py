"""What the settings dialog asks, with a backend that answers when a test lets it: no time passes, nothing is mocked."""

from collections.abc import Coroutine, Generator
from dataclasses import replace
from datetime import date
from typing import Any

from pydantic import SecretStr
from window_support import Stage

from slop_qt.core.approvals import DecidedBy
from slop_qt.core.errors import ConfigurationError, SlopError
from slop_qt.core.models import ModelInfo
from slop_qt.core.settings import ModelChoice, Rule
from slop_qt.core.shape import Shape
from slop_qt.mma import commands
from slop_qt.mma import settings_shapes as shapes
from slop_qt.mma.command_registry import Command
from slop_qt.mma.shapes import Nothing
from slop_qt.qt.window_context import WindowContext

__all__ = ["CANARY", "NO_KEYRING", "Backend", "first_settings"]

CANARY = "sk-canary-typed-0123456789"
NO_KEYRING = "There is no system keyring here. Set keys in the environment, or start a Secret Service."

STRONG = ModelChoice(provider="anthropic", model="claude-opus-4-5")
CHEAP = ModelChoice(provider="gemini", model="gemini-2.5-flash")

MODELS = {
    "anthropic": (
        ModelInfo(
            provider="anthropic",
            name="claude-opus-4-5",
            source="both",
            context_tokens=200_000,
            output_tokens=64_000,
            tools=True,
            thinking=True,
        ),
        ModelInfo(provider="anthropic", name="claude-haiku-4-5", source="both", context_tokens=200_000),
        ModelInfo(
            provider="anthropic",
            name="claude-3-7-sonnet",
            source="both",
            context_tokens=200_000,
            deprecated=True,
            retires=date(2026, 2, 19),
        ),
        ModelInfo(provider="anthropic", name="claude-old", source="table", deprecated=True),
    ),
    "gemini": (
        ModelInfo(
            provider="gemini",
            name="gemini-2.5-flash",
            source="provider",
            context_tokens=1_048_576,
            output_tokens=65_536,
            tools=True,
            thinking=True,
        ),
    ),
    "ollama": (ModelInfo(provider="ollama", name="qwen3:8b", source="provider", context_tokens=40_960),),
}


def status(name: str, label: str, base_url: str, key: shapes.KeySource, variable: str | None) -> shapes.ProviderStatus:
    hint = f"Get a key from {label}, and set {variable} or enter it here." if key == "missing" else ""
    return shapes.ProviderStatus(name=name, label=label, base_url=base_url, key=key, key_variable=variable, hint=hint)


def first_settings(no_keyring: str | None = None) -> shapes.SettingsShown:
    return shapes.SettingsShown(
        tiers={1: STRONG, 2: STRONG, 3: CHEAP, 4: CHEAP},
        cache_ttl="5m",
        providers=(
            status("anthropic", "Anthropic", "https://api.anthropic.com", "environment", "ANTHROPIC_API_KEY"),
            status("gemini", "Gemini", "https://generativelanguage.googleapis.com", "keyring", "GEMINI_API_KEY"),
            status("openai", "OpenAI", "https://api.openai.com/v1", "missing", "OPENAI_API_KEY"),
            status("deepseek", "DeepSeek", "https://api.deepseek.com", "missing", "DEEPSEEK_API_KEY"),
            status("ollama", "Ollama", "http://127.0.0.1:11434/v1", "unneeded", None),
        ),
        no_keyring=no_keyring,
        path="~/.config/slop-qt/settings.toml",
    )


class _Turn:
    """Awaited, it lets everybody else go on first."""

    def __await__(self) -> Generator[None, None, None]:
        yield


class Backend:
    """Handlers of the settings' commands, registered on a stage. They behave as the real ones promise to.

    Commands in `held` wait until `release`. `failures` holds what a command raises instead.
    """

    def __init__(self, stage: Stage, shown: shapes.SettingsShown | None = None) -> None:
        self.shown = shown or first_settings()
        self.keyring: dict[str, str] = {}
        self.asked: list[tuple[str, Shape]] = []
        self.held: set[str] = set()
        self.failures: dict[str, SlopError] = {}
        self.local: tuple[shapes.LocalServer, ...] = ()
        self.rules: tuple[Rule, ...] = ()
        self.models_problem: dict[str, tuple[str, str]] = {}
        self._waiting: list[tuple[str, Coroutine[Any, Any, None]]] = []
        self._now = ""
        self.context: WindowContext = replace(stage.context, start=self._start)
        for command, handler in (
            (commands.SETTINGS_SHOW, self._show),
            (commands.SETTINGS_SAVE, self._save),
            (commands.SETTINGS_SET_KEY, self._set_key),
            (commands.SETTINGS_FORGET_KEY, self._forget_key),
            (commands.PROVIDER_TRY, self._try),
            (commands.PROVIDER_MODELS, self._models),
            (commands.PROVIDER_FIND_LOCAL, self._find_local),
            (commands.RULES_LIST, lambda _: shapes.RulesShown(rules=self.rules)),
            (commands.RULES_REMOVE, self._remove_rule),
        ):
            stage.desk.registry.register(command, self._answering(command, handler))

    def params(self, command: Command[Any, Any]) -> list[Any]:
        """What was asked of that command."""
        return [params for name, params in self.asked if name == command.name]

    def release(self, *names: str) -> None:
        """Answer what waits: all of it, or these commands."""
        waiting, self._waiting = self._waiting, []
        for name, coroutine in waiting:
            if names and name not in names:
                self._waiting.append((name, coroutine))
            else:
                self._go_on(coroutine)

    def _start(self, coroutine: Coroutine[Any, Any, None]) -> None:
        self._go_on(coroutine)

    def _go_on(self, coroutine: Coroutine[Any, Any, None]) -> None:
        try:
            coroutine.send(None)
        except StopIteration:
            return
        self._waiting.append((self._now, coroutine))

    def _answering(self, command: Command[Any, Any], handler: Any) -> Any:
        async def answer(params: Shape, _by: DecidedBy) -> Shape:
            self.asked.append((command.name, params))
            if command.name in self.held:
                self._now = command.name
                await _Turn()
            if command.name in self.failures:
                raise self.failures[command.name]
            return handler(params)

        return answer

    def _show(self, _: Nothing) -> shapes.SettingsShown:
        return self.shown

    def _save(self, params: shapes.SaveSettings) -> shapes.SettingsShown:
        tiers = {**self.shown.tiers, **params.tiers}
        self.shown = self.shown.model_copy(update={"tiers": tiers, "cache_ttl": params.cache_ttl})
        return self.shown

    def _set_key(self, params: shapes.SetKey) -> shapes.SettingsShown:
        if self.shown.no_keyring is not None:
            raise ConfigurationError(self.shown.no_keyring)
        self.keyring[params.provider] = params.key.get_secret_value()
        return self._with_key(params.provider, "keyring")

    def _forget_key(self, params: shapes.ProviderRef) -> shapes.SettingsShown:
        self.keyring.pop(params.provider, None)
        return self._with_key(params.provider, "missing")

    def _with_key(self, name: str, key: shapes.KeySource) -> shapes.SettingsShown:
        providers = tuple(
            each.model_copy(update={"key": key}) if each.name == name and each.key != "environment" else each
            for each in self.shown.providers
        )
        self.shown = self.shown.model_copy(update={"providers": providers})
        return self.shown

    def _try(self, params: shapes.TryProvider) -> shapes.ProviderTried:
        label = next(each.label for each in self.shown.providers if each.name == params.provider)
        if params.key not in {None, SecretStr(CANARY)}:
            return shapes.ProviderTried(ok=False, message=f"{label} refused the key (401).", hint="Copy it again.")
        return shapes.ProviderTried(ok=True, message=f"{label} takes the key; 9 models.")

    def _models(self, params: shapes.ProviderRef) -> shapes.ModelsListed:
        problem, hint = self.models_problem.get(params.provider, ("", ""))
        status_ = next((each for each in self.shown.providers if each.name == params.provider), None)
        if status_ is not None and status_.key == "missing":
            problem, hint = f"There is no key for {status_.label}.", f"Set {status_.key_variable}."
        return shapes.ModelsListed(models=MODELS.get(params.provider, ()), problem=problem, hint=hint)

    def _remove_rule(self, params: shapes.RemoveRule) -> shapes.RulesShown:
        self.rules = tuple(rule for rule in self.rules if rule != params.rule)
        return shapes.RulesShown(rules=self.rules)

    def _find_local(self, _: Nothing) -> shapes.LocalServers:
        return shapes.LocalServers(servers=self.local)
