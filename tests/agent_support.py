"""What tests of agents and of the four tiers share: a sink that remembers, plain ports, and scenarios in one line."""

import asyncio
import json
import os
import threading
from collections.abc import AsyncGenerator, Callable, Coroutine, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar

from slop_qt.agents.request import AgentRequest, AgentServices
from slop_qt.core.approvals import ApprovalKind, ApprovalRequest, DecidedBy, Decision
from slop_qt.core.conversation import CacheReach, CacheTtl, ModelRequest, ProviderEvent
from slop_qt.core.events import Event
from slop_qt.core.ports import Committed, Provider, SendThrottle
from slop_qt.core.prompt import plain_prompt
from slop_qt.core.settings import Limits, ModelChoice
from slop_qt.core.streams import stream_name
from slop_qt.core.tickets import TicketSpec
from slop_qt.providers.scenario import Scenario
from slop_qt.providers.scripted import ScriptedProvider
from slop_qt.providers.throttle import Throttle
from slop_qt.store.conductor.plan_reader import ConductorPlans
from slop_qt.tools.registry import ToolRegistry, default_tools
from slop_qt.workspace.processes import PosixCommandRunner

WAIT_S = 20.0
T = TypeVar("T")


class RecordingSink:
    """An EventSink that keeps everything in order, and lets a test wait for an event."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._events: list[Event] = []
        self._waiting: list[tuple[Callable[[Event], bool], asyncio.AbstractEventLoop, asyncio.Future[Event]]] = []

    @property
    def events(self) -> list[Event]:
        with self._lock:
            return list(self._events)

    def publish(self, event: Event, committed: Committed | None = None) -> int:
        with self._lock:
            seq = len(self._events) + 1
            numbered = event.model_copy(update={"seq": seq})
            self._events.append(numbered)
            met = [entry for entry in self._waiting if entry[0](numbered)]
            self._waiting = [entry for entry in self._waiting if entry not in met]
        for _, loop, future in met:
            loop.call_soon_threadsafe(_settle, future, numbered)
        if committed is not None:
            committed(None)
        return seq

    async def seen(self, predicate: Callable[[Event], bool]) -> Event:
        """The first event for which it holds, come or to come."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Event] = loop.create_future()
        with self._lock:
            for event in self._events:
                if predicate(event):
                    return event
            self._waiting.append((predicate, loop, future))
        return await asyncio.wait_for(future, WAIT_S)

    def of(self, *kinds: str, stream: str | None = None) -> list[Any]:
        """The events of these kinds, of one stream or of all."""
        return [
            event
            for event in self.events
            if event.kind in kinds and (stream is None or getattr(event, "stream_id", None) == stream)
        ]

    def text(self, stream: str) -> str:
        return "".join(event.text for event in self.of("stream_text", stream=stream))

    def kinds(self, stream: str) -> list[str]:
        """What happened in a stream but for reports of its context, repetitions of text and thinking left out."""
        names: list[str] = []
        for event in self.events:
            if (
                getattr(event, "stream_id", None) == stream
                and event.kind not in {"context", "context_explained"}
                and not (names and names[-1] == event.kind and event.kind in {"stream_text", "thinking"})
            ):
                names.append(event.kind)
        return names


def _settle(future: "asyncio.Future[Event]", event: Event) -> None:
    if not future.done():
        future.set_result(event)


class Threads:
    """core.ports.Offload on a thread pool. `close` it."""

    def __init__(self, workers: int = 4) -> None:
        self._pool = ThreadPoolExecutor(workers)

    async def run(self, job: Callable[[], T]) -> T:
        return await asyncio.shield(asyncio.wrap_future(self._pool.submit(job)))

    def close(self) -> None:
        self._pool.shutdown()


class OneLane:
    """core.ports.Lanes without a thread: what it is given runs as a task of the caller's loop."""

    def __init__(self) -> None:
        self.jobs: list[tuple[str, Callable[[], Coroutine[Any, Any, Any]]]] = []

    async def run(self, job: Callable[[], Coroutine[Any, Any, T]], *, name: str) -> T:
        self.jobs.append((name, job))
        return await job()


class OpenGate:
    """core.ports.ApprovalGate that lets everything pass, but what `answers` says otherwise of a kind."""

    def __init__(self, **answers: Decision) -> None:
        self.requests: list[ApprovalRequest] = []
        self._answers = {ApprovalKind(kind): decision for kind, decision in answers.items()}

    async def decide(self, request: ApprovalRequest) -> Decision:
        self.requests.append(request)
        return self._answers.get(request.kind) or Decision(approved=True, by=DecidedBy.POLICY)


