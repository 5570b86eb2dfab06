"""Remembered decisions in a real session: both rule and decision, or neither; at once, and for what was shown alone."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from agent_support import WAIT_S
from cockpit import Cockpit, mend, mends, refused

from slop_qt.core.approvals import (
    Approval,
    ApprovalKind,
    ApprovalRequest,
    ApprovalState,
    CommandPayload,
    DecidedBy,
    Decision,
    EditPayload,
    MergePayload,
    Mode,
    QuestionPayload,
    SpawnPayload,
    StepPayload,
    ToolPayload,
    command_line,
)
from slop_qt.core.errors import ConfigurationError, ConflictError, InvalidInputError, NotFoundError, StoreError
from slop_qt.core.events import RunStarted
from slop_qt.core.settings import Rule
from slop_qt.mma.gate import RunGate
from slop_qt.mma.rule_desk import RuleDesk
from slop_qt.store.settings import load_settings

OpenCockpit = Callable[..., Awaitable[Cockpit]]
ALLOW_TESTS = Rule(action="allow", kind=ApprovalKind.COMMAND, subject="make test", cwd=".", shell=True)


def command(line: str | tuple[str, ...], ticket: str = "T-001") -> ApprovalRequest:
    return ApprovalRequest(
        kind=ApprovalKind.COMMAND,
        run_id="R-1",
        stream_id=f"Tier 3: {ticket}",
        ticket_id=ticket,
        tier=3,
        title=f"Run {command_line(line)} for {ticket}",
        payload=CommandPayload(command=line, cwd="."),
        editable=("command",),
        subject=command_line(line),
    )


class Table:
    """A session's desk, and agents of its run that ask."""

    def __init__(self, cockpit: Cockpit) -> None:
        self.cockpit = cockpit
        self.desk = cockpit.parts.desk
        self.settings = cockpit.folder / "settings.toml"
        self.gate = self.new_gate()
        self._asking: list[asyncio.Task[Decision]] = []

    async def open(self) -> "Table":
        seq = self.cockpit.sink.publish(
            RunStarted(run_id="R-1", track_id="t", mode=Mode.ASK, workers=4, budget_usd=None)
        )
        await self.cockpit.feed.caught_up(seq)
        return self

    def new_gate(self, mode: Mode = Mode.ASK) -> RunGate:
        """As runs make theirs."""
        return RunGate(self.cockpit.sink, self.desk, mode, lambda: self.cockpit.parts.settings.rules)

    async def asks(self, request: ApprovalRequest, gate: RunGate | None = None) -> tuple[str, asyncio.Task[Decision]]:
        """An agent that waits, and the id of what it waits for."""
        known = {event.approval.id for event in self.cockpit.of("approval_requested")}
        task = asyncio.create_task((gate or self.gate).decide(request))
        self._asking.append(task)

        def new() -> list[str]:
            asked = (event.approval for event in self.cockpit.of("approval_requested"))
            return [approval.id for approval in asked if approval.id not in known and approval.title == request.title]

        await self.cockpit.until(lambda: bool(new()) and self.cockpit.feed.state.last_seq >= self.cockpit.bus.last_seq)
        return new()[0], task

    def resolve(self, approval_id: str, decision: str = "approve", **more: Any) -> Coroutine[Any, Any, Any]:
        return self.cockpit.call("approvals.resolve", id=approval_id, decision=decision, **{"remember": True, **more})

    def recorded(self, approval_id: str) -> Approval:
        found = [event.approval for event in self.cockpit.of("approval_resolved") if event.approval.id == approval_id]
        assert len(found) == 1
        return found[0]

    def rules(self) -> tuple[Rule, ...]:
        """Those in force, which are those in the file."""
        assert self.cockpit.parts.settings.rules == load_settings(self.settings).rules
        return self.cockpit.parts.settings.rules

    async def close(self) -> None:
        for task in self._asking:
            task.cancel()
        if self._asking:
            await asyncio.wait(self._asking)


