"""What an agent is given: one frozen request, and the services that it works with."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from slop_qt.agents.request_shelf import RequestShelf
from slop_qt.core.errors import BudgetError
from slop_qt.core.planning_basis import PlanningBasis
from slop_qt.core.ports import ApprovalGate, CommandRunner, EventSink, Offload, PlanReader, Provider, SpendGate
from slop_qt.core.prompt import Prompt
from slop_qt.core.settings import Limits, ModelChoice
from slop_qt.core.shape import Shape
from slop_qt.core.tickets import TicketSpec
from slop_qt.providers.token_counter import TokenCounters
from slop_qt.tools.registry import ToolRegistry

__all__ = ["AgentOutcome", "AgentRequest", "AgentServices", "RefusedAnswer", "no_limit_known"]


@dataclass(frozen=True, slots=True)
class AgentRequest:
    """Everything that one agent is to do, for any tier. Nothing about it travels any other way.

    root is where its tools work; system and prompt are the first request's texts, complete. basis is what the answer of
    a planning tier is held against. context_tokens is how large its requests may be, input and answer together, where
    that is to be less than the model takes.
    """

    run_id: str
    stream_id: str
    tier: int
    track: str | None
    ticket: TicketSpec | None
    attempt: int
    choice: ModelChoice
    root: Path
    system: str
    prompt: Prompt
    limits: Limits
    context_tokens: int | None = None
    basis: PlanningBasis = field(default_factory=PlanningBasis)


def no_limit_known(_provider: str, _model: str) -> None:
    """The answer of a catalogue that is empty."""


@dataclass(frozen=True, slots=True)
class AgentServices:
    """What agents share: stateless, or safe to use from any thread.

    provider finds a provider by its name; it raises ConfigurationError for one that does not exist, and is slow.
    limit_tokens is how many tokens a model takes, by provider and model; None where that is not known. spending is what
    every send has to pass; None where nothing is limited. shelf keeps what was sent last, for the person to read.
    """

    sink: EventSink
    gate: ApprovalGate
    provider: Callable[[str], Provider]
    tools: ToolRegistry
    offload: Offload
    commands: CommandRunner
    plans: PlanReader
    counters: TokenCounters = field(default_factory=TokenCounters)
    limit_tokens: Callable[[str, str], int | None] = no_limit_known
    shelf: RequestShelf = field(default_factory=RequestShelf)
    spending: SpendGate | None = None


@dataclass(frozen=True, slots=True)
class RefusedAnswer:
    """A call by which the model meant to end its work and that could not be taken: arguments as it wrote them."""

    tool: str
    arguments: str


@dataclass(frozen=True, slots=True)
class AgentOutcome:
    """How an agent ended: with the validated arguments of its tier's answer, or with an error.

    fatal marks an error that another attempt cannot mend: a missing key, a refused request. over_budget is that error
    where a limit did not cover a request.
    raw is the last answer's text, and refused the last answer that was one but did not hold: kept for the person where
    no other came.
    """

    answer: Shape | None
    error: str | None = None
    fatal: bool = False
    raw: str = ""
    refused: RefusedAnswer | None = None
    over_budget: BudgetError | None = None

    def answer_as(self, shape: type[Any]) -> Any:
        """The answer, of a known shape; only where there is one."""
        if not isinstance(self.answer, shape):
            raise TypeError(f"expected {shape.__name__}, got {type(self.answer).__name__}")
        return self.answer
