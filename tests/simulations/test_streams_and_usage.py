"""What the system that this re-creates got wrong: the workers' text, their independence, and their token counts."""

from collections.abc import Sequence
from typing import Any
from unittest.mock import ANY

import pytest
from simulation_support import WAIT_S, finish, ticket, turn, until, write_file
from staying import KINDS, Kind, staying

from slop_qt.automation import Client
from slop_qt.core.errors import NotPossibleError

CHUNK = 3
TOKENS = ("requests", "input_tokens", "output_tokens", "cache_read_tokens", "cache_write_tokens", "reasoning_tokens")


def pending(client, count: int) -> list[dict[str, Any]]:
    """The approvals, once that many wait."""

    def all_there():
        found = client.call("approvals.list")["approvals"]
        return found if len(found) == count else None

    return until(all_there, f"{count} approvals")


@pytest.mark.parametrize("workers", [1, 16])
@pytest.mark.parametrize("kind", KINDS)
def test_tier3_text_reaches_mma_streams(project, same_figures, kind: Kind, workers: int):
    names = [f"T-{number:03}" for number in range(1, workers + 1)]
    said = {name: [f"{name} line {line}: ünï © 🦉 \t“{'ab' * line}”\r\n" * 12 for line in (1, 2)] for name in names}
    cut = 40
    turns = []
    for name in names:
        question = {"name": "ask_user", "input": {"question": f"{name}?"}}
        fault = {"kind": "disconnect", "after_chunks": cut, "retry_after_s": 0.01}
        turns += [
            turn(3, question, ticket=name, turn=1, thinking=f"{name} thinks.", text=said[name][0]),
            turn(3, write_file(name), finish(), ticket=name, turn=2, text=said[name][1], fault=fault),
        ]
    project.settings(rules=[{"action": "allow", "kind": "merge"}])
    track = project.track(*(ticket(name) for name in names))
    with staying(kind, project, *turns, chunk_chars=CHUNK) as client:
        run_id = client.call("run.start", track_id=track, mode="edits", workers=workers)["run_id"]
        questions = pending(client, workers)
        first = client.get_mma_status(run_id)
        assert first["mma_streams"] == {f"Tier 3: {name}": said[name][0] for name in names}, "all at work at once"
        assert first["status"] == "running"
        for question in questions:
            client.call("approvals.resolve", id=question["id"], decision="approve", edited={"answer": "yes"})
        status = client.wait_run(run_id)
        assert (status["status"], {one["status"] for one in status["tickets"]}) == ("done", {"done"})
        sent = {f"Tier 3: {name}": said[name][0] + said[name][1][: cut * CHUNK] + said[name][1] for name in names}
        assert status["mma_streams"] == sent, "to the character, with the part before the fault"
        for stream_id, text in sent.items():
            page = client.call("stream.read", stream_id=stream_id, run_id=run_id, offset=7)
            assert (page["text"], page["next_offset"], page["closed"]) == (text[7:], len(text), True)
        same_figures(client)


def sends(*usages: dict[str, int]) -> dict[str, int]:
    """What these responses come to together."""
    return {name: sum(usage.get(name, 1 if name == "requests" else 0) for usage in usages) for name in TOKENS}


def usage(number: int) -> dict[str, int]:
    """Token counts of which no two sums are alike by chance."""
    return {
        "input_tokens": 10_007 * number + 13,
        "output_tokens": 503 * number + 7,
        "cache_read_tokens": 101 * number,
        "cache_write_tokens": 53 * number,
        "reasoning_tokens": 11 * number,
    }


def cut(used: dict[str, int]) -> dict[str, int]:
    """What an answer had reported when it was cut: all input, and no output yet."""
    return {**used, "output_tokens": 0, "reasoning_tokens": 0}


def tokens(reported: dict[str, Any]) -> dict[str, int]:
    return {name: reported[name] for name in TOKENS}


