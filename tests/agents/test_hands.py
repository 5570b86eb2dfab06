"""What an agent's tool calls come to: decided about, recorded, done, told back."""

import asyncio
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from agent_support import (
    WAIT_S,
    CannedProvider,
    OpenGate,
    RecordingProvider,
    RecordingSink,
    Threads,
    agent_request,
    finish,
    scripted,
    services,
    ticket,
    turn,
)

from slop_qt.agents.loop import run_agent
from slop_qt.agents.request import AgentServices
from slop_qt.core import conversation as conv
from slop_qt.core.approvals import ApprovalRequest, CommandPayload, DecidedBy, Decision, EditPayload, Mode
from slop_qt.core.errors import StoreError
from slop_qt.core.events import ToolCalled
from slop_qt.core.planning_basis import PlanningBasis
from slop_qt.core.settings import Limits
from slop_qt.mma.approval_desk import ApprovalDesk
from slop_qt.mma.gate import RunGate
from slop_qt.tools.answers import FinishTicketArguments
from slop_qt.tools.registry import ToolRegistry, default_tools
from slop_qt.tools.shell import RunCommand

Serve = Callable[..., AgentServices]
WRITE = ("write_file", {"path": "src/new.py", "content": "x = 1\n"})
EDIT = ("edit_file", {"path": "src/core.py", "old": "a - b", "new": "a + b"})


def rejected(note: str | None = None) -> Decision:
    return Decision(approved=False, by=DecidedBy.USER, note=note)


def edited(**fields: Any) -> Decision:
    return Decision(approved=True, by=DecidedBy.USER, edited=fields)


def told(provider: RecordingProvider, request: int = 1) -> list[conv.ToolResultBlock]:
    """The results that a request carries back."""
    return [
        block for block in provider.requests[request].messages[-1].blocks if isinstance(block, conv.ToolResultBlock)
    ]


def then_finish(*calls: tuple[str, dict[str, Any]]) -> RecordingProvider:
    return scripted(turn(3, *calls, turn=1), turn(3, finish(), turn=2))


async def test_calls_are_carried_out_in_order_and_each_result_finds_its_call(
    sink: RecordingSink, root: Path, serve: Serve
) -> None:
    provider = then_finish(
        WRITE, EDIT, ("read_file", {"path": "src/new.py"}), ("run_command", {"command": "cat src/core.py"})
    )
    await run_agent(agent_request(root), serve(provider))
    assert (root / "src" / "new.py").read_text() == "x = 1\n"
    asked = provider.requests[1].messages[1]
    calls = [block.call_id for block in asked.blocks if isinstance(block, conv.ToolUseBlock)]
    assert calls == [result.call_id for result in told(provider)] and len(set(calls)) == 4
    assert "x = 1" in told(provider)[2].output and "return a + b" in told(provider)[3].output
    pairs = [(event.kind, event.call_id) for event in sink.of("tool_call", "tool_result")]
    assert pairs[:8] == [(kind, call) for call in calls for kind in ("tool_call", "tool_result")]


async def test_what_would_happen_is_asked_before_it_happens(sink: RecordingSink, root: Path, serve: Serve) -> None:
    gate = OpenGate()
    await run_agent(agent_request(root), serve(then_finish(EDIT, ("run_command", {"command": ["cat", "a b"]})), gate))
    edit, command = (request for request in gate.requests if request.kind in {"edit", "command"})
    assert isinstance(edit.payload, EditPayload) and edit.payload.path == edit.subject == "src/core.py"
    assert "-    return a - b" in edit.payload.diff and "+    return a + b" in edit.payload.diff
    assert (edit.run_id, edit.stream_id, edit.ticket_id, edit.tier) == ("R-1", "Tier 3: T-001", "T-001", 3)
    assert not edit.outside_scope and edit.editable == ("content",)
    assert command.payload == CommandPayload(command=("cat", "a b"), cwd=".") and command.subject == "cat 'a b'"


async def test_reading_asks_nobody(root: Path, serve: Serve) -> None:
    gate = OpenGate()
    reads = [("read_file", {"path": "src/core.py"}), ("list_directory", {}), ("search_text", {"pattern": "add"})]
    await run_agent(agent_request(root), serve(then_finish(*reads), gate))
    assert {request.kind for request in gate.requests} == {"step"}


async def test_a_write_outside_the_declared_files_says_so(root: Path, serve: Serve) -> None:
    gate = OpenGate()
    request = agent_request(root, ticket=ticket(files=("src/new.py",)))
    await run_agent(request, serve(then_finish(WRITE, EDIT), gate))
    scopes = {asked.subject: asked.outside_scope for asked in gate.requests if asked.kind == "edit"}
    assert scopes == {"src/new.py": False, "src/core.py": True}


