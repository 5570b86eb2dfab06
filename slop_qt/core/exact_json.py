"""JSON as a text that two values have in common only if they are the same: for rules, which compare exactly."""

import json
from typing import Any

from pydantic import JsonValue

__all__ = ["exact_json", "read_exact_json"]


def exact_json(value: JsonValue) -> str:
    """The value as one line, the keys of its objects sorted; 1, 1.0, true and "1" stay apart."""
    return json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":"), allow_nan=False)


def read_exact_json(text: str) -> Any:
    """The value of a JSON text. Raises ValueError where it is none, has a key twice, or a number that JSON has not."""
    return json.loads(text, object_pairs_hook=_unique, parse_constant=_refuse)


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a key stands there twice")
    return found


def _refuse(name: str) -> Any:
    raise ValueError(f"{name} is no JSON")
