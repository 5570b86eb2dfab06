"""The way of one ticket: attempts, explanations, review, merge, and what the person decides of it."""

from collections.abc import Awaitable, Callable
from functools import partial

import pytest
from agent_support import finish, turn
from cockpit import (
    ALLOW_COMMANDS,
    ALLOW_EDIT,
    ALLOW_MERGE,
    Cockpit,
    git,
    mend,
    mends,
    refused,
    reports,
    write,
)

from slop_qt.core.approvals import ApprovalState, Mode
from slop_qt.core.errors import ConflictError, InvalidInputError, NotFoundError
from slop_qt.core.tickets import TicketStatus

OpenCockpit = Callable[..., Awaitable[Cockpit]]


class TestAttempts:
    """What becomes of a ticket whose work does not hold."""

    async def test_a_failed_verification_is_explained_by_tier_4_and_mended(self, open_cockpit: OpenCockpit) -> None:
        cockpit = await open_cockpit(
            mends("a", "wrnog\n", attempt=1),
            mends("a", "wrong again\n", attempt=2),
            reports("A slip of the pen.", "Mind the spelling.", attempt=1),
            reports("Worse.", "Look it up.", attempt=2),
            mends("a", attempt=3),
        )
        run = await cockpit.run(mend("a", verify="grep -qx right a.txt || { echo it is not right; exit 9; }"))
        assert run.status == "done" and run.tickets["A"].attempt == 3
        assert list(run.streams) == [
            "Tier 3: A",
            "Tier 4: A #1",
            "Tier 3: A #2",
            "Tier 4: A #2",
            "Tier 3: A #3",
        ]
        first, second, third = cockpit.prompts(3, "A")
        assert "failed" not in first
        assert "Attempt 1 failed" in second and "exit code 9" in second and "Mind the spelling." in second
        assert "A slip of the pen." in second and "Look it up." in third and "Mind the spelling." not in third
        explain = cockpit.prompts(4, "A")[0]
        assert "it is not right" in explain and "+wrnog" in explain and "grep -qx right a.txt" in explain
        assert cockpit.show(cockpit.integration(run.run_id), "a.txt") == "right\n"
        assert git(cockpit.project, "rev-list", "--count", f"main..{cockpit.integration(run.run_id)}") == "2"
        kinds = [item.kind for item in run.streams["Tier 3: A"].items if item.name == "verify"]
        assert kinds == ["tool_call", "tool_result"]
        cockpit.untouched()

    async def test_when_all_attempts_fail_it_is_blocked_and_what_needs_it_by_name(
        self, open_cockpit: OpenCockpit
    ) -> None:
        cockpit = await open_cockpit(mends("a", "wrong!\n"), reports(), mends("b"), limits={"attempts": 2})
        run = await cockpit.run(mend("a"), mend("b"), mend("c", "A"), mend("c", "C", id="D"))
        assert (run.status, run.reason) == ("blocked", "1 of 4 tickets are done, 3 blocked.")
        blocked = run.tickets["A"]
        assert blocked.status is TicketStatus.BLOCKED and blocked.attempt == 2
        assert (blocked.reason or "").startswith("Blocked after 2 attempts. ") and "exit code 1" in blocked.reason
        assert run.tickets["B"].status is TicketStatus.DONE
        for name in ("C", "D"):
            assert run.tickets[name].status is TicketStatus.BLOCKED
            assert run.tickets[name].reason == "It needs A, which is blocked."
        assert [s for s in run.streams if s.startswith("Tier 4")] == ["Tier 4: A #1"]  # nobody reads a second report
        assert set(run.merged) == {"B"}

    async def test_without_an_explanation_the_next_attempt_has_the_plain_output(
        self, open_cockpit: OpenCockpit
    ) -> None:
        cockpit = await open_cockpit(
            mends("a", "wrong!\n", attempt=1), turn(4, text="I do not know."), mends("a"), limits={"repairs": 0}
        )
        verify = "grep -qx right a.txt || { echo plain output; exit 1; }"
        run = await cockpit.run(mend("a", verify=verify))
        assert run.status == "done"
        assert "plain output" in cockpit.prompts(3, "A")[1]

    async def test_a_worker_that_never_finishes_is_tried_again_and_then_blocked_with_what_it_said(
        self, open_cockpit: OpenCockpit
    ) -> None:
        cockpit = await open_cockpit(turn(3, text="I am done."), limits={"repairs": 1, "attempts": 2})
        run = await cockpit.run(mend("a"))
        assert run.tickets["A"].status is TicketStatus.BLOCKED and "finish_ticket" in (run.tickets["A"].reason or "")
        assert run.streams["Tier 3: A"].text == "I am done.I am done." == run.streams["Tier 3: A #2"].text

    async def test_a_defect_of_one_agent_costs_one_attempt_and_its_neighbour_nothing(
        self, open_cockpit: OpenCockpit
    ) -> None:
        crash = {"kind": "crash", "after_chunks": 1}
        cockpit = await open_cockpit(mends("a", attempt=1, fault=crash), mends("a"), mends("b"))
        run = await cockpit.run(mend("a"), mend("b"))
        assert run.status == "done" and run.tickets["A"].attempt == 2 and run.tickets["B"].attempt == 1
        assert [event.where for event in cockpit.of("fault")] == ["Tier 3: A"]

    async def test_what_another_attempt_cannot_mend_blocks_at_once(self, open_cockpit: OpenCockpit) -> None:
        cockpit = await open_cockpit(mends("a", fault={"kind": "auth", "times": 9}), mends("b"))
        run = await cockpit.run(mend("a"), mend("b"))
        assert run.tickets["A"].attempt == 1 and "401" in (run.tickets["A"].reason or "")
        assert run.tickets["B"].status is TicketStatus.DONE
        assert [(event.where, bool(event.hint)) for event in cockpit.of("fault")] == [("A", True)]

    @pytest.mark.parametrize(
        ("verify", "said"),
        [
            ("no-such-program --check", "was not found (exit 127)"),
            ("sleep 300", "was stopped after 0.2 s"),
            ("kill -9 $$", "exit code -9"),
            ("exec ./a.txt", "exit code 126"),
        ],
    )
    async def test_a_verify_command_that_cannot_work_is_named_with_what_is_wrong(
        self, open_cockpit: OpenCockpit, verify: str, said: str
    ) -> None:
        cockpit = await open_cockpit(
            mends("a"), limits={"attempts": 1, "verify_timeout_s": 0.2 if "300" in verify else 9}
        )
        run = await cockpit.run(mend("a", verify=verify))
        reason = run.tickets["A"].reason or ""
        assert run.status == "blocked" and verify in reason and said in reason

    async def test_a_worker_that_removes_its_own_worktree_harms_nobody_else(self, open_cockpit: OpenCockpit) -> None:
        removes = turn(3, ("run_command", {"command": 'rm -rf "$PWD"'}), finish(), ticket="A")
        cockpit = await open_cockpit(removes, mends("b"), rules=(ALLOW_COMMANDS, ALLOW_MERGE), limits={"attempts": 1})
        run = await cockpit.run(mend("a"), mend("b"))
        assert run.tickets["A"].status is TicketStatus.BLOCKED and "does not exist" in (run.tickets["A"].reason or "")
        assert run.tickets["B"].status is TicketStatus.DONE and cockpit.worktrees() == []
        assert cockpit.of("fault") == []  # it is a verification that failed, and nothing unexpected

    async def test_a_ticket_that_changes_nothing_is_done_without_a_merge(self, open_cockpit: OpenCockpit) -> None:
        cockpit = await open_cockpit(turn(3, finish("Nothing to do."), ticket="A"), mends("c"))
        run = await cockpit.run(mend("a", verify=None), mend("c", "A"))
        assert run.status == "done" and "nothing to merge" in (run.tickets["A"].reason or "")
        assert set(run.merged) == {"C"} and not any(
            a.ticket_id == "A" and a.kind == "merge" for a in run.approvals.values()
        )

    async def test_an_attempt_begins_anew_and_not_where_the_one_before_left_off(
        self, open_cockpit: OpenCockpit
    ) -> None:
        litter = turn(3, write("litter.txt"), finish(), ticket="A", attempt=1)
        cockpit = await open_cockpit(litter, reports(), mends("a", attempt=2), rules=(ALLOW_MERGE, ALLOW_EDIT))
        run = await cockpit.run(mend("a"))
        assert run.status == "done"
        assert "litter.txt" not in git(cockpit.project, "ls-tree", "--name-only", cockpit.integration(run.run_id))