def check_usage(client, run_id: str, **expected: Sequence[dict[str, int]]) -> None:
    """Every grouping of a run's usage; expected has the responses by tier and ticket, such as `t3_mends`."""
    stats = client.call("usage.stats", run_id=run_id)
    by_tier: dict[str, list[dict[str, int]]] = {}
    by_ticket: dict[str, list[dict[str, int]]] = {}
    for name, used in expected.items():
        tier, _, ticket_id = name.partition("_")
        by_tier.setdefault(f"Tier {tier[1:]}", []).extend(used)
        if ticket_id:
            by_ticket.setdefault(ticket_id, []).extend(used)
    everything = [one for used in expected.values() for one in used]
    tiers = {name: tokens(found) for name, found in stats["by_tier"].items()}
    assert tiers == {name: sends(*by_tier.get(name, [])) for name in ("Tier 1", "Tier 2", "Tier 3", "Tier 4")}
    assert {name: tokens(found) for name, found in stats["by_ticket"].items()} == {
        name: sends(*used) for name, used in by_ticket.items()
    }
    assert {name: tokens(found) for name, found in stats["by_model"].items()} == {"scripted": sends(*everything)}
    assert tokens(stats["total"]) == sends(*everything)
    status = client.get_mma_status(run_id)
    assert {name: tokens(found) for name, found in status["tier_usage"].items()} == tiers


@pytest.mark.parametrize("kind", KINDS)
def test_usage_reaches_tier_totals(project, same_figures, kind: Kind):
    project.settings(limits={"attempts": 2, "sends": 3})
    u = [usage(number) for number in range(12)]
    tickets = [
        {"id": "mends", "title": "t", "brief": "b", "files": ["mends.txt"], "depends_on": [], "verify": "cat right"},
        {"id": "fails", "title": "t", "brief": "b", "files": ["fails.txt"], "depends_on": []},
    ]
    look = {"name": "list_directory", "input": {}}
    right = {"name": "run_command", "input": {"command": "touch right"}}
    report = {"name": "report_failure", "input": {"cause": "c", "advice": "a"}}
    drafts = {"tracks": [{"title": "Count", "spec": "# S\n", "plan": "## Phase 1: Count\n"}]}
    overloaded = {"kind": "overloaded", "after_chunks": 1, "times": 2, "retry_after_s": 0.01}
    unsaid = {"kind": "rate_limit", "times": 1, "retry_after_s": 0.01}
    turns = (
        turn(1, look, turn=1, usage=u[1]),
        turn(1, {"name": "submit_tracks", "input": drafts}, turn=2, usage=u[2]),
        turn(2, {"name": "submit_tickets", "input": {"tickets": tickets}}, text="Well.", usage=u[3], fault=overloaded),
        turn(3, look, ticket="mends", attempt=1, turn=1, text="One.", usage=u[4], fault={**overloaded, "times": 1}),
        turn(3, finish(), ticket="mends", attempt=1, turn=2, usage=u[5], fault=unsaid),
        turn(4, report, ticket="mends", usage=u[6]),
        turn(3, right, finish(), ticket="mends", attempt=2, usage=u[7]),
        turn(3, look, ticket="fails", turn=1, usage=u[8]),
        turn(3, look, ticket="fails", turn=2, text="Half.", usage=u[9], fault={"kind": "auth", "after_chunks": 1}),
    )
    with staying(kind, project, *turns) as client:
        planned = client.call("epic.plan", text="Count it")
        (track,) = planned["tracks"]
        check_usage(client, planned["run_id"], t1=[u[1], u[2]])
        cut_plan = client.call("track.plan", track_id=track["id"])
        check_usage(client, cut_plan["run_id"], t2=[cut(u[3]), cut(u[3]), u[3]])
        run_id = client.call("run.start", track_id=track["id"], mode="auto", workers=2)["run_id"]
        status = client.wait_run(run_id)
        assert {one["id"]: one["status"] for one in status["tickets"]} == {"mends": "done", "fails": "blocked"}
        check_usage(
            client,
            run_id,
            t3_mends=[cut(u[4]), u[4], u[5], u[7]],
            t4_mends=[u[6]],
            t3_fails=[u[8], cut(u[9])],
        )
        ended = {run["run_id"]: tokens(run["usage"]) for run in client.call("run.list")["runs"]}
        assert ended[run_id] == sends(cut(u[4]), u[4], u[5], u[7], u[6], u[8], cut(u[9]))
        same_figures(client)


class Watcher:
    """Reads the events of the socket one by one, and keeps them."""

    def __init__(self, client: Client) -> None:
        self.seen: list[dict[str, Any]] = []
        self._events = client.subscribe(timeout_s=WAIT_S)

    def until(self, kind: str, run_id: str, **fields: Any) -> dict[str, Any]:
        """The next event of that kind, run and content."""
        wanted = {"kind": kind, "run_id": run_id, **fields}
        while True:
            self.seen.append(next(self._events))
            if wanted.items() <= self.seen[-1].items():
                return self.seen[-1]

    def once(self, kind: str, run_id: str, **fields: Any) -> None:
        """Wait for that event, which may have come while another one was waited for."""
        if not self.seqs(kind, run_id=run_id, **fields):
            self.until(kind, run_id, **fields)

    def seqs(self, kind: str, **fields: Any) -> list[int]:
        return [event["seq"] for event in self.seen if {"kind": kind, **fields}.items() <= event.items()]


