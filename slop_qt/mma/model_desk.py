"""What the settings dialog and `slop-qt doctor` ask and change: models, keys, servers."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial
from typing import TypeVar

from slop_qt.core.approvals import DecidedBy
from slop_qt.core.errors import ConfigurationError, InvalidInputError, SlopError
from slop_qt.core.models import ModelInfo
from slop_qt.core.ports import Offload
from slop_qt.core.settings import ModelChoice
from slop_qt.core.shape import Shape
from slop_qt.core.streams import TIERS
from slop_qt.mma import commands
from slop_qt.mma.command_registry import CommandRegistry
from slop_qt.mma.model_words import retirement, tried
from slop_qt.mma.own_thread import run_apart
from slop_qt.mma.provider_shelf import ProviderShelf
from slop_qt.mma.settings_shapes import (
    KeySource,
    LocalServer,
    LocalServers,
    ModelsListed,
    ProviderRef,
    ProviderStatus,
    ProviderTried,
    SaveSettings,
    SetKey,
    SettingsShown,
    TryProvider,
)
from slop_qt.providers.catalog import Catalog
from slop_qt.providers.endpoint import Endpoint, shown_address
from slop_qt.providers.registry import SCRIPTED
from slop_qt.providers.servers import Place, label_of, place_of, provider_at, provider_names
from slop_qt.store.keys import KeyStore
from slop_qt.store.preferences import Preferences
from slop_qt.store.resources import resource_path

__all__ = ["LOCAL_PORTS", "ModelDesk"]

P = TypeVar("P", bound=Shape)
R = TypeVar("R", bound=Shape)

# Ollama, LM Studio, llama.cpp.
LOCAL_PORTS = (11434, 1234, 8080)
_LONGEST_KEY = 8192
_LONGEST_MODEL = 300


class ModelDesk:
    """Answers the commands settings.* and provider.*; needs no engine. Awaited on any loop.

    environment is where addresses and keys of vendors are (os.environ). ports are where local servers are looked for.
    catalog is what is known of models by now, for whoever else asks.
    """

    def __init__(
        self,
        *,
        preferences: Preferences,
        keys: KeyStore,
        offload: Offload,
        environment: Mapping[str, str],
        ports: Sequence[int] = LOCAL_PORTS,
    ) -> None:
        self._preferences = preferences
        self._keys = keys
        self._offload = offload
        self._environment = environment
        self._ports = tuple(ports)
        self._shelf = ProviderShelf(preferences=preferences, keys=keys, offload=offload, environment=environment)
        self.catalog = Catalog(lambda: resource_path("models.toml"), self._place)

    def register(self, registry: CommandRegistry) -> None:
        """Attach the commands."""
        registry.register(commands.SETTINGS_SHOW, _for_anybody(lambda _: self.show()))
        registry.register(commands.SETTINGS_SAVE, _for_anybody(self.save))
        registry.register(commands.SETTINGS_SET_KEY, _for_anybody(self.set_key))
        registry.register(commands.SETTINGS_FORGET_KEY, _for_anybody(self.forget_key))
        registry.register(commands.PROVIDER_TRY, _for_anybody(self.try_provider))
        registry.register(commands.PROVIDER_MODELS, _for_anybody(self.models))
        registry.register(commands.PROVIDER_FIND_LOCAL, _for_anybody(lambda _: self.find_local()))

    async def show(self) -> SettingsShown:
        """What is in force, which providers there are, and where their keys are. Asks no network."""
        return await self._offload.run(self._show)

    async def save(self, params: SaveSettings) -> SettingsShown:
        """Change the settings file; agents that start from now on go by it.

        Raises:
            InvalidInputError: a tier or provider that does not exist, a model without a name.
            ConfigurationError: the settings file has mistakes.
            StoreError: it cannot be written.
        """
        known = provider_names(self._preferences.current.servers)
        for tier, choice in params.tiers.items():
            if tier not in TIERS:
                raise InvalidInputError(f"There is no tier {tier}.", f"There are: {', '.join(map(str, TIERS))}.")
            if choice.provider not in known:
                raise InvalidInputError(
                    f"Tier {tier}: there is no provider {choice.provider}.", f"There are: {', '.join(known)}."
                )
            if not choice.model.strip() or not choice.model.isprintable() or len(choice.model) > _LONGEST_MODEL:
                raise InvalidInputError(f"Tier {tier}: {choice.model[:40]!r} is no name of a model.", "Choose one.")
        await self._offload.run(partial(self._preferences.save, tiers=params.tiers, cache_ttl=params.cache_ttl))
        return await self.show()

    async def set_key(self, params: SetKey) -> SettingsShown:
        """Keep a key in the system's keyring.

        Raises:
            ConfigurationError: there is no keyring, or that cannot be a key; there is no such provider.
        """
        place = self._place(params.provider)
        key = params.key.get_secret_value().strip()
        self._keys.secrets.add(key)
        if len(key) > _LONGEST_KEY:
            raise ConfigurationError(f"The key for {place.vendor.label} is too long to be one.", "Copy it again.")
        Endpoint.checked(place.vendor, base_url=place.base_url, key=key)
        await self._offload.run(partial(self._keys.save, params.provider, key))
        self.catalog.forget(params.provider)
        return await self.show()

    async def forget_key(self, params: ProviderRef) -> SettingsShown:
        """Remove a key from the system's keyring.

        Raises:
            ConfigurationError: there is no keyring, or no such provider.
        """
        self._place(params.provider)
        await self._offload.run(partial(self._keys.forget, params.provider))
        self.catalog.forget(params.provider)
        return await self.show()

    async def try_provider(self, params: TryProvider) -> ProviderTried:
        """Ask the provider for its models, and say in a sentence what came of it."""
        key = params.key.get_secret_value().strip() if params.key is not None else ""
        self._keys.secrets.add(key)
        try:
            models = await self._ask(params.provider, key or None)
        except SlopError as error:
            redact = self._keys.secrets.redact
            return ProviderTried(ok=False, message=redact(error.message), hint=redact(error.hint))
        return await self._offload.run(partial(self._tried, params.provider, models, with_key=bool(key)))

    async def require(self, provider: str) -> None:
        """Whether the provider can be made at all, without asking it anything.

        Raises:
            ConfigurationError: its key or address cannot be one, or there is no such provider.
        """
        await self._offload.run(partial(self._shelf.make, provider, None))

    async def models(self, params: ProviderRef) -> ModelsListed:
        """What the provider and the shipped table say of its models.

        Raises:
            ConfigurationError: there is no such provider.
        """
        if params.provider != SCRIPTED:
            self._place(params.provider)
        problem, hint = "", ""
        try:
            await self._ask(params.provider, None)
        except SlopError as error:
            problem, hint = self._keys.secrets.redact(error.message), self._keys.secrets.redact(error.hint)
        models = await self._offload.run(partial(self.catalog.models, params.provider))
        return ModelsListed(models=models, problem=problem, hint=hint)

    async def find_local(self) -> LocalServers:
        """The model servers of this machine that answer now, and that a tier can be given to by a name."""
        from slop_qt.providers.local_servers import find_local_servers

        found = await run_apart(lambda: find_local_servers(self._ports), name="local servers")
        servers = self._preferences.current.servers
        named = [(provider_at(server.base_url, servers), server) for server in found]
        return LocalServers(
            servers=tuple(
                LocalServer(provider=name, label=label_of(server.kind), base_url=server.base_url, models=server.models)
                for name, server in named
                if name is not None
            )
        )

    async def _ask(self, name: str, key: str | None) -> tuple[ModelInfo, ...]:
        """What the provider itself lists, kept in the catalogue too. Raises SlopError."""
        await self._offload.run(self.catalog.load)
        provider = await self._offload.run(partial(self._shelf.make, name, key))
        chosen = frozenset(choice.model for _, choice in self._tiers_of(name))
        models = await run_apart(lambda: provider.models(chosen), name=f"models of {name}")
        self.catalog.learn(name, models)
        return models

    def _tried(self, name: str, models: tuple[ModelInfo, ...], *, with_key: bool) -> ProviderTried:
        asked = [(tier, choice.model) for tier, choice in self._tiers_of(name)]
        hints = [retirement(tier, self.catalog.about(name, model)) for tier, model in asked]
        return tried(self._label(name), models, asked, with_key=with_key or self._has_key(name), hints=hints)

    def _show(self) -> SettingsShown:
        settings = self._preferences.current
        scripted = settings.scenario is not None or any(c.provider == SCRIPTED for c in settings.tiers.values())
        names = [name for name in provider_names(settings.servers) if name != SCRIPTED or scripted]
        return SettingsShown(
            tiers=settings.tiers,
            cache_ttl=settings.limits.cache_ttl,
            providers=tuple(self._status(name) for name in names),
            no_keyring=self._keys.problem(),
            path=str(self._preferences.path),
        )

    def _status(self, name: str) -> ProviderStatus:
        if name == SCRIPTED:
            return ProviderStatus(name=name, label=label_of(name), base_url="", key="unneeded", key_variable=None)
        place = self._place(name)
        variables = place.key_variables
        found = self._keys.find(name, variables)
        filled = (variable for variable in variables if self._environment.get(variable, "").strip())
        source: KeySource = found.source if found else "missing" if place.key_needed else "unneeded"
        return ProviderStatus(
            name=name,
            label=place.vendor.label,
            base_url=shown_address(place.base_url),
            key=source,
            key_variable=next(filled, next(iter(variables), None)),
            hint=place.vendor.no_key if source == "missing" else "",
        )

    def _place(self, name: str) -> Place:
        return place_of(name, self._environment, self._preferences.current.servers)

    def _label(self, name: str) -> str:
        return label_of(name) if name == SCRIPTED else self._place(name).vendor.label

    def _has_key(self, name: str) -> bool:
        return name != SCRIPTED and self._keys.find(name, self._place(name).key_variables) is not None

    def _tiers_of(self, name: str) -> list[tuple[int, ModelChoice]]:
        tiers = self._preferences.current.tiers
        return [(tier, choice) for tier, choice in sorted(tiers.items()) if choice.provider == name]


def _for_anybody(answer: Callable[[P], Awaitable[R]]) -> Callable[[P, DecidedBy], Awaitable[R]]:
    """The command's handler where it does not matter who asks."""
    return lambda params, _: answer(params)
