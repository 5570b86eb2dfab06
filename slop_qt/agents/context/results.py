"""What the tickets came to that another depends on: all that its worker is told of other workers."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from slop_qt.agents.sections import both_ends, section
from slop_qt.core.prompt import PromptPart

__all__ = ["TicketResult", "result_parts"]

# Characters of one summary, and of those of all dependencies.
_ONE_SUMMARY = 4_000
_ALL_SUMMARIES = 40_000
_NAMED = 50


@dataclass(frozen=True, slots=True)
class TicketResult:
    """How a ticket ended that is done: its worker's summary, and the files that it changed, by git."""

    ticket_id: str
    title: str
    summary: str
    files: tuple[str, ...] = ()


def result_parts(results: Sequence[TicketResult], excluded: Collection[str] = ()) -> tuple[PromptPart, ...]:
    """A part for each; files that are excluded are not named."""
    limit = min(_ONE_SUMMARY, _ALL_SUMMARIES // max(1, len(results)))
    return tuple(_part(result, limit, excluded) for result in results)


def _part(result: TicketResult, limit: int, excluded: Collection[str]) -> PromptPart:
    changed = [path for path in result.files if path not in excluded]
    lines = [f"- {path}" for path in changed[:_NAMED]]
    if len(changed) > len(lines):
        lines.append(f"… and {len(changed) - len(lines):,} more")
    named = "Files that it changed:\n" + "\n".join(lines) if lines else "It changed no files."
    if result.files and not changed:
        named = ""
    return section(
        "dependency",
        result.ticket_id,
        f"{result.ticket_id}, which this ticket depends on, ended so.",
        {
            f"{result.ticket_id}, which this ticket depends on, is done": "\n\n".join(
                [result.title, both_ends(result.summary, limit), named]
            )
        },
    )
