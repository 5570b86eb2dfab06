"""What the settings dialog and `slop-qt doctor` ask and change: models, keys, servers."""

from collections.abc import Mapping, Sequence

from slop_qt.core.ports import Offload
from slop_qt.mma.settings_shapes import (
    LocalServers,
    ModelsListed,
    ProviderRef,
    ProviderTried,
    SaveSettings,
    SetKey,
    SettingsShown,
    TryProvider,
)
from slop_qt.store.keys import KeyStore
from slop_qt.store.preferences import Preferences

__all__ = ["LOCAL_PORTS", "ModelDesk"]

# Ollama, LM Studio, llama.cpp.
LOCAL_PORTS = (11434, 1234, 8080)


class ModelDesk:
    """Answers the commands settings.* and provider.*; needs no engine. Awaited on any loop.

    environment is where addresses and keys of vendors are (os.environ). ports are where local servers are looked for.
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

    async def show(self) -> SettingsShown:
        """What is in force, which providers there are, and where their keys are. Asks no network."""
        raise NotImplementedError

    async def save(self, params: SaveSettings) -> SettingsShown:
        """Change the settings file; agents that start from now on go by it.

        Raises:
            InvalidInputError: a tier or provider that does not exist, a model without a name.
            ConfigurationError: the settings file has mistakes.
            StoreError: it cannot be written.
        """
        raise NotImplementedError

    async def set_key(self, params: SetKey) -> SettingsShown:
        """Keep a key in the system's keyring.

        Raises:
            ConfigurationError: there is no keyring, or that cannot be a key; there is no such provider.
        """
        raise NotImplementedError

    async def forget_key(self, params: ProviderRef) -> SettingsShown:
        """Remove a key from the system's keyring.

        Raises:
            ConfigurationError: there is no keyring, or no such provider.
        """
        raise NotImplementedError

    async def try_provider(self, params: TryProvider) -> ProviderTried:
        """Ask the provider for its models, and say in a sentence what came of it."""
        raise NotImplementedError

    async def models(self, params: ProviderRef) -> ModelsListed:
        """What the provider and the shipped table say of its models.

        Raises:
            ConfigurationError: there is no such provider.
        """
        raise NotImplementedError

    async def find_local(self) -> LocalServers:
        """The model servers of this machine that answer now."""
        raise NotImplementedError
