"""The boundaries: what one part needs of another, as Protocols. `app` and `headless` hand over what implements them."""

from collections.abc import AsyncGenerator, Callable, Collection, Coroutine, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Protocol, TypeVar

from slop_qt.core.approvals import ApprovalRequest, Decision
from slop_qt.core.budgets import SpendAsk
from slop_qt.core.conversation import CacheReach, CacheTtl, ModelRequest, ProviderEvent
from slop_qt.core.errors import ProviderError
from slop_qt.core.events import Event
from slop_qt.core.models import ModelInfo
from slop_qt.core.usage import Usage

__all__ = [
    "Admission",
    "ApprovalGate",
    "CommandRequest",
    "CommandResult",
    "CommandRunner",
    "Committed",
    "EventSink",
    "Lanes",
    "Offload",
    "Provider",
    "ProviderSession",
    "Reservation",
    "SendThrottle",
    "SpendGate",
    "ThrottleState",
]

T = TypeVar("T")

# Called once in the journal writer's thread: with None when the event is on disk, else with what prevented it.
Committed = Callable[[Exception | None], None]


class EventSink(Protocol):
    """The one door through which everything that happens goes. May be called from any thread."""

    def publish(self, event: Event, committed: Committed | None = None) -> int:
        """Number the event, and hand it to the journal and every consumer. Returns its seq."""
        ...


class Offload(Protocol):
    """The helper pool: blocking work (git, files, SDK imports) away from every event loop."""

    async def run(self, job: Callable[[], T]) -> T:
        """The job's result or exception. May be awaited from the loop of any thread.

        A cancelled wait leaves the job running to its end; its result is dropped.
        """
        ...


class Lanes(Protocol):
    """Threads with an asyncio loop each, in which agents and commands run as tasks."""

    async def run(self, job: Callable[[], Coroutine[Any, Any, T]], *, name: str) -> T:
        """Call `job` in a lane and await its coroutine there. Awaited from the GUI loop.

        Cancelling the wait cancels the task in its lane, and raises CancelledError here after that task has ended.
        """
        ...


@dataclass(frozen=True, slots=True)
class CommandRequest:
    """A command to run: a string goes to /bin/sh -c, a tuple is argv.

    timeout_s is the time from start to kill; output_limit the bytes of stdout and stderr (together, in order) kept.
    """

    command: str | tuple[str, ...]
    cwd: Path
    timeout_s: float
    output_limit: int


@dataclass(frozen=True, slots=True)
class CommandResult:
    """How a command ended.

    exit_code is None where it was killed for its time, and -N where signal N ended it. output is UTF-8 with
    replacement characters; where it was too long its first and last parts are kept and dropped_bytes says how much not.
    """

    exit_code: int | None
    output: str
    dropped_bytes: int
    timed_out: bool
    duration_s: float

    @property
    def ok(self) -> bool:
        """Whether the command succeeded."""
        return self.exit_code == 0


class CommandRunner(Protocol):
    """Runs commands as trees that can be killed. Awaited in a lane's loop (a SelectorEventLoop)."""

    async def run(self, request: CommandRequest) -> CommandResult:
        """Run it to its end, its time or the cancellation of this call; nothing of it is left when this returns.

        Raises:
            ToolError: the program or the folder does not exist, or may not be executed.
        """
        ...


class PlanReader(Protocol):
    """Reads a track's plan from its text. For any thread."""

    def tasks(self, plan: str) -> tuple[str, ...]:
        """The names of its tasks and sub-tasks, in order, each once."""
        ...

    def unknown(self, plan: str, tasks: Sequence[str]) -> tuple[str, ...]:
        """Those that are not in the plan, however they are written."""
        ...

    def is_plan(self, text: str) -> bool:
        """Whether it has a phase or a task at all."""
        ...


class ApprovalGate(Protocol):
    """One run's policy and queue. Awaited in any thread's loop."""

    async def decide(self, request: ApprovalRequest) -> Decision:
        """Whether it may happen: by rule or mode at once, else when somebody has decided."""
        ...


