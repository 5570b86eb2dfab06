"""What is known of models and keys, in the words and looks of the settings dialog."""

import re
from collections.abc import Sequence
from datetime import date

from slop_qt.core.models import ModelInfo
from slop_qt.core.settings import Rule
from slop_qt.mma.settings_shapes import ModelsListed, ProviderStatus
from slop_qt.qt.status import Look
from slop_qt.qt.words import count
from slop_qt.widgets.fields import NamedRow

__all__ = [
    "ASKING",
    "DONE",
    "FAILED",
    "FOUND",
    "KEPT",
    "LOOKING",
    "NOT_FOUND",
    "NO_KEY",
    "NO_KEYRING",
    "NO_MODEL",
    "NO_RULES",
    "REMOVING",
    "SAVING",
    "key_look",
    "key_words",
    "model_notice",
    "model_rows",
    "provider_rows",
    "rule_details",
    "rule_look",
    "rule_subject",
    "standing_words",
]

_SUFFIX = re.compile(r"-\d[\d-]*|[-:]latest")
# Until when a day of retirement is far enough away to be mentioned and not to be warned of.
_SOON_DAYS = 90

DONE = Look("done", "Works", "done")
KEPT = Look("done", "Done", "done")
FOUND = Look("done", "Found", "done")
LOOKING = Look("running", "Looking", "running")
NOT_FOUND = Look("idle", "None", "idle")
NO_KEYRING = Look("idle", "No keyring", "waiting")
FAILED = Look("failed", "Failed", "failed")
NO_KEY = Look("idle", "No key", "waiting")
NO_MODEL = Look("idle", "No model", "waiting")
ASKING = Look("running", "Asking", "running")
SAVING = Look("running", "Saving", "running")
REMOVING = Look("running", "Removing", "running")
NO_RULES = Look("idle", "None", "idle")
_RULES = {
    "allow": Look("done", "Allow", "done"),
    "ask": Look("waiting", "Ask", "waiting"),
    "deny": Look("failed", "Refuse", "failed"),
}
_DEPRECATED = Look("waiting", "Deprecated", "waiting")
_RETIRING = Look("waiting", "Retires soon", "waiting")
_RETIRED = Look("failed", "Retired", "failed")
_UNLISTED = Look("question", "Not listed", "waiting")
_NO_LIST = Look("failed", "No list", "failed")

_KEYS = {
    "environment": Look("done", "Set", "done"),
    "keyring": Look("done", "Set", "done"),
    "missing": Look("idle", "Missing", "waiting"),
    "unneeded": Look("idle", "Not needed", "idle"),
}


def provider_rows(providers: Sequence[ProviderStatus]) -> list[NamedRow]:
    """The providers to choose from; those without their key say so."""
    rows = []
    for each in providers:
        lacking = each.key == "missing"
        words, look = ("no key", _KEYS["missing"]) if lacking else ("", None)
        rows.append(NamedRow(each.label, words, look, each.name))
    return rows


def model_rows(models: tuple[ModelInfo, ...], today: date) -> list[NamedRow]:
    """The models to choose from, each with its context window and how long it is there."""
    return [_model_row(model, today) for model in models]


def model_notice(listed: ModelsListed, provider: str, model: str, today: date) -> tuple[Look | None, str]:
    """What to say below a chosen model: what it can do, or what is the matter with it. provider is its label."""
    known = _find(listed.models, model)
    problem = " ".join(part for part in (listed.problem, listed.hint) if part)
    if known is None:
        if problem:
            return _NO_LIST, f"{problem} Any name can be typed."
        if not listed.models:
            return _NO_LIST, f"{provider} lists no models. Any name can be typed."
        return _UNLISTED, f"{provider} does not list {model}; it may know it all the same."
    look = _standing(known, today)
    if look is None and problem:
        look = _NO_LIST
    words = [_fate(known, today), problem, _abilities(known)]
    return look, " ".join(part for part in words if part)


