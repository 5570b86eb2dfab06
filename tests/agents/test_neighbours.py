"""Agents beside each other: what happens to one is nothing to the others; and what a cancelled one leaves behind."""

import asyncio
import dataclasses
import inspect
import itertools
import os
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from agent_support import (
    WAIT_S,
    OpenGate,
    RecordingProvider,
    RecordingSink,
    Threads,
    agent_request,
    finish,
    is_gone,
    scenario,
    scripted,
    services,
    ticket,
    turn,
)

from slop_qt.agents.loop import run_agent
from slop_qt.agents.request import AgentOutcome, AgentRequest, AgentServices
from slop_qt.core.approvals import ApprovalKind, ApprovalState, Mode
from slop_qt.core.events import Event
from slop_qt.core.settings import Rule
from slop_qt.mma.approval_desk import ApprovalDesk
from slop_qt.mma.gate import RunGate
from slop_qt.providers.scripted import ScriptedProvider

Serve = Callable[..., AgentServices]
ALL_OPEN = tuple(Rule(action="allow", kind=kind) for kind in ApprovalKind)


def is_text(event: Event) -> bool:
    return event.kind == "stream_text"


async def cancelled(task: "asyncio.Task[AgentOutcome]") -> None:
    task.cancel()
    done, _ = await asyncio.wait([task], timeout=WAIT_S)
    assert done and task.cancelled()


class TestCancel:
    """A cancelled agent ends at once, says so, and leaves nothing running or pending."""

    async def test_in_the_middle_of_a_stream(self, sink: RecordingSink, root: Path, serve: Serve) -> None:
        usage = {"input_tokens": 50, "output_tokens": 9}
        hang = {"kind": "hang", "after_chunks": 2}
        provider = scripted(turn(3, finish(), text="abcdefghijkl", usage=usage, fault=hang))
        task = asyncio.create_task(run_agent(agent_request(root), serve(provider)))
        await sink.seen(is_text)
        await cancelled(task)
        assert sink.text("Tier 3: T-001") == "abcdefgh"
        last = sink.events[-1]
        assert (last.kind, last.outcome, last.error) == ("worker_ended", "cancelled", "It was cancelled.")
        assert [event.usage.input_tokens for event in sink.of("usage")] == [50]  # what the cut answer had reported
        assert (provider.opened, provider.closed) == (1, 1)

    async def test_before_text_that_waits_is_due_it_is_not_lost(
        self, sink: RecordingSink, root: Path, serve: Serve
    ) -> None:
        provider = scripted(turn(3, finish(), text="ab", fault={"kind": "hang", "after_chunks": 1}), chunk_chars=2)
        task = asyncio.create_task(run_agent(agent_request(root), serve(provider)))
        await sink.seen(lambda event: event.kind == "worker_started")
        while not provider.requests:  # noqa: ASYNC110 -- each round is one turn of this very loop
            await asyncio.sleep(0)
        for _ in range(5):
            await asyncio.sleep(0)
        await cancelled(task)
        assert sink.text("Tier 3: T-001") == "ab"

    async def test_while_its_command_runs_the_command_is_killed_with_its_children(
        self, sink: RecordingSink, root: Path, serve: Serve
    ) -> None:
        os.mkfifo(root / "pid")
        command = ("run_command", {"command": "sleep 300 & echo $! > pid; wait"})
        task = asyncio.create_task(run_agent(agent_request(root), serve(scripted(turn(3, command)))))
        pid = int(await asyncio.wait_for(asyncio.to_thread((root / "pid").read_text), WAIT_S))
        await cancelled(task)
        await asyncio.wait_for(_gone(pid), WAIT_S)
        assert sink.kinds("Tier 3: T-001")[-2:] == ["tool_call", "worker_ended"]  # a call without a result
        assert sink.events[-1].outcome == "cancelled"

    async def test_while_it_waits_for_approval_the_approval_expires(
        self, sink: RecordingSink, root: Path, serve: Serve
    ) -> None:
        desk = ApprovalDesk(sink)
        write = ("write_file", {"path": "src/new.py", "content": "x"})
        gate = RunGate(sink, desk, Mode.ASK)
        task = asyncio.create_task(run_agent(agent_request(root), serve(scripted(turn(3, write)), gate)))
        asked = await sink.seen(lambda event: event.kind == "approval_requested")
        await cancelled(task)
        expired = sink.of("approval_resolved")[-1].approval
        assert (expired.id, expired.state) == (asked.approval.id, ApprovalState.EXPIRED) and expired.note
        assert not (root / "src" / "new.py").exists() and sink.of("tool_call") == []
        assert sink.events[-1].kind == "worker_ended" and sink.events[-1].outcome == "cancelled"

    async def test_while_it_waits_to_send_again(self, sink: RecordingSink, root: Path, serve: Serve) -> None:
        fault = {"kind": "rate_limit", "retry_after_s": 119.0}
        task = asyncio.create_task(run_agent(agent_request(root), serve(scripted(turn(3, finish(), fault=fault)))))
        await sink.seen(lambda event: event.kind == "retry")
        await cancelled(task)
        assert sink.events[-1].outcome == "cancelled"


