"""Ticket graphs as a Tier 2 could plan them, of any size, with their tickets in every state."""

import random
from collections.abc import Mapping, Sequence

from hypothesis import strategies as st

from slop_qt.core.tickets import Ticket, TicketStatus
from slop_qt.qt.ticket_notes import TicketNote, notes

Graph = Mapping[str, Sequence[str]]

_VERBS = ("Parse", "Print", "Merge", "Check", "Read", "Write", "Split", "Cache", "Align", "Convert", "Index", "Render")
_OBJECTS = (
    "amounts in every currency",
    "the journal",
    "balances by account",
    "monthly schedules that end in short months",
    "table columns",
    "the settings file",
    "old exports without a header",
    "errors with their line",
    "the command line's help",
    "a summary of what was skipped",
)
_WAITING = {
    TicketStatus.REVIEW: "Waits for review of its diff.",
    TicketStatus.READY: "Waits for a free worker: all 4 are at work.",
    TicketStatus.BLOCKED: "`python -m unittest tests.test_table` ended with exit code 1.",
    TicketStatus.SKIPPED: "Its worker was not allowed to start: not today.",
}
_UNDER_WAY = (TicketStatus.RUNNING, TicketStatus.RUNNING, TicketStatus.VERIFYING, TicketStatus.MERGING, *_WAITING)


def plan(size: int, parts: int = 1, seed: int = 3) -> dict[str, tuple[str, ...]]:
    """What depends on what: in each part four to seven stages, most tickets on one to three of the stage before."""
    chance = random.Random(seed)
    graph: dict[str, tuple[str, ...]] = {}
    for part in range(parts):
        stages: list[list[str]] = [[] for _ in range(chance.choice((4, 5, 6, 7)))]
        count = size // parts + (part < size % parts)
        for stage in sorted(chance.randrange(len(stages)) for _ in range(count)):
            name = f"T-{len(graph) + 1:03}"
            near = next((stages[at] for at in range(stage - 1, -1, -1) if stages[at]), [])
            middle = chance.random() * len(near)
            wanted = {int(chance.gauss(middle, 1.5)) for _ in range(chance.choice((1, 1, 2, 2, 3)))}
            needs = [near[min(max(at, 0), len(near) - 1)] for at in sorted(wanted)] if near else []
            far = [each for older in stages[: max(0, stage - 1)] for each in older]
            if far and chance.random() < 0.15:
                needs.append(chance.choice(far))
            graph[name] = tuple(dict.fromkeys(needs)) if chance.random() < 0.95 else ()
            stages[stage].append(name)
    return graph


def mixed_tickets(graph: dict[str, tuple[str, ...]], seed: int = 3) -> tuple[Ticket, ...]:
    """In the middle of a run: done, under way, waiting for all kinds of things, blocked."""
    chance = random.Random(seed)
    done: set[str] = set()
    tickets = []
    for name, needs in graph.items():
        status, attempt = TicketStatus.PENDING, 0
        if done.issuperset(needs):
            status = TicketStatus.DONE if chance.random() < 0.6 else chance.choice(_UNDER_WAY)
            attempt = 0 if status in {TicketStatus.READY, TicketStatus.SKIPPED} else chance.choice((1, 1, 2))
        if status is TicketStatus.DONE:
            done.add(name)
        title = f"{chance.choice(_VERBS)} {chance.choice(_OBJECTS)}"
        tickets.append(
            Ticket(
                id=name,
                title=title,
                brief=f"{title}.",
                depends_on=needs,
                status=status,
                reason=_WAITING.get(status),
                attempt=attempt,
            )
        )
    return tuple(tickets)


def mixed_notes(tickets: tuple[Ticket, ...]) -> dict[str, TicketNote]:
    """Why each does not run, or who works on it."""
    plain = notes(tickets, None)
    working = {TicketStatus.RUNNING, TicketStatus.VERIFYING}
    return {
        ticket.id: TicketNote(plain[ticket.id].why, "claude-haiku-4-5" if ticket.status in working else "")
        for ticket in tickets
    }


@st.composite
def sound_graphs(draw: st.DrawFn) -> Graph:
    """Without circles, of several parts, in any order of the plan."""
    names = [f"T-{number}" for number in range(draw(st.integers(0, 24)))]
    graph = {
        name: tuple(draw(st.lists(st.sampled_from(names[:at]), max_size=3, unique=True))) if at else ()
        for at, name in enumerate(names)
    }
    return {name: graph[name] for name in draw(st.permutations(names))}


@st.composite
def any_graphs(draw: st.DrawFn) -> Graph:
    """With circles, tickets that depend on themselves, and dependencies on nothing."""
    names = [f"T-{number}" for number in range(draw(st.integers(0, 12)))]
    known = st.sampled_from([*names, "gone", "lost"])
    return {name: tuple(draw(st.lists(known, max_size=4))) for name in names}
