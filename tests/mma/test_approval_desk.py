"""The desk: asked in any loop, decided from any thread, each decision durable, single, and for the right one."""

import asyncio
import random
import threading
from pathlib import Path
from typing import Any

import pytest
from agent_support import WAIT_S, RecordingSink

from slop_qt.core.approvals import (
    ApprovalKind,
    ApprovalRequest,
    ApprovalState,
    CommandPayload,
    DecidedBy,
    Decision,
    EditPayload,
    Mode,
    QuestionPayload,
    SpawnPayload,
)
from slop_qt.core.errors import ConflictError, InvalidInputError, NotFoundError, StoreError
from slop_qt.core.ports import Committed
from slop_qt.core.settings import Rule
from slop_qt.mma.approval_desk import ApprovalDesk
from slop_qt.mma.bus import Bus
from slop_qt.mma.gate import RunGate
from slop_qt.mma.policy import NOBODY_THERE
from slop_qt.store.journal import Journal


@pytest.fixture
def sink() -> RecordingSink:
    return RecordingSink()


@pytest.fixture
def desk(sink: RecordingSink) -> ApprovalDesk:
    return ApprovalDesk(sink)


def command(line: str = "pytest", run_id: str = "R-1") -> ApprovalRequest:
    return ApprovalRequest(
        kind=ApprovalKind.COMMAND,
        run_id=run_id,
        stream_id="Tier 3: T-001",
        ticket_id="T-001",
        tier=3,
        title=f"Run {line}",
        payload=CommandPayload(command=line, cwd="."),
        editable=("command",),
        subject=line,
    )


def question() -> ApprovalRequest:
    payload = QuestionPayload(text="Tabs?", choices=("tabs", "spaces"))
    return ApprovalRequest(
        kind=ApprovalKind.QUESTION, run_id="R-1", title="Asks", payload=payload, editable=("answer",)
    )


async def asked(sink: RecordingSink, title: str | None = None) -> Any:
    """The pending approval, once it is in the journal."""
    event = await sink.seen(
        lambda event: event.kind == "approval_requested" and title in {None, event.approval.title}  # type: ignore[union-attr]
    )
    return event.approval  # type: ignore[union-attr]


async def test_what_is_asked_is_shown_whole_and_waits(sink: RecordingSink, desk: ApprovalDesk) -> None:
    task = asyncio.create_task(desk.ask(command()))
    approval = await asked(sink)
    request = command()
    for name in ("kind", "run_id", "stream_id", "ticket_id", "tier", "title", "payload", "editable"):
        assert getattr(approval, name) == getattr(request, name)
    assert approval.state is ApprovalState.PENDING and approval.decision is None and not task.done()
    resolved, seq = desk.resolve(approval.id, "approve")
    assert await task == Decision(approved=True, by=DecidedBy.USER)
    assert (resolved.state, resolved.decision, resolved.by) == (ApprovalState.APPROVED, "approve", DecidedBy.USER)
    event = sink.of("approval_resolved")[0]
    assert event.approval == resolved and event.seq == seq


async def test_it_is_decided_from_another_thread(sink: RecordingSink, desk: ApprovalDesk) -> None:
    task = asyncio.create_task(desk.ask(command()))
    approval = await asked(sink)
    await asyncio.to_thread(desk.resolve, approval.id, "reject", note="Not now.", by=DecidedBy.AUTOMATION)
    decision = await asyncio.wait_for(task, WAIT_S)
    assert decision == Decision(approved=False, by=DecidedBy.AUTOMATION, note="Not now.")


async def test_the_second_who_decides_is_told_that_somebody_was_first(sink: RecordingSink, desk: ApprovalDesk) -> None:
    task = asyncio.create_task(desk.ask(command()))
    approval = await asked(sink)
    desk.resolve(approval.id, "approve")
    with pytest.raises(ConflictError, match="already approved"):
        desk.resolve(approval.id, "reject")
    assert (await task).approved and len(sink.of("approval_resolved")) == 1


