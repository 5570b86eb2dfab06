"""What a worker starts with: its ticket, what its dependencies came to, its files, and nothing else of anybody."""

from collections.abc import Sequence

from slop_qt.agents.context.files import ALL_FILES, FilesWanted, excluded_places, gather
from slop_qt.agents.context.results import TicketResult, result_parts
from slop_qt.agents.prompts import FailedAttempt, TicketMaterial, ticket_prompt
from slop_qt.core.prompt import Prompt

__all__ = ["room_for_files", "worker_prompt"]


def worker_prompt(wanted: FilesWanted, results: Sequence[TicketResult], failed: FailedAttempt | None) -> Prompt:
    """The first message of a ticket's worker, of the tree as it is now. Blocking: for the helper pool."""
    files = gather(wanted)
    material = TicketMaterial(result_parts(results, excluded_places(wanted)), files.own, files.shared)
    return ticket_prompt(wanted.ticket, material, failed)


def room_for_files(limit_tokens: int | None) -> int:
    """How many characters of files go along with a ticket whose requests may have so many tokens; None: not known.

    Half of the request, at three characters a token, which code seldom falls short of: the rest is for what the worker
    reads and says.
    """
    return ALL_FILES if limit_tokens is None else min(ALL_FILES, limit_tokens // 2 * 3)
