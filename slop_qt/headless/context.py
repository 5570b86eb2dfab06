"""`slop-qt context`: what a ticket's worker would start with. It reads, and neither runs nor changes anything.

It takes no lock, opens no journal and needs no key: it works while another process has the project open. What it shows
is a new run's first attempt, from the files as they are.
"""

import asyncio
import os
import sys
from dataclasses import dataclass

from slop_qt.agents.context.preview import Composition, compose
from slop_qt.core.errors import ConfigurationError, NotFoundError, StoreError
from slop_qt.core.ports import Provider
from slop_qt.core.settings import Settings
from slop_qt.core.tickets import TicketSpec
from slop_qt.core.tracks import Track
from slop_qt.headless.context_lines import composition_lines, part_text
from slop_qt.headless.failures import complain
from slop_qt.headless.helpers import HelperThreads
from slop_qt.headless.output import Output, make_writable
from slop_qt.launch import LaunchOptions, settings_for
from slop_qt.mma.context_desk import PREVIEW, find_ticket
from slop_qt.mma.model_desk import ModelDesk
from slop_qt.mma.provider_shelf import ProviderShelf
from slop_qt.mma.ticket_requests import TicketRequests, Tree
from slop_qt.providers.token_counter import TokenCounters
from slop_qt.store.calibration import read_calibration
from slop_qt.store.conductor.folder import ConductorFolder
from slop_qt.store.context_choices import ContextChoiceStore
from slop_qt.store.keys import KeyStore
from slop_qt.store.paths import ProjectPaths
from slop_qt.store.preferences import Preferences
from slop_qt.store.system_prompts import PromptFolder
from slop_qt.workspace.repository import Repository

__all__ = ["ContextQuestion", "run_context"]

_NO_SUCH_TICKET = 1
# Whether a provider caches is a question to our own adapter: it is made for that, and never connects.
_ANY_KEY = "none"


@dataclass(frozen=True, slots=True)
class ContextQuestion:
    """Which ticket, of which track (None: the newest that has it), and what of its context is wanted.

    part is the number or label of a part whose exact text is printed instead of the table.
    """

    ticket: str
    track: str | None = None
    as_json: bool = False
    part: str | None = None


def run_context(options: LaunchOptions, question: ContextQuestion) -> int:
    """Print the composition. Returns the exit code: 1 with a sentence where there is no such ticket.

    Raises:
        UsageError: there is no such part.
        NotFoundError: there is no such track.
        SlopError: the project, its settings or choices cannot be read.
    """
    settings = settings_for(options)
    make_writable()
    repository = Repository(options.project)
    repository.inspect()
    folder = ConductorFolder(repository.root)
    try:
        track, ticket = _found(folder, question)
    except _NoSuchTicketError as error:
        complain(error)
        return _NO_SUCH_TICKET
    composition = asyncio.run(_composed(options, settings, repository, track, ticket))
    output = Output(sys.stdout)
    if question.as_json:
        output.write([composition.report.model_dump_json(indent=2)])
    elif question.part is not None:
        output.write_exactly(part_text(composition, question.part))
    else:
        output.write(composition_lines(track, ticket, composition))
    return 0


class _NoSuchTicketError(NotFoundError):
    """No track has the ticket that was asked for."""


def _found(folder: ConductorFolder, question: ContextQuestion) -> tuple[Track, TicketSpec]:
    """The ticket, and the newest track that has it; which others have it too is said on standard error."""
    tracks = folder.tracks()
    if question.track is not None:
        track = folder.read_track(question.track).track
        try:
            return track, find_ticket(track, folder.tickets(track.id), question.ticket)
        except NotFoundError as error:
            raise _NoSuchTicketError(error.message, error.hint) from error
    found: list[tuple[Track, TicketSpec]] = []
    problems: list[str] = []
    for track in tracks:  # in the order in which they were made
        stored = folder.read_track(track.id)
        found += [(track, ticket) for ticket in stored.tickets if ticket.id == question.ticket]
        problems += [stored.tickets_problem] if stored.tickets_problem else []
    if not found and problems:
        raise StoreError(f"No track that can be read has a ticket {question.ticket}. {problems[0]}")
    if not found:
        known = ", ".join(track.id for track in tracks) or "none yet"
        raise _NoSuchTicketError(f"No track has a ticket {question.ticket}.", f"Tracks: {known}.")
    if len(found) > 1:
        names = ", ".join(track.id for track, _ in found)
        complain(
            f"{len(found)} tracks have a ticket {question.ticket}: {names}. "
            f"This is that of {found[-1][0].id}, the newest; --track ID chooses another."
        )
    return found[-1]


async def _composed(
    options: LaunchOptions, settings: Settings, repository: Repository, track: Track, ticket: TicketSpec
) -> Composition:
    helpers, environment = HelperThreads(), os.environ
    paths = ProjectPaths.of(options.data_folder, repository.root)
    preferences, keys = Preferences(options.settings_path, settings), KeyStore(environment)
    catalog = ModelDesk(preferences=preferences, keys=keys, offload=helpers, environment=environment).catalog
    catalog.load()
    counters = TokenCounters()
    if calibration := read_calibration(paths.token_calibration):
        counters.restore(calibration)
    shelf = ProviderShelf(preferences=preferences, keys=keys, offload=helpers, environment=environment)
    requests = TicketRequests(
        run_id=PREVIEW,
        track=track,
        settings=lambda: settings,
        prompts=PromptFolder(options.prompts_folder).load(),
        offload=helpers,
        choices=ContextChoiceStore(paths.context_choices).read,
        limit_tokens=catalog.limit_tokens,
    )
    request = await requests.worker(ticket, Tree(repository.root, lambda: helpers.run(repository.files)))
    return compose(
        request,
        options.tools,
        counters.of(request.choice.provider, request.choice.model),
        limit_tokens=catalog.limit_tokens(request.choice.provider, request.choice.model),
        provider=_provider(shelf, request.choice.provider),
    )


def _provider(shelf: ProviderShelf, name: str) -> Provider | None:
    try:
        return shelf.make(name, key=_ANY_KEY)
    except ConfigurationError:
        return None