class TestMerging:
    """From a finished ticket to the integration branch."""

    async def test_a_conflict_runs_the_ticket_again_on_the_new_base_and_counts_no_attempt(
        self, open_cockpit: OpenCockpit
    ) -> None:
        cockpit = await open_cockpit(
            turn(3, write("shared.txt", "one\nA\nthree\n"), finish(), ticket="A"),
            turn(3, write("shared.txt", "one\nB\nthree\n"), finish(), ticket="B", attempt=1),
            turn(
                3, ("edit_file", {"path": "shared.txt", "old": "A\n", "new": "A\nB\n"}), finish(), ticket="B", attempt=2
            ),
            rules=(ALLOW_EDIT,),
            limits={"attempts": 1},
        )
        run_id = await cockpit.begin(mend("a", verify=None), mend("b", verify=None))
        await cockpit.pending(run_id, "merge", "A", "B")
        await cockpit.decide(run_id, "merge", "A", "approve")
        await cockpit.at(run_id, "A", "done")
        await cockpit.decide(run_id, "merge", "B", "approve")
        await cockpit.at(run_id, "B", "review", attempt=2)
        await cockpit.decide(run_id, "merge", "B", "approve")
        status = await cockpit.call("run.wait", run_id=run_id)
        assert status.status == "done"
        assert cockpit.show(cockpit.integration(run_id), "shared.txt") == "one\nA\nB\nthree\n"
        assert "conflicts with what was merged meanwhile, in shared.txt" in cockpit.prompts(3, "B")[1]
        assert not any(stream.startswith("Tier 4") for stream in status.mma_streams)

    async def test_work_that_fails_once_merged_is_taken_out_again_and_mended(self, open_cockpit: OpenCockpit) -> None:
        cockpit = await open_cockpit(
            mends("a"),
            mends("b", attempt=1),
            turn(3, write("b.txt"), write("a.txt", "wrong\n"), finish(), ticket="B", attempt=2),
            reports("a.txt is right by now.", "Set it back."),
            rules=(ALLOW_EDIT,),
        )
        run_id = await cockpit.begin(mend("a"), mend("b", verify="grep -qx right b.txt && grep -qx wrong a.txt"))
        await cockpit.pending(run_id, "merge", "A", "B")
        await cockpit.decide(run_id, "merge", "A", "approve")
        await cockpit.at(run_id, "A", "done")
        before = cockpit.head(cockpit.integration(run_id))
        await cockpit.decide(run_id, "merge", "B", "approve")
        await cockpit.pending(run_id, "merge", "B")  # of the second attempt
        assert cockpit.head(cockpit.integration(run_id)) == before
        assert set(cockpit.the_run(run_id).merged) == {"A"}
        assert "Set it back." in cockpit.prompts(3, "B")[1]
        await cockpit.decide(run_id, "merge", "B", "approve")
        assert (await cockpit.call("run.wait", run_id=run_id)).status == "done"
        assert cockpit.show(cockpit.integration(run_id), "a.txt") == "wrong\n"
        names = [item.name for item in cockpit.the_run(run_id).streams["Tier 3: B"].items if item.kind == "tool_call"]
        assert names == ["write_file", "finish_ticket", "verify", "verify merged"]

    async def test_a_diff_that_is_not_accepted_starts_the_next_attempt_with_the_reason(
        self, open_cockpit: OpenCockpit
    ) -> None:
        cockpit = await open_cockpit(mends("a"), rules=())
        run_id = await cockpit.begin(mend("a"))
        shown = await cockpit.decide(run_id, "merge", "A", "reject", note="Say it in French.")
        assert "-wrong" in shown.payload.diff and "+right" in shown.payload.diff  # type: ignore[union-attr]
        await cockpit.at(run_id, "A", "review", attempt=2)
        await cockpit.decide(run_id, "merge", "A", "approve")
        assert (await cockpit.call("run.wait", run_id=run_id)).status == "done"
        assert "The person did not accept the diff: Say it in French." in cockpit.prompts(3, "A")[1]
        assert "QA" not in cockpit.prompts(3, "A")[1]
        assert list(cockpit.the_run(run_id).merged) == ["A"]

    async def test_a_ticket_in_review_lets_others_work(self, open_cockpit: OpenCockpit) -> None:
        cockpit = await open_cockpit(mends("a"), mends("b"), rules=())
        run_id = await cockpit.begin(mend("a"), mend("b"), workers=1)
        await cockpit.pending(run_id, "merge", "A", "B")
        for name in ("B", "A"):
            await cockpit.decide(run_id, "merge", name, "approve")
        assert (await cockpit.call("run.wait", run_id=run_id)).status == "done"