class RecordingProvider:
    """Another provider, with every request that it was sent."""

    name = "scripted"
    caches = True

    def __init__(self, inner: Provider) -> None:
        self._inner = inner
        self.requests: list[ModelRequest] = []
        self.opened = 0
        self.closed = 0

    @property
    def throttle(self) -> SendThrottle:
        return self._inner.throttle

    @property
    def cache_reach(self) -> CacheReach:
        return self._inner.cache_reach

    def cache_life_s(self, ttl: CacheTtl) -> float | None:
        return self._inner.cache_life_s(ttl)

    def as_sent(self, request: ModelRequest) -> str:
        return self._inner.as_sent(request)

    async def open(self) -> "_RecordingSession":
        self.opened += 1
        return _RecordingSession(self, await self._inner.open())


class _RecordingSession:
    def __init__(self, provider: RecordingProvider, inner: Any) -> None:
        self._provider = provider
        self._inner = inner

    def stream(self, request: ModelRequest) -> AsyncGenerator[ProviderEvent, None]:
        self._provider.requests.append(request)
        stream: AsyncGenerator[ProviderEvent, None] = self._inner.stream(request)
        return stream

    async def count(self, request: ModelRequest) -> int | None:
        return await self._inner.count(request)

    async def aclose(self) -> None:
        self._provider.closed += 1
        await self._inner.aclose()


class CannedProvider:
    """Sends these events, one list for each send: for what no scenario can say. An exception in a list is raised."""

    name = "canned"
    caches = True
    cache_reach: CacheReach = "before"
    life_s: float | None = None

    def __init__(self, *sends: Sequence[ProviderEvent | Exception]) -> None:
        self._sends = list(sends)
        self.throttle = Throttle(self.name)
        self.requests: list[ModelRequest] = []

    def cache_life_s(self, ttl: CacheTtl) -> float | None:
        del ttl
        return self.life_s

    def as_sent(self, request: ModelRequest) -> str:
        return repr(request)

    async def open(self) -> "CannedProvider":
        return self

    async def stream(self, request: ModelRequest) -> AsyncGenerator[ProviderEvent, None]:
        self.requests.append(request)
        for event in self._sends.pop(0):
            if isinstance(event, Exception):
                raise event
            yield event

    async def count(self, _: ModelRequest) -> int | None:
        return None

    async def aclose(self) -> None:
        """There is nothing to close."""


def turn(tier: int, *tools: tuple[str, dict[str, Any]], **fields: Any) -> dict[str, Any]:
    """One [[turn]]: tools are (name, input); fields as in a scenario file."""
    return {"tier": tier, "tool": [{"name": name, "input": given} for name, given in tools], **fields}


def scenario(*turns: dict[str, Any], chunk_chars: int = 4, chunks_per_s: float = 0.0) -> Scenario:
    """A scenario of these turns, checked as one from a file is."""
    defaults = {"chunk_chars": chunk_chars, "chunks_per_s": chunks_per_s}
    return Scenario.model_validate_json(json.dumps({"defaults": defaults, "turn": turns}))


def scripted(*turns: dict[str, Any], chunk_chars: int = 4, chunks_per_s: float = 0.0) -> RecordingProvider:
    """The shipped scripted provider with these turns, remembering its requests."""
    return RecordingProvider(ScriptedProvider(scenario(*turns, chunk_chars=chunk_chars, chunks_per_s=chunks_per_s)))


def finish(summary: str = "Done.") -> tuple[str, dict[str, Any]]:
    """The tool call that ends Tier 3."""
    return "finish_ticket", {"summary": summary}


def ticket(ticket_id: str = "T-001", **fields: Any) -> TicketSpec:
    """A ticket that may write anything beneath src/."""
    return TicketSpec(**({"id": ticket_id, "title": f"Do {ticket_id}", "brief": "Do it.", "files": ("src/",)} | fields))


def agent_request(root: Path, **fields: Any) -> AgentRequest:
    """A Tier 3 request; fields replace its parts."""
    given: dict[str, Any] = {"tier": 3, "ticket": ticket(), "attempt": 1, **fields}
    named = stream_name(given["tier"], given["ticket"].id if given["ticket"] else None, given["attempt"])
    defaults: dict[str, Any] = {
        "run_id": "R-1",
        "stream_id": named,
        "track": "A track",
        "choice": ModelChoice(provider="scripted", model="script-1"),
        "root": root,
        "system": "You are tested.",
        "prompt": "Do the ticket.",
        "limits": Limits(no_progress_s=WAIT_S),
    }
    fields_of = defaults | given
    if isinstance(fields_of["prompt"], str):
        fields_of["prompt"] = plain_prompt(fields_of["prompt"])
    return AgentRequest(**fields_of)


def services(sink: Any, provider: Any, offload: Any, gate: Any | None = None) -> AgentServices:
    """Services around one provider, with every tool and real commands."""
    return AgentServices(
        sink=sink,
        gate=gate or OpenGate(),
        provider=lambda _: provider,
        tools=ToolRegistry(default_tools()),
        offload=offload,
        commands=PosixCommandRunner(os.environ),
        plans=ConductorPlans(),
    )


def is_gone(pid: int) -> bool:
    """No such process works any more; a zombie is dead."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except FileNotFoundError:
        return True
