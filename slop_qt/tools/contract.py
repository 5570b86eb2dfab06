"""What a tool is: strict arguments, what would happen, and doing it.

The agent loop asks a tool for its effect, has that decided, and only then lets it act.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Generic, Protocol, TypeVar

from pydantic import ValidationError
from typing_extensions import override

from slop_qt.core.approvals import ApprovalKind, Payload
from slop_qt.core.errors import InvalidInputError
from slop_qt.core.planning_basis import PlanningBasis
from slop_qt.core.ports import CommandRunner, Offload, PlanReader
from slop_qt.core.settings import Limits
from slop_qt.core.shape import Shape
from slop_qt.core.tickets import TicketSpec

__all__ = ["Arguments", "Effect", "Harmless", "Tool", "ToolContext", "ToolOutput", "revised"]

Arguments = TypeVar("Arguments", bound=Shape)


@dataclass(frozen=True, slots=True)
class ToolContext:
    """Where an agent's tools work.

    root is the ticket's worktree (tiers 3 and 4) or the repository (tiers 1 and 2); ticket is None for tiers 1 and 2.
    basis is what their answers are held against.
    """

    root: Path
    ticket: TicketSpec | None
    limits: Limits
    offload: Offload
    commands: CommandRunner
    plans: PlanReader
    basis: PlanningBasis = field(default_factory=PlanningBasis)


@dataclass(frozen=True, slots=True)
class Effect:
    """What would happen: the loop makes an approval request of it.

    subject is what a rule of the person's compares exactly: command line, path or tool name. basis stands for what the
    payload was computed from; `perform` compares it with what is there by then.
    """

    kind: ApprovalKind
    title: str
    payload: Payload
    editable: tuple[str, ...] = ()
    subject: str = ""
    outside_scope: bool = False
    basis: str = ""


@dataclass(frozen=True, slots=True)
class ToolOutput:
    """What the model is told."""

    text: str
    ok: bool = True


class Tool(Protocol, Generic[Arguments]):
    """One tool. Stateless; used by many agents at once. `Harmless` is the base of those that have no effect."""

    name: str
    description: str
    tiers: frozenset[int]
    arguments: type[Arguments]
    ends: bool = False  # an answer of its tier: valid arguments end the agent with them

    async def effect(self, arguments: Arguments, context: ToolContext) -> Effect | None:
        """What would happen, or None where nothing but reading does.

        Raises:
            ToolError: it cannot be done; the message tells the model how to repair the call.
        """
        ...

    def edited(self, arguments: Arguments, edited: Mapping[str, Any]) -> Arguments:
        """The arguments as the person changed them: `edited` has editable fields of the effect's payload.

        Raises:
            InvalidInputError: a field that is not editable, or a value that cannot be used.
        """
        return revised(self.arguments, arguments, edited)

    async def perform(self, arguments: Arguments, context: ToolContext, effect: Effect | None = None) -> ToolOutput:
        """Do it. Everything is checked again: time has passed since `effect`, whose answer is handed over.

        Raises:
            ToolError: as `effect`, or what was decided about is no longer what would happen.
        """
        ...


class Harmless(Tool[Arguments]):
    """A tool that only reads or answers: there is nothing to decide about."""

    @override
    async def effect(self, arguments: Arguments, context: ToolContext) -> None:
        return None


def revised(kind: type[Arguments], arguments: Shape, edited: Mapping[str, Any]) -> Arguments:
    """`arguments` with some fields replaced, validated as `kind`.

    Raises:
        InvalidInputError: the result is not valid; the message names the fields.
    """
    try:
        return kind.model_validate({**arguments.model_dump(), **edited})
    except ValidationError as error:
        names = ", ".join(sorted({str(detail["loc"][0]) for detail in error.errors() if detail["loc"]}))
        raise InvalidInputError(
            f"The changed call cannot be used: {names or 'its fields'} is not valid.",
            f"What may be changed: {', '.join(sorted(kind.model_fields))}.",
        ) from None