@pytest.mark.parametrize(("call", "kind"), [(EDIT, "edit"), (("run_command", {"command": "touch src/x"}), "command")])
async def test_what_was_rejected_does_not_happen_and_the_model_reads_why(
    sink: RecordingSink, root: Path, serve: Serve, call: Any, kind: str
) -> None:
    before = sorted(path.read_bytes() for path in (root / "src").iterdir())
    provider = then_finish(call)
    outcome = await run_agent(agent_request(root), serve(provider, OpenGate(**{kind: rejected("Leave that to me.")})))
    assert outcome.answer is not None
    assert sorted(path.read_bytes() for path in (root / "src").iterdir()) == before
    (result,) = told(provider)
    assert not result.ok and "Leave that to me." in result.output
    assert [event.ok for event in sink.of("tool_result")] == [False, True]


async def test_a_rejection_without_a_reason_still_tells_what_to_do(root: Path, serve: Serve) -> None:
    provider = then_finish(EDIT)
    await run_agent(agent_request(root), serve(provider, OpenGate(edit=rejected())))
    assert "ask_user" in told(provider)[0].output


async def test_an_edited_edit_is_what_is_written_recorded_and_told(
    sink: RecordingSink, root: Path, serve: Serve
) -> None:
    provider = then_finish(WRITE)
    await run_agent(agent_request(root), serve(provider, OpenGate(edit=edited(content="mine = 1\n"))))
    assert (root / "src" / "new.py").read_text() == "mine = 1\n"
    assert sink.of("tool_call")[0].arguments["content"] == "mine = 1\n"
    assert "The person changed content" in told(provider)[0].output and told(provider)[0].ok


async def test_an_edited_replacement_and_an_edited_command_are_carried_out(root: Path, serve: Serve) -> None:
    whole = "def add(a, b):\n    return sum((a, b))\n"
    await run_agent(agent_request(root), serve(then_finish(EDIT), OpenGate(edit=edited(content=whole))))
    assert (root / "src" / "core.py").read_text() == whole
    provider = then_finish(("run_command", {"command": "echo theirs"}))
    await run_agent(agent_request(root), serve(provider, OpenGate(command=edited(command="echo mine"))))
    assert "mine" in told(provider)[0].output and "theirs" not in told(provider)[0].output


async def test_an_edit_that_the_tool_cannot_use_runs_nothing_and_is_shown(
    sink: RecordingSink, root: Path, serve: Serve
) -> None:
    provider = then_finish(("run_command", {"command": "touch src/x"}))
    await run_agent(agent_request(root), serve(provider, OpenGate(command=edited(command=""))))
    assert not told(provider)[0].ok and not (root / "src" / "x").exists()
    assert sink.kinds("Tier 3: T-001")[2:4] == ["tool_call", "tool_result"]


async def test_a_question_is_answered_in_the_persons_words(root: Path, serve: Serve) -> None:
    provider = then_finish(("ask_user", {"question": "Tabs?", "choices": ["tabs", "spaces"]}))
    await run_agent(agent_request(root), serve(provider, OpenGate(question=edited(answer="spaces"))))
    assert told(provider)[0].output == "spaces" and told(provider)[0].ok


async def test_a_call_that_comes_to_nothing_is_in_the_stream_with_its_arguments(
    sink: RecordingSink, root: Path, serve: Serve
) -> None:
    lost = ("edit_file", {"path": "src/core.py", "old": "nowhere", "new": "x"})
    gate = OpenGate()
    await run_agent(agent_request(root), serve(then_finish(lost), gate))
    call, result = sink.of("tool_call")[0], sink.of("tool_result")[0]
    assert call.arguments["old"] == "nowhere" and call.call_id == result.call_id and not result.ok
    assert not any(request.kind == "edit" for request in gate.requests)


async def test_a_call_is_on_disk_before_its_effect_happens(root: Path, offload: Threads) -> None:
    class Looking(RecordingSink):
        there_when_called: bool | None = None

        def publish(self, event: Any, committed: Any = None) -> int:
            if isinstance(event, ToolCalled) and event.name == "write_file":
                assert committed is not None, "published without waiting for the disk"
                self.there_when_called = (root / "src" / "new.py").exists()
            return super().publish(event, committed)

    sink = Looking()
    await run_agent(agent_request(root), services(sink, then_finish(WRITE), offload))
    assert sink.there_when_called is False and (root / "src" / "new.py").exists()