async def _gone(pid: int) -> None:
    """Until no such process works any more; a zombie is dead."""
    while not is_gone(pid):  # noqa: ASYNC110 -- the kernel tells nobody
        await asyncio.sleep(0)


def neighbours() -> list[dict[str, Any]]:
    """Nine agents: three that work through, and one of every way to come to an end."""
    read = ("read_file", {"path": "src/core.py"})
    turns: list[dict[str, Any]] = []
    for name in ("T-1", "T-2", "T-3"):
        turns += [
            turn(3, read, ticket=name, turn=n, text=f"{name} says {n}. " * 40, usage={"input_tokens": 10 * n})
            for n in (1, 2, 3)
        ]
        turns.append(turn(3, finish(name), ticket=name, turn=4, text=f"{name} ends."))
    turns += [
        turn(3, ticket="T-crash", text="crash " * 30, fault={"kind": "crash", "after_chunks": 9}),
        turn(3, ticket="T-auth", text="auth " * 30, fault={"kind": "auth", "after_chunks": 9}),
        turn(
            3,
            finish(),
            ticket="T-break",
            text="brk " * 30,
            fault={"kind": "disconnect", "after_chunks": 7, "retry_after_s": 0},
        ),
        turn(3, ticket="T-lost", text="no call"),
        turn(3, ticket="T-hang", text="hang " * 30, fault={"kind": "hang", "after_chunks": 9}),
        turn(2, ("list_directory", {}), turn=1, text="Tier 2 plans. " * 40),
        turn(
            2, ("submit_tickets", {"tickets": [{"id": "A", "title": "a", "brief": "b", "files": [], "depends_on": []}]})
        ),
    ]
    return turns


def requests_of(root: Path) -> list[AgentRequest]:
    names = ("T-1", "T-crash", "T-2", "T-auth", "T-break", "T-lost", "T-hang", "T-3")
    workers = [agent_request(root, ticket=ticket(name), prompt=f"Ticket: {name}") for name in names]
    return [agent_request(root, tier=2, ticket=None, prompt="Plan."), *workers]


def check_untouched(sink: RecordingSink, outcomes: dict[str, AgentOutcome | None], provider: RecordingProvider) -> None:
    for name in ("T-1", "T-2", "T-3"):
        stream = f"Tier 3: {name}"
        assert sink.text(stream) == "".join(f"{name} says {n}. " * 40 for n in (1, 2, 3)) + f"{name} ends."
        outcome = outcomes[stream]
        assert outcome is not None and outcome.answer is not None and outcome.answer.summary == name
        assert [event.usage.input_tokens for event in sink.of("usage", stream=stream)][:3] == [10, 20, 30]
        sent = [request for request in provider.requests if request.caller.ticket == name]
        assert [len(request.messages) for request in sent] == [1, 3, 5, 7]
        for before, after in itertools.pairwise(sent):
            assert after.messages[: len(before.messages)] == before.messages
        assert sent[-1].messages[0].blocks[0].text == f"Ticket: {name}"  # type: ignore[union-attr]
        assert all(f"{name} says" in message.blocks[0].text for message in sent[-1].messages[1::2])  # type: ignore[union-attr]
    planned = outcomes["Tier 2"]
    assert planned is not None and planned.answer is not None and sink.text("Tier 2") == "Tier 2 plans. " * 40
    assert {
        stream: outcome is None or outcome.answer is None for stream, outcome in outcomes.items() if "T-" in stream
    } == {
        **{f"Tier 3: {name}": False for name in ("T-1", "T-2", "T-3", "T-break")},
        **{f"Tier 3: {name}": True for name in ("T-crash", "T-auth", "T-lost", "T-hang")},
    }
    assert [event.where for event in sink.of("fault")] == ["Tier 3: T-crash"]
    ended = {event.stream_id: event.outcome for event in sink.of("worker_ended")}
    assert len(ended) == len(sink.of("worker_ended")) == 9 and ended["Tier 3: T-hang"] == "cancelled"
    assert provider.opened == provider.closed == 9


