"""Holds JSON against a shape that was written down by hand. A shape is one of:

- a type: str, int, float (any number), bool, object (any JSON);
- a word that stands for itself, or Either(...): one of several shapes, of which None is null;
- [shape]: a list; Mapping(shape): an object with any keys; a dict: an object with exactly these keys;
- AtLeast(...): an object that has these keys, and may have more; Time(): a moment, ISO 8601 in UTC.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

__all__ = ["AtLeast", "Either", "Mapping", "Time", "departures"]


@dataclass(frozen=True)
class Either:
    """One of several shapes or words."""

    shapes: tuple[Any, ...]

    def __init__(self, *shapes: Any) -> None:
        object.__setattr__(self, "shapes", shapes)


@dataclass(frozen=True)
class Mapping:
    """An object whose keys are data."""

    shape: Any


@dataclass(frozen=True)
class AtLeast:
    """An object of which only these keys are written down."""

    keys: dict[str, Any]


@dataclass(frozen=True)
class Time:
    """A moment, ISO 8601 in UTC."""


def departures(shape: Any, value: Any, where: str = "result") -> list[str]:
    """Where a value is not of the shape, in words; empty where it is."""
    if isinstance(shape, Either):
        wrong = [departures(one, value, where) for one in shape.shapes]
        return min(wrong, key=len) if all(wrong) else []
    if isinstance(shape, list | Mapping | AtLeast | dict):
        return list(_inside(shape, value, where))
    if isinstance(shape, Time):
        return [] if _is_time(value) else [f"{where} is {value!r}, no ISO 8601 time in UTC"]
    if isinstance(shape, type):
        return [] if _is_of(shape, value) else [f"{where} is {value!r}, no {shape.__name__}"]
    return [] if value == shape and type(value) is type(shape) else [f"{where} is {value!r}, not {shape!r}"]


def _inside(shape: Any, value: Any, where: str) -> Any:
    if not isinstance(value, list if isinstance(shape, list) else dict):
        yield f"{where} is {value!r}, no {'list' if isinstance(shape, list) else 'object'}"
        return
    if isinstance(shape, list):
        for number, item in enumerate(value):
            yield from departures(shape[0], item, f"{where}[{number}]")
    elif isinstance(shape, Mapping):
        for key, item in value.items():
            yield from departures(shape.shape, item, f"{where}[{key!r}]")
    else:
        keys = shape.keys if isinstance(shape, AtLeast) else shape
        yield from (f"{where} lacks {key}" for key in keys if key not in value)
        if not isinstance(shape, AtLeast):
            yield from (f"{where} has {key}, which is not written down" for key in value if key not in keys)
        for key in keys.keys() & value.keys():
            yield from departures(keys[key], value[key], f"{where}.{key}")


def _is_of(kind: type, value: Any) -> bool:
    if kind is object:
        return True
    if kind is float:
        return isinstance(value, int | float) and not isinstance(value, bool)
    return isinstance(value, kind) and (kind is bool or not isinstance(value, bool))


def _is_time(value: Any) -> bool:
    try:
        moment = datetime.fromisoformat(value)
    except (TypeError, ValueError):
        return False
    offset = moment.utcoffset()
    return offset is not None and not offset
