"""Writes a scenario file: the way back from turns to TOML that `scenario.parse_scenario` reads to equal turns."""

import json
import re
from collections.abc import Iterable, Iterator, Sequence

from pydantic import JsonValue

from slop_qt.providers.scenario import ScriptedFault, ScriptedTool, ScriptedTurn, ScriptedUsage

__all__ = ["scenario_text", "without_surrogates"]

_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_SURROGATE = re.compile("[\ud800-\udfff]")


def scenario_text(turns: Iterable[ScriptedTurn], comment: Sequence[str] = ()) -> str:
    """The file's text: the comment's lines, then the turns in their order.

    A control character in a comment, which would end it, becomes a space. Texts must be Unicode
    (`without_surrogates`), and inputs without null, which TOML has not.
    """
    lines = [f"# {_CONTROL.sub(' ', line)}".rstrip() for line in comment]
    for turn in turns:
        lines += ["", *_turn(turn)]
    return "\n".join(lines) + "\n"


def without_surrogates(text: str) -> str:
    """The text with U+FFFD for every half of a surrogate pair, which models do send and no UTF-8 file can hold."""
    return _SURROGATE.sub("\ufffd", text)


def _turn(turn: ScriptedTurn) -> Iterator[str]:
    yield "[[turn]]"
    yield from _pairs(
        tier=turn.tier,
        track=turn.track,
        ticket=turn.ticket,
        attempt=turn.attempt,
        turn=turn.turn,
        thinking=turn.thinking or None,
        text=turn.text or None,
        stop=turn.stop,
    )
    for tool in turn.tools:
        yield from _tool(tool)
    if turn.usage is not None:
        yield from _usage(turn.usage)
    if turn.fault is not None:
        yield from _fault(turn.fault)


def _tool(tool: ScriptedTool) -> Iterator[str]:
    yield "[[turn.tool]]"
    yield from _pairs(name=tool.name, input=tool.input or None)


def _usage(usage: ScriptedUsage) -> Iterator[str]:
    yield "[turn.usage]"
    yield from _pairs(
        input_tokens=usage.input_tokens,
        output_tokens=usage.output_tokens,
        cache_read_tokens=usage.cache_read_tokens or None,
        cache_write_tokens=usage.cache_write_tokens or None,
        reasoning_tokens=usage.reasoning_tokens or None,
    )


def _fault(fault: ScriptedFault) -> Iterator[str]:
    yield "[turn.fault]"
    yield from _pairs(
        kind=fault.kind,
        after_chunks=fault.after_chunks or None,
        times=None if fault.times == 1 else fault.times,
        retry_after_s=fault.retry_after_s,
    )


def _pairs(**values: JsonValue) -> Iterator[str]:
    """`key = value` for all that have a value."""
    for key, value in values.items():
        if value is not None:
            yield f"{key} = {_value(value)}"


def _value(value: JsonValue) -> str:
    if isinstance(value, str):
        return _string(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dict):
        inner = ", ".join(f"{_key(key)} = {_value(item)}" for key, item in value.items())
        return f"{{ {inner} }}" if inner else "{}"
    if isinstance(value, list):
        return f"[{', '.join(map(_value, value))}]"
    return repr(value)


def _key(key: str) -> str:
    return key if _BARE_KEY.fullmatch(key) else _string(key)


def _string(text: str) -> str:
    """A basic string on one line. Its escapes are JSON's, and DEL, which JSON lets stand and TOML does not."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