@pytest.fixture
async def table(open_cockpit: OpenCockpit) -> Any:
    table = await Table(await open_cockpit(rules=())).open()
    yield table
    await table.close()


async def answer(task: asyncio.Task[Decision]) -> Decision:
    return await asyncio.wait_for(task, WAIT_S)


async def test_an_approved_command_passes_from_then_on_in_every_run_and_the_journal_says_why(table: Table) -> None:
    asked, waiting = await table.asks(command("make test"))
    result = await table.resolve(asked, note="Sure.")
    assert await answer(waiting) == Decision(approved=True, by=DecidedBy.AUTOMATION, note="Sure.")
    assert table.rules() == (ALLOW_TESTS,)
    assert result.approval == table.recorded(asked)
    assert result.approval.note == "Sure.; remembered: allow command make test"
    for gate in (table.gate, table.new_gate()):
        assert await gate.decide(command("make test", "T-002")) == Decision(approved=True, by=DecidedBy.POLICY)
    passed = table.cockpit.of("approval_resolved")[-1].approval
    assert (passed.by, passed.note) == (DecidedBy.POLICY, "rule: allow command make test")


async def test_another_string_is_asked_about_as_before(table: Table) -> None:
    asked, _ = await table.asks(command("git status && rm -rf x"))
    await table.resolve(asked)
    for line in ("git status", "git status && rm -rf x ", "git status && rm -rf x\n"):
        _, waiting = await table.asks(command(line))
        assert not waiting.done()


async def test_a_rejected_one_is_refused_from_then_on_and_the_agent_reads_the_reason_alone(table: Table) -> None:
    asked, waiting = await table.asks(command("curl x | sh"))
    await table.resolve(asked, "reject", note="Never that.")
    assert await answer(waiting) == Decision(approved=False, by=DecidedBy.AUTOMATION, note="Never that.")
    assert table.recorded(asked).note == "Never that.; remembered: deny command curl x | sh"
    again = await table.gate.decide(command("curl x | sh"))
    assert not again.approved and again.note == "rule: deny command curl x | sh"


async def test_what_was_edited_is_what_is_remembered(table: Table) -> None:
    asked, waiting = await table.asks(command("make test"))
    await table.resolve(asked, "edit", edited={"command": ["make", "check"]})
    assert (await answer(waiting)).edited == {"command": ["make", "check"]}
    (rule,) = table.rules()
    assert (rule.subject, rule.shell) == ("make check", False)
    assert (await table.gate.decide(command(("make", "check")))).approved
    for line in ("make test", "make check"):
        _, waiting = await table.asks(command(line))
        assert not waiting.done()


async def test_what_waits_with_the_very_same_subject_is_decided_too_and_the_rest_waits_on(table: Table) -> None:
    asked, _ = await table.asks(command("make test", "T-001"))
    same, waiting = await table.asks(command("make test", "T-002"))
    elsewhere, far = await table.asks(command("make test", "T-004"), table.new_gate())
    other, patient = await table.asks(command("make tests", "T-003"))
    await table.resolve(asked)
    for approval_id, task in ((same, waiting), (elsewhere, far)):
        assert await answer(task) == Decision(approved=True, by=DecidedBy.POLICY, note="rule: allow command make test")
        assert table.recorded(approval_id).by is DecidedBy.POLICY
    assert not patient.done()
    await refused(table.resolve(same), "already approved", ConflictError)
    assert [approval.id for approval in (await table.cockpit.call("approvals.list")).approvals] == [other]


async def test_what_waits_is_rejected_by_a_remembered_rejection(table: Table) -> None:
    asked, _ = await table.asks(command("rm -rf x", "T-001"))
    _, waiting = await table.asks(command("rm -rf x", "T-002"))
    await table.resolve(asked, "reject")
    decision = await answer(waiting)
    assert (decision.approved, decision.note) == (False, "rule: deny command rm -rf x")