class TestAsking:
    """Mode ask: what the person decides is what happens."""

    async def test_a_worker_that_may_not_start_is_skipped_with_the_reason(self, open_cockpit: OpenCockpit) -> None:
        cockpit = await open_cockpit(mends("b"), mode=Mode.ASK, rules=(ALLOW_MERGE, ALLOW_EDIT))
        run_id = await cockpit.begin(mend("a"), mend("b"), mend("c", "A"))
        spawn = await cockpit.decide(run_id, "spawn", "A", "reject", note="I do it myself.")
        assert spawn.payload.prompt.startswith("Ticket: A\n")  # type: ignore[union-attr]
        assert spawn.payload.model == "scripted:model-3"  # type: ignore[union-attr]
        await cockpit.decide(run_id, "spawn", "B", "approve")
        status = await cockpit.call("run.wait", run_id=run_id)
        assert {t.id: (t.status, t.reason) for t in status.tickets} == {
            "A": ("skipped", "Its worker was not allowed to start: I do it myself."),
            "B": ("done", None),
            "C": ("blocked", "It needs A, which was skipped."),
        }
        assert list(status.mma_streams) == ["Tier 3: B"]

    async def test_the_prompt_as_the_person_changed_it_is_what_is_sent(self, open_cockpit: OpenCockpit) -> None:
        cockpit = await open_cockpit(mends("a"), mode=Mode.ASK, rules=(ALLOW_MERGE, ALLOW_EDIT))
        run_id = await cockpit.begin(mend("a"))
        await cockpit.at(run_id, "A", "ready")
        await cockpit.decide(run_id, "spawn", "A", "edit", edited={"prompt": "Ticket: A\n\nIn other words."})
        assert (await cockpit.call("run.wait", run_id=run_id)).status == "done"
        assert cockpit.prompts(3, "A") == ["Ticket: A\n\nIn other words."]

    async def test_an_edit_and_a_command_wait_and_their_decisions_are_recorded(self, open_cockpit: OpenCockpit) -> None:
        asks = turn(3, write("a.txt", "rihgt\n"), ("run_command", {"command": "echo hi > log"}), ticket="A", turn=1)
        cockpit = await open_cockpit(asks, mends("a", turn=2), mode=Mode.ASK, rules=(ALLOW_MERGE,))
        run_id = await cockpit.begin(mend("a"))
        await cockpit.decide(run_id, "spawn", "A", "approve")
        await cockpit.decide(run_id, "edit", "A", "edit", edited={"content": "almost\n"})
        await cockpit.decide(run_id, "command", "A", "reject", note="No logs.")
        await cockpit.decide(run_id, "edit", "A", "approve")
        assert (await cockpit.call("run.wait", run_id=run_id)).status == "done"
        told = [item.text for item in cockpit.the_run(run_id).streams["Tier 3: A"].items if item.kind == "tool_result"]
        assert "The person changed content" in told[0] and "No logs." in told[1]
        assert "log" not in git(cockpit.project, "ls-tree", "--name-only", cockpit.integration(run_id)).split()
        approvals = cockpit.the_run(run_id).approvals.values()
        assert not any(approval.state is ApprovalState.PENDING for approval in approvals)
        assert await refused(
            cockpit.call("approvals.resolve", id="a-none", decision="approve"), "no approval", NotFoundError
        )

    async def test_a_second_decision_and_a_remembered_start_are_refused(self, open_cockpit: OpenCockpit) -> None:
        cockpit = await open_cockpit(mends("a"), mode=Mode.ASK, rules=())
        run_id = await cockpit.begin(mend("a"))
        (spawn,) = await cockpit.pending(run_id, "spawn", "A")
        assert (await cockpit.call("approvals.list")).approvals == (spawn,)
        resolve = partial(cockpit.call, "approvals.resolve", id=spawn.id)
        await refused(resolve(decision="approve", remember=True), "cannot be remembered", InvalidInputError)
        await resolve(decision="reject")
        await refused(resolve(decision="approve"), "already rejected", ConflictError)
        assert (await cockpit.call("run.wait", run_id=run_id)).tickets[0].status is TicketStatus.SKIPPED

    async def test_a_relaxed_run_goes_on_by_itself(self, open_cockpit: OpenCockpit) -> None:
        cockpit = await open_cockpit(mends("a"), mends("b"), mode=Mode.ASK, rules=())
        run_id = await cockpit.begin(mend("a"), mend("b", "A"))
        await cockpit.pending(run_id, "spawn", "A")
        cockpit.session.relax(run_id, Mode.EDITS, [ALLOW_MERGE])
        assert (await cockpit.call("run.wait", run_id=run_id)).status == "done"
