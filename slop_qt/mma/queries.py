"""Answers from the session's state, in the shapes of the automation protocol."""

from collections.abc import Sequence

from slop_qt.core.context import ContextReport
from slop_qt.core.errors import NotFoundError
from slop_qt.core.state import RunState, SessionState
from slop_qt.core.stream_state import StreamState
from slop_qt.core.streams import TIERS, tier_name
from slop_qt.core.tickets import Ticket, TicketSpec, as_they_stand
from slop_qt.core.usage import NO_USAGE
from slop_qt.mma import shapes

__all__ = ["context_of", "list_runs", "newest_run_of", "read_stream", "status_of", "usage_of", "with_run_state"]


def status_of(run: RunState | None) -> shapes.MmaStatus:
    """MMA status of a run; with no run its fields are empty."""
    if run is None:
        return shapes.MmaStatus(
            run_id=None,
            track_id=None,
            status=None,
            mode=None,
            tickets=(),
            mma_streams={},
            tier_usage={tier_name(tier): NO_USAGE for tier in TIERS},
            pending_approvals=(),
            cost_usd=NO_USAGE.cost_usd,
            budget_usd=None,
        )
    return shapes.MmaStatus(
        run_id=run.run_id,
        track_id=run.track_id,
        status=run.status,
        mode=run.mode,
        tickets=tuple(run.tickets.values()),
        mma_streams={stream_id: stream.text for stream_id, stream in run.streams.items()},
        tier_usage=run.usage_by_tier(),
        pending_approvals=tuple(run.pending_approvals),
        cost_usd=run.usage_total().cost_usd,
        budget_usd=run.budget_usd,
    )


def list_runs(state: SessionState) -> shapes.Runs:
    """All runs, newest first."""
    summaries = []
    for run in reversed(state.runs.values()):
        usage = run.usage_total()
        summaries.append(
            shapes.RunSummary(
                run_id=run.run_id,
                track_id=run.track_id,
                title=run.title,
                status=run.status,
                reason=run.reason,
                started_at=run.started_at,
                ended_at=run.ended_at,
                applied_commit=run.applied_commit,
                usage=usage,
                cost_usd=usage.cost_usd,
            )
        )
    return shapes.Runs(runs=tuple(summaries))


def newest_run_of(state: SessionState, track_id: str) -> RunState | None:
    """The run of that track that started last."""
    return next((run for run in reversed(state.runs.values()) if run.track_id == track_id), None)


def read_stream(run: RunState, stream_id: str, offset: int) -> shapes.StreamPage:
    """A stream's text from an offset in code points.

    Raises:
        NotFoundError: the run has no such stream.
    """
    stream = _stream(run, stream_id)
    return shapes.StreamPage(text=stream.text[offset:], next_offset=stream.length, closed=stream.closed)


def context_of(run: RunState, stream_id: str) -> ContextReport:
    """What the last request of a stream is made of.

    Raises:
        NotFoundError: the run has no such stream, or the stream has sent no request yet.
    """
    report = _stream(run, stream_id).report
    if report is None:
        reported = ", ".join(name for name, stream in run.streams.items() if stream.report is not None) or "none yet"
        raise NotFoundError(f"Stream {stream_id} has sent no request yet.", f"Streams with requests: {reported}.")
    return report


def _stream(run: RunState, stream_id: str) -> StreamState:
    stream = run.streams.get(stream_id)
    if stream is None:
        known = ", ".join(run.streams) or "none yet"
        raise NotFoundError(f"Run {run.run_id} has no stream {stream_id}.", f"Streams: {known}.")
    return stream


def usage_of(run: RunState) -> shapes.UsageStats:
    """What a run's responses came to."""
    return shapes.UsageStats(
        by_tier=run.usage_by_tier(),
        by_ticket=run.usage_by_ticket(),
        by_model=run.usage_by_model(),
        total=run.usage_total(),
    )


def with_run_state(state: SessionState, track_id: str, planned: Sequence[TicketSpec]) -> tuple[Ticket, ...]:
    """The planned tickets, with where each stands in the track's newest run."""
    newest = newest_run_of(state, track_id)
    return as_they_stand(planned, newest.tickets if newest is not None else {})
