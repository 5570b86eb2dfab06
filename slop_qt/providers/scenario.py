"""Scenario files: what the scripted provider answers to whom, read from TOML and checked field by field."""

import json
import math
import tomllib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field, JsonValue, ValidationError, field_validator, model_validator
from pydantic_core import ErrorDetails

from slop_qt.core.conversation import Caller, StopReason
from slop_qt.core.errors import ConfigurationError
from slop_qt.core.shape import Shape

__all__ = [
    "FaultKind",
    "Scenario",
    "ScenarioDefaults",
    "ScriptedFault",
    "ScriptedTool",
    "ScriptedTurn",
    "ScriptedUsage",
    "load_scenario",
    "match_turn",
    "parse_scenario",
]

FaultKind = Literal[
    "disconnect",
    "hang",
    "rate_limit",
    "overloaded",
    "server_error",
    "auth",
    "bad_json",
    "bad_tool_input",
    "slow",
    "crash",
]

_Count = Annotated[int, Field(ge=0)]
_Ordinal = Annotated[int, Field(ge=1)]
_Tier = Annotated[int, Field(ge=1, le=4)]
_Seconds = Annotated[float, Field(ge=0)]
_Name = Annotated[str, Field(min_length=1)]


class _ScenarioShape(Shape):
    """Of a hand-written file nothing is coerced: `tier = "3"` is a mistake that its author wants to hear of."""

    model_config = ConfigDict(strict=True)


class ScenarioDefaults(_ScenarioShape):
    """How text is sent: cut every chunk_chars code points; chunks_per_s 0 is as fast as possible."""

    chunk_chars: _Ordinal = 4
    chunks_per_s: _Seconds = 0.0


class ScriptedTool(_ScenarioShape):
    """A tool call of a turn. The input is sent as it is: a scenario may well call tools wrongly."""

    name: _Name
    input: dict[str, JsonValue] = Field(default_factory=dict)


class ScriptedUsage(_ScenarioShape):
    """Tokens that a turn reports. input_tokens includes cached ones, output_tokens reasoning; None is estimated."""

    input_tokens: _Count | None = None
    output_tokens: _Count | None = None
    cache_read_tokens: _Count = 0
    cache_write_tokens: _Count = 0
    reasoning_tokens: _Count = 0

    @model_validator(mode="after")
    def _parts_fit(self) -> "ScriptedUsage":
        if self.cache_read_tokens + self.cache_write_tokens > (self.input_tokens or 0):
            raise ValueError("input_tokens must be given and include cache_read_tokens and cache_write_tokens")
        if self.reasoning_tokens > (self.output_tokens or 0):
            raise ValueError("output_tokens must be given and include reasoning_tokens")
        return self


class ScriptedFault(_ScenarioShape):
    """What goes wrong with the first `times` sends of a turn, after after_chunks chunks.

    A chunk is a delta or a tool call. bad_json and bad_tool_input spoil the turn's first tool call, wherever it
    stands. retry_after_s is what the server would ask for, in seconds.
    """

    kind: FaultKind
    after_chunks: _Count = 0
    times: _Ordinal = 1
    retry_after_s: _Seconds | None = None


class ScriptedTurn(_ScenarioShape):
    """One answer, and who gets it: what is None matches anybody."""

    tier: _Tier
    track: _Name | None = None
    ticket: _Name | None = None
    attempt: _Ordinal | None = None
    turn: _Ordinal | None = None
    text: str = ""
    thinking: str = ""
    stop: Literal["end_turn", "max_tokens", "refusal"] | None = None
    tools: tuple[ScriptedTool, ...] = Field(default=(), validation_alias="tool")
    usage: ScriptedUsage | None = None
    fault: ScriptedFault | None = None

    @model_validator(mode="after")
    def _holds_together(self) -> "ScriptedTurn":
        if self.ticket is not None and self.tier in {1, 2}:
            raise ValueError(f"ticket {self.ticket!r} never matches: tier {self.tier} works on no ticket")
        if self.fault is not None and self.fault.kind in {"bad_json", "bad_tool_input"} and not self.tools:
            raise ValueError(f"fault {self.fault.kind!r} needs a [[turn.tool]] whose call it can spoil")
        return self

    @property
    def stop_reason(self) -> StopReason:
        """What the answer ends with."""
        return self.stop or ("tool_use" if self.tools else "end_turn")

    def matches(self, caller: Caller) -> bool:
        """Whether this turn answers that caller."""
        return (
            self.tier == caller.tier
            and self.track in {None, caller.track}
            and self.ticket in {None, caller.ticket}
            and self.attempt in {None, caller.attempt}
            and self.turn in {None, caller.turn}
        )

    @property
    def label(self) -> str:
        """Whom it answers, for messages: `tier 3, ticket T-002, turn 1`."""
        named = {"track": self.track, "ticket": self.ticket, "attempt": self.attempt, "turn": self.turn}
        return ", ".join(
            [f"tier {self.tier}", *(f"{key} {value}" for key, value in named.items() if value is not None)]
        )


