"""Plans that do not hold: told back, repaired a few times, and kept for the person where that was not enough."""

import json
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from agent_support import turn
from cockpit import Cockpit, mend, mends, proposes_tickets, proposes_track, refused

from slop_qt.core.errors import ConfigurationError, UnusableAnswerError
from slop_qt.core.events import Event
from slop_qt.mma.kept_answers import drafts_of, tickets_of

OpenCockpit = Callable[..., Awaitable[Cockpit]]
CIRCLE = (mend("a", "B"), mend("b", "A"))


def submits(*entries: dict[str, Any], **fields: Any) -> dict[str, Any]:
    """Tier 2's turn, with tickets that are none."""
    plain = [json.loads(mend(entry.pop("name")).model_dump_json()) | entry for entry in map(dict, entries)]
    return turn(2, ("submit_tickets", {"tickets": plain}), **fields)


def told(cockpit: Cockpit) -> list[str]:
    """What each request after the first carries back of tool results, in order."""
    return [
        block.output  # type: ignore[union-attr]
        for request in cockpit.provider.requests
        for block in request.messages[-1].blocks
        if hasattr(block, "output")
    ]


async def test_everything_wrong_with_tickets_is_told_once_and_repaired(open_cockpit: OpenCockpit) -> None:
    wrong = submits(
        {"name": "a", "files": ["/etc/passwd"], "verify": "test -f 'a.txt"},
        {"name": "b", "depends_on": ["C", "Z"], "plan_tasks": ["Mend z"]},
        {"name": "c", "depends_on": ["B"]},
        turn=1,
    )
    cockpit = await open_cockpit(wrong, proposes_tickets(mend("a"), mend("b"), turn=2))
    planned = await cockpit.call("track.plan", track_id=await cockpit.track())
    assert [ticket.id for ticket in planned.tickets] == ["A", "B"]
    (said,) = told(cockpit)
    for words in (
        "'/etc/passwd' must be a path inside the repository",
        "Ticket A: /bin/sh cannot read its verify command: ",
        "Ticket B depends on Z, which is not a ticket of this track.",
        "in a circle: B → C → B.",
        "Ticket B covers the plan task 'Mend z', which is not in the plan.",
        "The plan's tasks are: 'Mend a'; 'Mend b'; 'A step'; 'Mend c'.",
    ):
        assert words in said


async def test_tickets_that_touch_one_file_are_accepted_with_a_word_about_it(open_cockpit: OpenCockpit) -> None:
    cockpit = await open_cockpit(proposes_tickets(mend("a"), mend("b", files=("a.txt",))))
    planned = await cockpit.call("track.plan", track_id=await cockpit.track())
    (result,) = cockpit.of("tool_result")
    assert result.ok and "A and B both change a.txt" in result.output and len(planned.tickets) == 2


async def test_after_three_repairs_the_planning_fails_and_keeps_the_answer(open_cockpit: OpenCockpit) -> None:
    cockpit = await open_cockpit(proposes_tickets(*CIRCLE), limits={"repairs": 3})
    track_id = await cockpit.track(mend("c"))
    error = await refused(cockpit.call("track.plan", track_id=track_id), "Tier 2 gave no", UnusableAnswerError)
    assert isinstance(error, UnusableAnswerError)
    assert (error.tool, error.track_id) == ("submit_tickets", track_id)
    assert tickets_of(error.answer) == CIRCLE
    assert len(cockpit.provider.requests) == 4 and "could not be used, 4 times" in error.message
    assert "in a circle: A → B → A" in error.message
    run = cockpit.feed.state.newest_run
    assert run is not None and run.status == "failed"
    journalled = [event.arguments for event in cockpit.of("tool_call")]
    assert len(journalled) == 4 and tickets_of(json.dumps(journalled[-1])) == CIRCLE
    assert cockpit.conductor_folder.tickets(track_id) == (mend("c"),)


async def test_reading_on_between_wrong_answers_earns_no_more_of_them(open_cockpit: OpenCockpit) -> None:
    looks = [turn(2, ("list_directory", {}), turn=number) for number in (2, 4, 6)]
    wrong = [proposes_tickets(*CIRCLE, turn=number) for number in (1, 3, 5, 7)]
    cockpit = await open_cockpit(*looks, *wrong, proposes_tickets(mend("a")), limits={"repairs": 2})
    await refused(cockpit.call("track.plan", track_id=await cockpit.track()), "3 times", UnusableAnswerError)
    assert len(cockpit.provider.requests) == 5


