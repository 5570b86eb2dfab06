"""Runs from end to end: real git, journal and commands; only the models' answers are scripted."""

import dataclasses
from collections.abc import Awaitable, Callable
from functools import partial

import pytest
from agent_support import WAIT_S, turn
from cockpit import (
    ABC,
    FILES,
    Cockpit,
    git,
    mend,
    mends,
    proposes_tickets,
    proposes_track,
    refused,
    reports,
)

from slop_qt.agents.loop import run_agent
from slop_qt.agents.request import AgentRequest, AgentServices
from slop_qt.core.conversation import TextBlock
from slop_qt.core.errors import ConflictError
from slop_qt.core.state import SessionState
from slop_qt.core.tickets import TicketStatus
from slop_qt.core.usage import Usage, total_usage

OpenCockpit = Callable[..., Awaitable[Cockpit]]


async def test_from_epic_to_apply(open_cockpit: OpenCockpit) -> None:
    cockpit = await open_cockpit(
        proposes_track(), proposes_tickets(*ABC), mends("a"), mends("b"), mends("c", thinking="Hm.")
    )
    planned = await cockpit.call("epic.plan", text="Make the words right.")
    (track,) = planned.tracks
    tickets = (await cockpit.call("track.plan", track_id=track.id)).tickets
    assert [spec.id for spec in tickets] == ["A", "B", "C"]
    run_id = (await cockpit.call("run.start", track_id=track.id)).run_id
    status = await cockpit.call("run.wait", run_id=run_id)
    assert (status.status, {ticket.status for ticket in status.tickets}) == ("done", {TicketStatus.DONE})
    assert status.mma_streams == {f"Tier 3: {name.upper()}": f"I mend {name}." for name in "abc"}
    assert cockpit.feed.state.runs[planned.run_id].streams["Tier 1"].text == "I cut the epic."
    cockpit.untouched()
    diff = (await cockpit.call("run.diff", run_id=run_id)).diff
    assert all(f"+++ b/{name}.txt" in diff for name in "abc")

    commit = (await cockpit.call("run.apply", run_id=run_id)).commit
    for name in "abc":
        assert (cockpit.project / f"{name}.txt").read_text() == "right\n"
    assert (cockpit.project / "shared.txt").read_text() == FILES["shared.txt"]
    assert git(cockpit.project, "status", "--porcelain") == ""
    assert git(cockpit.project, "rev-parse", f"{commit}^2") == cockpit.head(cockpit.integration(run_id))
    run = cockpit.the_run(run_id)
    assert run.applied_commit == commit and set(run.merged) == {"A", "B", "C"}
    plan = (cockpit.project / track.plan_path).read_text()
    for name in "abc":
        assert f"- [x] Task: Mend {name} {run.merged[name.upper()][:7]}\n" in plan
        git(cockpit.project, "merge-base", "--is-ancestor", run.merged[name.upper()], "main")
    assert "    - [ ] A step" in plan
    assert "- [x] **Track: Right words**" in (cockpit.project / "conductor" / "tracks.md").read_text()
    subjects = git(cockpit.project, "log", "--first-parent", "--format=%s", f"{cockpit.start}..main").splitlines()
    assert subjects == [
        "chore(conductor): Mark track 'Right words' as complete",
        "conductor(plan): Mark task 'Mend c' as complete",
        *(f"conductor(plan): Mark task 'Mend {name.lower()}' as complete" for name in list(run.merged)[1::-1]),
        f"Merge slop_qt run {run_id}: Right words",
        "chore(conductor): Add new track 'Right words'",
    ]
    assert cockpit.worktrees() == []
    again = await refused(cockpit.call("run.apply", run_id=run_id), "already applied", ConflictError)
    assert commit[:7] in str(again)


async def test_the_state_folded_from_the_journal_is_the_live_state(open_cockpit: OpenCockpit) -> None:
    fault = {"kind": "disconnect", "after_chunks": 2, "retry_after_s": 0}
    cockpit = await open_cockpit(
        proposes_track(), mends("a", "wrong\n", attempt=1, fault=fault), reports(), mends("a"), mends("b")
    )
    await cockpit.call("epic.propose", text="An epic.")
    run = await cockpit.run(mend("a"), mend("b"))
    await cockpit.call("run.apply", run_id=run.run_id)
    await cockpit.feed.settle()
    await cockpit.offload.run(lambda: cockpit.journal.close(WAIT_S))
    folded = SessionState()
    for event in cockpit.journal.read():
        folded.apply(event)
    assert folded.snapshot() == cockpit.feed.state.snapshot()


async def test_worker_request_is_one_frozen_object(open_cockpit: OpenCockpit) -> None:
    cockpit = await open_cockpit(proposes_track(), mends("a", "wrong!\n", attempt=1), reports(), mends("a"))
    await cockpit.call("epic.propose", text="An epic.")
    await cockpit.run(mend("a"))
    agents = [job for _, job in cockpit.lanes.jobs if isinstance(job, partial) and job.func is run_agent]
    assert [job.args[0].stream_id for job in agents] == ["Tier 1", "Tier 3: A", "Tier 4: A #1", "Tier 3: A #2"]
    for job in agents:
        request, services = job.args
        assert job.keywords == {} and type(request) is AgentRequest and type(services) is AgentServices
        hash(request)
        with pytest.raises(dataclasses.FrozenInstanceError):
            request.prompt = ""
    assert len({id(job.args[1]) for job in agents[1:]}) == 1  # one run, one set of services
    assert [name for name, _ in cockpit.lanes.jobs] == [
        "Tier 1",
        "Tier 3: A",
        "verify Tier 3: A",
        "Tier 4: A #1",
        "Tier 3: A #2",
        "verify Tier 3: A #2",
        "verify merged Tier 3: A #2",
    ]