class Scenario(_ScenarioShape):
    """A whole file; seed makes jitter reproducible."""

    seed: int = 0
    defaults: ScenarioDefaults = ScenarioDefaults()
    turns: tuple[ScriptedTurn, ...] = Field(validation_alias="turn")

    @field_validator("turns")
    @classmethod
    def _answers_somebody(cls, turns: tuple[ScriptedTurn, ...]) -> tuple[ScriptedTurn, ...]:
        if not turns:
            raise ValueError("at least one [[turn]] is needed")
        return turns


def match_turn(scenario: Scenario, caller: Caller) -> ScriptedTurn | None:
    """The first turn in file order that answers the caller, or None."""
    return next((turn for turn in scenario.turns if turn.matches(caller)), None)


def load_scenario(path: Path) -> Scenario:
    """Read and check a file.

    Raises:
        ConfigurationError: it cannot be read or has a mistake; the message names file, and line or key path.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise ConfigurationError(
            f"The scenario {path} cannot be read: {error.strerror}.", "Give the path of a scenario file (TOML)."
        ) from error
    except UnicodeDecodeError as error:
        raise ConfigurationError(
            f"The scenario {path} is not UTF-8 text (byte {error.start}).", "Save it as UTF-8."
        ) from error
    return parse_scenario(text, name=str(path))


def parse_scenario(text: str, name: str = "scenario") -> Scenario:
    """Check the text of a scenario. name is what messages call it.

    Raises:
        ConfigurationError: as `load_scenario`.
    """
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigurationError(f"The scenario {name} is not TOML: {error}.", "Mend the line it names.") from error
    strange = list(_not_json(data))
    if strange:
        raise _mistakes(name, strange)
    try:
        return Scenario.model_validate_json(json.dumps(data))
    except ValidationError as error:
        raise _mistakes(name, [_describe(details) for details in error.errors(include_url=False)]) from error


def _mistakes(name: str, found: Sequence[str]) -> ConfigurationError:
    return ConfigurationError(
        f"The scenario {name} has {'a mistake' if len(found) == 1 else f'{len(found)} mistakes'}: "
        + "; ".join(found)
        + ".",
        "Places count from 0: turn[0] is the first [[turn]].",
    )


def _not_json(value: Any, path: tuple[str | int, ...] = ()) -> Iterator[str]:
    """The places of what TOML has and JSON has not: dates, times, inf and nan."""
    if isinstance(value, dict):
        for key, item in value.items():
            yield from _not_json(item, (*path, key))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _not_json(item, (*path, index))
    elif isinstance(value, float) and not math.isfinite(value):
        yield f"{_key_path(path)} is {value}, a finite number is needed"
    elif not isinstance(value, str | int | float | bool):
        yield f"{_key_path(path)} is the date or time {value}, which JSON has not: write it as a string"


def _key_path(location: Sequence[str | int]) -> str:
    path = ""
    for part in location:
        path += f"[{part}]" if isinstance(part, int) else f".{part}" if path else part
    return path


def _describe(details: ErrorDetails) -> str:
    """One mistake: where, what was found, what is allowed."""
    location = details["loc"]
    where = _key_path(location) or "the file"
    kind = details["type"]
    if kind == "extra_forbidden":
        return f"{where} is not known, allowed here: {', '.join(_fields_at(location[:-1]))}"
    if kind == "missing":
        return f"{where} is missing"
    if kind == "value_error":
        return f"{where}: {details['ctx']['error']}"
    message = details["msg"].removeprefix("Input ").removeprefix("should ").rstrip(".")
    return f"{where} is {json.dumps(details['input'])[:80]}, it should {message}"


def _fields_at(location: Sequence[str | int]) -> list[str]:
    """The keys that the table at that place may have."""
    shape: type[BaseModel] = Scenario
    for part in location:
        if isinstance(part, str):
            annotation = next(
                field.annotation for key, field in shape.model_fields.items() if part in {key, field.validation_alias}
            )
            shape = next(
                each
                for each in (annotation, *get_args(annotation))
                if isinstance(each, type) and issubclass(each, BaseModel)
            )
    return [str(field.validation_alias or key) for key, field in shape.model_fields.items()]
