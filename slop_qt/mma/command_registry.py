"""A command of the application, and the one registry that carries commands out."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Generic, Literal, TypeVar

import orjson
from pydantic import ValidationError

from slop_qt.core.approvals import DecidedBy
from slop_qt.core.errors import InvalidInputError, NotFoundError
from slop_qt.core.shape import Shape

__all__ = ["Command", "CommandRegistry"]

P = TypeVar("P", bound=Shape)
R = TypeVar("R", bound=Shape)
Handler = Callable[[Any, DecidedBy], Awaitable[Shape]]


@dataclass(frozen=True, slots=True)
class Command(Generic[P, R]):
    """A command: its name on the socket, its shapes, and whether it only reads.

    on_socket is False for what only the window offers.
    """

    name: str
    params: type[P]
    result: type[R]
    scope: Literal["observe", "control"]
    summary: str
    on_socket: bool = True


class CommandRegistry:
    """Commands by name, each with its handler. Lives in the main thread; handlers run on its loop."""

    def __init__(self) -> None:
        self._handlers: dict[str, tuple[Command[Any, Any], Handler]] = {}

    def register(self, command: Command[P, R], handler: Callable[[P, DecidedBy], Awaitable[R]]) -> None:
        """Attach what carries the command out."""
        self._handlers[command.name] = (command, handler)

    def find(self, name: str) -> Command[Any, Any] | None:
        """The command of that name, if it has a handler."""
        entry = self._handlers.get(name)
        return entry[0] if entry else None

    async def call(self, command: Command[P, R], params: P, by: DecidedBy = DecidedBy.USER) -> R:
        """Carry it out.

        Raises:
            SlopError: what went wrong, by the tree in core.errors.
        """
        entry = self._handlers.get(command.name)
        if entry is None:
            raise NotFoundError(f"There is no command {command.name}.")
        result: R = await entry[1](params, by)  # type: ignore[assignment]  # register() paired the shapes
        return result

    async def call_named(self, name: str, params: Mapping[str, Any], by: DecidedBy) -> Shape:
        """As `call`, from JSON.

        Raises:
            NotFoundError: no such command.
            InvalidInputError: the parameters are not of its shape; the message names the ones that exist.
        """
        command = self.find(name)
        if command is None:
            raise NotFoundError(f"There is no method {name}.", f"Methods: {', '.join(sorted(self._handlers))}.")
        try:
            parsed = command.params.model_validate_json(orjson.dumps(dict(params)))
        except ValidationError as error:
            raise InvalidInputError(_explain(command, error)) from None
        result: Shape = await self.call(command, parsed, by)
        return result


def _explain(command: Command[Any, Any], error: ValidationError) -> str:
    first = error.errors(include_url=False, include_context=False)[0]
    where = ".".join(str(part) for part in first["loc"]) or "params"
    known = ", ".join(command.params.model_fields) or "none"
    return f"{command.name}: {where}: {first['msg']}. Parameters that exist: {known}."
