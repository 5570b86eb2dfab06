"""What a run of a track would look like, computed before anything runs."""

from typing import Annotated, Literal

from pydantic import Field

from slop_qt.core.shape import Shape

__all__ = ["Estimate", "FileOverlap", "Forecast", "TicketForecast"]


class Estimate(Shape):
    """A number that is not known yet: the middle of what was seen before, and the range most of it lay in."""

    low: Annotated[float, Field(ge=0)]
    middle: Annotated[float, Field(ge=0)]
    high: Annotated[float, Field(ge=0)]


class TicketForecast(Shape):
    """One ticket. Tokens are input and output of all its tiers together; None where there is nothing to go by.

    cost_usd is None where there is nothing to go by or a price is not known. basis is one sentence: from how many
    earlier tickets of which model the figures come. stage counts from 0: the earliest it could go.
    """

    ticket_id: str
    stage: int
    input_tokens: Estimate | None
    output_tokens: Estimate | None
    cost_usd: Estimate | None
    basis: str


class FileOverlap(Shape):
    """Two tickets that change one path and have no order: they run one after the other."""

    first: str
    second: str
    path: str


class Forecast(Shape):
    """The whole run.

    stages are the tickets that could go together, in the order in which they could; at_once is how many work at the
    same time at most, with that many workers and files that no two may touch. critical_path is the longest chain of
    dependencies, first to last. The sums are those of the tickets, None where none of them has a figure;
    unpriced and unknown count the tickets that are not in them.
    """

    track_id: str
    workers: int
    stages: tuple[tuple[str, ...], ...]
    at_once: int
    critical_path: tuple[str, ...]
    overlaps: tuple[FileOverlap, ...]
    tickets: tuple[TicketForecast, ...]
    tokens: Estimate | None
    cost_usd: Estimate | None
    unknown: int = 0
    unpriced: int = 0
    confidence: Literal["none", "low", "fair", "good"] = "none"
