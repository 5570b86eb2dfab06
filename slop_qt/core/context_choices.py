"""What a person wants in the context of agents, beyond what the tickets declare: per project and per ticket."""

from collections.abc import Iterable
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from slop_qt.core.shape import Shape

__all__ = ["ContextChoices", "FileChoice", "FileForm"]

# outline is signatures and docstrings; excluded files have no part and stand in no list, but for the ticket's own.
FileForm = Literal["full", "outline", "range", "excluded"]


class FileChoice(Shape):
    """How one file goes to the model. path is relative to the repository, with `/`.

    A range has its first and last line, from 1, both included. pinned: it goes along although no ticket declares it,
    and is never left out for want of room.
    """

    path: Annotated[str, Field(min_length=1)]
    form: FileForm = "full"
    start_line: Annotated[int, Field(ge=1)] | None = None
    end_line: Annotated[int, Field(ge=1)] | None = None
    pinned: bool = False

    @model_validator(mode="after")
    def _lines_hold(self) -> Self:
        if self.form == "range":
            if self.start_line is None or self.end_line is None:
                raise ValueError("a range has a first and a last line")
            if self.end_line < self.start_line:
                raise ValueError("the last line comes before the first")
        elif self.start_line is not None or self.end_line is not None:
            raise ValueError("only a range has lines")
        if self.form == "excluded" and self.pinned:
            raise ValueError("an excluded file cannot be pinned")
        return self


class ContextChoices(Shape):
    """All choices of a project: those for every ticket, and those for one, by track id and ticket id.

    A path is named at most once in each list.
    """

    project: tuple[FileChoice, ...] = ()
    tickets: dict[str, dict[str, tuple[FileChoice, ...]]] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _paths_are_named_once(self) -> Self:
        for choices in (self.project, *(of for tickets in self.tickets.values() for of in tickets.values())):
            paths = [choice.path for choice in choices]
            twice = next((path for path in paths if paths.count(path) > 1), None)
            if twice is not None:
                raise ValueError(f"{twice} is named twice")
        return self

    def for_project(self, choices: Iterable[FileChoice]) -> "ContextChoices":
        """The same with these for every ticket. Raises pydantic.ValidationError where a path is named twice."""
        return ContextChoices(project=tuple(choices), tickets=self.tickets)

    def for_ticket(self, track_id: str, ticket_id: str, choices: Iterable[FileChoice]) -> "ContextChoices":
        """The same with these for one ticket, instead of those it had. Raises as `for_project`."""
        of_track = {**self.tickets.get(track_id, {}), ticket_id: tuple(choices)}
        kept = {name: of_ticket for name, of_ticket in of_track.items() if of_ticket}
        tickets = {track: of for track, of in {**self.tickets, track_id: kept}.items() if of}
        return ContextChoices(project=self.project, tickets=tickets)

    def own_of(self, track_id: str, ticket_id: str) -> tuple[FileChoice, ...]:
        """The ticket's own choices."""
        return self.tickets.get(track_id, {}).get(ticket_id, ())

    def of_ticket(self, track_id: str, ticket_id: str) -> tuple[FileChoice, ...]:
        """The project's choices and the ticket's own, which win, each path once."""
        return tuple(_by_path((*self.project, *self.own_of(track_id, ticket_id))).values())


def _by_path(choices: Iterable[FileChoice]) -> dict[str, FileChoice]:
    return {choice.path: choice for choice in choices}
