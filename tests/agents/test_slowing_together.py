"""Agents on one provider: one that is refused slows all of them down, each says so in its stream, nothing is lost."""

import asyncio
import contextlib
from collections.abc import Callable
from pathlib import Path

from agent_support import RecordingSink, agent_request, finish, scripted, ticket, turn

from slop_qt.agents.loop import run_agent
from slop_qt.agents.request import AgentServices
from slop_qt.core.settings import Limits

Serve = Callable[..., AgentServices]
NAMES = [f"T-{number}" for number in range(6)]
REFUSED = {"kind": "rate_limit", "retry_after_s": 0.3}


def answers(name: str, **fault: object) -> dict[str, object]:
    usage = {"input_tokens": 10, "output_tokens": 5}
    return turn(3, finish(), ticket=name, text=f"I am {name}.", usage=usage, **fault)


async def test_all_wait_for_the_pause_of_one_and_then_all_answer(sink: RecordingSink, root: Path, serve: Serve) -> None:
    provider = scripted(answers("T-0", fault=REFUSED), *(answers(name) for name in NAMES[1:]))
    requests = [agent_request(root, ticket=ticket(name), limits=Limits(sends=2, no_progress_s=0.2)) for name in NAMES]
    running = asyncio.gather(*(run_agent(request, serve(provider)) for request in requests))
    for request in requests:
        await sink.seen(lambda event, of=request.stream_id: event.kind == "retry" and event.stream_id == of)
    assert len(provider.requests) == 1, "nobody else has sent anything"
    state = provider.throttle.state()
    assert (state.limit, state.waiting, state.in_flight) == (1, 6, 0) and state.pause_s > 0
    outcomes = await running
    assert all(outcome.answer is not None for outcome in outcomes)
    assert len(provider.requests) == 7, "one was refused, and waiting is no send"
    for name, request in zip(NAMES, requests, strict=True):
        assert sink.text(request.stream_id) == f"I am {name}."
        [wait] = sink.of("retry", stream=request.stream_id)
        assert wait.attempt == (2 if name == "T-0" else 1) and wait.wait_s <= 0.3 and "(429)" in wait.reason
        assert ("Requests to scripted take turns." in wait.reason) is (name != "T-0")
    assert sum(event.usage.output_tokens for event in sink.of("usage")) == 6 * 5
    assert (provider.throttle.state().in_flight, provider.throttle.state().waiting) == (0, 0)


async def test_agents_that_are_cancelled_while_they_wait_leave_the_others_their_turn(
    sink: RecordingSink, root: Path, serve: Serve
) -> None:
    provider = scripted(answers("T-0", fault=REFUSED), *(answers(name) for name in NAMES[1:]))
    tasks = [
        asyncio.create_task(run_agent(agent_request(root, ticket=ticket(name)), serve(provider))) for name in NAMES
    ]
    await sink.seen(lambda event: event.kind == "retry" and event.stream_id == "Tier 3: T-5")
    for task in tasks[:5]:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
    assert provider.throttle.state().waiting == 1
    assert (await tasks[5]).answer is not None
    assert len(provider.requests) == 2 and provider.closed == 6
