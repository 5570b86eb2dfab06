"""What the answer of a planning tier is held against, beyond its own form."""

from dataclasses import dataclass

from slop_qt.core.tickets import TicketSpec

__all__ = ["PlanningBasis"]


@dataclass(frozen=True, slots=True)
class PlanningBasis:
    """What whoever asks knows of the track or the project; by default nothing that an answer could be wrong about.

    titles are those of the tracks that exist. plan is the track's plan, None where it does not matter. fixed are
    tickets that have started or ended: they must come back as they are.
    """

    titles: tuple[str, ...] = ()
    plan: str | None = None
    fixed: tuple[TicketSpec, ...] = ()
