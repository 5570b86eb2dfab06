"""What is said of a provider that was tried, and of models that go out of service."""

from collections.abc import Sequence
from datetime import UTC, datetime

from slop_qt.core.models import ModelInfo
from slop_qt.mma.settings_shapes import ProviderTried

__all__ = ["retirement", "tried"]


def tried(
    label: str, models: Sequence[ModelInfo], asked: Sequence[tuple[int, str]], *, with_key: bool, hints: Sequence[str]
) -> ProviderTried:
    """A provider has listed its models; asked are the tiers that are given to it, with their models."""
    does = f"{label} takes the key" if with_key else f"{label} answers"
    number = "1 model" if len(models) == 1 else f"{len(models)} models" if models else "no models"
    absent = [
        f"It does not list {model}, which tier {tier} asks for." for tier, model in asked if not _lists(models, model)
    ]
    sentences = dict.fromkeys(hint for hint in (*absent, *hints) if hint)
    return ProviderTried(ok=True, message=f"{does}; {number}.", hint=" ".join(sentences))


def retirement(tier: int, info: ModelInfo | None) -> str:
    """A warning of a tier's model that is about to go or gone; empty where there is nothing to say."""
    if info is None or not (info.deprecated or info.retires):
        return ""
    who = f"Tier {tier}'s model {info.name}"
    if info.retires is None:
        return f"{who} is deprecated: choose another one."
    if info.retires < datetime.now(UTC).date():
        return f"{who} was retired on {info.retires}: choose another one."
    return f"{who} is offered until {info.retires}: choose another one."


def _lists(models: Sequence[ModelInfo], model: str) -> bool:
    """Whether it is one of them; vendors list dated versions of a name that stands for the newest."""
    wanted = model.removeprefix("models/")
    return any(info.name == wanted or info.name.startswith((f"{wanted}-", f"{wanted}:")) for info in models)
