"""What each status looks like: an icon, a word and a colour, never colour alone."""

from dataclasses import dataclass

from slop_qt.core.approvals import ApprovalKind
from slop_qt.core.events import RunStatus
from slop_qt.core.stream_state import StreamState
from slop_qt.core.tickets import TicketStatus
from slop_qt.core.tracks import TrackStatus

__all__ = ["Look", "approval_look", "run_look", "stream_look", "ticket_look", "track_look"]


@dataclass(frozen=True, slots=True)
class Look:
    """icon is a name in resources/icons, color a token's name."""

    icon: str
    word: str
    color: str


_TICKETS = {
    TicketStatus.PENDING: Look("idle", "Pending", "idle"),
    TicketStatus.READY: Look("ready", "Ready", "waiting"),
    TicketStatus.RUNNING: Look("running", "Running", "running"),
    TicketStatus.VERIFYING: Look("verify", "Verifying", "running"),
    TicketStatus.REVIEW: Look("review", "Review", "waiting"),
    TicketStatus.MERGING: Look("merge", "Merging", "running"),
    TicketStatus.DONE: Look("done", "Done", "done"),
    TicketStatus.BLOCKED: Look("blocked", "Blocked", "failed"),
    TicketStatus.SKIPPED: Look("skipped", "Skipped", "blocked"),
    TicketStatus.CANCELLED: Look("cancelled", "Cancelled", "idle"),
}

_RUNS: dict[RunStatus, Look] = {
    "planning": Look("thinking", "Planning", "running"),
    "running": Look("running", "Running", "running"),
    "paused": Look("pause", "Paused", "waiting"),
    "done": Look("done", "Done", "done"),
    "blocked": Look("blocked", "Blocked", "failed"),
    "cancelled": Look("cancelled", "Cancelled", "idle"),
    "failed": Look("failed", "Failed", "failed"),
}

_TRACKS = {
    TrackStatus.NEW: Look("track", "New", "idle"),
    TrackStatus.IN_PROGRESS: Look("track", "In progress", "running"),
    TrackStatus.DONE: Look("done", "Done", "done"),
    TrackStatus.BLOCKED: Look("blocked", "Blocked", "failed"),
}

_RUNNING = Look("running", "Running", "running")
_OUTCOMES = {
    "finished": Look("done", "Finished", "done"),
    "failed": Look("failed", "Failed", "failed"),
    "cancelled": Look("cancelled", "Cancelled", "idle"),
}

_APPROVALS = {
    ApprovalKind.SPAWN: Look("spawn", "Start a worker", "waiting"),
    ApprovalKind.STEP: Look("step", "Next turn", "waiting"),
    ApprovalKind.EDIT: Look("edit", "Edit a file", "waiting"),
    ApprovalKind.COMMAND: Look("command", "Run a command", "waiting"),
    ApprovalKind.MERGE: Look("merge", "Merge", "waiting"),
    ApprovalKind.TOOL: Look("tool", "Use a tool", "waiting"),
    ApprovalKind.QUESTION: Look("question", "Question", "waiting"),
}


def ticket_look(status: TicketStatus) -> Look:
    """How a ticket's status is shown."""
    return _TICKETS[status]


def run_look(status: RunStatus) -> Look:
    """How a run's status is shown."""
    return _RUNS[status]


def track_look(status: TrackStatus) -> Look:
    """How a track's status is shown."""
    return _TRACKS[status]


def stream_look(stream: StreamState) -> Look:
    """How an agent stands: running, or how it ended."""
    if not stream.closed:
        return _RUNNING
    return _OUTCOMES.get(stream.outcome or "", _OUTCOMES["finished"])


def approval_look(kind: ApprovalKind) -> Look:
    """How a kind of approval is shown."""
    return _APPROVALS[kind]