def plan_in_flight(client: Client, watcher: Watcher, track_id: str) -> tuple[int, str]:
    """A Tier 2 that has said its first word: its request's and its run's id."""
    request = client.send("track.plan", {"track_id": track_id})
    watcher.until("worker_started", ANY, stream_id="Tier 2")
    run_id = watcher.seen[-1]["run_id"]
    watcher.until("stream_text", run_id)
    return request, run_id


@pytest.mark.parametrize("kind", KINDS)
def test_one_worker_does_not_reset_another(project, kind: Kind):
    project.settings(limits={"attempts": 1})
    steady, planning = ("".join(f"{n:03} " for n in range(count)) for count in (100, 200))
    plan = {"id": "A", "title": "t", "brief": "b", "files": [], "depends_on": []}
    hang = {"kind": "hang", "after_chunks": 1}
    turns = (
        turn(2, {"name": "submit_tickets", "input": {"tickets": [plan]}}, track="Kept", text=planning),
        turn(2, track="Dropped", text="Half of it.", fault=hang),
        turn(3, write_file("steady"), finish(), ticket="steady", text=steady, usage=usage(5)),
        turn(3, ticket="refused", text="A word. " * 20, fault={"kind": "auth", "after_chunks": 20}),
        turn(3, ticket="crashes", text="A word. " * 20, fault={"kind": "crash", "after_chunks": 20}),
        turn(3, write_file("quick"), finish(), ticket="quick", text="Quick. " * 12),
        turn(3, ticket="hangs", text="Half of it.", fault=hang),
    )
    outcomes = {
        "steady": "finished",
        "refused": "failed",
        "crashes": "failed",
        "quick": "finished",
        "hangs": "cancelled",
    }
    track = project.track(*(ticket(name) for name in outcomes))
    to_keep, to_drop = (project.track(title=title) for title in ("Kept", "Dropped"))
    with staying(kind, project, *turns, chunk_chars=4, chunks_per_s=50) as client:
        watcher = Watcher(client)
        kept, kept_run = plan_in_flight(client, watcher, to_keep)
        run_id = client.call("run.start", track_id=track, mode="auto", workers=8)["run_id"]
        watcher.until("stream_text", run_id, stream_id="Tier 3: steady")
        dropped, dropped_run = plan_in_flight(client, watcher, to_drop)
        client.call("run.cancel", run_id=dropped_run)
        with pytest.raises(NotPossibleError, match="was cancelled"):
            client.receive(dropped)
        watcher.once("worker_ended", run_id, stream_id="Tier 3: steady")
        assert client.call("run.cancel", run_id=run_id)["status"] == "cancelled"
        assert [one["id"] for one in client.receive(kept)["tickets"]] == ["A"]
        for ended in (dropped_run, run_id, kept_run):
            watcher.once("run_ended", ended)

        assert client.get_mma_status(run_id)["mma_streams"]["Tier 3: steady"] == steady
        assert client.get_mma_status(kept_run)["mma_streams"] == {"Tier 2": planning}
        assert tokens(client.call("usage.stats", run_id=run_id)["by_ticket"]["steady"]) == sends(usage(5))

    for name, outcome in outcomes.items():
        assert watcher.seqs("worker_ended", stream_id=f"Tier 3: {name}", outcome=outcome), name
    # The others began and ended while these two were in the middle of their requests.
    ends = {name: watcher.seqs("worker_ended", stream_id=f"Tier 3: {name}")[0] for name in outcomes}
    ends["dropped"] = watcher.seqs("worker_ended", run_id=dropped_run)[0]
    steady_text = watcher.seqs("stream_text", stream_id="Tier 3: steady")
    kept_text = watcher.seqs("stream_text", run_id=kept_run)
    for name in ("refused", "crashes", "quick", "dropped"):
        assert steady_text[0] < ends[name] < steady_text[-1], name
    for name in ("steady", "hangs", "dropped"):
        assert kept_text[0] < ends[name] < kept_text[-1], name
