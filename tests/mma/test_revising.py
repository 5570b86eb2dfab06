"""Tier 2 asked again: what has not started is revised with what has been learnt, as a proposal."""

import hashlib
import json
from collections.abc import Awaitable, Callable

from agent_support import WAIT_S, turn
from cockpit import (
    ABC,
    Cockpit,
    mend,
    mends,
    proposes_tickets,
    refused,
    reports,
)

from slop_qt.core.errors import NotFoundError, NotPossibleError, UnusableAnswerError
from slop_qt.core.state import SessionState
from slop_qt.mma.lessons import stories
from slop_qt.mma.queries import newest_run_of

OpenCockpit = Callable[..., Awaitable[Cockpit]]


def prompt_of(cockpit: Cockpit) -> str:
    """Tier 2's first message."""
    (first,) = [r for r in cockpit.provider.requests if r.caller.tier == 2 and r.caller.turn == 1]
    return str(first.messages[0].blocks[0].text)  # type: ignore[union-attr]


async def test_without_a_run_everything_may_change_and_nothing_is_written(open_cockpit: OpenCockpit) -> None:
    cockpit = await open_cockpit(proposes_tickets(mend("a"), mend("b", "A")))
    track_id = await cockpit.track(*ABC)
    path = cockpit.project / "conductor" / "tracks" / track_id / "tickets.json"
    content = path.read_bytes()
    revised = await cockpit.call("track.revise", track_id=track_id, wish="Leave c alone.")
    assert (revised.track_id, revised.before, revised.tickets) == (track_id, ABC, (mend("a"), mend("b", "A")))
    assert revised.base_digest == hashlib.sha256(content).hexdigest() and path.read_bytes() == content
    prompt = prompt_of(cockpit)
    assert "## What the person wants revised\n\nLeave c alone." in prompt and "- [ ] Task: Mend a" in prompt
    assert prompt.count("which has not started: it may change or go") == 3
    run = cockpit.the_run(revised.run_id)
    assert (run.title, run.status, run.track_id) == ("Revised tickets for Right words", "done", None)


async def test_after_a_run_tier_2_knows_what_came_of_each_ticket(open_cockpit: OpenCockpit) -> None:
    cockpit = await open_cockpit(
        mends("a", "left\n", attempt=1),
        reports(ticket="A", attempt=1),
        mends("a", attempt=2),
        mends("b", "left\n"),
        proposes_tickets(mend("a"), mend("b"), mend("c", "A", brief="Mend it without b.")),
        limits={"attempts": 2},
    )
    run = await cockpit.run(*ABC)
    assert {spec.id: str(spec.status) for spec in run.tickets.values()} == {"A": "done", "B": "blocked", "C": "blocked"}
    revised = await cockpit.call("track.revise", track_id=run.track_id)
    assert revised.tickets[2].depends_on == ("A",) and revised.before == ABC
    prompt = prompt_of(cockpit)
    parts = dict(zip("ABC", prompt.split("\n## A, ")[1].replace("\n## B, ", "\n## C, ").split("\n## C, "), strict=True))
    assert "hand it in unchanged" in parts["A"] and "Status: done" in parts["A"]
    assert "Attempt 1, the worker's summary: a is left." in parts["A"]
    assert "what QA found: The word is wrong." in parts["A"] and "what QA advised: Write right." in parts["A"]
    assert "Attempt 2, the worker's summary: a is right." in parts["A"]
    assert "hand it in unchanged" in parts["B"] and "Blocked after 2 attempts" in parts["B"]
    assert "may change or go" in parts["C"] and "It needs B, which is blocked." in parts["C"]
    assert "What the run has merged" in prompt and "+right" in prompt


async def test_what_is_known_survives_a_restart(open_cockpit: OpenCockpit) -> None:
    cockpit = await open_cockpit(mends("a", "left\n", attempt=1), reports(ticket="A"), mends("a"))
    run = await cockpit.run(mend("a"))
    await cockpit.feed.settle()
    await cockpit.offload.run(lambda: cockpit.journal.close(WAIT_S))
    state = SessionState()
    for event in cockpit.journal.read():
        state.apply(event)
    assert run.track_id is not None
    learnt = stories(newest_run_of(state, run.track_id), (mend("a"),))
    assert learnt == stories(run, (mend("a"),))
    assert [(told.attempt, told.summary, told.cause) for told in learnt[0].attempts] == [
        (1, "a is left.", "The word is wrong."),
        (2, "a is right.", ""),
    ]


