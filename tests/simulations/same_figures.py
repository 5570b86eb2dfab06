"""The same figures everywhere: journal, socket, status, panel and reports, and what the servers said themselves."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import pytest
from simulation_support import Project, until
from window_support import LiveFeed

from slop_qt.automation import Client
from slop_qt.core.context import ContextReport
from slop_qt.core.events import ContextReported, Event, RunPrepared, RunStarted, UsageReported
from slop_qt.core.ledger import DIMENSIONS, Dimension
from slop_qt.core.streams import TIERS, tier_name
from slop_qt.core.usage import Usage, total_usage
from slop_qt.qt.event_bridge import EventBridge
from slop_qt.qt.roles import Role
from slop_qt.qt.usage_model import UsageModel
from slop_qt.store.journal import Journal

__all__ = ["Said", "SameFigures", "check_panel", "check_same_figures", "journal_of"]

# What a server said that a response was: tier, ticket (None for planning), model, and its counts without a price.
Said = tuple[int, str | None, str, Usage]
SameFigures = Callable[..., None]
Figures = dict[Any, Usage]


def journal_of(project: Project) -> list[Event]:
    """Every event that is on disk."""
    (path,) = project.data.rglob("journal.sqlite3")
    return list(Journal(path).read())


def check_same_figures(project: Project, client: Client | None = None, said: Iterable[Said] | None = None) -> None:
    """Hold everything that counts tokens against the journal's `usage` events, run by run, to the token.

    client asks the application that is running, if one is. said is what the servers counted, of all runs together, if
    that is known. Needs a QApplication, and an application that is between two requests.
    """
    events = journal_of(project) if client is None else until(lambda: _settled(project, client), "the journal")
    used = [event for event in events if isinstance(event, UsageReported)]
    if said is not None:
        ours = Counter((one.tier, one.ticket_id, one.model, _unpriced(one.usage)) for one in used)
        theirs = Counter(said)
        assert ours == theirs, f"we alone: {list(ours - theirs)}; the servers alone: {list(theirs - ours)}"
    _check_reports(events)
    feed = LiveFeed()
    feed.publish(*events)
    model = UsageModel(EventBridge(feed))
    check_panel(model, events)
    if client is not None:
        _check_socket(client, events)
        until(lambda: _reports_agree(project, client), "the journal's last report of each stream to be the socket's")


def check_panel(model: UsageModel, events: Sequence[Event]) -> None:
    """The rows of the panel's model, of each run and of all, are the sums of the journal."""
    runs = {event.run_id for event in events if event.run_id is not None}
    tracks = {event.run_id: event.track_id for event in events if isinstance(event, RunStarted) and event.track_id}
    tracks |= {
        event.run_id: event.planned_track_id
        for event in events
        if isinstance(event, RunPrepared) and event.planned_track_id
    }
    for run_id in (None, *runs):
        used = [event for event in _used(events) if run_id in {None, event.run_id}]
        model.show_run(run_id)
        for dimension in DIMENSIONS:
            model.group_by(dimension)
            *rows, total = (model.index(row, 0) for row in range(model.rowCount()))
            found = {row.data(Role.ID): row.data(Role.VALUE) for row in rows}
            _same(found, _panel_groups(used, dimension, tracks))
            _same({"Total": total.data(Role.VALUE)}, {"Total": total_usage(one.usage for one in used)})


def _check_socket(client: Client, events: Sequence[Event]) -> None:
    """`usage.stats`, `mma.status` and `run.list`."""
    for run in client.call("run.list")["runs"]:
        run_id = run["run_id"]
        used = [event for event in _used(events) if event.run_id == run_id]
        tiers = {**{tier_name(tier): total_usage(()) for tier in TIERS}, **_by(used, lambda one: tier_name(one.tier))}
        total = total_usage(one.usage for one in used)
        stats = client.call("usage.stats", run_id=run_id)
        status = client.get_mma_status(run_id)
        _same(_parsed(stats["by_tier"]), tiers)
        _same(_parsed(stats["by_ticket"]), _by([one for one in used if one.ticket_id], lambda one: one.ticket_id or ""))
        _same(_parsed(stats["by_model"]), _by(used, lambda one: one.model))
        _same(_parsed({"stats": stats["total"], "list": run["usage"]}), {"stats": total, "list": total})
        _same(_parsed(status["tier_usage"]), tiers)
        assert status["cost_usd"] == pytest.approx(total.cost_usd)


