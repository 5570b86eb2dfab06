"""What a session is made of: built once by the application, handed to whoever works."""

import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from slop_qt.agents.request import AgentServices, no_limit_known
from slop_qt.agents.request_shelf import RequestShelf
from slop_qt.core.budgets import SpendAsk, WorstCase, no_price_known
from slop_qt.core.errors import ConfigurationError, NotFoundError
from slop_qt.core.ports import ApprovalGate, CommandRunner, EventSink, Lanes, Offload, Provider, SpendGate
from slop_qt.core.settings import ModelChoice, Settings
from slop_qt.core.tracks import Track
from slop_qt.core.usage import Usage
from slop_qt.mma.approval_desk import ApprovalDesk
from slop_qt.mma.feed import StateFeed
from slop_qt.mma.spent import Price
from slop_qt.mma.ticket_requests import TicketRequests
from slop_qt.providers.token_counter import TokenCounters
from slop_qt.store.conductor.folder import ConductorFolder
from slop_qt.store.conductor.plan_reader import ConductorPlans
from slop_qt.store.context_choices import ContextChoiceStore
from slop_qt.store.preferences import Preferences
from slop_qt.store.system_prompts import PromptFolder, SystemPrompts
from slop_qt.tools.registry import ToolRegistry
from slop_qt.workspace.repository import Repository

__all__ = ["SessionParts", "new_run_id"]


def _no_price_known(_choice: ModelChoice, _usage: Usage) -> float | None:
    return None


@dataclass(frozen=True, slots=True)
class SessionParts:
    """The collaborators of one open project. All but the feed may be used from any thread.

    provider finds a provider by its name, and is slow: for helper threads. limit_tokens is how many tokens a model
    takes, by provider and model; None where that is not known. price and worst_case are slow too: what a response costs
    at a model, and what a request that is about to be sent can come to. shelf has what the agents sent last.
    """

    project: Path
    repository: Repository
    worktrees: Path
    folder: ConductorFolder
    preferences: Preferences
    sink: EventSink
    feed: StateFeed
    desk: ApprovalDesk
    lanes: Lanes
    offload: Offload
    commands: CommandRunner
    provider: Callable[[str], Provider]
    tools: ToolRegistry
    prompts: PromptFolder
    context_choices: ContextChoiceStore
    counters: TokenCounters = field(default_factory=TokenCounters)
    limit_tokens: Callable[[str, str], int | None] = no_limit_known
    price: Price = _no_price_known
    shelf: RequestShelf = field(default_factory=RequestShelf)
    worst_case: Callable[[SpendAsk], WorstCase] = no_price_known

    @property
    def settings(self) -> Settings:
        """What is in force at this moment."""
        return self.preferences.current

    def services(self, gate: ApprovalGate, spending: SpendGate) -> AgentServices:
        """What the agents of one run work with."""
        return AgentServices(
            sink=self.sink,
            gate=gate,
            provider=self.provider,
            tools=self.tools,
            offload=self.offload,
            commands=self.commands,
            plans=ConductorPlans(),
            counters=self.counters,
            limit_tokens=self.limit_tokens,
            shelf=self.shelf,
            spending=spending,
        )

    def ticket_requests(self, run_id: str, track: Track, prompts: SystemPrompts) -> TicketRequests:
        """What makes the requests of a track's tickets."""
        return TicketRequests(
            run_id=run_id,
            track=track,
            settings=lambda: self.settings,
            prompts=prompts,
            offload=self.offload,
            choices=self.context_choices.read,
            limit_tokens=self.limit_tokens,
        )

    async def require_providers(self, *tiers: int) -> None:
        """Fail before anything starts where a tier's provider cannot be used at all.

        Raises:
            ConfigurationError: a key or a scenario is missing; it names the tier.
        """
        for tier in tiers:
            choice = self.settings.tiers[tier]
            try:
                await self.offload.run(partial(self.provider, choice.provider))
            except ConfigurationError as error:
                raise ConfigurationError(f"Tier {tier} cannot be asked: {error.message}", error.hint) from error

    async def load_prompts(self) -> SystemPrompts:
        """The system prompts as they are now, for a whole run.

        Raises:
            ConfigurationError: one of the person's own cannot be used; it names the file.
        """
        return await self.offload.run(self.prompts.load)

    async def track(self, track_id: str) -> Track:
        """The track of that id, as it stands on disk.

        Raises:
            NotFoundError: there is none; it names those there are.
        """
        tracks = await self.offload.run(self.folder.tracks)
        for track in tracks:
            if track.id == track_id:
                return track
        known = ", ".join(track.id for track in tracks) or "none yet"
        raise NotFoundError(f"There is no track {track_id}.", f"Tracks: {known}.")


def new_run_id() -> str:
    """`20261122-211502-3fa9`: it names branches, so it sorts by time and has nothing that git or a shell minds."""
    return f"{datetime.now(UTC):%Y%m%d-%H%M%S}-{secrets.token_hex(2)}"