async def test_no_worker_is_told_of_anothers_ticket(open_cockpit: OpenCockpit) -> None:
    cockpit = await open_cockpit(mends("a", "wrong!\n", attempt=1), reports("only of a", "a again"), *map(mends, "abc"))
    await cockpit.run(*ABC)
    for request in cockpit.provider.requests:
        name = request.caller.ticket or ""
        said = [b.text for m in request.messages for b in m.blocks if isinstance(b, TextBlock)]
        lines = [line for text in said for line in text.splitlines() if line.startswith("Ticket: ")]
        assert lines == [f"Ticket: {name}"]
        for other in {"A", "B", "C"} - {name}:
            assert not any(f"Only {other.lower()} is to be mended" in text for text in said)


async def test_usage_reaches_tier_totals(open_cockpit: OpenCockpit) -> None:
    """To the token: cut answers, failed attempts and repairs included, each response once."""

    def used(factor: int) -> dict[str, int]:
        return {
            "input_tokens": 1000 * factor + 1,
            "output_tokens": 100 * factor,
            "cache_read_tokens": 10 * factor,
            "cache_write_tokens": 5 * factor,
            "reasoning_tokens": factor,
        }

    def sent(factor: int) -> Usage:
        return Usage(requests=1, **used(factor))

    def cut(factor: int) -> Usage:
        """As much as a response had reported when it broke off in the middle."""
        return sent(factor).model_copy(update={"output_tokens": 0, "reasoning_tokens": 0})

    broken = {"kind": "disconnect", "after_chunks": 2, "times": 2, "retry_after_s": 0}
    refused_at_once = {"kind": "overloaded", "after_chunks": 0, "retry_after_s": 0}
    cockpit = await open_cockpit(
        proposes_track(usage=used(1)),
        proposes_tickets(*ABC, usage=used(2)),
        mends("a", "wrong!\n", attempt=1, usage=used(3), fault=broken),
        reports(usage=used(4)),
        mends("a", attempt=2, usage=used(5), fault=refused_at_once),
        turn(3, text="Forgot to finish.", ticket="B", turn=1, usage=used(6)),
        mends("b", usage=used(7)),
        mends("c", "wrong!\n", usage=used(8)),
        limits={"attempts": 2},
    )
    (track,) = (await cockpit.call("epic.plan", text="An epic.")).tracks
    epic_usage = (await cockpit.call("usage.stats")).total
    await cockpit.call("track.plan", track_id=track.id)
    plan_usage = await cockpit.call("usage.stats")
    run_id = (await cockpit.call("run.start", track_id=track.id)).run_id
    assert (await cockpit.call("run.wait", run_id=run_id)).status == "blocked"
    stats = await cockpit.call("usage.stats", run_id=run_id)

    a3 = total_usage([cut(3), cut(3), sent(3), sent(5)])
    b3 = total_usage([sent(6), sent(7)])
    c3 = total_usage([sent(8), sent(8)])
    none = Usage(cost_usd=0.0)
    assert epic_usage == sent(1)
    assert plan_usage.by_tier == {"Tier 1": none, "Tier 2": sent(2), "Tier 3": none, "Tier 4": none}
    assert stats.by_ticket == {"A": a3 + sent(4), "B": b3, "C": c3 + sent(4)}
    assert stats.by_tier == {"Tier 1": none, "Tier 2": none, "Tier 3": a3 + b3 + c3, "Tier 4": sent(4) + sent(4)}
    assert stats.by_model == {"model-3": a3 + b3 + c3, "model-4": sent(4) + sent(4)}
    assert stats.total == a3 + b3 + c3 + sent(4) + sent(4)
    assert (stats.total.input_tokens, stats.total.requests) == (1000 * 51 + 10, 10)
    assert (await cockpit.call("mma.status", run_id=run_id)).tier_usage == stats.by_tier
    reported = [event for event in cockpit.of("usage") if event.run_id == run_id]
    assert total_usage(event.usage for event in reported) == stats.total and len(reported) == stats.total.requests


class TestPause:
    """Paused, nothing new starts."""

    async def test_a_paused_run_starts_nothing_until_it_goes_on(self, open_cockpit: OpenCockpit) -> None:
        cockpit = await open_cockpit(mends("a"), mends("b"), rules=())
        run_id = await cockpit.begin(mend("a"), mend("b", "A"))
        await cockpit.pending(run_id, "merge", "A")
        assert (await cockpit.call("run.pause")).status == "paused"
        await refused(cockpit.call("run.pause"), "already paused", ConflictError)
        await cockpit.decide(run_id, "merge", "A", "approve")
        await cockpit.until(lambda: cockpit.the_run(run_id).tickets["B"].reason == "The run is paused.")
        assert "Tier 3: B" not in cockpit.the_run(run_id).streams
        assert (await cockpit.call("run.resume")).status == "running"
        await refused(cockpit.call("run.resume"), "not paused")
        await cockpit.decide(run_id, "merge", "B", "approve")
        assert (await cockpit.call("run.wait")).status == "done"
