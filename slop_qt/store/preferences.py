"""The settings that are in force, and how the settings dialog changes them."""

import threading
from collections.abc import Mapping
from pathlib import Path

from slop_qt.core.conversation import CacheTtl
from slop_qt.core.settings import ModelChoice, Rule, Settings
from slop_qt.store.settings import add_rule, remove_rule, save_day_budget, save_models, save_theme

__all__ = ["Preferences"]


class Preferences:
    """What the person's file and the command line say together, read from any thread.

    What was changed here counts from then on, in the file too. What the command line says for this process is never
    written: only what differs from what was in force is.
    """

    def __init__(self, path: Path, settings: Settings) -> None:
        """settings are those in force at the start; path is the person's file, which need not exist."""
        self.path = path
        self._current = settings
        self._writing = threading.Lock()

    @property
    def current(self) -> Settings:
        """What is in force now."""
        return self._current

    def save(self, *, tiers: Mapping[int, ModelChoice], cache_ttl: CacheTtl) -> Settings:
        """Change models and caching; tiers that are not named stay. Writes the file: for helper threads.

        Raises:
            ConfigurationError: the file that is there has mistakes, and was left as it is.
            StoreError: it could not be written.
        """
        with self._writing:
            now = self._current
            changed = {tier: choice for tier, choice in tiers.items() if now.tiers.get(tier) != choice}
            other_ttl = cache_ttl if cache_ttl != now.limits.cache_ttl else None
            if changed or other_ttl is not None:
                save_models(self.path, changed, other_ttl)
            limits = now.limits.model_copy(update={"cache_ttl": cache_ttl})
            self._current = now.model_copy(update={"tiers": {**now.tiers, **changed}, "limits": limits})
            return self._current

    def save_day_budget(self, usd: float | None, tokens: int | None) -> Settings:
        """Change what may be spent a day; None: no limit. Writes the file: for helper threads. Raises as `save`."""
        with self._writing:
            now = self._current
            budget = now.budget.model_copy(update={"day_usd": usd, "day_tokens": tokens})
            if budget != now.budget:
                save_day_budget(self.path, usd, tokens)
                self._current = now.model_copy(update={"budget": budget})
            return self._current

    def write_rule(self, rule: Rule) -> bool:
        """Put a rule into the file, behind those there are; it is not in force yet. False if it stood there already.

        For helper threads. Raises as `save`.
        """
        with self._writing:
            return add_rule(self.path, rule)

    def enforce_rule(self, rule: Rule) -> None:
        """Let a rule that was written count from now on. Waits for whoever writes: for helper threads."""
        with self._writing:
            if rule not in self._current.rules:
                self._current = self._current.model_copy(update={"rules": (*self._current.rules, rule)})

    def remove_rule(self, rule: Rule) -> None:
        """Let a rule count no more, in the file or in force. Writes the file: for helper threads. Raises as `save`."""
        with self._writing:
            remove_rule(self.path, rule)
            others = tuple(each for each in self._current.rules if each != rule)
            self._current = self._current.model_copy(update={"rules": others})

    def save_theme(self, theme: str) -> None:
        """Change the theme in the file. Raises as `save`."""
        with self._writing:
            save_theme(self.path, theme)