@pytest.mark.parametrize("decision", ["approve", "reject"])
@pytest.mark.parametrize(
    ("kind", "payload"),
    [
        ("spawn", SpawnPayload(prompt="p", model="m")),
        ("step", StepPayload(turn=1)),
        ("edit", EditPayload(path="a.py", diff="", content="")),
        ("merge", MergePayload(ticket_id="T-001", diff="")),
        ("question", QuestionPayload(text="?")),
    ],
)
async def test_what_cannot_be_remembered_says_why_and_waits_on(
    table: Table, kind: str, payload: Any, decision: str
) -> None:
    editable = ("answer",) if kind == "question" else ()
    request = ApprovalRequest(
        kind=ApprovalKind(kind), run_id="R-1", title=kind, payload=payload, editable=editable, subject="a.py"
    )
    asked, waiting = await table.asks(request, table.new_gate(Mode.STEP))
    edited = {"answer": "yes"} if kind == "question" and decision == "approve" else None
    await refused(table.resolve(asked, decision, edited=edited), "cannot be remembered", InvalidInputError)
    assert not waiting.done() and table.rules() == () and not table.settings.exists()
    await table.resolve(asked, decision, edited=edited, remember=False)
    assert (await answer(waiting)).approved is (decision == "approve")


async def test_a_tool_is_remembered_with_its_arguments(table: Table) -> None:
    def uses(number: Any) -> ApprovalRequest:
        payload = ToolPayload(name="fetch", arguments={"number": number})
        return ApprovalRequest(
            kind=ApprovalKind.TOOL, run_id="R-1", title=f"{number!r}", payload=payload, subject="fetch"
        )

    asked, _ = await table.asks(uses(1))
    await table.resolve(asked)
    assert (await table.gate.decide(uses(1))).approved
    _, waiting = await table.asks(uses(True))
    assert not waiting.done()


async def test_settings_that_cannot_be_written_leave_it_waiting_and_say_so(table: Table) -> None:
    table.settings.write_text('mode = "yolo"\n')
    asked, waiting = await table.asks(command("make test"))
    await refused(table.resolve(asked), "mode", ConfigurationError)
    assert not waiting.done() and table.cockpit.of("approval_resolved") == []
    assert table.cockpit.parts.settings.rules == ()
    table.settings.unlink()
    await table.resolve(asked)
    assert (await answer(waiting)).approved and table.rules() == (ALLOW_TESTS,)


async def test_a_settings_folder_that_is_none_leaves_it_waiting(open_cockpit: OpenCockpit) -> None:
    table = await Table(await open_cockpit(rules=())).open()
    table.settings.mkdir()
    asked, waiting = await table.asks(command("make test"))
    await refused(table.resolve(asked), "settings", ConfigurationError)
    assert not waiting.done()
    await table.close()


async def test_a_rule_does_not_count_before_the_decision_does(table: Table) -> None:
    """Or the policy would decide the very approval of which it is, and whoever remembered it would come second."""
    asked, waiting = await table.asks(command("make test"))
    counted: list[bool] = []

    def look() -> None:
        assert load_settings(table.settings).rules == (ALLOW_TESTS,)
        counted.append(table.gate.ruling(command("make test")).action == "allow")
        table.desk.reconsider()

    after_the_next_job(table, look)
    result = await table.resolve(asked)
    assert counted == [False] and result.approval.by is DecidedBy.AUTOMATION
    assert (await answer(waiting)).by is DecidedBy.AUTOMATION and table.rules() == (ALLOW_TESTS,)


class Between:
    """The offload, which does something once the next job is done and before its caller goes on."""

    def __init__(self, table: Table, then: Callable[[], Any]) -> None:
        self._run, self._then = table.cockpit.offload.run, then
        self._table = table

    async def __call__(self, job: Callable[[], Any]) -> Any:
        result = await self._run(job)
        self._table.cockpit.offload.run = self._run  # type: ignore[method-assign]
        self._then()
        return result


def after_the_next_job(table: Table, then: Callable[[], Any]) -> None:
    table.cockpit.offload.run = Between(table, then)  # type: ignore[method-assign, assignment]


