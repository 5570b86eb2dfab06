"""What a tool is: strict arguments, what would happen, and doing it.

The agent loop asks a tool for its effect, has that decided, and only then lets it act.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, Protocol, TypeVar

from slop_qt.core.approvals import ApprovalKind, Payload
from slop_qt.core.ports import CommandRunner, Offload
from slop_qt.core.settings import Limits
from slop_qt.core.shape import Shape
from slop_qt.core.tickets import TicketSpec

__all__ = ["Arguments", "Effect", "Tool", "ToolContext", "ToolOutput"]

Arguments = TypeVar("Arguments", bound=Shape)


@dataclass(frozen=True, slots=True)
class ToolContext:
    """Where an agent's tools work.

    root is the ticket's worktree (tiers 3 and 4) or the repository (tiers 1 and 2); ticket is None for tiers 1 and 2.
    """

    root: Path
    ticket: TicketSpec | None
    limits: Limits
    offload: Offload
    commands: CommandRunner


@dataclass(frozen=True, slots=True)
class Effect:
    """What would happen: the loop makes an approval request of it.

    subject is what a rule of the person's compares exactly: command line, path or tool name.
    """

    kind: ApprovalKind
    title: str
    payload: Payload
    editable: tuple[str, ...] = ()
    subject: str = ""
    outside_scope: bool = False


@dataclass(frozen=True, slots=True)
class ToolOutput:
    """What the model is told."""

    text: str
    ok: bool = True


class Tool(Protocol, Generic[Arguments]):
    """One tool. Stateless; used by many agents at once."""

    name: str
    description: str
    tiers: frozenset[int]
    arguments: type[Arguments]
    ends: bool  # an answer of its tier: valid arguments end the agent with them

    async def effect(self, arguments: Arguments, context: ToolContext) -> Effect | None:
        """What would happen, or None where nothing but reading does.

        Raises:
            ToolError: it cannot be done; the message tells the model how to repair the call.
        """
        ...

    def edited(self, arguments: Arguments, edited: dict[str, Any]) -> Arguments:
        """The arguments as the person changed them: `edited` has editable fields of the effect's payload."""
        ...

    async def perform(self, arguments: Arguments, context: ToolContext) -> ToolOutput:
        """Do it. Everything is checked again: time has passed since `effect`.

        Raises:
            ToolError: as `effect`.
        """
        ...
