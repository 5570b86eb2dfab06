"""Hypothesis strategies for events that belong together: few runs, streams and tickets, all kinds."""

from datetime import UTC, datetime, timedelta

from hypothesis import strategies as st

from slop_qt.core import events as ev
from slop_qt.core.approvals import Approval, ApprovalKind, ApprovalState, CommandPayload, Mode, QuestionPayload
from slop_qt.core.context import CacheReport, ContextPart, ContextReport
from slop_qt.core.tickets import TicketSpec, TicketStatus
from slop_qt.core.usage import Usage

RUN_IDS = st.sampled_from(["R-1", "R-2"])
STREAM_IDS = st.sampled_from(["Tier 1", "Tier 3: T-1", "Tier 3: T-2 #2"])
TICKET_IDS = st.sampled_from(["T-1", "T-2"])
TIMES = st.integers(0, 10**16).map(lambda count: datetime(2000, 1, 1, tzinfo=UTC) + timedelta(microseconds=count))
TEXTS = st.text(max_size=40)
COUNTS = st.integers(0, 10**9)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXTS,
    lambda children: st.lists(children, max_size=3) | st.dictionaries(TEXTS, children, max_size=3),
    max_leaves=6,
)
USAGES = st.builds(
    Usage,
    requests=st.integers(0, 3),
    input_tokens=COUNTS,
    output_tokens=COUNTS,
    cache_read_tokens=COUNTS,
    cache_write_tokens=COUNTS,
    reasoning_tokens=COUNTS,
    cost_usd=st.none() | st.floats(0, 1e6),
)
APPROVALS = st.builds(
    Approval,
    id=st.sampled_from(["A-1", "A-2", "A-3"]),
    kind=st.sampled_from(ApprovalKind),
    run_id=RUN_IDS,
    title=TEXTS,
    payload=st.builds(CommandPayload, command=TEXTS | st.tuples(TEXTS, TEXTS), cwd=TEXTS)
    | st.builds(QuestionPayload, text=TEXTS, choices=st.tuples(TEXTS)),
    state=st.sampled_from(ApprovalState),
    requested_at=TIMES,
    note=st.none() | TEXTS,
)
REPORTS = st.builds(
    ContextReport,
    model=TEXTS,
    limit_tokens=COUNTS,
    used_tokens=COUNTS,
    measured=st.sampled_from(["provider", "estimate"]),
    parts=st.lists(st.builds(ContextPart, kind=st.just("file"), label=TEXTS, tokens=COUNTS, cached=st.booleans())).map(
        tuple
    ),
    cache=st.builds(CacheReport, state=st.sampled_from(["warm", "cold"]), expires_at=st.none() | TIMES),
)
_SPECS = st.builds(
    TicketSpec, id=TICKET_IDS, title=st.text(min_size=1, max_size=9), brief=TEXTS, verify=st.none() | TEXTS
)
_TICKETS = st.lists(_SPECS, max_size=3, unique_by=lambda spec: spec.id).map(tuple)
_HEAD = {"run_id": RUN_IDS, "time": TIMES}
_OF_STREAM = _HEAD | {"stream_id": STREAM_IDS}

RUN_STARTED = st.builds(
    ev.RunStarted,
    **_HEAD,
    track_id=st.none() | TEXTS,
    mode=st.sampled_from(Mode),
    workers=st.integers(1, 64),
    budget_usd=st.none() | st.floats(0, 100),
)
RUN_PREPARED = st.builds(
    ev.RunPrepared,
    **_HEAD,
    title=TEXTS,
    tickets=_TICKETS,
    base_commit=st.none() | TEXTS,
)
WORKER_STARTED = st.builds(
    ev.WorkerStarted,
    **_OF_STREAM,
    tier=st.integers(1, 4),
    ticket_id=st.none() | TICKET_IDS,
    attempt=st.integers(1, 9),
    provider=TEXTS,
    model=TEXTS,
)
EVENTS = st.one_of(
    RUN_STARTED,
    RUN_PREPARED,
    st.builds(ev.RunReplanned, **_HEAD, tickets=_TICKETS),
    st.builds(ev.BudgetChanged, **_HEAD, budget_usd=st.none() | st.floats(0, 9), budget_tokens=st.none() | COUNTS),
    st.builds(ev.RunEnded, **_HEAD, status=st.sampled_from(["done", "blocked", "failed"]), reason=st.none() | TEXTS),
    st.builds(ev.RunPaused, **_HEAD),
    st.builds(ev.RunResumed, **_HEAD),
    st.builds(
        ev.TicketChanged,
        **_HEAD,
        ticket_id=TICKET_IDS,
        status=st.sampled_from(TicketStatus),
        reason=st.none() | TEXTS,
        attempt=st.integers(0, 9),
    ),
    WORKER_STARTED,
    st.builds(ev.WorkerEnded, **_OF_STREAM, outcome=st.sampled_from(["finished", "failed"]), error=st.none() | TEXTS),
    st.builds(ev.StreamText, **_OF_STREAM, text=TEXTS),
    st.builds(ev.Thinking, **_OF_STREAM, text=TEXTS),
    st.builds(ev.ToolCalled, **_OF_STREAM, call_id=TEXTS, name=TEXTS, arguments=JSON),
    st.builds(ev.ToolResulted, **_OF_STREAM, call_id=TEXTS, name=TEXTS, ok=st.booleans(), output=TEXTS),
    st.builds(ev.ApprovalRequested, **_HEAD, approval=APPROVALS),
    st.builds(ev.ApprovalResolved, **_HEAD, approval=APPROVALS),
    st.builds(
        ev.UsageReported,
        **_OF_STREAM,
        tier=st.integers(1, 4),
        ticket_id=st.none() | TICKET_IDS,
        model=st.sampled_from(["large", "small"]),
        usage=USAGES,
    ),
    st.builds(ev.ContextReported, **_OF_STREAM, report=REPORTS),
    st.builds(ev.ContextExplained, **_OF_STREAM, reasons=st.lists(TEXTS, max_size=3).map(tuple)),
    st.builds(ev.Retry, **_OF_STREAM, reason=TEXTS, wait_s=st.floats(0, 120), attempt=st.integers(2, 5)),
    st.builds(ev.Merged, **_HEAD, ticket_id=TICKET_IDS, commit=TEXTS),
    st.builds(ev.Applied, **_HEAD, commit=TEXTS),
    st.builds(ev.Fault, run_id=st.none() | RUN_IDS, time=TIMES, where=TEXTS, message=TEXTS, hint=TEXTS),
)


@st.composite
def histories(draw: st.DrawFn) -> list[ev.Event]:
    """A sequence of events of which most have a run and a stream to belong to."""
    opening = [draw(RUN_STARTED), draw(RUN_PREPARED), draw(WORKER_STARTED), draw(RUN_STARTED), draw(WORKER_STARTED)]
    return [*opening, *draw(st.lists(EVENTS, max_size=40))]
