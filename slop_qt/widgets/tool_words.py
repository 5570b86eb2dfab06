"""A tool call in a few words, and in full."""

import shlex
from typing import Any

import orjson

from slop_qt.core.stream_state import StreamItem
from slop_qt.core.visible_text import make_visible
from slop_qt.qt.words import plural

__all__ = ["argument_words", "detail_text"]

_TELLING = ("path", "command", "pattern", "query", "title", "question", "text", "summary", "reason", "cause")
_DETAIL_LIMIT = 8_000


def argument_words(arguments: Any, width: int) -> str:
    """The arguments that tell most, on one line of at most `width` characters, with nothing invisible in it."""
    if not isinstance(arguments, dict):
        return _cut(_plain(arguments), width)
    telling = [name for name in _TELLING if name in arguments] or list(arguments)
    words = [_words(name, arguments[name]) for name in telling[:3]]
    return _cut("  ".join(word for word in words if word), width)


def detail_text(call: StreamItem, result: StreamItem | None) -> str:
    """The arguments as JSON and the result as the model was told it, each cut where it is very long."""
    arguments = orjson.dumps(call.arguments, option=orjson.OPT_INDENT_2, default=str).decode()
    if isinstance(call.arguments, dict):
        arguments = "\n".join(f"{name}: {_plain(value)}" for name, value in call.arguments.items())
    told = _shorten(result.text) if result is not None else "No result yet."
    return f"{_shorten(arguments)}\n── result\n{told}"


def _words(name: str, value: Any) -> str:
    if isinstance(value, list) and name == "command":
        return shlex.join(str(part) for part in value)
    if isinstance(value, list):
        return plural(len(value), name.removesuffix("s"))
    if isinstance(value, str):
        return value if name in _TELLING else f"{name}: {value}"
    return f"{name}: {_plain(value)}"


def _plain(value: Any) -> str:
    return value if isinstance(value, str) else orjson.dumps(value, default=str).decode()


def _cut(text: str, width: int) -> str:
    line = " ".join(make_visible(text[: width * 4]).split())
    return line if len(line) <= width else f"{line[: max(width - 1, 1)]}…"


def _shorten(text: str) -> str:
    if len(text) <= _DETAIL_LIMIT:
        return text
    return f"{text[:_DETAIL_LIMIT]}\n… {len(text) - _DETAIL_LIMIT:,} more characters"
