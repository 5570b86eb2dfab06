"""The person's own settings file, read strictly and changed without touching their comments."""

import json
import tomllib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from slop_qt.core.budgets import BudgetLimits
from slop_qt.core.conversation import CacheTtl
from slop_qt.core.errors import ConfigurationError, StoreError
from slop_qt.core.settings import Limits, ModelChoice, Rule, Server, Settings
from slop_qt.core.shape import Shape
from slop_qt.core.streams import TIERS
from slop_qt.store.files import make_private_folder, read_text, write_atomically
from slop_qt.store.settings_rules import append_rule, rules_in, without_rules

if TYPE_CHECKING:
    from tomlkit import TOMLDocument

__all__ = ["add_rule", "load_settings", "remove_rule", "save_day_budget", "save_models", "save_theme"]

_SECTIONS: dict[str, type[Shape]] = {
    "limits": Limits,
    "budget": BudgetLimits,
    "tiers": ModelChoice,
    "rules": Rule,
    "servers": Server,
}
_MENDING = "Mend the file, or move it away to use the defaults."


def load_settings(path: Path) -> Settings:
    """What the file says, and defaults for the rest; all defaults where there is no file.

    A file that sets one tier's model leaves the other tiers as they are by default.

    Raises:
        ConfigurationError: the file cannot be read; every mistake is named with its key and what is allowed.
    """
    try:
        text = _read(path)
    except FileNotFoundError:
        return Settings()
    return _checked(path, text)


def _checked(path: Path, text: str) -> Settings:
    try:
        content = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigurationError(f"The settings {path} are not TOML: {error}.", _MENDING) from error
    tiers = content.get("tiers")
    if isinstance(tiers, dict):
        _refuse_unknown_tiers(path, tiers)
        defaults = {str(tier): choice.model_dump() for tier, choice in Settings().tiers.items()}
        content["tiers"] = defaults | tiers
    try:
        # By way of JSON, which has words for modes and lists for tuples: so strict, and `workers = true` is refused.
        return Settings.model_validate_json(json.dumps(content, default=str), strict=True)
    except ValidationError as error:
        mistakes = "; ".join(_mistake(details) for details in error.errors(include_url=False, include_input=False))
        raise ConfigurationError(f"The settings {path} have mistakes: {mistakes}.", _MENDING) from None


def save_theme(path: Path, theme: str) -> None:
    """Set `theme` in the file, which is created if need be; everything else in it stays as it is.

    Raises:
        ConfigurationError: the file that is there cannot be read.
        StoreError: it could not be written.
    """

    def change(document: "TOMLDocument") -> None:
        document["theme"] = theme

    _edit(path, change)


def save_models(path: Path, tiers: Mapping[int, ModelChoice], cache_ttl: CacheTtl | None) -> None:
    """Set these tiers' models and, unless it is None, how long is cached; everything else in it stays as it is.

    Raises:
        ConfigurationError: the file that is there cannot be read, or has mistakes.
        StoreError: it could not be written.
    """

    def change(document: "TOMLDocument") -> None:
        for tier, choice in sorted(tiers.items()):
            section = _section(_section(document, "tiers"), str(tier))
            section["provider"], section["model"] = choice.provider, choice.model
        if cache_ttl is not None:
            _section(document, "limits")["cache_ttl"] = cache_ttl

    _edit(path, change)


def save_day_budget(path: Path, usd: float | None, tokens: int | None) -> None:
    """Set what may be spent a day, or that there is no such limit (None); everything else in it stays as it is.

    Raises:
        ConfigurationError: the file that is there cannot be read, or has mistakes.
        StoreError: it could not be written.
    """

    def change(document: "TOMLDocument") -> None:
        for name, value in (("day_usd", usd), ("day_tokens", tokens)):
            if value is not None:
                _section(document, "budget")[name] = value
            elif name in document.get("budget", {}):
                del document["budget"][name]

    _edit(path, change)


def add_rule(path: Path, rule: Rule) -> bool:
    """Put a rule behind the others, in the form that they have; everything else in it stays as it is.

    Returns:
        False if the very same rule is there already.

    Raises:
        ConfigurationError: the file that is there cannot be read, or has mistakes.
        StoreError: it could not be written.
    """
    added = False

    def change(document: "TOMLDocument") -> None:
        nonlocal added
        added = rule not in rules_in(document)
        if added:
            append_rule(document, rule)

    _edit(path, change)
    return added


def remove_rule(path: Path, rule: Rule) -> None:
    """Take a rule out, as often as it is there; everything else in it stays as it is. Raises as `add_rule`."""

    def change(document: "TOMLDocument") -> str:
        at = [index for index, each in enumerate(rules_in(document)) if each == rule]
        return without_rules(document, at)

    _edit(path, change)


def _edit(path: Path, change: "Callable[[TOMLDocument], str | None]") -> None:
    """Change the document and write it; or what `change` returns, where that is a text."""
    import tomlkit
    from tomlkit.exceptions import TOMLKitError

    try:
        document = tomlkit.parse(_read(path))
    except FileNotFoundError:
        document = tomlkit.document()
        try:
            make_private_folder(path.parent)
        except OSError as error:
            raise StoreError(f"{path.parent} could not be created: {error}.", "Check its permissions.") from error
    except TOMLKitError as error:
        raise ConfigurationError(f"The settings {path} are not TOML: {error}.", _MENDING) from error
    before = tomlkit.dumps(document)
    _checked(path, before)
    changed = change(document)
    text = tomlkit.dumps(document) if changed is None else changed
    if text == before:
        return
    _checked(path, text)
    write_atomically(path.resolve(), text)


def _section(parent: Any, name: str) -> Any:
    """The table of that name, made if need be; a new one among the tiers gets a header of its own."""
    import tomlkit

    if name not in parent:
        parent[name] = tomlkit.table(is_super_table=name == "tiers")
    return parent[name]


def _read(path: Path) -> str:
    try:
        return read_text(path)
    except StoreError as error:
        raise ConfigurationError(f"The settings cannot be used: {error.message}", error.hint) from error


def _refuse_unknown_tiers(path: Path, tiers: dict[str, Any]) -> None:
    allowed = [str(tier) for tier in TIERS]
    for name in tiers:
        if name not in allowed:
            raise ConfigurationError(
                f"The settings {path} have mistakes: tiers.{name}: there is no such tier, only {', '.join(allowed)}.",
                _MENDING,
            )


def _mistake(details: ErrorDetails) -> str:
    where = ".".join(str(part) for part in details["loc"])
    if details["type"] == "extra_forbidden":
        shape = _SECTIONS.get(str(details["loc"][0]), Settings) if len(details["loc"]) > 1 else Settings
        return f"{where}: there is no such setting; known are {', '.join(shape.model_fields)}"
    return f"{where}: {details['msg']}"