def key_look(provider: ProviderStatus) -> Look:
    """Whether the key is there."""
    return _KEYS[provider.key]


def key_words(provider: ProviderStatus) -> str:
    """Where the key is."""
    return {
        "environment": f"from {provider.key_variable or 'the environment'}",
        "keyring": "in the system keyring",
        "missing": "no key yet",
        "unneeded": "this address asks for none",
    }[provider.key]


def standing_words(provider: ProviderStatus) -> str:
    """What to know about a key as it is, or to do about one that is missing."""
    if provider.key == "environment":
        return "It was set where slop_qt was started: it can only be changed or removed there."
    return provider.hint if provider.key == "missing" else ""


def _find(models: Sequence[ModelInfo], name: str) -> ModelInfo | None:
    """The model of that name, or the newest of those that it stands for: vendors list names with a date, and Ollama
    with a tag.
    """
    exact = next((each for each in models if each.name == name), None)
    if exact is not None or not name:
        return exact
    dated = [each for each in models if each.name.startswith(name) and _SUFFIX.fullmatch(each.name[len(name) :])]
    return max(dated, key=lambda each: each.name, default=None)


def _model_row(model: ModelInfo, today: date) -> NamedRow:
    over = model.retires is not None and model.retires < today
    parts = [
        f"{_short(model.context_tokens)} context" if model.context_tokens else "",
        "deprecated" if model.deprecated and not over else "",
        f"{'retired' if over else 'retires'} {model.retires.isoformat()}" if model.retires else "",
    ]
    return NamedRow(model.name, " · ".join(part for part in parts if part), _standing(model, today))


def _standing(model: ModelInfo, today: date) -> Look | None:
    if model.retires is not None and model.retires < today:
        return _RETIRED
    if model.deprecated:
        return _DEPRECATED
    if model.retires is not None and (model.retires - today).days <= _SOON_DAYS:
        return _RETIRING
    return None


def _fate(model: ModelInfo, today: date) -> str:
    if model.retires is not None and model.retires < today:
        return f"It was withdrawn on {model.retires.isoformat()}: choose another one."
    if model.retires is not None:
        advice = " Choose another one before that." if _standing(model, today) else ""
        return f"It is there until {model.retires.isoformat()}.{advice}"
    return "Its vendor advises against it: choose another one." if model.deprecated else ""


def _abilities(model: ModelInfo) -> str:
    parts = [
        f"Context {count(model.context_tokens)} tokens" if model.context_tokens else "Context window not known",
        f"answers up to {count(model.output_tokens)}" if model.output_tokens else "",
        "thinking" if model.thinking else "",
        "no tools: slop_qt needs them" if model.tools is False else "",
    ]
    return " · ".join(part for part in parts if part) + "."


def _short(tokens: int) -> str:
    """`200k`, `1M`, `1.05M`."""
    if tokens >= 1_000_000:
        return f"{tokens / 1_000_000:.2f}".rstrip("0").rstrip(".") + "M"
    return f"{tokens // 1000}k" if tokens >= 1000 else str(tokens)


def rule_look(rule: Rule) -> Look:
    """What a rule does."""
    return _RULES[rule.action]


def rule_subject(rule: Rule) -> str:
    """What it is compared with, all of it."""
    if rule.subject is None:
        return f"Every {rule.kind}"
    return rule.subject if rule.arguments is None else f"{rule.subject} {rule.arguments}"


def rule_details(rule: Rule) -> str:
    """`command · in the worktree · shell`: its kind, and what narrows it down."""
    words = [str(rule.kind)]
    if rule.cwd is not None:
        words.append("in the worktree" if rule.cwd in {"", "."} else f"in {rule.cwd} of the worktree")
    if rule.shell is not None:
        words.append("shell" if rule.shell else "program with its arguments, no shell")
    if rule.arguments is not None:
        words.append("with exactly these arguments")
    return "  ·  ".join(words)