class Reservation(Protocol):
    """What is set aside for one send. As a context manager it gives back, at its end, what was not spent."""

    def __enter__(self) -> "Reservation": ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None, /
    ) -> None: ...

    def spent(self, usage: Usage) -> None:
        """What the provider reported for this send so far; the last one counts."""
        ...


class SpendGate(Protocol):
    """The budget's door: every send goes through it. Awaited in any thread's loop."""

    async def reserve(self, ask: SpendAsk) -> Reservation:
        """Set aside the most that the send can come to; waits until the limits cover it.

        Raises:
            BudgetError: they do not, and nobody is there to raise them for this request.
        """
        ...


class ProviderSession(Protocol):
    """One agent's connection to a model. It belongs to that agent's task and dies with it."""

    def stream(self, request: ModelRequest) -> AsyncGenerator[ProviderEvent, None]:
        """Send once and yield what comes, as it comes; ends after `Finished`. Close it (`aclosing`) to end it early.

        Raises:
            ProviderError: in every case in which `Finished` does not come; retryable says whether to send again.
        """
        ...

    async def count(self, request: ModelRequest) -> int | None:
        """How many tokens the request is to the provider, before it is sent; takes 5 s at most, and never fails.

        None: the provider does not count, or did not answer.
        """
        ...

    async def aclose(self) -> None:
        """Close connections. Safe to call twice."""
        ...


class Admission(Protocol):
    """One send's place among all that go to the same provider with the same key. Belongs to the task that asked.

    As a context manager it gives the place back at its end, however that comes.
    """

    def __enter__(self) -> "Admission": ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None, /
    ) -> None: ...

    def start(self) -> bool:
        """Begin the send, if it may begin at once: then it is in flight."""
        ...

    async def wait(self) -> None:
        """Return when the send may begin, and has begun."""
        ...

    def answered(self) -> None:
        """The answer is complete: the provider takes what it is sent."""
        ...

    def refused(self, error: ProviderError) -> float:
        """The provider said that requests are too many. Returns for how long nobody sends, seconds."""
        ...


@dataclass(frozen=True, slots=True)
class ThrottleState:
    """How requests to one provider are slowed down at this moment.

    limit is how many may be in flight at once, None where nothing limits them; waiting is how many want to be.
    pause_s is for how long none is sent, seconds, 0 where there is no pause. reason is what the provider said last,
    a sentence, or empty.
    """

    provider: str
    limit: int | None = None
    in_flight: int = 0
    waiting: int = 0
    pause_s: float = 0.0
    reason: str = ""


class SendThrottle(Protocol):
    """Slows down all that send to one provider with one key, when it says that they are too many. From any thread."""

    def ask(self) -> Admission:
        """A place in the queue. Called in the loop of the task that will send."""
        ...

    def state(self) -> ThrottleState:
        """How it stands now."""
        ...


class Provider(Protocol):
    """A vendor. Holds configuration only, no connection, and what all its sessions share."""

    @property
    def name(self) -> str:
        """As on the command line: anthropic, scripted…"""
        ...

    @property
    def throttle(self) -> SendThrottle:
        """What admits every send of every session."""
        ...

    @property
    def caches(self) -> bool:
        """Whether it counts what it read from a cache."""
        ...

    @property
    def cache_reach(self) -> CacheReach:
        """How far into a request that reaches which it is asked to keep."""
        ...

    def cache_life_s(self, ttl: CacheTtl) -> float | None:
        """For how long it keeps that after it was last used, seconds; None where nobody has said."""
        ...

    def as_sent(self, request: ModelRequest) -> str:
        """The body in which the request goes out, as indented JSON. Pure, and slow for a large one.

        Where a server keeps the beginning of a request in a cache of its own, the name of that goes in its place.
        """
        ...

    async def models(self, chosen: Collection[str] = ()) -> tuple[ModelInfo, ...]:
        """What its models endpoint says; of those that are chosen also what costs a request each. 15 s at most.

        Raises:
            ProviderError: it refused, did not answer in time or answered with something else.
            ConfigurationError: a library is missing.
        """
        ...

    async def open(self) -> ProviderSession:
        """A new session, made in the loop of the lane that will use it.

        Raises:
            ConfigurationError: a key or a library is missing; the hint says how to get it.
        """
        ...
