"""What the face is told of a method, by whoever knows the registry of commands."""

from dataclasses import dataclass

from slop_qt.core.shape import Shape

__all__ = ["ToolDescription", "tool_name"]


@dataclass(frozen=True, slots=True)
class ToolDescription:
    """A method of the socket that is offered as a tool.

    Attributes:
        method: its name on the socket, which is the tool's title.
        reads_only: whether it is of the scope `observe`.
        destructive: whether it may end, replace or take back something; read where it does not only read.
        picture: the field of its result that may be a PNG in base64, which is answered as an image.
    """

    method: str
    summary: str
    params: type[Shape]
    result: type[Shape]
    reads_only: bool
    destructive: bool = True
    picture: str | None = None


def tool_name(method: str) -> str:
    """A method's name as a tool: several vendors' models take letters, digits, `_` and `-` only."""
    return method.replace(".", "_")
