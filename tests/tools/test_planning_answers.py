"""What the planning tiers hand in: all that is wrong is told at once, and what can be worked is not refused."""

from dataclasses import replace
from typing import Any

import pytest

from slop_qt.core.errors import ToolError
from slop_qt.core.planning_basis import PlanningBasis
from slop_qt.core.tickets import TicketSpec
from slop_qt.tools.contract import ToolContext
from slop_qt.tools.submit_tickets import SubmitTickets, SubmitTicketsArguments
from slop_qt.tools.submit_tracks import SubmitTracks, SubmitTracksArguments

PLAN = "## Phase 1: Words\n\n- [ ] Task: Mend a\n- [x] **Task 2: Mend b** 89ffc7b\n    - [ ] A step\n"


def ticket(ticket_id: str, *needs: str, **fields: Any) -> dict[str, Any]:
    given = {"title": f"Do {ticket_id}", "brief": "Do it.", "files": [f"{ticket_id}.py"], "depends_on": needs}
    return {"id": ticket_id, **given, **fields}


async def handed_in(context: ToolContext, *tickets: dict[str, Any], **basis: Any) -> str:
    arguments = SubmitTicketsArguments.model_validate({"tickets": tickets})
    output = await SubmitTickets().perform(arguments, replace(context, basis=PlanningBasis(**basis)))
    assert output.ok
    return output.text


async def refused(context: ToolContext, *tickets: dict[str, Any], **basis: Any) -> str:
    with pytest.raises(ToolError) as caught:
        await handed_in(context, *tickets, **basis)
    return str(caught.value)


class TestTickets:
    """Tier 2's answer."""

    async def test_a_graph_that_holds_is_received(self, context: ToolContext) -> None:
        tickets = (
            ticket("A", verify="python -m pytest -q", plan_tasks=["Mend a"]),
            ticket("B", "A", plan_tasks=["Task: Mend b", "A step"]),
        )
        assert await handed_in(context, *tickets, plan=PLAN) == "Received."

    async def test_everything_that_is_wrong_is_told_at_once(self, context: ToolContext) -> None:
        said = await refused(
            context,
            ticket("a/b"),
            ticket("integration"),
            ticket("T-1", files=["/etc/passwd", "../up"]),
            ticket("T-2", "T-9", verify="if"),
            ticket("T-3", "T-4", verify=" "),
            ticket("T-4", "T-3", plan_tasks=["Mend z"]),
            ticket("T-4"),
            plan=PLAN,
        )
        for sentence in (
            "ticket id 'a/b' must be",
            "ticket id 'integration' must be",
            "file '/etc/passwd' must be a path inside the repository",
            "file '../up' must be",
            "Ticket T-2 depends on T-9, which is not a ticket of this track.",
            "Ticket T-2: /bin/sh cannot read its verify command: ",
            "Ticket T-3: /bin/sh cannot read its verify command: it is empty.",
            "Ticket T-4 covers the plan task 'Mend z', which is not in the plan.",
            "The plan's tasks are: 'Mend a'; 'Mend b'; 'A step'.",
            "The ticket id T-4 is used more than once.",
        ):
            assert sentence in said
        assert said.startswith("The tickets cannot be taken as they are:\n- ") and "hand in all tickets again" in said

    async def test_a_circle_is_told_by_its_names(self, context: ToolContext) -> None:
        said = await refused(context, ticket("A", "C"), ticket("B", "A"), ticket("C", "B"))
        assert "in a circle: A → C → B → A." in said or "C → B → A → C" in said or "B → A → C → B" in said

    async def test_files_in_common_without_an_order_are_mentioned_and_accepted(self, context: ToolContext) -> None:
        said = await handed_in(context, ticket("A", files=["src/"]), ticket("B", files=["src/b.py"]))
        assert said.startswith("Received.\nA and B both change src/b.py") and "in no certain order" in said

    async def test_a_plan_without_tasks_is_covered_by_nothing(self, context: ToolContext) -> None:
        said = await refused(context, ticket("A", plan_tasks=["Mend a"]), plan="# Words\n")
        assert "The plan has no tasks: leave plan_tasks empty." in said
        assert await handed_in(context, ticket("A"), plan="# Words\n") == "Received."

    async def test_where_nobody_knows_the_plan_any_task_will_do(self, context: ToolContext) -> None:
        assert await handed_in(context, ticket("A", plan_tasks=["Anything"])) == "Received."

    async def test_no_flood_of_sentences_is_told(self, context: ToolContext) -> None:
        said = await refused(context, *(ticket(f"bad/{number}") for number in range(300)))
        assert "- And 260 more." in said and len(said) < 10_000

    async def test_what_has_started_has_to_come_back_as_it_was(self, context: ToolContext) -> None:
        started = TicketSpec(**ticket("A"))
        gone = TicketSpec(**ticket("B", "A", verify="if", plan_tasks=["Of an older plan"]))
        said = await refused(context, ticket("A", brief="Do more.", files=["x.py"]), fixed=(started, gone), plan=PLAN)
        assert "Ticket A has started and must stay as it is: brief, files differs." in said
        assert "Ticket B is missing: it has started" in said
        back = gone.model_dump()
        assert await handed_in(context, ticket("A"), back, ticket("C", "B"), fixed=(started, gone), plan=PLAN)


def draft(title: str = "Right words", spec: str = "# Words", plan: str = PLAN) -> dict[str, Any]:
    return {"title": title, "spec": spec, "plan": plan}


async def propose(context: ToolContext, *drafts: dict[str, Any], titles: tuple[str, ...] = ()) -> str:
    arguments = SubmitTracksArguments.model_validate({"tracks": drafts})
    return (await SubmitTracks().perform(arguments, replace(context, basis=PlanningBasis(titles=titles)))).text


class TestTracks:
    """Tier 1's answer."""

    async def test_tracks_that_can_be_worked_are_received(self, context: ToolContext) -> None:
        tracks = (draft(), draft("Other", plan="### Phase 1"), draft("Third", plan="- [ ] Etwas tun"))
        assert await propose(context, *tracks, titles=("Words",)) == "Received."

    async def test_everything_that_is_wrong_is_told_at_once(self, context: ToolContext) -> None:
        tracks = (draft(), draft("right  WORDS"), draft("Old one"), draft(" ", plan="First this."), draft("New", " \n"))
        with pytest.raises(ToolError) as caught:
            await propose(context, *tracks, titles=("old One",))
        for sentence in (
            "More than one track is called 'right  WORDS'",
            "There is a track called 'Old one' already",
            "Track 4 has no title.",
            "The plan of track ' ' has neither a phase",
            "Track 'New' has an empty spec.",
        ):
            assert sentence in str(caught.value)
