"""The shipped table of models: what vendors have published, and the windows that the price table knows."""

import importlib
import re
import tomllib
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from slop_qt.core.errors import ConfigurationError
from slop_qt.core.models import ModelInfo
from slop_qt.core.shape import Shape

__all__ = ["ModelTable"]

# Dated versions of a name, and what else stands for its newest: -20251101, -2025-11-01, @20251101, -001, -latest.
_VERSION = re.compile(r"[-@](?:\d{8}|\d{4}-\d{2}-\d{2}|00\d|latest)")


class _Entry(Shape):
    """Some models of which the same is known, as the file has it."""

    vendor: str
    names: tuple[str, ...]
    context_tokens: int | None = None
    output_tokens: int | None = None
    tools: bool | None = None
    thinking: bool | None = None
    retires: date | None = None


class _File(Shape):
    model: tuple[_Entry, ...]


@dataclass(frozen=True, slots=True)
class ModelTable:
    """What is shipped, by vendor as genai-prices calls it. Reading it takes most of a second: in the helper pool."""

    entries: dict[tuple[str, str], _Entry]
    snapshot: Any

    @classmethod
    def read(cls, path: Path) -> "ModelTable":
        """Raises ConfigurationError where the file is not as it was shipped."""
        try:
            file = _File.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
        except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError, ValidationError) as error:
            raise ConfigurationError(
                f"The table of models {path} cannot be read ({type(error).__name__}).", "Install slop_qt again."
            ) from error
        entries = {(entry.vendor, name): entry for entry in file.model for name in entry.names}
        return cls(entries, importlib.import_module("genai_prices.data_snapshot").get_snapshot())

    def vendor_at(self, base_url: str) -> str | None:
        """Whose models are offered at that address; None where nobody knows."""
        try:
            return str(self.snapshot.find_provider(None, None, base_url).id)
        except LookupError:
            return None

    def names(self, vendor: str) -> tuple[str, ...]:
        """The vendor's models that are worth proposing, newest first."""
        return tuple(name for of, name in self.entries if of == vendor)

    def about(self, provider: str, vendor: str, model: str) -> ModelInfo | None:
        """What is known of the vendor's model, said of a provider; None where nothing is."""
        entry = self._entry(vendor, model)
        label, window = self._priced(vendor, model)
        if entry is None and window is None:
            return None
        entry = entry or _Entry(vendor=vendor, names=(model,))
        return ModelInfo(
            provider=provider,
            name=model,
            label=label,
            source="table",
            context_tokens=entry.context_tokens or window,
            output_tokens=entry.output_tokens,
            tools=entry.tools,
            thinking=entry.thinking,
            deprecated=entry.retires is not None,
            retires=entry.retires,
        )

    def _entry(self, vendor: str, model: str) -> _Entry | None:
        exact = self.entries.get((vendor, model))
        match = _VERSION.search(model)
        if exact is not None or match is None or match.end() != len(model):
            return exact
        return self.entries.get((vendor, model[: match.start()]))

    def _priced(self, vendor: str, model: str) -> tuple[str, int | None]:
        """What the price table calls it, and its window."""
        try:
            _, found = self.snapshot.find_provider_model(model, None, vendor, None)
        except LookupError:
            return "", None
        return found.name or "", found.context_window
