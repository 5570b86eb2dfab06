"""What a ticket's worker would start with, and the choices by which the person changes that."""

import contextlib
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from pydantic import ValidationError

from slop_qt.agents.context.preview import compose
from slop_qt.agents.request import AgentRequest
from slop_qt.core.approvals import DecidedBy
from slop_qt.core.context_choices import ContextChoices, FileChoice
from slop_qt.core.errors import ConfigurationError, InvalidInputError, NotFoundError, NotPossibleError, ToolError
from slop_qt.core.ports import Provider
from slop_qt.core.tickets import TicketSpec
from slop_qt.core.tracks import Track
from slop_qt.mma import commands
from slop_qt.mma.command_registry import CommandRegistry
from slop_qt.mma.runs import Runs
from slop_qt.mma.session_parts import SessionParts
from slop_qt.mma.shapes import Nothing
from slop_qt.mma.spend_shapes import ChooseContext, ContextPreviewed, PreviewContext
from slop_qt.mma.ticket_requests import Tree
from slop_qt.tools.confined import Confined

__all__ = ["PREVIEW", "ContextDesk", "checked_choices", "find_ticket"]

# The name of the run that a request belongs to which nobody sends.
PREVIEW = "preview"


class ContextDesk:
    """Answers context.preview and context.choose. Lives in the main thread's loop; keeps nothing.

    Nothing is sent, and no provider is asked to count.
    """

    def __init__(self, parts: SessionParts, runs: Runs) -> None:
        self._parts = parts
        self._runs = runs

    def register(self, registry: CommandRegistry) -> None:
        """Attach the commands."""
        registry.register(commands.CONTEXT_PREVIEW, self._preview)
        registry.register(commands.CONTEXT_CHOOSE, self._choose)

    async def _preview(self, params: PreviewContext, _: DecidedBy) -> ContextPreviewed:
        """The first request as it would be now: of the run that is under way, else of the person's own files.

        Raises:
            NotFoundError: there is no such track or ticket.
            InvalidInputError: a choice that is to be tried does not hold, or its file is not there.
            StoreError: the tickets or the person's choices cannot be read.
        """
        parts = self._parts
        track = await parts.track(params.track_id)
        tickets = await parts.offload.run(partial(parts.folder.tickets, track.id))
        ticket = find_ticket(track, tickets, params.ticket_id)
        choices = await parts.offload.run(partial(self._tried, params))
        request = await self._request(track, ticket, choices)
        choice = request.choice
        composition = await parts.offload.run(
            partial(
                compose,
                request,
                parts.tools,
                parts.counters.of(choice.provider, choice.model),
                limit_tokens=parts.limit_tokens(choice.provider, choice.model),
                provider=await self._provider(choice.provider),
            )
        )
        return ContextPreviewed(
            report=composition.report,
            reasons=composition.reasons,
            texts=composition.texts,
            chosen=choices.own_of(track.id, ticket.id),
            project=choices.project,
            files=tuple(await parts.offload.run(parts.repository.files)),
        )

    def _tried(self, params: PreviewContext) -> ContextChoices:
        """The choices that are kept, and in their place those that are to be tried. Called in the helper pool."""
        choices, project = self._parts.context_choices.read(), self._parts.project
        try:
            if params.project is not None:
                choices = choices.for_project(checked_choices(project, params.project))
            if params.chosen is not None:
                own = checked_choices(project, params.chosen)
                choices = choices.for_ticket(params.track_id, params.ticket_id, own)
        except ValidationError as error:
            raise InvalidInputError(f"These choices do not hold: {error.errors()[0]['msg']}.") from error
        return choices

    async def _request(self, track: Track, ticket: TicketSpec, choices: ContextChoices) -> AgentRequest:
        parts = self._parts
        way = self._runs.way_of(track.id)
        if way is not None:
            with contextlib.suppress(NotPossibleError):  # the run has just ended
                return await way.first_request(ticket, choices)
        requests = parts.ticket_requests(PREVIEW, track, await parts.load_prompts())
        tree = Tree(parts.project, lambda: parts.offload.run(parts.repository.files))
        return await requests.worker(ticket, tree, choices=choices)

    async def _provider(self, name: str) -> Provider | None:
        try:
            return await self._parts.offload.run(partial(self._parts.provider, name))
        except ConfigurationError:  # no key: what is sent can be looked at all the same
            return None

    async def _choose(self, params: ChooseContext, _: DecidedBy) -> Nothing:
        """Keep the choices of a ticket, or of the project.

        Raises:
            NotFoundError: there is no such track or ticket.
            InvalidInputError: a path is not one of a file in the project, or is named twice; nothing was changed.
            StoreError: the file of the choices cannot be used, or not be written.
        """
        parts, store = self._parts, self._parts.context_choices
        if (params.track_id is None) != (params.ticket_id is None):
            raise InvalidInputError("A ticket has a track.", "Name both, or neither for the whole project.")
        choices = await parts.offload.run(partial(checked_choices, parts.project, params.choices))
        if params.track_id is None or params.ticket_id is None:
            await parts.offload.run(partial(store.choose, choices))
            return Nothing()
        track = await parts.track(params.track_id)
        ticket = find_ticket(track, await parts.offload.run(partial(parts.folder.tickets, track.id)), params.ticket_id)
        await parts.offload.run(partial(store.choose_for, track.id, ticket.id, choices))
        return Nothing()


def find_ticket(track: Track, tickets: Sequence[TicketSpec], ticket_id: str) -> TicketSpec:
    """The track's ticket of that id.

    Raises:
        NotFoundError: there is none; it names those there are.
    """
    for ticket in tickets:
        if ticket.id == ticket_id:
            return ticket
    known = ", ".join(ticket.id for ticket in tickets) or "none yet"
    raise NotFoundError(f"Track {track.id} has no ticket {ticket_id}.", f"Its tickets: {known}.")


def checked_choices(project: Path, choices: Sequence[FileChoice]) -> tuple[FileChoice, ...]:
    """The choices with their paths written plainly. File work.

    Raises:
        InvalidInputError: a path is not relative, leads out of the project, is a directory, or there is no such file.
    """
    confined = Confined(project)
    return tuple(_checked(confined, choice) for choice in choices)


def _checked(confined: Confined, choice: FileChoice) -> FileChoice:
    try:
        path = confined.relative(choice.path)
        if choice.form != "excluded":  # what is to be left out may as well not be there yet
            confined.read(path, 1)
    except ToolError as error:
        raise InvalidInputError(
            error.message, "Name a file of the project by its path in it, like src/a.py."
        ) from error
    return choice.model_copy(update={"path": path})
