"""What the groups of the ledger are called: runs, tracks, tickets and days in words that a person knows them by."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping

from slop_qt.core.ledger import Dimension, Group
from slop_qt.core.state import RunState, SessionState
from slop_qt.core.streams import TIER_ROLES, tier_name
from slop_qt.core.visible_text import make_visible
from slop_qt.qt.words import calendar_day, moment

__all__ = ["TrackTitle", "group_names", "run_name"]

# The title of a track that no run has told of; None where it is not known either.
TrackTitle = Callable[[str], str | None]

_PLANNING = "Planning"


def run_name(run: RunState) -> str:
    """`27 Nov 21:15  Finish pocketbook`; of a planned epic `27 Nov 21:12  Planning: ` and its first line."""
    title = next((line.strip() for line in run.title.splitlines() if line.strip()), run.run_id)
    planning = f"{_PLANNING}: " if run.track_id is None else ""
    return f"{moment(run.started_at)}  {planning}{make_visible(title)}"


def group_names(
    groups: Iterable[Group], dimension: Dimension, state: SessionState, track_title: TrackTitle
) -> Mapping[Group, str]:
    """A name for each of these groups."""
    listed = list(groups)
    if dimension == "track":
        titles = _track_titles(state, track_title)
        return {group: titles(group) for group in listed}
    if dimension == "ticket":
        return _ticket_names(listed, state, _track_titles(state, track_title))
    return {group: _plain_name(group, dimension, state) for group in listed}


def _plain_name(group: Group, dimension: Dimension, state: SessionState) -> str:
    if isinstance(group, int):
        return f"{tier_name(group)} {TIER_ROLES.get(group, '')}".strip()
    text = str(group)
    if dimension == "run":
        return run_name(state.runs[text]) if text in state.runs else text
    return calendar_day(text) if dimension == "day" else make_visible(text)


def _track_titles(state: SessionState, track_title: TrackTitle) -> Callable[[Group], str]:
    told = {run.track_id: run.title for run in state.runs.values() if run.track_id is not None and run.title}

    def title(group: Group) -> str:
        if group is None:
            return _PLANNING
        track_id = str(group)
        return make_visible(told.get(track_id) or track_title(track_id) or track_id)

    return title


def _ticket_names(
    groups: list[Group], state: SessionState, track_titles: Callable[[Group], str]
) -> Mapping[Group, str]:
    titles = {
        (run.track_id, ticket_id): ticket.title
        for run in state.runs.values()
        for ticket_id, ticket in run.tickets.items()
    }
    pairs = [group for group in groups if isinstance(group, tuple)]
    times = Counter(ticket_id for _, ticket_id in pairs)
    names: dict[Group, str] = dict.fromkeys(groups, _PLANNING)
    for track_id, ticket_id in pairs:
        name = make_visible(f"{ticket_id}  {titles.get((track_id, ticket_id), '')}".strip())
        names[track_id, ticket_id] = f"{name} ({track_titles(track_id)})" if times[ticket_id] > 1 else name
    return names