async def test_where_somebody_else_was_first_the_rule_is_taken_back(table: Table) -> None:
    table.settings.write_text("# mine\n")
    asked, waiting = await table.asks(command("make test"))
    after_the_next_job(table, lambda: table.desk.resolve(asked, "reject", note="No."))
    await refused(table.resolve(asked), "already rejected", ConflictError)
    assert await answer(waiting) == Decision(approved=False, by=DecidedBy.USER, note="No.")
    assert table.rules() == () and table.settings.read_text() == "# mine\n"
    assert table.recorded(asked).note == "No."


async def test_where_the_agent_was_cancelled_meanwhile_the_rule_is_taken_back(table: Table) -> None:
    asked, waiting = await table.asks(command("make test"))
    gone: list[Any] = []

    def cancel() -> None:
        table.desk._expire(asked, "The agent that asked has ended.")
        gone.append(waiting.cancel())

    after_the_next_job(table, cancel)
    await refused(table.resolve(asked), "already expired", ConflictError)
    assert gone and table.rules() == () and table.recorded(asked).state is ApprovalState.EXPIRED


async def test_a_rule_that_was_there_before_is_not_taken_back(table: Table) -> None:
    asked, _ = await table.asks(command("make test"))
    table.settings.write_text(
        '[[rules]]\naction = "allow"\nkind = "command"\nsubject = "make test"\ncwd = "."\nshell = true\n'
    )
    after_the_next_job(table, lambda: table.desk.resolve(asked, "reject"))
    await refused(table.resolve(asked), "already rejected", ConflictError)
    assert load_settings(table.settings).rules == (ALLOW_TESTS,), "another program wrote it"


async def test_a_rule_that_cannot_be_taken_back_is_told_of(table: Table) -> None:
    asked, _ = await table.asks(command("make test"))

    def spoil() -> None:
        table.desk.resolve(asked, "reject")
        table.settings.write_text('mode = "yolo"\n')

    after_the_next_job(table, spoil)
    error = await refused(table.resolve(asked), "could not be taken back", StoreError)
    assert "already rejected" in str(error) and "page Rules" in str(error)


async def test_of_two_who_remember_the_same_at_once_one_decides_and_the_rule_stays(table: Table) -> None:
    asked, waiting = await table.asks(command("make test"))
    outcomes = await asyncio.gather(table.resolve(asked), table.resolve(asked, "reject"), return_exceptions=True)
    assert [type(outcome).__name__ for outcome in outcomes] == ["ApprovalResult", "ConflictError"]
    assert (await answer(waiting)).approved and table.rules() == (ALLOW_TESTS,)


async def test_many_that_are_remembered_at_once_are_all_remembered(table: Table) -> None:
    asked = [await table.asks(command(f"make {number}")) for number in range(8)]
    await asyncio.gather(*(table.resolve(approval_id) for approval_id, _ in asked))
    assert {rule.subject for rule in table.rules()} == {f"make {number}" for number in range(8)}
    assert all([(await answer(waiting)).approved for _, waiting in asked])


async def test_a_caller_that_goes_away_leaves_both_done_or_none(table: Table) -> None:
    asked, waiting = await table.asks(command("make test"))
    calling = asyncio.create_task(table.resolve(asked))
    after_the_next_job(table, calling.cancel)
    await asyncio.wait([calling])
    assert calling.cancelled()
    assert (await answer(waiting)).approved
    await table.cockpit.session.close()
    assert table.rules() == (ALLOW_TESTS,)


async def test_a_rule_that_would_say_nothing_is_not_written(open_cockpit: OpenCockpit) -> None:
    ask = Rule(action="ask", kind=ApprovalKind.COMMAND)
    table = await Table(await open_cockpit(rules=(ask,))).open()
    asked, waiting = await table.asks(command("make test"))
    await refused(table.resolve(asked), "rule: ask every command comes first")
    assert not waiting.done() and not table.settings.exists()
    await table.resolve(asked, "reject")
    assert not (await table.gate.decide(command("make test"))).approved, "a deny wins wherever it stands"
    await table.close()


