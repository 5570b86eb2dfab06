"""What the command line says, made into the settings of one process."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from slop_qt.core.approvals import Mode
from slop_qt.core.errors import StoreError, UsageError
from slop_qt.core.settings import ModelChoice, Rule, Settings
from slop_qt.core.streams import TIERS
from slop_qt.providers.registry import SCRIPTED
from slop_qt.providers.servers import provider_names
from slop_qt.store.files import write_atomically
from slop_qt.store.paths import default_data_dir, default_settings_path
from slop_qt.store.settings import load_settings
from slop_qt.tools.contract import Tool
from slop_qt.tools.registry import ToolRegistry, default_tools

__all__ = ["LaunchOptions", "parse_tier", "require_new_file", "settings_for"]


@dataclass(frozen=True, slots=True)
class LaunchOptions:
    """The options that all commands have.

    automation: None is off, "" the default socket, else its path. unpaced sends a scenario as fast as possible.
    record is the new file in which the models' answers are kept as a scenario. more_tools are for agents besides those
    of `slop_qt/tools`.
    """

    project: Path
    provider: str | None = None
    model: str | None = None
    tiers: dict[int, ModelChoice] = field(default_factory=dict)
    scenario: Path | None = None
    data_dir: Path | None = None
    automation: str | None = None
    automation_scope: Literal["observe", "control"] = "control"
    unsandboxed: bool = False
    log_level: str = "info"
    mode: Mode | None = None
    workers: int | None = None
    rules: tuple[Rule, ...] = ()
    unpaced: bool = False
    record: Path | None = None
    settings_path: Path = field(default_factory=default_settings_path)
    more_tools: tuple[Tool[Any], ...] = ()

    @property
    def tools(self) -> ToolRegistry:
        """What agents may use."""
        return ToolRegistry((*default_tools(), *self.more_tools))

    @property
    def data_folder(self) -> Path:
        """Where journals and worktrees lie."""
        return self.data_dir or default_data_dir()

    @property
    def prompts_folder(self) -> Path:
        """Where the person's own system prompts lie: beside their settings."""
        return self.settings_path.parent / "prompts"


def parse_tier(text: str) -> tuple[int, ModelChoice]:
    """`3=anthropic:claude-haiku-4-5` as tier and choice. A model's own name may have colons.

    Raises:
        UsageError: it is not of that form.
    """
    number, _, rest = text.partition("=")
    provider, _, model = rest.partition(":")
    if number not in {str(tier) for tier in TIERS} or not provider or not model:
        raise UsageError(f"--tier {text} is not of the form N=PROVIDER:MODEL.", "N is 1 to 4: --tier 3=anthropic:NAME.")
    return int(number), ModelChoice(provider=provider, model=model)


def require_new_file(path: Path, option: str) -> None:
    """Make sure that the file, which the option names, can be written later and replaces nothing.

    Raises:
        UsageError: there is something already, or no folder for it that can be written to.
    """
    if os.path.lexists(path):
        raise UsageError(f"{option} {path}: it is there already.", "Name a file that does not exist yet.")
    try:  # permissions do not tell: a full disk, a name too long and a read-only file system have them too
        write_atomically(path, "")
    except StoreError as error:
        raise UsageError(f"{option}: {error.message}", "Name another place.") from error
    path.unlink()


def settings_for(options: LaunchOptions) -> Settings:
    """The person's settings with what the command line changes.

    Raises:
        ConfigurationError: the settings file has mistakes.
        UsageError: there is no such provider, or it needs a model too.
    """
    settings = load_settings(options.settings_path)
    known = provider_names(settings.servers)
    if options.provider is not None:
        _require_known(options.provider, known, f"--provider {options.provider}")
    for tier, choice in options.tiers.items():
        _require_known(choice.provider, known, f"--tier {tier}={choice.provider}:{choice.model}")
    tiers = {**_with_model(options, settings.tiers), **options.tiers}
    limits = settings.limits
    if options.workers is not None:
        limits = limits.model_copy(update={"workers": options.workers})
    return settings.model_copy(
        update={
            "tiers": tiers,
            "limits": limits,
            "mode": options.mode or settings.mode,
            "rules": (*options.rules, *settings.rules),
            "unsandboxed": options.unsandboxed or settings.unsandboxed,
            "scenario": str(options.scenario) if options.scenario else settings.scenario,
        }
    )


def _with_model(options: LaunchOptions, tiers: Mapping[int, ModelChoice]) -> dict[int, ModelChoice]:
    """The tiers with what --provider, --model and --scenario say of all of them."""
    provider = options.provider or (SCRIPTED if options.scenario else None)
    model = options.model or (SCRIPTED if provider == SCRIPTED else None)
    changed = {}
    for tier, choice in tiers.items():
        if provider not in {None, choice.provider} and model is None:
            raise UsageError(
                f"--provider {provider} needs a model too: tier {tier} has none of it.", "Add --model NAME."
            )
        changed[tier] = ModelChoice(provider=provider or choice.provider, model=model or choice.model)
    return changed


def _require_known(provider: str, known: Sequence[str], where: str) -> None:
    if provider not in known:
        raise UsageError(f"{where}: there is no provider {provider}.", f"There are: {', '.join(known)}.")
