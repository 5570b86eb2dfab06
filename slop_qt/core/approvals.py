"""Pending decisions: what would happen, who asks, and what was decided (shape: Approval in the automation protocol)."""

import shlex
from datetime import datetime
from enum import StrEnum
from typing import Any, Literal

from pydantic import Field, JsonValue

from slop_qt.core.shape import Shape

__all__ = [
    "Approval",
    "ApprovalKind",
    "ApprovalRequest",
    "ApprovalState",
    "CommandPayload",
    "DecidedBy",
    "Decision",
    "EditPayload",
    "MergePayload",
    "Mode",
    "Payload",
    "QuestionPayload",
    "SpawnPayload",
    "StepPayload",
    "ToolPayload",
    "Verdict",
    "command_line",
]


class Mode(StrEnum):
    """How much goes on without being asked about."""

    STEP = "step"
    ASK = "ask"
    EDITS = "edits"
    AUTO = "auto"


class ApprovalKind(StrEnum):
    """What would happen."""

    SPAWN = "spawn"
    STEP = "step"
    EDIT = "edit"
    COMMAND = "command"
    MERGE = "merge"
    TOOL = "tool"
    QUESTION = "question"


class ApprovalState(StrEnum):
    """How far the decision is."""

    PENDING = "pending"
    APPROVED = "approved"
    REJECTED = "rejected"
    EXPIRED = "expired"


class DecidedBy(StrEnum):
    """Who decided."""

    USER = "user"
    AUTOMATION = "automation"
    POLICY = "policy"


Verdict = Literal["approve", "reject", "edit"]


class SpawnPayload(Shape):
    """A worker is about to start with this prompt."""

    prompt: str
    model: str


class StepPayload(Shape):
    """An agent's next model turn, counted from 1."""

    turn: int


class EditPayload(Shape):
    """A file in the worktree; diff is unified, content is the whole new text."""

    path: str
    diff: str
    content: str


class CommandPayload(Shape):
    """A command: a string goes to /bin/sh -c, a list is argv; cwd is relative to the worktree."""

    command: str | tuple[str, ...]
    cwd: str


def command_line(command: str | tuple[str, ...]) -> str:
    """The command as one line of shell: what a rule compares and a person reads."""
    return command if isinstance(command, str) else shlex.join(command)


class MergePayload(Shape):
    """A finished ticket's unified diff, to go into the integration branch."""

    ticket_id: str
    diff: str


class ToolPayload(Shape):
    """A tool with an effect outside the worktree."""

    name: str
    arguments: dict[str, JsonValue]


class QuestionPayload(Shape):
    """An agent asks the person; choices may be empty."""

    text: str
    choices: tuple[str, ...] = ()


# The field sets differ, and extra fields are refused: so a payload read from JSON is of exactly one of these.
Payload = SpawnPayload | StepPayload | EditPayload | CommandPayload | MergePayload | ToolPayload | QuestionPayload


class Approval(Shape):
    """One entry of the queue. `editable` names the fields of the payload (or `answer`) that a decision may change."""

    id: str
    kind: ApprovalKind
    run_id: str
    stream_id: str | None = None
    ticket_id: str | None = None
    tier: int | None = None
    title: str
    payload: Payload
    editable: tuple[str, ...] = ()
    state: ApprovalState = ApprovalState.PENDING
    requested_at: datetime
    decision: Verdict | None = None
    by: DecidedBy | None = None
    note: str | None = None


class ApprovalRequest(Shape):
    """What a tool layer or the conductor says would happen, before anybody decided.

    subject is what a rule compares exactly: the command line, the path, the tool's name, the ticket's id.
    outside_scope marks a write outside the ticket's declared files: it asks in every mode but auto.
    """

    kind: ApprovalKind
    run_id: str
    stream_id: str | None = None
    ticket_id: str | None = None
    tier: int | None = None
    title: str
    payload: Payload
    editable: tuple[str, ...] = ()
    subject: str = ""
    outside_scope: bool = False

    def as_approval(self, approval_id: str, requested_at: datetime) -> Approval:
        """The entry of the queue that stands for it, pending."""
        fields = self.model_dump(include=set(Approval.model_fields) - {"payload"})
        return Approval(id=approval_id, requested_at=requested_at, payload=self.payload, **fields)


class Decision(Shape):
    """What was decided. `edited` holds {field: value} of editable fields; a question's answer is edited["answer"]."""

    approved: bool
    by: DecidedBy
    note: str | None = None
    edited: dict[str, Any] = Field(default_factory=dict)
