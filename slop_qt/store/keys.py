"""Where the keys of model vendors come from, and how they stay out of everything that is written down."""

from collections.abc import Iterable, Mapping

__all__ = ["find_key", "key_variables", "known_keys", "redact"]

_VARIABLES = {
    "anthropic": ("ANTHROPIC_API_KEY",),
    "gemini": ("GEMINI_API_KEY", "GOOGLE_API_KEY"),
    "openai": ("OPENAI_API_KEY",),
}
_MASK = "[key]"
_SHORTEST_KEY = 8  # local servers take any word as a key: masking `none` everywhere would only make logs unreadable


def key_variables(provider: str) -> tuple[str, ...]:
    """The environment variables that may hold this provider's key, first one first; none where it needs no key."""
    return _VARIABLES.get(provider, ())


def find_key(provider: str, environ: Mapping[str, str]) -> str | None:
    """The provider's key, or None. Blanks around it, as they come with copying, are not part of it."""
    values = (environ.get(name, "").strip() for name in key_variables(provider))
    return next((value for value in values if value), None)


def known_keys(environ: Mapping[str, str]) -> tuple[str, ...]:
    """Every key there is, whichever is used: for `redact`."""
    values = (environ.get(name, "").strip() for names in _VARIABLES.values() for name in names)
    return tuple(dict.fromkeys(value for value in values if value))


def redact(text: str, keys: Iterable[str]) -> str:
    """The text with `[key]` in the place of each key."""
    for key in sorted(keys, key=len, reverse=True):  # one key may begin with another
        if len(key) >= _SHORTEST_KEY:
            text = text.replace(key, _MASK)
    return text
