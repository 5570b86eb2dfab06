"""Tier 1's answer: the tracks that an epic is cut into, and what makes them tracks that can be worked."""

from collections.abc import Iterator, Sequence
from typing import Annotated

from pydantic import Field
from typing_extensions import override

from slop_qt.core.ports import PlanReader
from slop_qt.core.shape import Shape
from slop_qt.core.tracks import TrackDraft
from slop_qt.tools.answers import Answer, Words
from slop_qt.tools.contract import Effect, ToolContext, ToolOutput
from slop_qt.tools.refusal import refuse

__all__ = ["ProposedTrack", "SubmitTracks", "SubmitTracksArguments"]


class ProposedTrack(TrackDraft):
    """A track as Tier 1 proposes it."""

    title: Annotated[Words, Field(description="What will be there afterwards, in a few words.")]
    type: Annotated[Words, Field(description="feature, bug or chore.")] = "feature"
    spec: Annotated[Words, Field(description="Markdown: overview, requirements, acceptance criteria, out of scope.")]
    plan: Annotated[Words, Field(description="Markdown: '## Phase 1: Name' headings over '- [ ] Task: Text' lines.")]


class SubmitTracksArguments(Shape):
    """Tier 1's answer."""

    tracks: Annotated[tuple[ProposedTrack, ...], Field(min_length=1)]


class SubmitTracks(Answer[SubmitTracksArguments]):
    """Ends Tier 1."""

    name = "submit_tracks"
    description = "Hand in the tracks that the epic is cut into. This ends your work."
    tiers = frozenset({1})
    arguments = SubmitTracksArguments

    @override
    async def perform(
        self, arguments: SubmitTracksArguments, context: ToolContext, effect: Effect | None = None
    ) -> ToolOutput:
        refuse("tracks", list(_problems(arguments.tracks, context.basis.titles, context.plans)))
        return ToolOutput("Received.")


def _problems(tracks: Sequence[ProposedTrack], existing: Sequence[str], plans: PlanReader) -> Iterator[str]:
    there = {_plain(title) for title in existing}
    before: set[str] = set()
    for number, track in enumerate(tracks, 1):
        title = _plain(track.title)
        if not title:
            yield f"Track {number} has no title."
        elif title in before:
            yield f"More than one track is called {track.title!r}: give each a title of its own."
        elif title in there:
            yield f"There is a track called {track.title!r} already: leave it out, or say in the title what differs."
        before.add(title)
        if not track.spec.strip():
            yield f"Track {track.title!r} has an empty spec."
        if not plans.is_plan(track.plan):
            yield (
                f"The plan of track {track.title!r} has neither a phase ('## Phase 1: Name') nor a task "
                "('- [ ] Task: Text') on a line of its own."
            )


def _plain(title: str) -> str:
    return " ".join(title.split()).casefold()
