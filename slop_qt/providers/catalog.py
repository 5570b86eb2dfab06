"""What is known of models: what providers have said in this session, and the shipped table for the rest."""

import threading
from collections.abc import Callable, Iterable
from datetime import UTC, date, datetime
from pathlib import Path

from slop_qt.core.errors import ConfigurationError
from slop_qt.core.models import ModelInfo
from slop_qt.providers.model_table import ModelTable
from slop_qt.providers.servers import PRICED_AS, Place

__all__ = ["Catalog"]


class Catalog:
    """Models by provider and name, for any thread. What the provider says wins; the table fills the gaps.

    Nothing of the table is known before `load`, which is slow; everything else is quick.
    """

    def __init__(self, table: Callable[[], Path], place: Callable[[str], Place]) -> None:
        """table says where the shipped one is; place where a provider is, and raises
        ConfigurationError for one without an address."""
        self._path = table
        self._place = place
        self._lock = threading.Lock()
        self._table: ModelTable | None = None
        self._said: dict[str, dict[str, ModelInfo]] = {}

    def load(self) -> None:
        """Read the table, once. For the helper pool.

        Raises:
            ConfigurationError: a part of the application is missing.
        """
        with self._lock:
            if self._table is None:
                self._table = ModelTable.read(self._path())

    def learn(self, provider: str, models: Iterable[ModelInfo]) -> None:
        """Remember what the provider has just said: all of its models."""
        self._said[provider] = {model.name: model for model in models}

    def forget(self, provider: str) -> None:
        """Believe what it has said no longer: it is another one now."""
        self._said.pop(provider, None)

    def about(self, provider: str, model: str) -> ModelInfo | None:
        """What is known of one model; None where nothing is."""
        said = self._said_of(provider, model)
        listed = self._listed(provider, model)
        if said is None or listed is None:
            return said or listed
        return _merged(said, listed)

    def models(self, provider: str) -> tuple[ModelInfo, ...]:
        """The provider's models: those that it has listed, else those that the table would propose."""
        said = self._said.get(provider)
        names = tuple(said) if said is not None else self._proposed(provider)
        known = (self.about(provider, name) for name in names)
        return tuple(info for info in known if info is not None)

    def limit_tokens(self, provider: str, model: str) -> int | None:
        """The size of the model's context window, as far as it is known by now; None where it is not."""
        info = self.about(provider, model)
        return info.context_tokens if info else None

    def _said_of(self, provider: str, model: str) -> ModelInfo | None:
        """Names of Gemini's may have `models/` before them, and those of Ollama's may lack `:latest`."""
        said = self._said.get(provider, {})
        return said.get(model) or said.get(model.removeprefix("models/")) or said.get(f"{model}:latest")

    def _proposed(self, provider: str) -> tuple[str, ...]:
        vendor = self._vendor(provider)
        if self._table is None or vendor is None:
            return ()
        infos = (self._table.about(provider, vendor, name) for name in self._table.names(vendor))
        return tuple(info.name for info in infos if info is not None and not _is_over(info.retires))

    def _listed(self, provider: str, model: str) -> ModelInfo | None:
        vendor = self._vendor(provider)
        if self._table is None or vendor is None:
            return None
        return self._table.about(provider, vendor, model.removeprefix("models/"))

    def _vendor(self, provider: str) -> str | None:
        """Whose models these are: the vendor's, or where OpenAI's API is those of whoever is at the address."""
        try:
            place = self._place(provider)
        except ConfigurationError:
            return None
        if place.server or place.api == "openai":
            return self._table.vendor_at(place.base_url) if self._table is not None else None
        return PRICED_AS[place.api]


def _is_over(day: date | None) -> bool:
    return day is not None and day < datetime.now(UTC).date()


def _merged(said: ModelInfo, listed: ModelInfo) -> ModelInfo:
    """The provider's word, and the table's where it said nothing.

    What is listed is still there, so a day of retirement that is over has been moved.
    """
    if _is_over(listed.retires):
        listed = listed.model_copy(update={"retires": None})
    fields = ("label", "context_tokens", "output_tokens", "tools", "thinking", "retires")
    gaps = {
        name: getattr(listed, name)
        for name in fields
        if getattr(said, name) in {None, ""} and getattr(listed, name) not in {None, ""}
    }
    if not gaps and said.deprecated >= listed.deprecated:
        return said
    if set(gaps) == {"label"} and said.deprecated >= listed.deprecated:
        return said.model_copy(update=gaps)
    return said.model_copy(update={**gaps, "deprecated": said.deprecated or listed.deprecated, "source": "both"})