async def _run_and_cancel_the_stalled(
    requests: list[AgentRequest], given: AgentServices, sink: RecordingSink
) -> dict[str, AgentOutcome | None]:
    tasks = {request.stream_id: asyncio.create_task(run_agent(request, given)) for request in requests}
    if "Tier 3: T-hang" in tasks:
        await sink.seen(lambda event: is_text(event) and event.stream_id == "Tier 3: T-hang")
        await cancelled(tasks["Tier 3: T-hang"])
    await asyncio.wait(tasks.values(), timeout=WAIT_S)
    return {stream: None if task.cancelled() else task.result() for stream, task in tasks.items()}


class Started(OpenGate):
    """Lets nobody's first turn begin before everybody is there: all requests are in flight together."""

    def __init__(self, parties: int) -> None:
        super().__init__()
        self._missing = parties
        self._lock = threading.Lock()
        self._waiting: list[tuple[asyncio.AbstractEventLoop, asyncio.Event]] = []

    async def decide(self, request: Any) -> Any:
        if request.kind is ApprovalKind.STEP and request.payload.turn == 1:
            event = asyncio.Event()
            with self._lock:
                self._waiting.append((asyncio.get_running_loop(), event))
                self._missing -= 1
                ready = list(self._waiting) if not self._missing else []
            for loop, waiting in ready:
                loop.call_soon_threadsafe(waiting.set)
            await asyncio.wait_for(event.wait(), WAIT_S)
        return await super().decide(request)


async def test_one_worker_does_not_reset_another(sink: RecordingSink, root: Path, offload: Threads) -> None:
    provider = RecordingProvider(ScriptedProvider(scenario(*neighbours())))
    given = services(sink, provider, offload, Started(9))
    outcomes = await _run_and_cancel_the_stalled(requests_of(root), given, sink)
    check_untouched(sink, outcomes, provider)


def test_one_worker_does_not_reset_another_in_loops_of_their_own(
    sink: RecordingSink, root: Path, offload: Threads
) -> None:
    provider = RecordingProvider(ScriptedProvider(scenario(*neighbours())))
    given = services(sink, provider, offload, Started(9))
    outcomes: dict[str, AgentOutcome | None] = {}
    errors: list[BaseException] = []

    def lane(requests: list[AgentRequest]) -> None:
        try:
            with asyncio.Runner(loop_factory=asyncio.SelectorEventLoop) as runner:
                outcomes.update(runner.run(_run_and_cancel_the_stalled(requests, given, sink)))
        except BaseException as error:  # noqa: BLE001 -- the edge of a thread: the test looks at it
            errors.append(error)

    requests = requests_of(root)
    threads = [threading.Thread(target=lane, args=(requests[n::4],)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(WAIT_S)
    assert not errors and not any(thread.is_alive() for thread in threads)
    check_untouched(sink, outcomes, provider)


def test_worker_request_is_one_frozen_object(root: Path) -> None:
    request = agent_request(root)
    for field in dataclasses.fields(AgentRequest):
        with pytest.raises(dataclasses.FrozenInstanceError):
            setattr(request, field.name, None)
    assert request == agent_request(root) and hash(request) == hash(agent_request(root))
    assert request != agent_request(root, attempt=2)
    assert list(inspect.signature(run_agent).parameters) == ["request", "services"]
    loops = (asyncio.AbstractEventLoop, asyncio.Future, asyncio.Event, asyncio.Queue)
    assert not any(isinstance(getattr(request, field.name), loops) for field in dataclasses.fields(request))
