"""Which tools a tier has, and the way from a model's raw words to a tool with valid arguments."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from pydantic import ValidationError

from slop_qt.core.conversation import ToolSpec
from slop_qt.core.errors import ToolError
from slop_qt.core.shape import Shape
from slop_qt.tools.answers import AskUser, FinishTicket, ReportFailure
from slop_qt.tools.contract import Tool
from slop_qt.tools.files import EditFile, ListDirectory, ReadFile, WriteFile
from slop_qt.tools.search import SearchText
from slop_qt.tools.shell import RunCommand
from slop_qt.tools.strict_json import parse_object
from slop_qt.tools.submit_tickets import SubmitTickets
from slop_qt.tools.submit_tracks import SubmitTracks

__all__ = ["ToolRegistry", "default_tools"]

_MAX_MISTAKES = 8
_WORDS = {
    "missing": "is missing",
    "extra_forbidden": "does not exist here",
    "string_type": "must be text",
    "int_type": "must be a whole number",
    "int_from_float": "must be a whole number",
    "float_type": "must be a number",
    "bool_type": "must be true or false",
    "tuple_type": "must be a list",
    "model_type": "must be an object",
    "string_too_short": "must not be empty",
    "too_short": "must have at least {min_length} entry",
    "too_long": "must have at most {max_length} entries",
    "greater_than": "must be more than {gt}",
    "greater_than_equal": "must be at least {ge}",
    "less_than_equal": "must be at most {le}",
    "value_error": "is not right: {error}",
}
_TYPES = {
    "string": "text",
    "integer": "whole number",
    "number": "number",
    "boolean": "true or false",
    "array": "list",
    "object": "object",
}


def default_tools() -> tuple[Tool[Any], ...]:
    """Every tool there is."""
    return (
        ReadFile(),
        ListDirectory(),
        SearchText(),
        WriteFile(),
        EditFile(),
        RunCommand(),
        AskUser(),
        SubmitTracks(),
        SubmitTickets(),
        FinishTicket(),
        ReportFailure(),
    )


class ToolRegistry:
    """The tools by tier and name. What it says never changes; for any thread."""

    def __init__(self, tools: Iterable[Tool[Any]]) -> None:
        self._tools = {tool.name: tool for tool in tools}
        self._specs: dict[str, ToolSpec] = {}

    def specs(self, tier: int) -> tuple[ToolSpec, ...]:
        """What a model of that tier is told it may call."""
        return tuple(self._spec(name) for name in self._names(tier))

    def parse(self, tier: int, name: str, arguments_json: str) -> tuple[Tool[Any], Shape]:
        """The tool and its valid arguments.

        Raises:
            ToolError: no such tool for this tier, or arguments that are broken, missing, too many or of a wrong
                type, in a sentence that a model can repair its call by.
        """
        names = self._names(tier)
        if name not in names:
            raise ToolError(f"There is no tool {name!r}.", f"The tools here are: {', '.join(names)}.")
        tool = self._tools[name]
        try:
            value = parse_object(arguments_json)
            return tool, tool.arguments.model_validate_json(arguments_json.strip() or "{}", strict=True)
        except ToolError as error:
            raise ToolError(f"{name}: {error.message}", error.hint) from None
        except ValidationError as error:
            raise ToolError(f"{name}: {_mistakes(error, value)}", self._usage(name)) from None

    def is_answer(self, tier: int, name: str) -> bool:
        """Whether that tool ends the tier's work."""
        return name in self._names(tier) and self._tools[name].ends

    def same_call(self, tier: int, name: str, one_json: str, other_json: str) -> bool:
        """Whether two spellings of a call's arguments come to the same: the same valid arguments, or both refused."""
        return self._valid(tier, name, one_json) == self._valid(tier, name, other_json)

    def _valid(self, tier: int, name: str, arguments_json: str) -> Shape | None:
        try:
            return self.parse(tier, name, arguments_json)[1]
        except ToolError:
            return None

    def _names(self, tier: int) -> list[str]:
        return [name for name, tool in self._tools.items() if tier in tool.tiers]

    def _spec(self, name: str) -> ToolSpec:
        """Made when first asked for, since schemas take milliseconds. Two threads that make it make the same."""
        spec = self._specs.get(name)
        if spec is None:
            tool = self._tools[name]
            spec = self._specs.setdefault(name, ToolSpec(name, tool.description, _schema(tool.arguments)))
        return spec

    def _usage(self, name: str) -> str:
        return f"{name} takes an object with: {_fields(self._spec(name).schema)}."


