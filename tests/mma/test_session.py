"""The commands of an open project: what they answer, and what they say where they cannot."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from agent_support import finish, turn
from cockpit import ALLOW_MERGE, Cockpit, mend, mends, refused

from slop_qt.core.approvals import ApprovalState, DecidedBy, Mode
from slop_qt.core.errors import InvalidInputError, NotFoundError, WaitTimedOutError
from slop_qt.core.shape import Shape
from slop_qt.core.tickets import TicketStatus
from slop_qt.core.usage import NO_USAGE
from slop_qt.mma import commands, shapes
from slop_qt.mma.command_registry import CommandRegistry
from slop_qt.mma.commands import ALL_COMMANDS

OpenCockpit = Callable[..., Awaitable[Cockpit]]


async def test_before_any_run_everything_is_empty(open_cockpit: OpenCockpit) -> None:
    cockpit = await open_cockpit()
    status = await cockpit.call("mma.status")
    assert (status.run_id, status.status, status.mma_streams, status.tickets) == (None, None, {}, ())
    assert status.tier_usage == {f"Tier {tier}": NO_USAGE for tier in (1, 2, 3, 4)}
    assert (await cockpit.call("run.list")).runs == () and (await cockpit.call("track.list")).tracks == ()
    assert (await cockpit.call("approvals.list")).approvals == ()
    for method in ("run.wait", "run.diff", "run.apply", "run.cancel", "run.pause", "usage.stats"):
        await refused(cockpit.call(method), "Runs: none yet", NotFoundError)
    await refused(cockpit.call("mma.status", run_id="R-9"), "There is no run R-9.", NotFoundError)


async def test_a_stream_is_read_from_any_character_on(open_cockpit: OpenCockpit) -> None:
    text = "Zoë 👩‍🚀 says: e\u0301tude.\n"
    cockpit = await open_cockpit(turn(3, finish(), text=text, ticket="A"))
    await cockpit.run(mend("a", verify=None))
    for offset in range(len(text) + 1):
        page = await cockpit.call("stream.read", stream_id="Tier 3: A", offset=offset)
        assert (page.text, page.next_offset, page.closed) == (text[offset:], len(text), True)
    assert (await cockpit.call("stream.read", stream_id="Tier 3: A", offset=999)).text == ""
    await refused(cockpit.call("stream.read", stream_id="Tier 3: B"), "Streams: Tier 3: A", NotFoundError)
    await refused(cockpit.call("stream.read", stream_id="Tier 3: A", offset=-1), "offset", InvalidInputError)


async def test_the_context_of_a_streams_last_request_is_told(open_cockpit: OpenCockpit) -> None:
    cockpit = await open_cockpit(turn(3, finish(), ticket="A", usage={"input_tokens": 777}))
    run = await cockpit.run(mend("a", verify=None))
    report = await cockpit.call("context.report", stream_id="Tier 3: A", run_id=run.run_id)
    assert (report.used_tokens, report.measured, report.model) == (777, "provider", "model-3")
    assert sum(part.tokens for part in report.parts) == 777
    assert run.streams["Tier 3: A"].report == report
    await refused(cockpit.call("context.report", stream_id="Tier 3: B"), "Streams: Tier 3: A", NotFoundError)
    await refused(cockpit.call("context.report", stream_id="Tier 3: A", run_id="R-9"), "no run R-9", NotFoundError)
    await refused(cockpit.call("context.report"), "stream_id", InvalidInputError)
    sent: Any = commands.CONTEXT_REPORT.result.model_validate(report).model_dump(mode="json")
    assert list(sent) == ["model", "limit_tokens", "used_tokens", "measured", "parts", "would_trim", "cache"]
    run.streams["Tier 3: A"].report = None
    await refused(cockpit.call("context.report", stream_id="Tier 3: A"), "sent no request yet", NotFoundError)


async def test_the_exact_text_of_what_a_stream_sent_last_is_read(open_cockpit: OpenCockpit) -> None:
    cockpit = await open_cockpit(turn(3, finish(), ticket="A"))
    run = await cockpit.run(mend("a", verify=None))
    report = await cockpit.call("context.report", stream_id="Tier 3: A")
    [sent] = cockpit.provider.requests
    texts = [
        (await cockpit.call("context.text", stream_id="Tier 3: A", part=number)).text
        for number in range(len(report.parts))
    ]
    assert texts[0] == sent.system
    assert "".join(texts[2:]) == sent.messages[0].blocks[0].text  # type: ignore[union-attr]
    whole = await cockpit.call("context.text", stream_id="Tier 3: A", run_id=run.run_id)
    assert whole.text == cockpit.provider.as_sent(sent)
    await refused(cockpit.call("context.text", stream_id="Tier 3: A", part=99), "no part 99", NotFoundError)
    await refused(cockpit.call("context.text", stream_id="Tier 3: B"), "Streams: Tier 3: A", NotFoundError)
    run.streams["Tier 3: earlier"] = run.streams["Tier 3: A"]
    await refused(
        cockpit.call("context.text", stream_id="Tier 3: earlier"), "while the application runs", NotFoundError
    )


async def test_a_wait_that_takes_too_long_answers_with_where_the_run_stands(open_cockpit: OpenCockpit) -> None:
    cockpit = await open_cockpit(mends("a"), rules=())
    run_id = await cockpit.begin(mend("a"))
    await cockpit.pending(run_id, "merge", "A")
    error = await refused(
        cockpit.call("run.wait", timeout_s=0), "has not ended after 0 s: it is running", WaitTimedOutError
    )
    state: Any = error.state  # type: ignore[attr-defined]
    assert (state["run_id"], state["tickets"][0]["status"]) == (run_id, "review")
    await cockpit.decide(run_id, "merge", "A", "approve")
    assert (await cockpit.call("run.wait")).status == "done"
    assert (await cockpit.call("run.wait", timeout_s=0)).status == "done"


async def test_runs_are_listed_newest_first_with_outcome_and_cost(open_cockpit: OpenCockpit) -> None:
    cockpit = await open_cockpit(mends("a", usage={"input_tokens": 5}), mends("b", "wrong!\n"), limits={"attempts": 1})
    first = await cockpit.run(mend("a"))
    second = await cockpit.run(mend("b"))
    runs = (await cockpit.call("run.list")).runs
    assert [run.run_id for run in runs] == [second.run_id, first.run_id]
    assert [run.status for run in runs] == ["blocked", "done"]
    assert (runs[1].title, runs[1].usage.input_tokens, runs[1].cost_usd) == ("Right words", 5, None)
    assert (await cockpit.call("mma.status")).run_id == second.run_id
    assert (await cockpit.call("mma.status", run_id=first.run_id)).run_id == first.run_id


async def test_diffs_of_a_run_and_of_its_tickets(open_cockpit: OpenCockpit) -> None:
    cockpit = await open_cockpit(mends("a"), mends("b"), rules=())
    run_id = await cockpit.begin(mend("a"), mend("b"), mend("c", "A"))
    await cockpit.pending(run_id, "merge", "A", "B")
    in_review = (await cockpit.call("run.diff", ticket_id="A")).diff
    assert "a/a.txt" in in_review and "+right" in in_review and "b.txt" not in in_review
    assert (await cockpit.call("run.diff")).diff == "" == (await cockpit.call("run.diff", ticket_id="C")).diff
    await cockpit.decide(run_id, "merge", "A", "approve")
    await cockpit.at(run_id, "A", "done")
    assert (await cockpit.call("run.diff")).diff == in_review
    await refused(cockpit.call("run.diff", ticket_id="Z"), "has no ticket Z. Tickets: A, B, C", NotFoundError)
    await cockpit.call("run.cancel")
    assert (await cockpit.call("run.diff", ticket_id="A")).diff == in_review


async def test_a_track_shows_its_tickets_as_its_newest_run_left_them(open_cockpit: OpenCockpit) -> None:
    cockpit = await open_cockpit(mends("a"))
    run = await cockpit.run(mend("a"))
    (shown,) = (await cockpit.call("track.show", track_id=run.track_id)).tickets
    assert (shown.status, shown.attempt) == (TicketStatus.DONE, 1)
    assert (await cockpit.call("track.list")).tracks[0].status == "in_progress"


async def test_a_decision_is_recorded_with_who_made_it(open_cockpit: OpenCockpit) -> None:
    cockpit = await open_cockpit(mends("a"), mends("b"), rules=())
    run_id = await cockpit.begin(mend("a"), mend("b"))
    first, second = sorted(await cockpit.pending(run_id, "merge", "A", "B"), key=lambda one: one.ticket_id or "")
    await cockpit.call("approvals.resolve", id=first.id, decision="approve")
    decided = shapes.ResolveApproval(id=second.id, decision="approve", note="Fine.")
    result = await cockpit.registry.call(commands.APPROVALS_RESOLVE, decided)
    assert (result.approval.by, result.approval.note) == (DecidedBy.USER, "Fine.")
    assert cockpit.the_run(run_id).approvals[first.id].by is DecidedBy.AUTOMATION
    await cockpit.call("run.wait")


async def test_what_an_earlier_process_left_under_way_is_said_to_be_over(tmp_path: Path) -> None:
    cockpit = await Cockpit(tmp_path, mends("a"), mode=Mode.ASK, rules=(ALLOW_MERGE,)).open()
    run_id = await cockpit.begin(mend("a"))
    (spawn,) = await cockpit.pending(run_id, "spawn", "A")
    cockpit.bus.close()  # from here on nothing is recorded: as if the process had been killed
    await cockpit.session.close()
    cockpit.feed.close()
    await cockpit.offload.run(lambda: cockpit.journal.close(20.0))
    cockpit.offload.close()

    again = await Cockpit(tmp_path, mends("a")).open()
    try:
        run = again.the_run(run_id)
        assert not run.ended and [one.id for one in run.pending_approvals] == [spawn.id]
        again.session.close_interrupted()
        await again.feed.settle()
        assert run.status == "failed" and "ended while it was under way" in (run.reason or "")
        expired = run.approvals[spawn.id]
        assert expired.state is ApprovalState.EXPIRED and expired.note
        before = again.bus.last_seq
        again.session.close_interrupted()
        assert again.bus.last_seq == before  # it is said once
        await refused(again.call("approvals.resolve", id=spawn.id, decision="approve"), spawn.id, NotFoundError)
        assert (await again.run(mend("a"))).status == "done"
    finally:
        await again.close()


class TestRegistry:
    """Commands by name, from JSON."""

    async def test_every_command_of_a_project_has_a_handler_of_its_shapes(self, open_cockpit: OpenCockpit) -> None:
        cockpit = await open_cockpit()
        missing = {command.name for command in ALL_COMMANDS if cockpit.registry.find(command.name) is None}
        own = {"app.info", "app.quit", "project.open", "project.open_beside"}
        assert {name for name in missing if not name.startswith(("settings.", "provider.", "rules.", "gui."))} <= own
        assert len({command.name for command in ALL_COMMANDS}) == len(ALL_COMMANDS)

    async def test_an_unknown_name_is_answered_with_those_there_are(self, open_cockpit: OpenCockpit) -> None:
        cockpit = await open_cockpit()
        error = await refused(cockpit.call("run.begin"), "There is no method run.begin.", NotFoundError)
        assert "run.start" in str(error)

    @pytest.mark.parametrize(
        ("method", "params", "said"),
        [
            ("run.wait", {"runid": 1}, "runid"),
            ("run.wait", {"run_id": 5}, "run_id"),
            ("run.wait", {"timeout_s": "soon"}, "timeout_s"),
            ("epic.plan", {}, "text"),
            ("epic.plan", {"text": ""}, "text"),
            ("approvals.resolve", {"id": "a", "decision": "maybe"}, "decision"),
        ],
    )
    async def test_parameters_that_do_not_fit_are_named_beside_those_that_exist(
        self, open_cockpit: OpenCockpit, method: str, params: dict[str, Any], said: str
    ) -> None:
        cockpit = await open_cockpit()
        error = await refused(cockpit.call(method, **params), f"{method}: {said}", InvalidInputError)
        assert "Parameters that exist: " in str(error)

    async def test_a_command_without_a_handler_is_not_found(self) -> None:
        registry = CommandRegistry()
        await refused(registry.call(commands.RUN_LIST, shapes.Nothing()), "run.list", NotFoundError)

    async def test_a_handler_is_told_who_calls(self) -> None:
        callers: list[DecidedBy] = []

        async def handler(_: Shape, by: DecidedBy) -> shapes.Runs:
            callers.append(by)
            return shapes.Runs(runs=())

        registry = CommandRegistry()
        registry.register(commands.RUN_LIST, handler)
        await registry.call(commands.RUN_LIST, shapes.Nothing())
        await registry.call_named("run.list", {}, DecidedBy.AUTOMATION)
        assert callers == [DecidedBy.USER, DecidedBy.AUTOMATION]


async def test_pausing_and_resuming_what_is_not_under_way_says_so(open_cockpit: OpenCockpit) -> None:
    cockpit = await open_cockpit(mends("a"))
    run = await cockpit.run(mend("a"))
    for method in ("run.pause", "run.resume", "run.cancel"):
        await refused(cockpit.call(method, run_id=run.run_id), "not under way")
    waits = [cockpit.call("run.wait") for _ in range(3)]
    assert {status.status for status in await asyncio.gather(*waits)} == {"done"}
