"""Apply: the one thing that changes the person's branch."""

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial

from agent_support import finish, turn
from cockpit import (
    Cockpit,
    git,
    mend,
    mends,
    proposes_track,
    refused,
)

from slop_qt.core.errors import NotFoundError, SlopError, WorkspaceError

OpenCockpit = Callable[..., Awaitable[Cockpit]]


class TestApply:
    """Nothing of the person's changes before Apply, and Apply changes nothing that it cannot change whole."""

    async def test_a_dirty_tree_is_refused_by_name_and_left_alone(self, open_cockpit: OpenCockpit) -> None:
        cockpit = await open_cockpit(mends("a"))
        run = await cockpit.run(mend("a"))
        (cockpit.project / "b.txt").write_text("mine\n")
        (cockpit.project / "notes.txt").write_text("mine\n")
        apply = partial(cockpit.call, "run.apply", run_id=run.run_id)
        error = await refused(apply(), "b.txt", SlopError)
        assert "notes.txt" in str(error)
        assert cockpit.head() == cockpit.start and (cockpit.project / "a.txt").read_text() == "wrong\n"
        assert (cockpit.project / "b.txt").read_text() == "mine\n" and run.applied_commit is None
        git(cockpit.project, "checkout", "--quiet", "b.txt")
        (cockpit.project / "notes.txt").unlink()
        await apply()
        assert (cockpit.project / "a.txt").read_text() == "right\n"

    async def test_a_conflict_with_the_persons_own_work_is_refused_by_name(self, open_cockpit: OpenCockpit) -> None:
        cockpit = await open_cockpit(mends("a"))
        run = await cockpit.run(mend("a"))
        (cockpit.project / "a.txt").write_text("mine\n")
        git(cockpit.project, "commit", "--quiet", "--all", "--message=Mine")
        mine = cockpit.head()
        await refused(cockpit.call("run.apply", run_id=run.run_id), "a.txt", WorkspaceError)
        assert cockpit.head() == mine and (cockpit.project / "a.txt").read_text() == "mine\n"

    async def test_two_at_once_apply_it_once(self, open_cockpit: OpenCockpit) -> None:
        cockpit = await open_cockpit(mends("a"))
        run = await cockpit.run(mend("a"))
        both = (cockpit.call("run.apply", run_id=run.run_id) for _ in range(2))
        results = await asyncio.gather(*both, return_exceptions=True)
        assert [type(result).__name__ for result in results] == ["Commit", "ConflictError"]
        merges = git(cockpit.project, "log", "--first-parent", "--merges", "--format=%s", f"{cockpit.start}..main")
        assert merges.count("Merge slop_qt run") == 1

    async def test_what_cannot_be_applied_says_why(self, open_cockpit: OpenCockpit) -> None:
        cockpit = await open_cockpit(proposes_track(), mends("a", "wrong!\n"), limits={"attempts": 1})
        await refused(cockpit.call("run.apply"), "Runs: none yet", NotFoundError)
        await cockpit.call("epic.propose", text="An epic.")
        await refused(cockpit.call("run.apply"), "planning run")
        await cockpit.run(mend("a"))
        await refused(cockpit.call("run.apply"), "merged no ticket")

    async def test_a_run_that_is_under_way_is_not_applied(self, open_cockpit: OpenCockpit) -> None:
        cockpit = await open_cockpit(mends("a"), mends("b"), rules=())
        run_id = await cockpit.begin(mend("a"), mend("b"))
        await cockpit.decide(run_id, "merge", "A", "approve")
        await cockpit.at(run_id, "A", "done")
        await refused(cockpit.call("run.apply"), "is running")

    async def test_a_task_is_marked_only_when_every_ticket_of_it_is_done(self, open_cockpit: OpenCockpit) -> None:
        cockpit = await open_cockpit(mends("a"), mends("b"), mends("c", "wrong!\n"), limits={"attempts": 1})
        tickets = [
            mend("a", plan_tasks=("Mend a",)),
            mend("b", plan_tasks=("Mend b",)),
            mend("c", plan_tasks=("Mend b",)),
        ]
        run = await cockpit.run(*tickets)
        await cockpit.call("run.apply")
        plan = cockpit.conductor_folder.plan(run.track_id or "")
        assert f"- [x] Task: Mend a {run.merged['A'][:7]}" in plan
        assert "- [ ] Task: Mend b\n" in plan and "- [ ] Task: Mend c\n" in plan

    async def test_tasks_in_every_form_are_marked_with_their_commits(self, open_cockpit: OpenCockpit) -> None:
        cockpit = await open_cockpit(mends("a"), mends("b"), mends("c"))
        track_id = await cockpit.track(
            mend("a", plan_tasks=("Mend a", "A step")),
            mend("b", plan_tasks=("Task 2: Mend b",)),
            mend("c", plan_tasks=("Wort c ändern",)),
        )
        plan = cockpit.project / "conductor" / "tracks" / track_id / "plan.md"
        plan.write_bytes(
            b"### Phase 1 [checkpoint: ]\r\n"
            b"- [ ] **Task 1: Mend a**\r\n  - [~] A step (1234567)\r\n"
            b"- [x] **Task 2: Mend b** [7654321]\r\n"
            + "- [ ] Aufgabe 3: Wort c ändern\r\n- [ ] Task 4: Another".encode()
        )
        run_id = (await cockpit.call("run.start", track_id=track_id)).run_id
        await cockpit.call("run.wait", run_id=run_id)
        await cockpit.call("run.apply")
        sha = {name: commit[:7] for name, commit in cockpit.the_run(run_id).merged.items()}
        assert plan.read_bytes().decode() == (
            "### Phase 1 [checkpoint: ]\r\n"
            f"- [x] **Task 1: Mend a** {sha['A']}\r\n  - [x] A step {sha['A']}\r\n"
            f"- [x] **Task 2: Mend b** {sha['B']}\r\n"
            f"- [x] Aufgabe 3: Wort c ändern {sha['C']}\r\n- [ ] Task 4: Another"
        )
        assert git(cockpit.project, "status", "--porcelain") == ""

    async def test_one_task_under_two_names_waits_for_both_tickets(self, open_cockpit: OpenCockpit) -> None:
        cockpit = await open_cockpit(mends("a"), mends("b", "wrong!\n"), limits={"attempts": 1})
        run = await cockpit.run(mend("a"), mend("b", plan_tasks=("Task: Mend a",)))
        await cockpit.call("run.apply")
        assert "- [ ] Task: Mend a\n" in cockpit.conductor_folder.plan(run.track_id or "")

    async def test_a_task_whose_ticket_changed_nothing_gets_the_commit_of_the_run(
        self, open_cockpit: OpenCockpit
    ) -> None:
        cockpit = await open_cockpit(mends("a"), turn(3, finish("It is right already."), ticket="B"))
        run = await cockpit.run(mend("a"), mend("b", verify="true"))
        assert "nothing to merge" in (run.tickets["B"].reason or "")
        applied = (await cockpit.call("run.apply")).commit
        plan = cockpit.conductor_folder.plan(run.track_id or "")
        assert f"- [x] Task: Mend a {run.merged['A'][:7]}\n" in plan
        assert f"- [x] Task: Mend b {applied[:7]}\n" in plan

    async def test_tasks_that_the_plan_has_no_more_are_told_and_the_run_is_applied(
        self, open_cockpit: OpenCockpit
    ) -> None:
        cockpit = await open_cockpit(mends("a"))
        run = await cockpit.run(mend("a", plan_tasks=("Mend a", "Paint it")))
        await cockpit.call("run.apply")
        (fault,) = cockpit.of("fault")
        assert fault.where == "plan" and "Paint it" in fault.message and "Mend a" not in fault.message
        assert run.applied_commit is not None

    async def test_a_plan_that_is_gone_is_told_and_the_run_is_applied(self, open_cockpit: OpenCockpit) -> None:
        cockpit = await open_cockpit(mends("a"))
        run = await cockpit.run(mend("a"))
        (cockpit.project / "conductor" / "tracks" / (run.track_id or "") / "plan.md").unlink()
        await cockpit.call("run.apply")
        (fault,) = cockpit.of("fault")
        assert "is applied, but its plan could not be marked" in fault.message and "plan.md" in fault.message
        assert run.applied_commit is not None
