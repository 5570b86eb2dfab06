"""What is to be run, and what a run that is under way is made of."""

import asyncio
from dataclasses import dataclass, field

from slop_qt.core.approvals import Mode
from slop_qt.core.tracks import Track
from slop_qt.mma.board import TicketBoard
from slop_qt.mma.conductor import Conductor
from slop_qt.mma.gate import RunGate
from slop_qt.mma.run_budget import RunBudget
from slop_qt.mma.run_repository import RunRepository
from slop_qt.mma.ticket_way import TicketWay

__all__ = ["RunOrder", "Running"]


@dataclass(frozen=True, slots=True)
class RunOrder:
    """What to run: the tickets that the track has then. base_commit is where the integration branch starts: None for
    the person's HEAD. Limits that are None are those of the settings.
    """

    track: Track
    mode: Mode
    workers: int
    budget_usd: float | None = None
    budget_tokens: int | None = None
    base_commit: str | None = None


@dataclass(slots=True)
class Running:
    """A run under way. `work` may be cancelled; `end` never is: it sees to it that a run that began also ends."""

    run_id: str
    track_id: str
    gate: RunGate
    board: TicketBoard
    conductor: Conductor
    way: TicketWay
    repository: RunRepository
    budget: RunBudget
    work: asyncio.Task[None]
    end: asyncio.Task[None] = field(init=False)
    paused: bool = False
