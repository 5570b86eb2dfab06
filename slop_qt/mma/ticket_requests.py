"""Makes the requests of a ticket's agents: the preview and the run have them from here, so they are the same."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from slop_qt.agents.context.files import FilesWanted
from slop_qt.agents.context.results import TicketResult
from slop_qt.agents.context.worker import room_for_files, worker_prompt
from slop_qt.agents.context_room import Room, room_of
from slop_qt.agents.prompts import FailedAttempt, qa_prompt
from slop_qt.agents.request import AgentRequest
from slop_qt.core.context_choices import ContextChoices
from slop_qt.core.ports import Offload
from slop_qt.core.prompt import Prompt, plain_prompt
from slop_qt.core.settings import Settings
from slop_qt.core.streams import stream_name
from slop_qt.core.tickets import TicketSpec
from slop_qt.core.tracks import Track
from slop_qt.store.system_prompts import SystemPrompts

__all__ = ["TicketRequests", "Tree"]


@dataclass(frozen=True, slots=True)
class Tree:
    """Where a worker would start: the folder, and what names all files of it, asked only where a list is wanted."""

    root: Path
    files: Callable[[], Awaitable[Sequence[str]]]


@dataclass(frozen=True, slots=True)
class TicketRequests:
    """What the agents of a track's tickets are asked. Lives in the main thread's loop; keeps nothing.

    choices reads what the person wants in their context, in the helper pool; limit_tokens is how many tokens a model
    takes, by provider and model, None where that is not known.
    """

    run_id: str
    track: Track
    settings: Callable[[], Settings]
    prompts: SystemPrompts
    offload: Offload
    choices: Callable[[], ContextChoices]
    limit_tokens: Callable[[str, str], int | None]

    async def worker(
        self,
        ticket: TicketSpec,
        tree: Tree,
        *,
        attempt: int = 1,
        results: Sequence[TicketResult] = (),
        failed: FailedAttempt | None = None,
        choices: ContextChoices | None = None,
    ) -> AgentRequest:
        """What the ticket's worker starts with, of the tree as it is now. Nothing is sent, and nothing changes.

        choices are those to try in place of those that are kept.

        Raises:
            StoreError: the person's choices cannot be read.
            WorkspaceError: the tree's files cannot be listed.
        """
        lists = any(path.endswith("/") or path == "." for path in ticket.files)
        settings = self.settings()
        wanted = FilesWanted(
            ticket=ticket,
            track_id=self.track.id,
            root=tree.root,
            choices=choices if choices is not None else await self.offload.run(self.choices),
            paths=await tree.files() if lists else (),
            room=room_for_files(self._room(settings).input),
        )
        prompt = await self.offload.run(partial(worker_prompt, wanted, tuple(results), failed))
        return self._request(3, ticket, attempt, tree.root, prompt)

    def _room(self, settings: Settings) -> Room:
        choice = settings.tiers[3]
        model_tokens = self.limit_tokens(choice.provider, choice.model)
        return room_of(model_tokens, settings.context_tokens.get(3), settings.limits.max_output_tokens)

    def rewritten(self, request: AgentRequest, text: str) -> AgentRequest:
        """The request with the first message that the person wrote instead."""
        return replace(request, prompt=plain_prompt(text, "You wrote it."))

    def qa(self, ticket: TicketSpec, attempt: int, root: Path, output: str, diff: str) -> AgentRequest:
        """What Tier 4 is asked of an attempt whose verification failed with that output."""
        return self._request(4, ticket, attempt, root, qa_prompt(ticket, ticket.verify or "", output, diff))

    def _request(self, tier: int, ticket: TicketSpec, attempt: int, root: Path, prompt: Prompt) -> AgentRequest:
        settings = self.settings()
        return AgentRequest(
            run_id=self.run_id,
            stream_id=stream_name(tier, ticket.id, attempt),
            tier=tier,
            track=self.track.title,
            ticket=ticket,
            attempt=attempt,
            choice=settings.tiers[tier],
            root=root,
            system=self.prompts.of(tier),
            prompt=prompt,
            limits=settings.limits,
            context_tokens=settings.context_tokens.get(tier),
        )
