"""Where the keys of model vendors come from, and where those that a person enters are kept."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from slop_qt.core.errors import ConfigurationError
from slop_qt.store.secrets import Secrets
from slop_qt.store.system_keyring import SystemKeyring

__all__ = ["FoundKey", "KeyStore"]


@dataclass(frozen=True, slots=True)
class FoundKey:
    """A key, and where it was found."""

    value: str = field(repr=False)
    source: Literal["environment", "keyring"]


class KeyStore:
    """Keys by provider name: the environment goes before the system's keyring, and only the keyring is written to.

    For helper threads: the keyring may take its time, though never long. secrets has every key that was met here.
    """

    def __init__(self, environ: Mapping[str, str], keyring: SystemKeyring | None = None) -> None:
        self.secrets = Secrets()
        self._environ = environ
        self._keyring = keyring or SystemKeyring()
        self._problem: str | None = None
        self._versions: dict[str, int] = {}

    def find(self, provider: str, variables: Sequence[str]) -> FoundKey | None:
        """The provider's key: from the first of the variables that has one, else from the keyring.

        Blanks around it, as they come with copying, are not part of it. A keyring that fails has none: `problem` says
        why.
        """
        for value in self._values(variables):
            return FoundKey(value, "environment")
        try:
            kept = (self._keyring.read(provider) or "").strip()
        except ConfigurationError as error:
            self._problem = str(error)
            return None
        self._problem = None
        if not kept:
            return None
        self.secrets.add(kept)
        return FoundKey(kept, "keyring")

    def save(self, provider: str, key: str) -> None:
        """Keep the provider's key in the keyring.

        Raises:
            ConfigurationError: there is no keyring, or it does not take it.
        """
        self.secrets.add(key)
        self._keyring.write(provider, key)
        self._changed(provider)

    def forget(self, provider: str) -> None:
        """Remove the provider's key from the keyring; nothing where it has none.

        Raises:
            ConfigurationError: there is no keyring, or it does not answer.
        """
        self._keyring.delete(provider)
        self._changed(provider)

    @property
    def trouble(self) -> str:
        """Why the keyring could not be asked the last time; empty where it answered. Never blocks."""
        return self._problem or ""

    def problem(self) -> str | None:
        """Why keys cannot be kept here, and what to do; None where they can, as far as is known."""
        try:
            self._keyring.check()
        except ConfigurationError as error:
            return str(error)
        return self._problem

    def version(self, provider: str) -> int:
        """Changes when a key of the provider's was saved or removed. Never blocks."""
        return self._versions.get(provider, 0)

    def mask(self, variables: Iterable[str]) -> None:
        """Have the values of these variables masked, whether or not they are ever used."""
        for value in self._values(variables):
            self.secrets.add(value)

    def _values(self, variables: Iterable[str]) -> Iterable[str]:
        for name in variables:
            value = self._environ.get(name, "").strip()
            if value:
                self.secrets.add(value)
                yield value

    def _changed(self, provider: str) -> None:
        self._problem = None
        self._versions[provider] = self.version(provider) + 1
