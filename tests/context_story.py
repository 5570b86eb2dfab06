"""Requests of every kind and size, as reports: what the Tokens panel has to show."""

from datetime import timedelta
from typing import Any

import story

from slop_qt.core import events as ev
from slop_qt.core.context import CacheReport, ContextPart, ContextReport, Measured, Trimming
from slop_qt.core.events import utc_now
from slop_qt.core.usage import Usage

STREAM = "Tier 3: T-006"
TRIMMED = (
    Trimming(label="read_file pocketbook/tables.py", tokens=5123, reason="The oldest result that may go."),
    Trimming(label="run_command python -m unittest -v", tokens=4377, reason="The next oldest result."),
    Trimming(label="read_file tests/test_tables.py", tokens=2800, reason="The next oldest result."),
)
_PARTS: tuple[tuple[Any, str, int, bool, str], ...] = (
    ("system", "System prompt", 612, True, "It says what Tier 3 is for."),
    ("tools", "9 tools", 1204, True, "Tools of Tier 3."),
    ("prompt", "Task of Tier 3", 430, True, "It says how a worker goes about its ticket."),
    ("docs", "product.md", 1880, True, "What this project is, for every agent."),
    ("ticket", "T-006 Align table columns", 390, True, "It is the worker's ticket."),
    ("file", "pocketbook/tables.py", 6240, True, "The ticket declares it."),
    ("file", "tests/test_tables.py", 2818, True, "The ticket declares it."),
    ("outline", "pocketbook/report.py", 512, True, "T-007, which depends on this ticket, declares it."),
    ("outline", "pocketbook/money.py", 447, True, "It is imported by pocketbook/tables.py."),
    ("range", "pocketbook/balances.py, lines 40 to 88", 702, True, "A person wants these lines to go along."),
    ("dependency", "Result of T-001", 233, True, "This ticket depends on T-001."),
    ("history", "7 messages", 1391, False, "What the agent has said so far."),
    ("tool_result", "read_file pocketbook/tables.py", 5123, False, "Result of turn 2, read by the agent."),
    ("tool_result", "run_command python -m unittest -v", 4377, False, "Result of turn 3: the agent ran it."),
    ("tool_result", "read_file tests/test_tables.py", 2800, False, "Result of turn 4, read by the agent."),
)
REASONS = tuple(reason for *_, reason in _PARTS)


def report(
    *,
    measured: Measured = "estimate",
    limit_tokens: int = 40_000,
    cache: CacheReport | None = None,
    would_trim: tuple[Trimming, ...] = (),
    tail: int = 0,
) -> ContextReport:
    """A worker's eighth request; tail is added to its last part."""
    parts = [ContextPart(kind=kind, label=label, tokens=number, cached=hit) for kind, label, number, hit, _ in _PARTS]
    parts[-1] = parts[-1].model_copy(update={"tokens": parts[-1].tokens + tail})
    return ContextReport(
        model="claude-haiku-4-5",
        limit_tokens=limit_tokens,
        used_tokens=sum(part.tokens for part in parts),
        measured=measured,
        parts=tuple(parts),
        would_trim=would_trim,
        cache=cache or warm(),
    )


def warm(seconds: float | None = 252.5) -> CacheReport:
    """A cache that lives for so long from now on; None: nobody knows how long."""
    expires_at = utc_now() + timedelta(seconds=seconds) if seconds is not None else None
    return CacheReport(state="warm", prefix_tokens=15_468, expires_at=expires_at)


def reported(of: ContextReport, stream_id: str = STREAM, run_id: str = story.RUN) -> ev.ContextReported:
    """As an event of that stream."""
    return ev.ContextReported(run_id=run_id, stream_id=stream_id, report=of)


def explained(stream_id: str = STREAM, reasons: tuple[str, ...] = REASONS) -> ev.ContextExplained:
    """Why its parts are there."""
    return ev.ContextExplained(run_id=story.RUN, stream_id=stream_id, reasons=reasons)


def used(read: int, written: int, stream_id: str = STREAM) -> ev.UsageReported:
    """What the stream's last response cost."""
    usage = Usage(
        requests=1,
        input_tokens=29_159,
        output_tokens=420,
        cache_read_tokens=read,
        cache_write_tokens=written,
        cost_usd=0.0121,
    )
    return ev.UsageReported(
        run_id=story.RUN, stream_id=stream_id, tier=3, ticket_id="T-006", model="claude-haiku-4-5", usage=usage
    )


def several() -> list[ev.Event]:
    """After story.running: streams in every state of a cache, at every fill."""
    broken = CacheReport(state="cold", prefix_tokens=15_468, broken_by="read_file src/a.py was left out to make room")
    over = utc_now() - timedelta(seconds=30)
    expired = CacheReport(state="expired", prefix_tokens=15_468, expires_at=over)
    return [
        reported(report(would_trim=TRIMMED)),
        explained(),
        used(18_200, 1_040),
        reported(report(cache=broken, limit_tokens=32_000, measured="provider"), "Tier 3: T-003"),
        reported(report(cache=expired, limit_tokens=200_000), "Tier 3: T-005 #2"),
        reported(report(cache=CacheReport(state="none"), limit_tokens=0), "Tier 4: T-005 #1"),
        reported(report(cache=CacheReport(state="unknown"), limit_tokens=28_000), "Tier 3: T-001"),
    ]
