"""Parameters and results of the commands: the automation protocol's methods, to the letter."""

from typing import Annotated, Any, Literal

from pydantic import Field

from slop_qt.core.approvals import Approval, Mode, Verdict
from slop_qt.core.events import RunStatus
from slop_qt.core.shape import Shape
from slop_qt.core.tickets import Ticket, TicketSpec
from slop_qt.core.tracks import Track, TrackDraft
from slop_qt.core.usage import Usage

__all__ = [
    "AcceptTracks",
    "AppInfo",
    "ApprovalResult",
    "Approvals",
    "Commit",
    "Diff",
    "DiffRun",
    "MmaStatus",
    "Nothing",
    "OpenProject",
    "PlanEpic",
    "ProjectOpened",
    "ReadStream",
    "ResolveApproval",
    "ResumeRun",
    "RunRef",
    "RunStarted",
    "RunStatusResult",
    "RunSummary",
    "Runs",
    "SetTickets",
    "StartRun",
    "StreamPage",
    "StreamRef",
    "TicketsPlanned",
    "TicketsSet",
    "TrackRef",
    "TrackShown",
    "Tracks",
    "TracksPlanned",
    "TracksProposed",
    "UsageStats",
    "WaitRun",
]


class Nothing(Shape):
    """No parameters, or an empty result."""


class OpenProject(Shape):
    """The absolute path of a git repository's top folder; ~ is the person's home."""

    path: str


class PlanEpic(Shape):
    """What the person wants, in their words."""

    text: Annotated[str, Field(min_length=1)]


class AcceptTracks(Shape):
    """The proposal as the person accepted it; written to conductor/."""

    run_id: str
    tracks: tuple[TrackDraft, ...]


class TrackRef(Shape):
    """A track by its id."""

    track_id: str


class SetTickets(Shape):
    """The whole graph of a track; run-time fields are taken and ignored."""

    track_id: str
    tickets: tuple[Ticket, ...]

    def specs(self) -> tuple[TicketSpec, ...]:
        """The tickets as planned."""
        fields = set(TicketSpec.model_fields)
        return tuple(TicketSpec(**ticket.model_dump(include=fields)) for ticket in self.tickets)


class StartRun(Shape):
    """What to run, and what differs from the settings."""

    track_id: str
    mode: Mode | None = None
    workers: Annotated[int, Field(ge=1, le=64)] | None = None
    budget_usd: Annotated[float, Field(gt=0)] | None = None


class RunRef(Shape):
    """A run; None is the newest."""

    run_id: str | None = None


class ResumeRun(RunRef):
    """Resume, perhaps with another budget."""

    budget_usd: Annotated[float, Field(gt=0)] | None = None


class WaitRun(RunRef):
    """Wait for a run's end, for timeout_s seconds at most (None: for ever)."""

    timeout_s: Annotated[float, Field(ge=0)] | None = None


class DiffRun(RunRef):
    """The diff of a run, or of one of its tickets."""

    ticket_id: str | None = None


class StreamRef(RunRef):
    """A stream of a run."""

    stream_id: str


class ReadStream(StreamRef):
    """A stream's text from offset, in Unicode code points."""

    offset: Annotated[int, Field(ge=0)] = 0


class ResolveApproval(Shape):
    """A decision on one approval; edited is {field: value} with fields of `editable` only."""

    id: str
    decision: Verdict
    edited: dict[str, Any] | None = None
    note: str | None = None
    remember: bool = False


class AppInfo(Shape):
    """Who answers."""

    name: Literal["slop_qt"] = "slop_qt"
    version: str
    protocol: Literal[1] = 1
    pid: int
    project: str | None
    headless: bool


class ProjectOpened(Shape):
    """The repository's top folder."""

    project: str


class TracksProposed(Shape):
    """What Tier 1 proposes, not yet written anywhere."""

    run_id: str
    tracks: tuple[TrackDraft, ...]


class TracksPlanned(Shape):
    """The tracks that a planning run wrote."""

    run_id: str
    tracks: tuple[Track, ...]


class Tracks(Shape):
    """All tracks of the project."""

    tracks: tuple[Track, ...]


class TrackShown(Shape):
    """A track with its files; the tickets are as the track's newest run has them, else as planned."""

    track: Track
    spec: str
    plan: str
    tickets: tuple[Ticket, ...]


class TicketsPlanned(Shape):
    """The tickets that a planning run wrote."""

    run_id: str
    tickets: tuple[Ticket, ...]


class TicketsSet(Shape):
    """The tickets as written."""

    tickets: tuple[Ticket, ...]


class RunStarted(Shape):
    """The run that began."""

    run_id: str


class RunStatusResult(Shape):
    """Where the run stands after the call."""

    status: RunStatus


class Diff(Shape):
    """A unified diff; empty where nothing changed."""

    diff: str


class Commit(Shape):
    """A commit's full name."""

    commit: str


class RunSummary(Shape):
    """One run in `run.list`."""

    run_id: str
    track_id: str | None
    title: str
    status: RunStatus
    reason: str | None
    started_at: str
    ended_at: str | None
    applied_commit: str | None
    usage: Usage
    cost_usd: float | None


class Runs(Shape):
    """Newest first."""

    runs: tuple[RunSummary, ...]


class MmaStatus(Shape):
    """Everything about one run at one moment."""

    run_id: str | None
    track_id: str | None
    status: RunStatus | None
    mode: Mode | None
    tickets: tuple[Ticket, ...]
    mma_streams: dict[str, str]
    tier_usage: dict[str, Usage]
    pending_approvals: tuple[Approval, ...]
    cost_usd: float | None
    budget_usd: float | None


class StreamPage(Shape):
    """A stretch of a stream."""

    text: str
    next_offset: int
    closed: bool


class Approvals(Shape):
    """Pending, oldest first."""

    approvals: tuple[Approval, ...]


class ApprovalResult(Shape):
    """The approval as it stands after the decision."""

    approval: Approval


class UsageStats(Shape):
    """Sums of what the providers reported."""

    by_tier: dict[str, Usage]
    by_ticket: dict[str, Usage]
    by_model: dict[str, Usage]
    total: Usage
