"""Parameters and results of what the window does with context and budget, beyond the automation protocol's methods."""

from typing import Annotated

from pydantic import Field

from slop_qt.core.budgets import BudgetLimits
from slop_qt.core.context import ContextReport
from slop_qt.core.context_choices import FileChoice
from slop_qt.core.shape import Shape
from slop_qt.mma.shapes import RunRef, StreamRef

__all__ = [
    "ChooseContext",
    "ContextPreviewed",
    "ContextText",
    "ContextTextRead",
    "PreviewContext",
    "SetBudget",
]


class PreviewContext(Shape):
    """A ticket whose worker would start now.

    chosen and project are choices to try in place of those that are kept, the ticket's own and those for every ticket;
    None: the kept ones.
    """

    track_id: str
    ticket_id: str
    chosen: tuple[FileChoice, ...] | None = None
    project: tuple[FileChoice, ...] | None = None


class ContextPreviewed(Shape):
    """The first request of a ticket's worker, as it would be sent now; nothing is sent.

    reasons and texts have an entry for each part of the report, in its order: why it is there, and its text to the
    character. chosen are the ticket's own choices, project those for every ticket of the project; both as they were
    tried, where they were. files are the repository's, by name: what can be chosen.
    """

    report: ContextReport
    reasons: tuple[str, ...]
    texts: tuple[str, ...]
    chosen: tuple[FileChoice, ...]
    project: tuple[FileChoice, ...]
    files: tuple[str, ...] = ()


class ChooseContext(Shape):
    """All choices of one ticket; of the whole project where track_id and ticket_id are None."""

    track_id: str | None = None
    ticket_id: str | None = None
    choices: tuple[FileChoice, ...]


class ContextText(StreamRef):
    """One part of a stream's last request, by its place in the report; None is the whole request as it is sent."""

    part: Annotated[int, Field(ge=0)] | None = None


class ContextTextRead(Shape):
    """What the model sees, to the character."""

    text: str


class SetBudget(RunRef):
    """New limits. Those of the run are its own from now on, where it is under way; those of the day are kept."""

    limits: BudgetLimits
