"""Everything that happens, as a discriminated union of frozen shapes (kinds: the automation protocol's table).

`run_prepared`, `run_replanned`, `budget_changed` and `context_explained` are kinds of our own: they are in the journal,
so that a state can be folded from the journal alone, and are not sent on the socket.
"""

import json
from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from pydantic import Field, TypeAdapter, ValidationError
from pydantic_core import PydanticSerializationError

from slop_qt.core.approvals import Approval, Mode
from slop_qt.core.context import ContextReport
from slop_qt.core.shape import Shape
from slop_qt.core.tickets import TicketSpec, TicketStatus
from slop_qt.core.usage import Usage

__all__ = [
    "EVENT_KINDS",
    "Applied",
    "ApprovalRequested",
    "ApprovalResolved",
    "BudgetChanged",
    "ContextExplained",
    "ContextReported",
    "Event",
    "EventBase",
    "Fault",
    "Merged",
    "Retry",
    "RunEnded",
    "RunPaused",
    "RunPrepared",
    "RunReplanned",
    "RunResumed",
    "RunStarted",
    "RunStatus",
    "StreamText",
    "Thinking",
    "TicketChanged",
    "ToolCalled",
    "ToolResulted",
    "UsageReported",
    "WorkerEnded",
    "WorkerStarted",
    "dump_event",
    "parse_event",
    "utc_now",
]

RunStatus = Literal["planning", "running", "paused", "done", "blocked", "cancelled", "failed"]


def utc_now() -> datetime:
    """Now, aware, in UTC."""
    return datetime.now(UTC)


class EventBase(Shape):
    """What every event has. seq is given by `publish()`; 0 means not yet published."""

    seq: int = 0
    time: datetime = Field(default_factory=utc_now)
    run_id: str | None = None


class RunStarted(EventBase):
    """A run begins; track_id is None for a planning run."""

    kind: Literal["run_started"] = "run_started"
    track_id: str | None
    mode: Mode
    workers: int
    budget_usd: float | None = None


class RunPrepared(EventBase):
    """What a run starts from: its title, tickets, and the commit and branch of the person's that it is based on.

    planned_track_id is the track that a planning run plans; None where it plans an epic, and for a working run.
    """

    kind: Literal["run_prepared"] = "run_prepared"
    title: str
    tickets: tuple[TicketSpec, ...] = ()
    base_commit: str | None = None
    base_branch: str | None = None
    planned_track_id: str | None = None


class RunReplanned(EventBase):
    """All tickets of a run that is under way, as they are from now on: those that had not started may differ."""

    kind: Literal["run_replanned"] = "run_replanned"
    tickets: tuple[TicketSpec, ...]


class RunEnded(EventBase):
    """A run ended: done, blocked, cancelled or failed, and why."""

    kind: Literal["run_ended"] = "run_ended"
    status: RunStatus
    reason: str | None = None


class RunPaused(EventBase):
    """No new ticket starts until the run is resumed."""

    kind: Literal["run_paused"] = "run_paused"


class RunResumed(EventBase):
    """A paused run goes on."""

    kind: Literal["run_resumed"] = "run_resumed"


class BudgetChanged(EventBase):
    """The limits of a run from now on, None for none; run_started has the first one in money."""

    kind: Literal["budget_changed"] = "budget_changed"
    budget_usd: float | None = None
    budget_tokens: int | None = None


class TicketChanged(EventBase):
    """Where a ticket stands now."""

    kind: Literal["ticket_changed"] = "ticket_changed"
    ticket_id: str
    status: TicketStatus
    reason: str | None = None
    attempt: int = 0


class WorkerStarted(EventBase):
    """An agent of any tier opened its stream."""

    kind: Literal["worker_started"] = "worker_started"
    stream_id: str
    tier: int
    ticket_id: str | None = None
    attempt: int = 1
    provider: str
    model: str


class WorkerEnded(EventBase):
    """An agent closed its stream: finished, failed or cancelled."""

    kind: Literal["worker_ended"] = "worker_ended"
    stream_id: str
    outcome: Literal["finished", "failed", "cancelled"]
    error: str | None = None


class StreamText(EventBase):
    """A piece of the text that the provider sent, to the character."""

    kind: Literal["stream_text"] = "stream_text"
    stream_id: str
    text: str