async def test_what_has_started_must_come_back_unchanged(open_cockpit: OpenCockpit) -> None:
    cockpit = await open_cockpit(
        mends("a"),
        proposes_tickets(mend("a", brief="Other."), mend("b"), turn=1),
        proposes_tickets(mend("b"), turn=2),
        proposes_tickets(mend("a"), mend("b", "A", brief="Other."), turn=3),
    )
    run = await cockpit.run(mend("a"))
    assert run.track_id is not None
    cockpit.conductor_folder.set_tickets(run.track_id, (mend("a"), mend("b")))
    revised = await cockpit.call("track.revise", track_id=run.track_id)
    assert revised.before == (mend("a"), mend("b")) and revised.tickets[1].brief == "Other."
    said = [event.output for event in cockpit.of("tool_result") if event.name == "submit_tickets"]
    assert "Ticket A has started and must stay as it is: brief differs." in said[0]
    assert "Ticket A is missing" in said[1] and said[2] == "Received."


async def test_it_works_while_the_run_goes_on(open_cockpit: OpenCockpit) -> None:
    cockpit = await open_cockpit(
        mends("a"), mends("b"), mends("c"), proposes_tickets(*ABC[:2], mend("c", "A", brief="Other.")), rules=()
    )
    run_id = await cockpit.begin(*ABC)
    await cockpit.pending(run_id, "merge", "A", "B")
    track_id = cockpit.the_run(run_id).track_id
    revised = await cockpit.call("track.revise", track_id=track_id, wish="Faster.")
    assert revised.tickets[:2] == ABC[:2] and revised.tickets[2].brief == "Other."
    prompt = prompt_of(cockpit)
    assert prompt.count("hand it in unchanged") == 2 and "Status: review" in prompt and "Waits for A and B." in prompt
    assert not cockpit.the_run(run_id).ended
    plain = [json.loads(ticket.model_dump_json()) for ticket in revised.tickets]
    await cockpit.call("track.save_tickets", track_id=track_id, tickets=plain, base_digest=revised.base_digest)
    assert cockpit.conductor_folder.tickets(track_id) == revised.tickets
    assert cockpit.the_run(run_id).tickets["C"].brief == "Other."
    for name in ("A", "B", "C"):
        await cockpit.decide(run_id, "merge", name, "approve")
    assert (await cockpit.call("run.wait", run_id=run_id)).status == "done"


async def test_a_cancelled_run_leaves_open_what_never_started(open_cockpit: OpenCockpit) -> None:
    cockpit = await open_cockpit(mends("a"), mends("b"), proposes_tickets(mend("a"), mend("b"), mend("d", files=())))
    (cockpit.project / "conductor").mkdir()
    run_id = await cockpit.begin(*ABC, mode="ask")
    await cockpit.pending(run_id, "spawn", "A", "B")
    await cockpit.call("run.cancel", run_id=run_id)
    plan = cockpit.project / f"conductor/tracks/{cockpit.the_run(run_id).track_id}/plan.md"
    plan.write_text(plan.read_text() + "- [ ] Task: Mend d\n")
    revised = await cockpit.call("track.revise", track_id=cockpit.the_run(run_id).track_id)
    assert [ticket.id for ticket in revised.tickets] == ["A", "B", "D"]


async def test_an_answer_that_stays_wrong_is_kept(open_cockpit: OpenCockpit) -> None:
    cockpit = await open_cockpit(proposes_tickets(mend("a", "Z")), limits={"repairs": 1})
    track_id = await cockpit.track(*ABC)
    error = await refused(cockpit.call("track.revise", track_id=track_id), "A depends on Z", UnusableAnswerError)
    assert isinstance(error, UnusableAnswerError) and error.track_id == track_id
    assert json.loads(error.answer)["tickets"][0]["depends_on"] == ["Z"]


async def test_a_track_without_tickets_and_one_that_is_not_there_are_refused(open_cockpit: OpenCockpit) -> None:
    cockpit = await open_cockpit(turn(2, text="?"))
    track_id = await cockpit.track()
    await refused(cockpit.call("track.revise", track_id=track_id), "Plan its tickets first", NotPossibleError)
    await refused(cockpit.call("track.revise", track_id="other"), f"Tracks: {track_id}", NotFoundError)
    assert cockpit.provider.requests == []