async def test_nothing_happens_once_the_journal_cannot_be_written(root: Path, offload: Threads) -> None:
    class Full(RecordingSink):
        def publish(self, event: Any, committed: Any = None) -> int:
            seq = super().publish(event)
            if committed is not None:
                committed(StoreError("The disk is full."))
            return seq

    sink = Full()
    provider = then_finish(WRITE)
    outcome = await run_agent(agent_request(root), services(sink, provider, offload))
    assert outcome.fatal and outcome.error == "The disk is full."
    assert not (root / "src" / "new.py").exists() and len(provider.requests) == 1


async def test_calls_with_one_id_or_none_are_told_apart(sink: RecordingSink, root: Path, serve: Serve) -> None:
    def read(call_id: str) -> conv.ToolCallReceived:
        return conv.ToolCallReceived(call_id, "read_file", '{"path": "src/core.py"}')

    first = [read("c"), read("c"), read(""), read(""), read("c-2"), conv.Finished("tool_use")]
    second = [read("c"), conv.Finished("tool_use")]
    end = [conv.ToolCallReceived("end", "finish_ticket", '{"summary": "Done."}'), conv.Finished("tool_use")]
    provider = RecordingProvider(CannedProvider(first, second, end))
    await run_agent(agent_request(root), serve(provider))
    ids = [event.call_id for event in sink.of("tool_call")]
    assert len(set(ids)) == len(ids) == 7 and ids[0] == "c"
    assert [event.call_id for event in sink.of("tool_result")] == ids
    for message in provider.requests[2].messages[1::2]:
        assert all(use.call_id in ids for use in message.blocks if isinstance(use, conv.ToolUseBlock))


class TestAnswers:
    """The call that ends a tier's work."""

    async def test_an_answer_beside_a_failed_call_does_not_count_and_is_told(
        self, sink: RecordingSink, root: Path, serve: Serve
    ) -> None:
        lost = ("edit_file", {"path": "src/core.py", "old": "nowhere", "new": "x"})
        provider = scripted(turn(3, lost, finish("too early"), turn=1), turn(3, finish("now"), turn=2))
        outcome = await run_agent(agent_request(root), serve(provider))
        assert outcome.answer == FinishTicketArguments(summary="now")
        assert [result.ok for result in told(provider)] == [False, False]
        assert "look at its result first" in told(provider)[1].output

    async def test_an_answer_beside_good_calls_counts_after_they_are_done(self, root: Path, serve: Serve) -> None:
        provider = scripted(turn(3, WRITE, finish()))
        outcome = await run_agent(agent_request(root), serve(provider))
        assert outcome.answer is not None and (root / "src" / "new.py").exists() and len(provider.requests) == 1

    async def test_an_answer_that_does_not_hold_is_a_mistake_and_is_kept_as_it_was_written(
        self, sink: RecordingSink, root: Path, serve: Serve
    ) -> None:
        wrong = (
            "submit_tickets",
            {"tickets": [{"id": "a/b", "title": "t", "brief": "b", "files": [], "depends_on": []}]},
        )
        provider = scripted(turn(2, wrong))
        request = agent_request(root, tier=2, ticket=None, limits=Limits(repairs=1))
        outcome = await run_agent(request, serve(provider))
        assert outcome.answer is None and not outcome.fatal and len(provider.requests) == 2
        assert "ticket id 'a/b' must be" in (outcome.error or "")
        assert outcome.refused is not None and outcome.refused.tool == "submit_tickets"
        assert json.loads(outcome.refused.arguments) == wrong[1]
        assert [event.ok for event in sink.of("tool_result")] == [False, False]

    async def test_an_answer_is_held_against_what_the_request_says(self, root: Path, serve: Serve) -> None:
        def proposes(task: str) -> tuple[str, dict[str, Any]]:
            one = {"id": "A", "title": "t", "brief": "b", "files": [], "depends_on": [], "plan_tasks": [task]}
            return "submit_tickets", {"tickets": [one]}

        provider = scripted(turn(2, proposes("Two"), turn=1), turn(2, proposes("Task: One"), turn=2))
        basis = PlanningBasis(plan="- [ ] Task: One\n")
        outcome = await run_agent(agent_request(root, tier=2, ticket=None, basis=basis), serve(provider))
        assert outcome.answer is not None and outcome.refused is None
        (result,) = told(provider)
        assert "'Two', which is not in the plan" in result.output and "The plan's tasks are: 'One'." in result.output

    async def test_wrong_answers_are_counted_from_first_to_last(self, root: Path, serve: Serve) -> None:
        wrong, look = ("finish_ticket", {"summary": ""}), ("list_directory", {})
        turns = [turn(3, look if number % 2 else wrong, turn=number) for number in range(1, 10)]
        provider = scripted(*turns)
        outcome = await run_agent(agent_request(root, limits=Limits(repairs=2)), serve(provider))
        assert outcome.answer is None and len(provider.requests) == 6 and "3 times" in (outcome.error or "")

    async def test_a_command_that_fails_is_a_result_and_no_mistake(self, root: Path, serve: Serve) -> None:
        provider = scripted(turn(3, ("run_command", {"command": "exit 3"}), finish()))
        request = agent_request(root, limits=Limits(repairs=0))
        assert (await run_agent(request, serve(provider))).answer is not None

    async def test_a_command_that_does_not_exist_is_told(self, root: Path, serve: Serve) -> None:
        provider = then_finish(("run_command", {"command": ["no-such-program"]}))
        await run_agent(agent_request(root), serve(provider))
        assert not told(provider)[0].ok and "no-such-program" in told(provider)[0].output


