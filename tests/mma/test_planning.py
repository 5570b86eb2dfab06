"""Tier 1 and Tier 2: each a run of its own, that ends as one whatever happens."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from agent_support import turn
from cockpit import (
    ALLOW_EDIT,
    Cockpit,
    git,
    mend,
    proposes_tickets,
    proposes_track,
    refused,
)

from slop_qt.core.approvals import Mode
from slop_qt.core.errors import InvalidInputError, NotFoundError, ProviderError, UnusableAnswerError
from slop_qt.core.events import Event
from slop_qt.core.tickets import TicketStatus
from slop_qt.mma.kept_answers import tickets_of

OpenCockpit = Callable[..., Awaitable[Cockpit]]


async def test_an_epic_is_proposed_and_nothing_is_written_until_it_is_accepted(open_cockpit: OpenCockpit) -> None:
    cockpit = await open_cockpit(proposes_track("Right words"))
    proposed = await cockpit.call("epic.propose", text="Make the words right.")
    assert [draft.title for draft in proposed.tracks] == ["Right words"]
    assert not (cockpit.project / "conductor").exists()
    changed = [draft.model_copy(update={"spec": "# Mine"}).model_dump() for draft in proposed.tracks]
    (track,) = (await cockpit.call("epic.accept", run_id=proposed.run_id, tracks=changed)).tracks
    assert (cockpit.project / track.spec_path).read_text() == "# Mine\n"
    assert (await cockpit.call("track.list")).tracks == (track,)
    cockpit.untouched()


async def test_a_planning_run_is_seen_as_one(open_cockpit: OpenCockpit) -> None:
    cockpit = await open_cockpit(proposes_track(usage={"input_tokens": 7}))
    run_id = (await cockpit.call("epic.propose", text="Make the words right.")).run_id
    status = await cockpit.call("mma.status")
    assert (status.run_id, status.track_id, status.status) == (run_id, None, "done")
    assert status.mma_streams == {"Tier 1": "I cut the epic."} and status.tier_usage["Tier 1"].input_tokens == 7
    assert cockpit.the_run(run_id).title == "Make the words right."
    kinds = [event.kind for event in cockpit.sink.events]
    assert kinds[:3] == ["run_started", "run_prepared", "worker_started"] and kinds[-1] == "run_ended"


async def test_tier_1_sees_the_epic_the_files_and_the_tracks_there_are(open_cockpit: OpenCockpit) -> None:
    cockpit = await open_cockpit(proposes_track("Second"))
    await cockpit.track(mend("a"))
    (cockpit.project / "ignored.log").write_text("x")
    (cockpit.project / ".gitignore").write_text("*.log\n")
    await cockpit.call("epic.propose", text="Make the words right.")
    prompt = cockpit.provider.requests[0].messages[0].blocks[0].text  # type: ignore[union-attr]
    assert "Make the words right." in prompt and "- Right words (new)" in prompt and "shared.txt" in prompt
    assert "ignored.log" not in prompt


async def test_tier_2_sees_spec_and_plan_and_its_tickets_are_written(open_cockpit: OpenCockpit) -> None:
    cockpit = await open_cockpit(proposes_track(), proposes_tickets(mend("a"), mend("b", "A"), track="Right words"))
    (track,) = (await cockpit.call("epic.plan", text="Words.")).tracks
    planned = await cockpit.call("track.plan", track_id=track.id)
    prompt = cockpit.provider.requests[1].messages[0].blocks[0].text  # type: ignore[union-attr]
    assert "Track: Right words" in prompt and "## Overview" in prompt and "- [ ] Task: Mend a" in prompt
    assert [(t.id, t.depends_on, t.status) for t in planned.tickets] == [
        ("A", (), TicketStatus.PENDING),
        ("B", ("A",), TicketStatus.PENDING),
    ]
    assert cockpit.conductor_folder.tickets(track.id) == (mend("a"), mend("b", "A"))
    shown = await cockpit.call("track.show", track_id=track.id)
    assert shown.tickets == planned.tickets and "- [ ] Task: Mend a" in shown.plan


async def test_an_agent_that_gives_no_answer_fails_the_planning_with_what_to_do(open_cockpit: OpenCockpit) -> None:
    cockpit = await open_cockpit(turn(1, text="I would rather not."), limits={"repairs": 0})
    error = await refused(cockpit.call("epic.plan", text="Words."), "Tier 1 gave no answer", ProviderError)
    assert "plan again" in str(error)
    run = cockpit.feed.state.newest_run
    assert run is not None and run.status == "failed" and "Tier 1" in (run.reason or "")
    assert run.streams["Tier 1"].text == "I would rather not."
    assert [(fault.where, fault.run_id) for fault in cockpit.feed.state.faults] == [("planning", run.run_id)]
    assert not (cockpit.project / "conductor").exists()


async def test_a_plan_that_cannot_be_written_fails_the_planning(open_cockpit: OpenCockpit) -> None:
    cockpit = await open_cockpit(proposes_track(), proposes_tickets(mend("a")))
    (track,) = (await cockpit.call("epic.plan", text="Words.")).tracks
    (cockpit.project / track.plan_path).unlink()
    await refused(cockpit.call("track.plan", track_id=track.id), "plan.md is missing", Exception)
    run = cockpit.feed.state.newest_run
    assert run is not None and run.status == "failed" and run.streams == {}


class TestCancel:
    """A planning that is cancelled ends as a run, and whoever waits for it is told in words."""

    async def test_in_the_middle_of_a_stream(self, open_cockpit: OpenCockpit) -> None:
        cockpit = await open_cockpit(proposes_track(fault={"kind": "hang", "after_chunks": 2}))
        planning = asyncio.create_task(cockpit.call("epic.plan", text="Words."))
        await cockpit.until(lambda: any(stream.text for stream in cockpit.feed.state.streams()))
        status, again = await asyncio.gather(cockpit.call("run.cancel"), cockpit.call("run.cancel"))
        assert status.status == again.status == "cancelled"
        await refused(planning, "was cancelled")
        run = cockpit.feed.state.newest_run
        assert run is not None and run.streams["Tier 1"].outcome == "cancelled"
        assert len(cockpit.of("run_ended")) == 1
        await refused(cockpit.call("run.cancel"), "not under way")

    async def test_before_it_has_taken_its_first_step(self, open_cockpit: OpenCockpit) -> None:
        cockpit = await open_cockpit(proposes_track())
        tasks: list[asyncio.Task[Any]] = []

        def close_at_once(event: Event) -> None:
            if event.kind == "run_prepared":
                tasks.append(asyncio.create_task(cockpit.session.close()))

        cockpit.sink.on_event = close_at_once
        await refused(cockpit.call("epic.plan", text="Words."), "was cancelled")
        await asyncio.gather(*tasks)
        assert [event.status for event in cockpit.of("run_ended")] == ["cancelled"]

    async def test_while_it_asks_the_person(self, open_cockpit: OpenCockpit) -> None:
        asks = turn(1, ("ask_user", {"question": "Which words?"}), turn=1)
        cockpit = await open_cockpit(asks, proposes_track())
        planning = asyncio.create_task(cockpit.call("epic.plan", text="Words."))
        await cockpit.until(lambda: any(run.pending_approvals for run in cockpit.feed.state.runs.values()))
        await cockpit.call("run.cancel")
        await refused(planning, "was cancelled")
        assert (await cockpit.call("approvals.list")).approvals == ()

    async def test_who_gives_up_waiting_leaves_the_planning_to_its_end(self, open_cockpit: OpenCockpit) -> None:
        asks = turn(1, ("ask_user", {"question": "Which words?"}), turn=1)
        cockpit = await open_cockpit(asks, proposes_track())
        planning = asyncio.create_task(cockpit.call("epic.propose", text="Words."))
        await cockpit.until(lambda: any(run.pending_approvals for run in cockpit.feed.state.runs.values()))
        planning.cancel()
        await asyncio.wait([planning])
        (question,) = (await cockpit.call("approvals.list")).approvals
        await cockpit.call("approvals.resolve", id=question.id, decision="approve", edited={"answer": "All."})
        assert (await cockpit.call("run.wait")).status == "done"
        told = cockpit.provider.requests[1].messages[-1].blocks[0]
        assert told.output == "All."  # type: ignore[union-attr]


async def test_tickets_that_were_edited_while_tier_2_planned_are_not_overwritten(open_cockpit: OpenCockpit) -> None:
    asks = turn(2, ("ask_user", {"question": "Which words?"}), turn=1)
    cockpit = await open_cockpit(asks, proposes_tickets(mend("b")))
    track_id = await cockpit.track()
    planning = asyncio.create_task(cockpit.call("track.plan", track_id=track_id))
    await cockpit.until(lambda: any(run.pending_approvals for run in cockpit.feed.state.runs.values()))
    await cockpit.call("track.set_tickets", track_id=track_id, tickets=[mend("a").model_dump()])
    (question,) = (await cockpit.call("approvals.list")).approvals
    await cockpit.call("approvals.resolve", id=question.id, decision="approve", edited={"answer": "All."})
    error = await refused(planning, "What Tier 2 planned was not written", UnusableAnswerError)
    assert isinstance(error, UnusableAnswerError)
    assert (tickets_of(error.answer), error.track_id) == ((mend("b"),), track_id)
    shown = await cockpit.call("track.show", track_id=track_id)
    assert [ticket.id for ticket in shown.tickets] == ["A"]
    assert (await cockpit.call("mma.status")).status == "failed"


async def test_two_plannings_at_once_do_not_mix(open_cockpit: OpenCockpit) -> None:
    cockpit = await open_cockpit(
        proposes_track("More words"),
        proposes_tickets(mend("a"), track="Right words"),
        proposes_tickets(mend("b", plan_tasks=("Other",)), track="Others"),
    )
    first = await cockpit.track()
    others = {"title": "Others", "spec": "# Others", "plan": "- [ ] Task: Other"}
    (second,) = (await cockpit.call("epic.accept", run_id="R", tracks=[others])).tracks
    both = await asyncio.gather(
        cockpit.call("track.plan", track_id=first),
        cockpit.call("track.plan", track_id=second.id),
        cockpit.call("epic.propose", text="More."),
    )
    assert [[spec.id for spec in planned.tickets] for planned in both[:2]] == [["A"], ["B"]]
    assert len({planned.run_id for planned in both}) == 3


class TestTickets:
    """The graph as the person edits it."""

    async def test_what_a_run_knows_of_tickets_is_not_taken_from_the_editor(self, open_cockpit: OpenCockpit) -> None:
        cockpit = await open_cockpit()
        track_id = await cockpit.track(mend("a"))  # sent as done, attempt 9
        (shown,) = (await cockpit.call("track.show", track_id=track_id)).tickets
        assert (shown.status, shown.reason, shown.attempt) == (TicketStatus.PENDING, None, 0)

    @pytest.mark.parametrize(
        ("entry", "said"),
        [
            ({"id": "a/b"}, "id"),
            ({"id": "integration"}, "id"),
            ({"id": ""}, "id"),
            ({"files": ["/etc/passwd"]}, "files"),
            ({"files": ["../x"]}, "files"),
            ({"depends_on": "A"}, "depends_on"),
            ({"colour": "red"}, "colour"),
        ],
    )
    async def test_what_is_no_ticket_is_refused_with_the_place(
        self, open_cockpit: OpenCockpit, entry: dict[str, Any], said: str
    ) -> None:
        cockpit = await open_cockpit()
        track_id = await cockpit.track(mend("a"))
        ticket = {"id": "B", "title": "b", "brief": "b"} | entry
        refusal = cockpit.call("track.set_tickets", track_id=track_id, tickets=[ticket])
        await refused(refusal, f"tickets.0.{said}", InvalidInputError)
        assert cockpit.conductor_folder.tickets(track_id) == (mend("a"),)

    async def test_an_unknown_track_is_named_with_those_there_are(self, open_cockpit: OpenCockpit) -> None:
        cockpit = await open_cockpit()
        track_id = await cockpit.track(mend("a"))
        for method in ("track.show", "track.plan", "run.start"):
            await refused(cockpit.call(method, track_id="other_1"), f"Tracks: {track_id}", NotFoundError)


async def test_in_mode_step_every_turn_of_the_planning_waits(open_cockpit: OpenCockpit) -> None:
    cockpit = await open_cockpit(proposes_track(), mode=Mode.STEP, rules=(ALLOW_EDIT,))
    planning = asyncio.create_task(cockpit.call("epic.propose", text="Words."))
    await cockpit.until(lambda: any(run.pending_approvals for run in cockpit.feed.state.runs.values()))
    (step,) = (await cockpit.call("approvals.list")).approvals
    assert (step.kind, step.tier, step.stream_id) == ("step", 1, "Tier 1") and cockpit.provider.requests == []
    await cockpit.call("approvals.resolve", id=step.id, decision="approve")
    assert (await planning).tracks[0].title == "Right words"
    assert git(cockpit.project, "status", "--porcelain") == ""