async def test_a_command_that_is_refused_cannot_be_remembered_as_edited(open_cockpit: OpenCockpit) -> None:
    deny = Rule(action="deny", kind=ApprovalKind.COMMAND, subject="make clean")
    table = await Table(await open_cockpit(rules=(deny,))).open()
    asked, waiting = await table.asks(command("make test"))
    await refused(table.resolve(asked, "edit", edited={"command": "make clean"}), "rule: deny command make clean")
    assert not waiting.done()
    await table.close()


async def test_unknown_ids_and_impossible_edits_are_refused_before_anything_is_written(table: Table) -> None:
    await refused(table.resolve("a-none"), "no approval", NotFoundError)
    asked, waiting = await table.asks(command("make test"))
    await refused(table.resolve(asked, "edit", edited={"cwd": "/"}), "cwd cannot be edited", InvalidInputError)
    await refused(table.resolve(asked, "edit", edited={"command": " "}), "empty command", InvalidInputError)
    assert not waiting.done() and not table.settings.exists()


async def test_a_rule_that_comes_into_force_while_one_is_being_asked_is_not_missed(table: Table) -> None:
    """Between the policy's word and the queue, in another thread, there is a moment."""
    ruled = table.gate.ruling

    def late(request: ApprovalRequest) -> Any:
        ruling = ruled(request)
        if ruling.action == "ask" and not table.settings.exists():
            table.cockpit.parts.preferences.write_rule(ALLOW_TESTS)
            table.cockpit.parts.preferences.enforce_rule(ALLOW_TESTS)
            table.desk.reconsider()
        return ruling

    table.gate.ruling = late  # type: ignore[method-assign]
    decision = await asyncio.wait_for(table.gate.decide(command("make test")), WAIT_S)
    assert decision.by is DecidedBy.POLICY
    kinds = [event.kind for event in table.cockpit.of("approval_requested", "approval_resolved")]
    assert kinds == ["approval_requested", "approval_resolved"], "in this order, or it would wait in the panel for ever"


async def test_a_removed_rule_counts_no_more_in_runs_that_are_under_way(table: Table) -> None:
    asked, _ = await table.asks(command("make test"))
    await table.resolve(asked)
    rule_desk = RuleDesk(table.cockpit.parts.preferences, table.cockpit.offload)
    rule_desk.register(table.cockpit.registry)
    assert (await table.cockpit.call("rules.list")).rules == (ALLOW_TESTS,)
    removing = partial(table.cockpit.call, "rules.remove", rule=ALLOW_TESTS.model_dump(mode="json"))
    assert (await removing()).rules == (await removing()).rules == table.rules() == ()
    _, waiting = await table.asks(command("make test"))
    assert not waiting.done()


async def test_in_a_real_run_the_second_agent_is_not_asked_about(open_cockpit: OpenCockpit, tmp_path: Path) -> None:
    runs = ("run_command", {"command": "echo right > a.txt && echo right > b.txt"})
    cockpit = await open_cockpit(
        {**mends("a"), "tool": [{"name": runs[0], "input": runs[1]}, *mends("a")["tool"][1:]]},
        {**mends("b"), "tool": [{"name": runs[0], "input": runs[1]}, *mends("b")["tool"][1:]]},
        mode=Mode.EDITS,
    )
    run_id = await cockpit.begin(mend("a"), mend("b", "A"))
    await cockpit.decide(run_id, "command", "A", "approve", remember=True)
    status = await cockpit.call("run.wait", run_id=run_id)
    assert status.status == "done"
    commands = [a for a in cockpit.the_run(run_id).approvals.values() if a.kind is ApprovalKind.COMMAND]
    assert [(a.ticket_id, a.by) for a in commands] == [("A", DecidedBy.AUTOMATION), ("B", DecidedBy.POLICY)]
    assert "echo right" in (tmp_path / "settings.toml").read_text()
