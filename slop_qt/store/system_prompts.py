"""The system prompts of the four tiers: files that ship with the application, or the person's own in their place.

A project never provides one: what is in a repository is material for the models, not their instructions.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from slop_qt.core.errors import ConfigurationError, StoreError
from slop_qt.core.streams import TIERS
from slop_qt.store.files import read_text
from slop_qt.store.resources import resource_path

__all__ = ["PromptFolder", "SystemPrompts"]


@dataclass(frozen=True, slots=True)
class SystemPrompts:
    """The prompts as they were read once: the same bytes for every agent of a run.

    overridden are the person's own files, by tier.
    """

    texts: Mapping[int, str]
    overridden: Mapping[int, Path]

    def of(self, tier: int) -> str:
        """The tier's system prompt."""
        return self.texts[tier]


class PromptFolder:
    """Where the person's own prompts lie: `tier1.md` to `tier4.md`, each in the place of the one that ships."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def load(self) -> SystemPrompts:
        """All of them, read now. File work: for a helper thread.

        Raises:
            ConfigurationError: one of the person's own is empty, cannot be read, or is not UTF-8.
        """
        overridden: dict[int, Path] = {}
        texts: dict[int, str] = {}
        for tier in TIERS:
            name = f"tier{tier}.md"
            own = self._folder / name
            text = _own_text(own)
            if text is None:
                text = resource_path("prompts", name).read_text(encoding="utf-8")
            else:
                overridden[tier] = own
            texts[tier] = text
        return SystemPrompts(texts, overridden)


def _own_text(path: Path) -> str | None:
    """The text of that file; None where there is none."""
    what_else = "Mend it, or remove it to use the prompt that comes with slop_qt."
    try:
        text = read_text(path).removeprefix("\ufeff")
    except FileNotFoundError:
        if not path.is_symlink():
            return None
        raise ConfigurationError(f"The prompt {path} is a link to nothing.", what_else) from None
    except StoreError as error:
        raise ConfigurationError(f"A system prompt cannot be used: {error.message}", what_else) from error
    if not text.strip():
        raise ConfigurationError(f"The prompt {path} is empty.", what_else)
    return text