async def test_a_file_outside_the_worktree_is_refused_and_untouched(root: Path, serve: Serve, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("key")
    calls = [("read_file", {"path": "../secret"}), ("write_file", {"path": "../secret", "content": "x"})]
    provider = then_finish(*calls)
    await run_agent(agent_request(root), serve(provider))
    assert [result.ok for result in told(provider)] == [False, False]
    assert "key" not in told(provider)[0].output and (tmp_path / "secret").read_text() == "key"


class Meddling(OpenGate):
    """Somebody who changes, while it is decided about, what was asked."""

    def __init__(self, meddle: Callable[[], None]) -> None:
        super().__init__()
        self._meddle = meddle

    async def decide(self, request: ApprovalRequest) -> Decision:
        decision = await super().decide(request)
        if request.kind == "command":
            self._meddle()
        return decision


def say(line: str) -> str:
    return json.dumps({"command": f"printf %s {line} > said"})


async def test_what_runs_is_what_was_approved_also_where_the_models_call_is_changed_meanwhile(
    root: Path, serve: Serve
) -> None:
    call = conv.ToolCallReceived("c1", "run_command", say("approved"))
    done = conv.ToolCallReceived("c2", "finish_ticket", '{"summary": "Done."}')
    provider = CannedProvider([call, conv.Finished("tool_use")], [done, conv.Finished("tool_use")])
    gate = Meddling(lambda: object.__setattr__(call, "arguments_json", say("evil")))
    await run_agent(agent_request(root), serve(provider, gate))
    assert call.arguments_json == say("evil") and (root / "said").read_text() == "approved"


async def test_a_call_whose_arguments_changed_while_it_was_decided_about_is_not_carried_out(
    sink: RecordingSink, root: Path, offload: Threads
) -> None:
    """An approval is for one call and the arguments that it had: whoever holds on to them cannot use it for others."""
    held: list[Any] = []

    class Holding(RunCommand):
        async def effect(self, arguments: Any, context: Any) -> Any:
            held.append(arguments)
            return await super().effect(arguments, context)

    provider = then_finish(("run_command", {"command": "printf approved > said"}))
    gate = Meddling(lambda: object.__setattr__(held[0], "command", "printf evil > said"))
    tools = ToolRegistry([Holding() if isinstance(tool, RunCommand) else tool for tool in default_tools()])
    await run_agent(agent_request(root), replace(services(sink, provider, offload, gate), tools=tools))
    (result,) = told(provider)
    assert not result.ok and "The call changed while it was decided about; nothing was done." in result.output
    assert not (root / "said").exists()
    (called, _) = sink.of("tool_call")
    assert called.arguments["command"] == "printf approved > said", "what was asked is what is recorded"


async def test_what_was_edited_runs_as_it_was_recorded_whatever_the_decider_does_afterwards(
    sink: RecordingSink, root: Path, serve: Serve
) -> None:
    desk = ApprovalDesk(sink)
    given: dict[str, Any] = {"command": ["touch", "said"]}
    agent = asyncio.create_task(
        run_agent(
            agent_request(root),
            serve(then_finish(("run_command", {"command": "ls"})), RunGate(sink, desk, Mode.ASK)),
        )
    )
    asked = await sink.seen(lambda event: event.kind == "approval_requested")
    desk.resolve(asked.approval.id, "edit", edited=given)  # type: ignore[attr-defined]
    given["command"][:] = ["touch", "evil"]
    await asyncio.wait_for(agent, WAIT_S)
    assert (root / "said").exists() and not (root / "evil").exists()
    assert sink.of("tool_call")[0].arguments["command"] == ["touch", "said"]
    assert sink.of("approval_resolved")[0].approval.payload.command == ("touch", "said")