def _schema(arguments: type[Shape]) -> dict[str, Any]:
    """JSON Schema in its plainest form: some vendors know no $ref, null or title, and docstrings are for us."""
    schema = arguments.model_json_schema()
    definitions = schema.pop("$defs", {})
    plain: dict[str, Any] = _plain(schema, definitions)
    plain.pop("description", None)
    plain.setdefault("properties", {})
    return plain


def _plain(node: Any, definitions: Mapping[str, Any]) -> Any:
    if isinstance(node, list):
        return [_plain(item, definitions) for item in node]
    if not isinstance(node, dict):
        return node
    if "$ref" in node:
        target = {**definitions[node["$ref"].rpartition("/")[2]], "description": None}
        return _plain({**target, **{key: value for key, value in node.items() if key != "$ref"}}, definitions)
    if "anyOf" in node:
        choices = [choice for choice in node["anyOf"] if choice != {"type": "null"}]
        rest = {key: value for key, value in node.items() if key not in {"anyOf", "default"}}
        node = {**choices[0], **rest} if len(choices) == 1 else {"anyOf": choices, **rest}
    result: dict[str, Any] = {}
    for key, value in node.items():
        if key == "properties":
            result[key] = {name: _plain(inner, definitions) for name, inner in value.items()}
        elif key != "title" and value is not None:
            result[key] = _plain(value, definitions)
    return result


def _fields(schema: Mapping[str, Any]) -> str:
    required = schema.get("required", ())
    described = [
        f"{name} ({_type(inner)}{'' if name in required else ', optional'})"
        for name, inner in schema["properties"].items()
    ]
    return ", ".join(described) or "nothing"


def _type(schema: Mapping[str, Any]) -> str:
    if "anyOf" in schema:
        return " or ".join(_type(choice) for choice in schema["anyOf"])
    if schema.get("type") == "array":
        items = schema["items"]
        return f"list of {{{_fields(items)}}}" if items.get("type") == "object" else f"list of {_type(items)}"
    return _TYPES.get(schema.get("type", ""), "any value")


def _mistakes(error: ValidationError, value: Mapping[str, Any]) -> str:
    found: dict[str, list[str]] = {}
    for detail in error.errors(include_url=False):
        if detail["type"] == "too_short" and len(detail["input"]) >= detail["ctx"]["min_length"]:
            continue  # pydantic counts valid members only, and has said what is wrong with the others
        place = _place(detail["loc"], value)
        template = _WORDS.get(detail["type"])
        words = template.format_map(detail.get("ctx", {})) if template else f"is not right: {detail['msg']}"
        found.setdefault(place, []).append(words.rstrip("."))
    sentences = [f"{place} {_either(words)}" for place, words in list(found.items())[:_MAX_MISTAKES]]
    more = len(found) - len(sentences)
    return "; ".join(sentences) + (f"; and {more} more" if more > 0 else "") + "."


def _either(words: Sequence[str]) -> str:
    first, *others = dict.fromkeys(words)
    return " or ".join([first, *(other.removeprefix("must be ") for other in others)])


def _place(location: Sequence[str | int], value: Any) -> str:
    """`tickets[0].id`. pydantic's names of union members and validators are no places in the value: left out."""
    place = ""
    for part in location:
        if isinstance(part, int):
            place += f"[{part}]"
            value = value[part] if isinstance(value, list) and part < len(value) else None
        elif isinstance(value, dict):
            place += f".{part}" if place else part
            value = value.get(part)
    return f"`{place}`" if place else "The object"