class Thinking(EventBase):
    """A piece of the model's thinking; never part of the stream's text."""

    kind: Literal["thinking"] = "thinking"
    stream_id: str
    text: str


class ToolCalled(EventBase):
    """A tool is about to be carried out, allowed by policy or by a person."""

    kind: Literal["tool_call"] = "tool_call"
    stream_id: str
    call_id: str
    name: str
    arguments: Any


class ToolResulted(EventBase):
    """What the model is told of a tool call."""

    kind: Literal["tool_result"] = "tool_result"
    stream_id: str
    call_id: str
    name: str
    ok: bool
    output: str


class ApprovalRequested(EventBase):
    """A decision is waited for."""

    kind: Literal["approval_requested"] = "approval_requested"
    approval: Approval


class ApprovalResolved(EventBase):
    """A decision was made, or expired with a reason in its note."""

    kind: Literal["approval_resolved"] = "approval_resolved"
    approval: Approval


class UsageReported(EventBase):
    """What the provider counted for one response; never a total."""

    kind: Literal["usage"] = "usage"
    stream_id: str
    tier: int
    ticket_id: str | None = None
    model: str
    usage: Usage


class ContextReported(EventBase):
    """What the request that is about to be sent is made of, or, after its answer, what the provider counted."""

    kind: Literal["context"] = "context"
    stream_id: str
    report: ContextReport


class ContextExplained(EventBase):
    """Why each part of the last reported context is there: a sentence for each, in the parts' order."""

    kind: Literal["context_explained"] = "context_explained"
    stream_id: str
    reasons: tuple[str, ...]


class Retry(EventBase):
    """The identical request is sent again: what came of the last answer stays in the stream, before this mark.

    attempt is the send that is about to come; 1 is one that waits because the provider has asked others to.
    """

    kind: Literal["retry"] = "retry"
    stream_id: str
    reason: str
    wait_s: float
    attempt: int


class Merged(EventBase):
    """A ticket's work is in the integration branch."""

    kind: Literal["merged"] = "merged"
    ticket_id: str
    commit: str


class Applied(EventBase):
    """The integration branch is in the person's branch."""

    kind: Literal["applied"] = "applied"
    commit: str


class Fault(EventBase):
    """Something failed: where, what happened, and what to do next."""

    kind: Literal["fault"] = "fault"
    where: str
    message: str
    hint: str = ""


Event = Annotated[
    RunStarted
    | RunPrepared
    | RunReplanned
    | RunEnded
    | RunPaused
    | RunResumed
    | BudgetChanged
    | TicketChanged
    | WorkerStarted
    | WorkerEnded
    | StreamText
    | Thinking
    | ToolCalled
    | ToolResulted
    | ApprovalRequested
    | ApprovalResolved
    | UsageReported
    | ContextReported
    | ContextExplained
    | Retry
    | Merged
    | Applied
    | Fault,
    Field(discriminator="kind"),
]

_EVENT: TypeAdapter[Event] = TypeAdapter(Event)

# The kinds that may be subscribed to, in the protocol's order.
EVENT_KINDS: tuple[str, ...] = (
    "run_started",
    "run_ended",
    "run_paused",
    "run_resumed",
    "ticket_changed",
    "worker_started",
    "worker_ended",
    "stream_text",
    "thinking",
    "tool_call",
    "tool_result",
    "approval_requested",
    "approval_resolved",
    "usage",
    "context",
    "retry",
    "merged",
    "applied",
    "fault",
)


def dump_event(event: Event) -> str:
    """An event as one line of JSON, which `parse_event` reads back to an equal event."""
    try:
        return event.model_dump_json()
    except PydanticSerializationError:  # half a surrogate pair, as models do send: not UTF-8, but JSON escapes hold it
        return json.dumps(event.model_dump(mode="json"))


def parse_event(text: str | bytes) -> Event:
    """An event from its JSON, as `dump_event` wrote it. Raises pydantic.ValidationError."""
    try:
        return _EVENT.validate_json(text)
    except ValidationError as error:
        try:
            plain = json.loads(text)
        except ValueError:
            raise error from None
        return _EVENT.validate_python(plain)
