"""What `slop-qt doctor` says of keys, providers, tiers and local servers, from what the model desk has answered."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from slop_qt.core.models import ModelInfo
from slop_qt.core.settings import ModelChoice
from slop_qt.core.streams import TIER_ROLES, tier_name
from slop_qt.headless.findings import Finding, Standing
from slop_qt.mma.settings_shapes import LocalServers, ProviderStatus, ProviderTried

__all__ = ["Obstacle", "keyring", "local_servers", "obstacle", "provider", "tier"]

_NOT_ASKED = "not asked (--offline)"
_MODELS_SHOWN = 6


@dataclass(frozen=True, slots=True)
class Obstacle:
    """Why a tier cannot be asked, and what to do where its provider does not say that already."""

    sentence: str
    todo: str = ""


def keyring(name: str, no_keyring: str | None) -> Finding:
    """Where keys can be kept beside the environment. name is the library's for the keyring that it found."""
    if no_keyring is None:
        return Finding("ok", f"Keys can be kept in the system keyring ({name}).")
    return Finding("note", "Keys cannot be kept in a system keyring.", no_keyring)


def provider(status: ProviderStatus, tried: ProviderTried | None, *, used: bool) -> Finding:
    """One provider. tried is None where it was not asked; used is whether a tier asks it."""
    who = f"{status.label} ({status.name}){f' at {status.base_url}' if status.base_url else ''}"
    gap: Standing = "problem" if used else "note"
    if status.key == "missing":
        return Finding(gap, f"{who}: no key.", status.hint or f"Set {status.key_variable}.")
    key = {
        "environment": f"key from {status.key_variable or 'the environment'}",
        "keyring": "key in the system keyring",
        "unneeded": "no key needed",
    }[status.key]
    if tried is None:
        return Finding("ok", f"{who}: {key}, {_NOT_ASKED}.")
    if tried.ok:
        return Finding("note" if tried.hint else "ok", f"{who}: {key}. {tried.message}", tried.hint)
    unwanted = status.key == "unneeded" and not used
    return Finding(gap, f"{who}: {key}. {tried.message}", "" if unwanted else tried.hint)


def obstacle(
    choice: ModelChoice, providers: Mapping[str, ProviderStatus], tried: ProviderTried | None
) -> Obstacle | None:
    """Why the provider of a tier cannot be asked; None where it can, or where nobody tried."""
    status = providers.get(choice.provider)
    if status is None:
        return Obstacle(f"There is no provider {choice.provider}.", f"There are: {', '.join(providers)}.")
    if status.key == "missing":
        return Obstacle(f"There is no key for {status.label}.")
    if tried is not None and not tried.ok:
        return Obstacle(tried.message)
    return None


def tier(
    number: int, choice: ModelChoice, hindered: Obstacle | None, info: ModelInfo | None, *, priced: bool | None
) -> Finding:
    """One tier, with what is known of its model. priced is None where nobody looked."""
    who = f"{tier_name(number)} {TIER_ROLES[number]}: {choice.provider}:{choice.model}"
    if hindered is not None:
        return Finding("problem", f"{who} cannot be asked. {hindered.sentence}", hindered.todo)
    over = info is not None and info.retires is not None and info.retires < datetime.now(UTC).date()
    fate = ""
    if info is not None and info.retires is not None:
        fate = f"{'retired on' if over else 'offered until'} {info.retires}"
    parts = [
        *_abilities(info),
        "deprecated" if info is not None and info.deprecated else "",
        fate,
        "" if priced is None else "price known" if priced else "price unknown",
    ]
    sentence = f"{who}: {', '.join(part for part in parts if part)}."
    if info is not None and (info.deprecated or over):
        return Finding("note", sentence, f"Choose another one in the settings, or with --tier {number}=PROVIDER:MODEL.")
    return Finding("ok", sentence)


def local_servers(found: LocalServers | None) -> tuple[Finding, ...]:
    """What answers on this machine. None where nobody looked."""
    if found is None:
        return (Finding("ok", f"{_NOT_ASKED[0].upper()}{_NOT_ASKED[1:]}."),)
    if not found.servers:
        return (
            Finding(
                "ok",
                "None answers on the ports 11434 (Ollama), 1234 (LM Studio) and 8080 (llama.cpp) of this machine.",
                "If you want one: ollama serve, or lms server start, or llama-server -m model.gguf --jinja --port 8080",
            ),
        )
    return tuple(
        Finding(
            "ok",
            f"{server.label} at {server.base_url}: {_names(server.models)}.",
            f"To use it: --provider {server.provider} --model NAME",
        )
        for server in found.servers
    )


def _abilities(info: ModelInfo | None) -> list[str]:
    if info is None or info.context_tokens is None:
        return ["context window unknown"]
    answers = f"answers up to {info.output_tokens:,}" if info.output_tokens else ""
    return [f"context {info.context_tokens:,} tokens", answers]


def _names(models: tuple[str, ...]) -> str:
    if not models:
        return "no model is loaded"
    more = f" and {len(models) - _MODELS_SHOWN} more" if len(models) > _MODELS_SHOWN else ""
    return ", ".join(models[:_MODELS_SHOWN]) + more
