"""Reading what a model sent as JSON without guessing: what is broken or ambiguous goes back to the model."""

import json
import math
from typing import Any, NoReturn

from slop_qt.core.errors import ToolError

__all__ = ["parse_object", "unreadable"]

_MAX_CHARACTERS = 8 << 20
_MAX_DEPTH = 64
_KEPT_CHARACTERS = 2000


def parse_object(text: str) -> dict[str, Any]:
    """The JSON object in `text`. Nothing at all counts as `{}`: so do vendors send a call without arguments.

    Raises:
        ToolError: not JSON, not an object, a key twice, NaN or Infinity, text after it, nested over 64 deep, over
            8 Mi characters, or text that is not Unicode (a lone surrogate).
    """
    if not text.strip():
        return {}
    if len(text) > _MAX_CHARACTERS:
        raise ToolError(f"The arguments are {len(text):,} characters long; at most {_MAX_CHARACTERS:,} are read.")
    try:
        value = json.loads(
            text, object_pairs_hook=_object, parse_constant=_constant, parse_float=_float, parse_int=_integer
        )
    except json.JSONDecodeError as error:
        raise ToolError(
            f"The arguments are not valid JSON: {error.msg} at line {error.lineno} column {error.colno}.",
            "Send one complete JSON object.",
        ) from None
    except RecursionError:
        raise _too_deep() from None
    if not isinstance(value, dict):
        raise ToolError(
            f"The arguments must be one JSON object with named fields, not {_kind(value)}.",
            'Send them like {"name": value}.',
        )
    _check(value)
    return value


def unreadable(text: str, kept: int = _KEPT_CHARACTERS) -> dict[str, Any]:
    """What history, journal and recordings keep of arguments that they cannot hold; no tool has such a field."""
    return {"unreadable": text[:kept]}


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise ToolError(f"The field {twice!r} is in the arguments more than once.", "Send each field once.")
    return value


def _constant(name: str) -> NoReturn:
    raise ToolError(f"The arguments hold {name}, which is not JSON.", "Send a finite number or leave the field out.")


def _float(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        _constant(text[:40])
    return value


def _integer(text: str) -> int:
    if len(text) > 300:
        _constant("a number of more than 300 digits")
    return int(text)


def _check(value: Any) -> None:
    level, depth = [value], 0
    while level:
        depth += 1
        if depth > _MAX_DEPTH:
            raise _too_deep()
        inner: list[Any] = []
        for item in level:
            if isinstance(item, dict):
                inner += [*item, *item.values()]
            elif isinstance(item, list):
                inner += item
            elif isinstance(item, str) and not _is_unicode(item):
                raise ToolError(
                    "The arguments hold half of a surrogate pair (\\ud800 to \\udfff), which is no character.",
                    "Write the whole character, or leave it out.",
                )
        level = inner


def _is_unicode(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _too_deep() -> ToolError:
    return ToolError(f"The arguments are nested more than {_MAX_DEPTH} deep.", "Send them flatter.")


def _kind(value: Any) -> str:
    names = {list: "a list", str: "a text", bool: "true or false", type(None): "null"}
    return names.get(type(value), "a number")
