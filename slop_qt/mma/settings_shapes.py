"""Parameters and results of the commands behind the settings dialog. None of them is on the socket."""

from typing import Literal

from pydantic import SecretStr

from slop_qt.core.conversation import CacheTtl
from slop_qt.core.models import ModelInfo
from slop_qt.core.settings import ModelChoice, Rule
from slop_qt.core.shape import Shape

__all__ = [
    "KeySource",
    "LocalServer",
    "LocalServers",
    "ModelsListed",
    "ProviderRef",
    "ProviderStatus",
    "ProviderTried",
    "RemoveRule",
    "RulesShown",
    "SaveSettings",
    "SetKey",
    "SettingsShown",
    "TryProvider",
]

# Where a provider's key is: the environment goes before the keyring; "unneeded" where the server asks for none.
KeySource = Literal["environment", "keyring", "missing", "unneeded"]


class ProviderStatus(Shape):
    """One provider that a tier can be given to.

    label is for people. key_variable is the environment variable that it is or would be found in, None where it has
    none. hint is what to do where the key is missing.
    """

    name: str
    label: str
    base_url: str
    key: KeySource
    key_variable: str | None
    hint: str = ""


class SettingsShown(Shape):
    """What the dialog starts from. no_keyring says why keys cannot be kept in a keyring here; None where they can."""

    tiers: dict[int, ModelChoice]
    cache_ttl: CacheTtl
    providers: tuple[ProviderStatus, ...]
    no_keyring: str | None
    path: str


class SaveSettings(Shape):
    """What the dialog changes in the settings file; agents that start from then on go by it."""

    tiers: dict[int, ModelChoice]
    cache_ttl: CacheTtl


class ProviderRef(Shape):
    """A provider by its name."""

    provider: str


class SetKey(Shape):
    """A key to keep in the system's keyring. It is never shown again."""

    provider: str
    key: SecretStr


class TryProvider(Shape):
    """Ask a provider for its models, with a key that is not kept yet or with the one that there is."""

    provider: str
    key: SecretStr | None = None


class ProviderTried(Shape):
    """What came of it, in a sentence, and what to do where it failed."""

    ok: bool
    message: str
    hint: str = ""


class ModelsListed(Shape):
    """What is known of a provider's models. problem says why the provider itself could not be asked; else empty."""

    models: tuple[ModelInfo, ...]
    problem: str = ""
    hint: str = ""


class RulesShown(Shape):
    """The person's rules that count now, in the order in which they are looked at."""

    rules: tuple[Rule, ...]


class RemoveRule(Shape):
    """A rule that is to count no more."""

    rule: Rule


class LocalServer(Shape):
    """A model server on this machine. provider is the name to give to a tier."""

    provider: str
    label: str
    base_url: str
    models: tuple[str, ...]


class LocalServers(Shape):
    """Those that answer at this moment."""

    servers: tuple[LocalServer, ...]