async def test_of_many_threads_that_decide_at_once_exactly_one_wins(sink: RecordingSink, desk: ApprovalDesk) -> None:
    task = asyncio.create_task(desk.ask(command()))
    approval = await asked(sink)
    barrier, outcomes = threading.Barrier(8), []

    def decide(number: int) -> None:
        barrier.wait(WAIT_S)
        try:
            desk.resolve(approval.id, "approve", note=str(number))
            outcomes.append(str(number))
        except ConflictError:
            pass

    threads = [threading.Thread(target=decide, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(WAIT_S)
    assert len(outcomes) == 1 and (await task).note == outcomes[0]


def test_an_id_that_never_was_is_not_found_and_the_pending_ones_are_named(desk: ApprovalDesk) -> None:
    with pytest.raises(NotFoundError, match=r"no approval a-nothing\. Pending: none"):
        desk.resolve("a-nothing", "approve")


async def test_a_cancelled_asker_leaves_an_expired_approval(sink: RecordingSink, desk: ApprovalDesk) -> None:
    task = asyncio.create_task(desk.ask(command()))
    approval = await asked(sink)
    task.cancel()
    await asyncio.wait([task])
    expired = sink.of("approval_resolved")[0].approval
    assert (expired.id, expired.state, expired.by) == (approval.id, ApprovalState.EXPIRED, DecidedBy.POLICY)
    assert expired.note and expired.decision is None
    with pytest.raises(ConflictError, match="already expired"):
        desk.resolve(approval.id, "approve")


class SlowSink(RecordingSink):
    """Keeps what a decision's commit calls back, so that the test says when it is on disk."""

    held: Committed

    def publish(self, event: Any, committed: Committed | None = None) -> int:
        if event.kind == "approval_resolved" and committed is not None:
            self.held, committed = committed, None
        return super().publish(event, committed)


async def test_a_decision_is_told_only_once_it_is_on_disk() -> None:
    sink = SlowSink()
    desk = ApprovalDesk(sink)
    task = asyncio.create_task(desk.ask(command()))
    desk.resolve((await asked(sink)).id, "approve")
    for _ in range(20):
        await asyncio.sleep(0)
    assert not task.done()
    sink.held(None)
    assert (await asyncio.wait_for(task, WAIT_S)).approved


def test_a_decision_that_is_written_after_the_askers_loop_has_ended_harms_nobody() -> None:
    sink = SlowSink()
    desk = ApprovalDesk(sink)

    async def ask_and_give_up() -> None:
        task = asyncio.create_task(desk.ask(command()))
        desk.resolve((await asked(sink)).id, "approve")
        task.cancel()
        await asyncio.wait([task])

    asyncio.run(ask_and_give_up())
    sink.held(None)
    assert [event.approval.state for event in sink.of("approval_resolved")] == [ApprovalState.APPROVED]


@pytest.mark.parametrize("which", ["approval_requested", "approval_resolved"])
async def test_a_journal_that_cannot_be_written_reaches_who_asked(which: str) -> None:
    class Full(RecordingSink):
        def publish(self, event: Any, committed: Committed | None = None) -> int:
            seq = super().publish(event)
            if committed is not None:
                committed(StoreError("The disk is full.") if event.kind == which else None)
            return seq

    sink = Full()
    desk = ApprovalDesk(sink)
    task = asyncio.create_task(desk.ask(command()))
    approval = await asked(sink)
    if which == "approval_resolved":
        desk.resolve(approval.id, "approve")
    with pytest.raises(StoreError, match="disk is full"):
        await asyncio.wait_for(task, WAIT_S)
    with pytest.raises(ConflictError):
        desk.resolve(approval.id, "approve")


class TestEdited:
    """A decision that changes what would happen."""

    @staticmethod
    async def decide(
        sink: RecordingSink, desk: ApprovalDesk, request: ApprovalRequest, *arguments: Any, **more: Any
    ) -> Decision:
        task = asyncio.create_task(desk.ask(request))
        approval = await asked(sink, request.title)
        try:
            desk.resolve(approval.id, *arguments, **more)
        except InvalidInputError:
            assert not task.done()
            desk.resolve(approval.id, "reject")  # it still waits
            await task
            raise
        return await task

    @pytest.mark.parametrize("verdict", ["approve", "edit"])
    async def test_the_asker_gets_the_fields_and_the_record_the_new_payload(
        self, sink: RecordingSink, desk: ApprovalDesk, verdict: Any
    ) -> None:
        decision = await self.decide(sink, desk, command(), verdict, edited={"command": "pytest -x"})
        assert decision.approved and decision.edited == {"command": "pytest -x"}
        resolved = sink.of("approval_resolved")[0].approval
        assert resolved.payload == CommandPayload(command="pytest -x", cwd=".") and resolved.decision == verdict
        assert sink.of("approval_requested")[0].approval.payload == command().payload

    @pytest.mark.parametrize(
        ("edited", "match"),
        [
            ({"cwd": "/"}, r"cwd cannot be edited in a command approval\. Editable: command"),
            ({"nonsense": 1}, "nonsense cannot be edited"),
            ({"command": 5}, r"edited\.command"),
            ({"command": None}, r"edited\.command"),
            ({"command": {"a": 1}}, r"edited\.command"),
            ({"command": "x", "answer": "y"}, "answer cannot be edited"),
        ],
    )
    async def test_what_may_not_be_edited_or_has_a_wrong_shape_is_refused_and_it_waits_on(
        self, sink: RecordingSink, desk: ApprovalDesk, edited: dict[str, Any], match: str
    ) -> None:
        with pytest.raises(InvalidInputError, match=match):
            await self.decide(sink, desk, command(), "edit", edited=edited)

    async def test_an_edit_without_fields_and_a_rejection_with_some_are_refused(
        self, sink: RecordingSink, desk: ApprovalDesk
    ) -> None:
        with pytest.raises(InvalidInputError, match="needs edited fields"):
            await self.decide(sink, desk, command("a"), "edit")
        with pytest.raises(InvalidInputError, match="rejection takes no edited"):
            await self.decide(sink, desk, command("b"), "reject", edited={"command": "x"})

    @pytest.mark.parametrize("edited", [None, {}, {"answer": ""}, {"answer": "  "}, {"answer": 5}])
    async def test_a_question_needs_an_answer(self, sink: RecordingSink, desk: ApprovalDesk, edited: Any) -> None:
        with pytest.raises(InvalidInputError, match="answer"):
            await self.decide(sink, desk, question(), "approve", edited=edited)

    async def test_a_question_is_answered_and_the_record_has_the_answer(
        self, sink: RecordingSink, desk: ApprovalDesk
    ) -> None:
        decision = await self.decide(sink, desk, question(), "approve", edited={"answer": "spaces"})
        assert decision.approved and decision.edited == {"answer": "spaces"}
        resolved = sink.of("approval_resolved")[0].approval
        assert "spaces" in resolved.note and resolved.payload == question().payload

    async def test_an_edited_file_keeps_its_path(self, sink: RecordingSink, desk: ApprovalDesk) -> None:
        payload = EditPayload(path="a.py", diff="-a\n+b\n", content="b\n")
        request = ApprovalRequest(
            kind=ApprovalKind.EDIT, run_id="R-1", title="Edit", payload=payload, editable=("content",)
        )
        await self.decide(sink, desk, request, "edit", edited={"content": "c\n"})
        resolved = sink.of("approval_resolved")[0].approval.payload
        assert (resolved.path, resolved.content) == ("a.py", "c\n")


async def decide_all(sink: RecordingSink, desk: ApprovalDesk, count: int, dice: random.Random) -> None:
    """Decide whatever is pending, in random order and every way, until so many are decided; the note names each."""
    decided: set[str] = set()

    def is_new(event: Any) -> bool:
        return event.kind == "approval_requested" and event.approval.id not in decided

    while len(decided) < count:
        await sink.seen(is_new)
        pending = [event.approval for event in sink.of("approval_requested") if is_new(event)]
        dice.shuffle(pending)
        for approval in pending:
            line = approval.payload.command
            decided.add(approval.id)
            verdict = dice.choice(("approve", "reject", "edit"))
            edited = {"command": f"edited {line}"} if verdict == "edit" else None
            desk.resolve(approval.id, verdict, edited=edited, note=line)


def test_eight_hundred_approvals_of_sixteen_askers_in_four_loops_are_not_mixed_up() -> None:
    sink = RecordingSink()
    desk = ApprovalDesk(sink)
    askers, each = 16, 50
    got: dict[str, Decision] = {}

    async def asker(name: int) -> None:
        for number in range(each):
            line = f"{name}/{number}"
            got[line] = await desk.ask(command(line))

    async def lane(first: int) -> None:
        await asyncio.gather(*(asker(name) for name in range(first, askers, 4)))

    threads = [threading.Thread(target=asyncio.run, args=(lane(first),)) for first in range(4)]
    for thread in threads:
        thread.start()
    asyncio.run(decide_all(sink, desk, askers * each, random.Random(7)))
    for thread in threads:
        thread.join(WAIT_S)
    assert not any(thread.is_alive() for thread in threads)
    resolved = {event.approval.note: event.approval for event in sink.of("approval_resolved")}
    assert len(got) == len(resolved) == len(sink.of("approval_resolved")) == askers * each
    for line, decision in got.items():
        approval = resolved[line]
        assert decision.note == line and decision.approved is (approval.decision != "reject")
        assert decision.edited == ({"command": f"edited {line}"} if approval.decision == "edit" else {})


async def test_with_a_real_journal_a_decision_is_on_disk_before_the_asker_goes_on(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "journal.sqlite3")
    journal.open()
    try:
        bus = Bus(journal)
        desk = ApprovalDesk(bus)
        woken = asyncio.Event()
        loop = asyncio.get_running_loop()
        consumer = bus.subscribe(lambda: loop.call_soon_threadsafe(woken.set))
        task = asyncio.create_task(desk.ask(command()))
        await asyncio.wait_for(woken.wait(), WAIT_S)
        events: list[Any] = []
        consumer.drain(events.append, lambda: False)
        desk.resolve(events[0].approval.id, "approve")
        await asyncio.wait_for(task, WAIT_S)
        stored = [event.kind for event in journal.read()]
        assert stored == ["approval_requested", "approval_resolved"]
    finally:
        journal.close(WAIT_S)


class TestGate:
    """One run's door: what the policy passes is recorded with the rule."""

    @staticmethod
    def gate(sink: RecordingSink, desk: ApprovalDesk, mode: Mode, *rules: Rule) -> RunGate:
        return RunGate(sink, desk, mode, lambda: rules)

    async def test_what_a_rule_lets_pass_is_recorded_with_the_rule(
        self, sink: RecordingSink, desk: ApprovalDesk
    ) -> None:
        gate = self.gate(sink, desk, Mode.ASK, Rule(action="allow", kind=ApprovalKind.COMMAND, subject="pytest"))
        decision = await gate.decide(command())
        assert decision == Decision(approved=True, by=DecidedBy.POLICY)
        (event,) = sink.events
        approval = event.approval  # type: ignore[union-attr]
        assert (approval.state, approval.by, approval.decision) == (ApprovalState.APPROVED, DecidedBy.POLICY, "approve")
        assert approval.note == "rule: allow command pytest" and approval.payload == command().payload

    async def test_what_a_rule_denies_is_recorded_and_told_with_the_rule(
        self, sink: RecordingSink, desk: ApprovalDesk
    ) -> None:
        gate = self.gate(sink, desk, Mode.AUTO, Rule(action="deny", kind=ApprovalKind.COMMAND))
        decision = await gate.decide(command())
        assert not decision.approved and decision.note == "rule: deny every command"
        assert sink.of("approval_resolved")[0].approval.state is ApprovalState.REJECTED

    async def test_a_turn_that_passes_leaves_no_record(self, sink: RecordingSink, desk: ApprovalDesk) -> None:
        request = command().model_copy(update={"kind": ApprovalKind.STEP})
        assert (await self.gate(sink, desk, Mode.ASK).decide(request)).approved
        assert sink.events == []

    async def test_in_mode_auto_a_question_is_answered_that_nobody_is_there(
        self, sink: RecordingSink, desk: ApprovalDesk
    ) -> None:
        decision = await self.gate(sink, desk, Mode.AUTO).decide(question())
        assert decision.approved and decision.edited == {"answer": NOBODY_THERE}

    async def test_what_waits_goes_to_the_desk(self, sink: RecordingSink, desk: ApprovalDesk) -> None:
        task = asyncio.create_task(self.gate(sink, desk, Mode.ASK).decide(command()))
        desk.resolve((await asked(sink)).id, "reject", note="no")
        assert await task == Decision(approved=False, by=DecidedBy.USER, note="no")

    async def test_relaxed_more_passes_but_a_deny_of_the_persons_still_wins(
        self, sink: RecordingSink, desk: ApprovalDesk
    ) -> None:
        gate = self.gate(sink, desk, Mode.ASK, Rule(action="deny", kind=ApprovalKind.COMMAND, subject="rm -rf ."))
        gate.relax(Mode.EDITS, [Rule(action="allow", kind=ApprovalKind.COMMAND)])
        assert (await gate.decide(command("anything"))).approved
        assert not (await gate.decide(command("rm -rf ."))).approved

    async def test_what_waits_already_passes_when_its_run_is_relaxed(
        self, sink: RecordingSink, desk: ApprovalDesk
    ) -> None:
        gate, another = self.gate(sink, desk, Mode.ASK), self.gate(sink, desk, Mode.ASK)
        requests = [command("pytest"), command("other"), command("elsewhere", run_id="R-2"), question()]
        gates = [gate, gate, another, gate]
        tasks = [asyncio.create_task(each.decide(request)) for each, request in zip(gates, requests, strict=True)]
        for request in requests:
            await asked(sink, request.title)
        gate.relax(Mode.ASK, [Rule(action="allow", kind=ApprovalKind.COMMAND, subject="pytest")])
        desk.reconsider()
        assert (await asyncio.wait_for(tasks[0], WAIT_S)).by is DecidedBy.POLICY
        gate.relax(Mode.AUTO, [])
        desk.reconsider()
        assert (await asyncio.wait_for(tasks[1], WAIT_S)).approved
        assert (await asyncio.wait_for(tasks[3], WAIT_S)).edited == {"answer": NOBODY_THERE}
        assert not tasks[2].done()
        another.relax(Mode.AUTO, [])
        desk.reconsider()
        assert (await asyncio.wait_for(tasks[2], WAIT_S)).approved

    async def test_a_spawn_is_recorded_with_its_prompt(self, sink: RecordingSink, desk: ApprovalDesk) -> None:
        payload = SpawnPayload(prompt="Ticket: T-001", model="scripted:x")
        request = ApprovalRequest(kind=ApprovalKind.SPAWN, run_id="R-1", title="Start", payload=payload)
        await self.gate(sink, desk, Mode.EDITS).decide(request)
        assert sink.of("approval_resolved")[0].approval.payload == payload
