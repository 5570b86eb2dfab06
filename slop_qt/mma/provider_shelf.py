"""Provider objects by name: made once, and made anew for agents that start after a key or a server has changed."""

import threading
from collections.abc import Mapping
from pathlib import Path

from slop_qt.core.errors import ConfigurationError
from slop_qt.core.ports import Offload, Provider
from slop_qt.core.settings import Server
from slop_qt.providers.registry import SCRIPTED, open_provider
from slop_qt.providers.servers import find_server, place_of, provider_names
from slop_qt.store.keys import KeyStore
from slop_qt.store.preferences import Preferences

__all__ = ["ProviderShelf"]

# What a provider was made from: its server in the settings, and how often its key was changed here.
_Stamp = tuple[Server | None, int]


class ProviderShelf:
    """Makes providers and keeps them. For helper threads: a key may be in the system's keyring, which takes its time.

    environment is where addresses and keys are (os.environ). An agent that has a provider keeps it.
    """

    def __init__(
        self,
        *,
        preferences: Preferences,
        keys: KeyStore,
        offload: Offload,
        environment: Mapping[str, str],
        unpaced: bool = False,
    ) -> None:
        self._preferences = preferences
        self._keys = keys
        self._offload = offload
        self._environment = environment
        self._unpaced = unpaced
        self._making = threading.Lock()
        self._kept: dict[str, tuple[_Stamp, Provider]] = {}

    def get(self, name: str) -> Provider:
        """The provider of that name, as the settings have it now.

        Raises:
            ConfigurationError: there is no such provider, or its key or scenario is missing.
        """
        stamp = self._stamp(name)
        kept = self._kept.get(name)
        if kept is None or kept[0] != stamp:
            with self._making:
                kept = self._kept.get(name)
                if kept is None or kept[0] != stamp:
                    kept = self._kept[name] = (stamp, self.make(name))
        return kept[1]

    def made(self) -> tuple[Provider, ...]:
        """Those that are in use or were. From any thread, at once."""
        return tuple(provider for _, provider in tuple(self._kept.values()))

    def make(self, name: str, key: str | None = None) -> Provider:
        """A provider that is not kept; key goes before the one that there is.

        Raises:
            ConfigurationError: as `get`.
        """
        settings = self._preferences.current
        if key is None and name != SCRIPTED and name in provider_names(settings.servers):
            place = place_of(name, self._environment, settings.servers)
            found = self._keys.find(name, place.key_variables)
            key = found.value if found else ""
        try:
            return open_provider(
                name,
                environment=self._environment,
                offload=self._offload,
                scenario=Path(settings.scenario) if settings.scenario else None,
                unpaced=self._unpaced,
                servers=settings.servers,
                key=key,
            )
        except ConfigurationError as error:
            if key == "" and (trouble := self._keys.trouble):
                raise ConfigurationError(error.message, f"{error.hint} {trouble}".strip()) from error
            raise

    def _stamp(self, name: str) -> _Stamp:
        return find_server(name, self._preferences.current.servers), self._keys.version(name)