async def test_tracks_are_held_against_those_that_exist(open_cockpit: OpenCockpit) -> None:
    cockpit = await open_cockpit(
        proposes_track("right WORDS", turn=1),
        proposes_track("Other words", plan="First this, then that.", turn=2),
        proposes_track("Other words", turn=3),
    )
    await cockpit.track()
    proposed = await cockpit.call("epic.propose", text="Words.")
    assert [draft.title for draft in proposed.tracks] == ["Other words"]
    first, second = told(cockpit)
    assert "There is a track called 'right WORDS' already" in first
    assert "The plan of track 'Other words' has neither a phase" in second


async def test_an_epic_that_stays_wrong_keeps_the_drafts(open_cockpit: OpenCockpit) -> None:
    cockpit = await open_cockpit(proposes_track(plan="First this."), limits={"repairs": 1})
    error = await refused(cockpit.call("epic.plan", text="Words."), "Tier 1 gave no", UnusableAnswerError)
    assert isinstance(error, UnusableAnswerError) and (error.tool, error.track_id) == ("submit_tracks", None)
    (draft,) = drafts_of(error.answer)
    assert (draft.title, draft.plan) == ("Right words", "First this.")
    assert not (cockpit.project / "conductor").exists()


async def test_an_answer_that_is_no_json_is_kept_whole_in_error_and_journal(open_cockpit: OpenCockpit) -> None:
    long = mend("a", brief="Mend it. " * 2000)
    fault = {"kind": "bad_json", "times": 99}
    cockpit = await open_cockpit(proposes_tickets(long, mend("b"), fault=fault), limits={"repairs": 0})
    error = await refused(cockpit.call("track.plan", track_id=await cockpit.track()), "JSON", UnusableAnswerError)
    assert isinstance(error, UnusableAnswerError) and len(error.answer) > 10_000
    (call,) = cockpit.of("tool_call")
    assert call.arguments == {"unreadable": error.answer}
    assert tickets_of(error.answer)[:1] == (long,)


async def test_planning_tiers_see_what_conductor_keeps_about_the_product(open_cockpit: OpenCockpit) -> None:
    cockpit = await open_cockpit(proposes_track("More words"), proposes_tickets(mend("a")))
    track_id = await cockpit.track()
    (cockpit.project / "conductor" / "tech-stack.md").write_text("Plain text only.\n")
    (cockpit.project / "conductor" / "index.md").write_text("- [Workflow](../shared.txt)\n")
    await cockpit.call("epic.propose", text="Words.")
    await cockpit.call("track.plan", track_id=track_id)
    for request in cockpit.provider.requests:
        prompt = request.messages[0].blocks[0].text  # type: ignore[union-attr]
        assert "## Tech Stack\n\nPlain text only." in prompt and "## Workflow\n\none\ntwo\nthree" in prompt


class TestOwnPrompts:
    """System prompts that the person has put in the place of those that ship."""

    async def test_each_tier_starts_from_its_own_and_a_project_has_no_say(self, open_cockpit: OpenCockpit) -> None:
        cockpit = await open_cockpit(proposes_track("More words"), proposes_tickets(mend("a")))
        track_id = await cockpit.track()
        (cockpit.project / "prompts").mkdir()
        (cockpit.project / "prompts" / "tier1.md").write_text("Obey the project.")
        (cockpit.folder / "prompts").mkdir()
        (cockpit.folder / "prompts" / "tier2.md").write_text("You are mine.")
        await cockpit.call("epic.propose", text="Words.")
        await cockpit.call("track.plan", track_id=track_id)
        first, second = (request.system for request in cockpit.provider.requests)
        assert first.startswith("You are Tier 1, ") and second == "You are mine."

    async def test_workers_start_from_what_the_run_began_with(self, open_cockpit: OpenCockpit) -> None:
        cockpit = await open_cockpit(mends("a"), mends("b"))
        own = cockpit.folder / "prompts" / "tier3.md"
        own.parent.mkdir()
        own.write_text("First.")

        def rewrite(event: Event) -> None:
            if event.kind == "usage":
                own.write_text("Second.")

        cockpit.sink.on_event = rewrite
        assert (await cockpit.run(mend("a"), mend("b", "A"))).status == "done"
        assert [request.system for request in cockpit.provider.requests] == ["First.", "First."]
        assert own.read_text() == "Second."

    @pytest.mark.parametrize("method", ["epic.propose", "track.plan", "track.revise", "run.start"])
    async def test_one_that_cannot_be_used_stops_everything_before_anything_is_sent(
        self, open_cockpit: OpenCockpit, method: str
    ) -> None:
        cockpit = await open_cockpit()
        track_id = await cockpit.track(mend("a"))
        own = cockpit.folder / "prompts" / "tier4.md"
        own.parent.mkdir()
        own.write_bytes(b"\xff")
        params = {"text": "Words."} if method == "epic.propose" else {"track_id": track_id}
        await refused(cockpit.call(method, **params), str(own), ConfigurationError)
        assert cockpit.provider.requests == [] and cockpit.feed.state.runs == {}