def _reports_agree(project: Project, client: Client) -> bool:
    """Whether `context.report` is the journal's last of each stream: one that has just been made is not there yet."""
    told = [event for event in journal_of(project) if isinstance(event, ContextReported)]
    for (run_id, stream_id), report in {(event.run_id, event.stream_id): event.report for event in told}.items():
        shown = client.call("context.report", run_id=run_id, stream_id=stream_id)
        if ContextReport.model_validate(shown) != report:
            return False
    return True


def _check_reports(events: Sequence[Event]) -> None:
    """Every report's parts sum to it; one that follows an answer has the answer's own count."""
    answered: dict[tuple[str | None, str], Usage] = {}
    for event in events:
        if isinstance(event, UsageReported):
            answered[event.run_id, event.stream_id] = event.usage
        elif isinstance(event, ContextReported):
            report = event.report
            assert sum(part.tokens for part in report.parts) == report.used_tokens
            assert sum(part.tokens for part in report.parts if part.cached) == report.cache.prefix_tokens
            usage = answered.pop((event.run_id, event.stream_id), None)
            if usage is not None and usage.input_tokens:
                assert (report.used_tokens, report.measured) == (usage.input_tokens, "provider"), event.stream_id


def _settled(project: Project, client: Client) -> list[Event] | None:
    """The journal, once it has all that the application knows of."""
    events = journal_of(project)
    written: dict[str | None, int] = defaultdict(int)
    for event in _used(events):
        written[event.run_id] += event.usage.requests
    known = {run["run_id"]: run["usage"]["requests"] for run in client.call("run.list")["runs"]}
    return events if all(written[run_id] >= requests for run_id, requests in known.items()) else None


def _used(events: Iterable[Event]) -> list[UsageReported]:
    return [event for event in events if isinstance(event, UsageReported)]


def _unpriced(usage: Usage) -> Usage:
    return usage.model_copy(update={"cost_usd": None})


def _by(used: Iterable[UsageReported], name: Callable[[UsageReported], Any]) -> Figures:
    groups: dict[Any, list[Usage]] = defaultdict(list)
    for event in used:
        groups[name(event)].append(event.usage)
    return {group: total_usage(usages) for group, usages in groups.items()}


def _panel_groups(used: Sequence[UsageReported], dimension: Dimension, tracks: dict[str | None, str | None]) -> Figures:
    """What the panel's rows should be: by the group's key, each its sum."""
    keys: dict[Dimension, Callable[[UsageReported], Any]] = {
        "run": lambda one: one.run_id,
        "track": lambda one: tracks.get(one.run_id),
        "ticket": lambda one: (tracks.get(one.run_id), one.ticket_id) if one.ticket_id else None,
        "tier": lambda one: one.tier,
        "model": lambda one: one.model,
        "day": lambda one: one.time.astimezone().date().isoformat(),
    }
    empty = {tier: total_usage(()) for tier in TIERS} if dimension == "tier" else {}
    return {**empty, **_by(used, keys[dimension])}


def _parsed(said: dict[str, Any]) -> Figures:
    return {name: Usage.model_validate(usage) for name, usage in said.items()}


def _same(found: Figures, expected: Figures) -> None:
    """To the token; sums of dollars may differ in their last digits, by the order in which they were added."""
    assert {name: _unpriced(usage) for name, usage in found.items()} == {
        name: _unpriced(usage) for name, usage in expected.items()
    }
    costs = {name: usage.cost_usd for name, usage in expected.items()}
    assert {name: usage.cost_usd for name, usage in found.items()} == pytest.approx(costs)
