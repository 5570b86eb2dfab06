"""The order of tickets by itself: ready, in the way, done, behind."""

from conductor_support import DIAMOND, graphs, node
from hypothesis import given
from hypothesis import strategies as st

from slop_qt.core.tickets import TicketSpec, overlap
from slop_qt.mma.forecasting import rounds
from slop_qt.mma.lineup import Lineup


def opened(*tickets: TicketSpec) -> Lineup:
    lineup = Lineup(tickets)
    lineup.open(ticket.id for ticket in tickets)
    return lineup


def test_a_ticket_is_ready_when_all_it_waits_for_is_done() -> None:
    lineup = opened(*DIAMOND)
    assert list(lineup.ready) == ["A"] and list(lineup.waits_for("D")) == ["B", "C"]
    assert lineup.start(4) == [("A", None)]
    assert list(lineup.done("A")) == ["B", "C"] and list(lineup.ready) == ["B", "C"] and not lineup.active
    lineup.start(4)
    lineup.done("B")
    assert list(lineup.waits_for("D")) == ["C"] and not lineup.ready
    lineup.done("C")
    assert list(lineup.ready) == ["D"]


def test_no_more_begin_than_workers_are_free_and_none_beside_what_is_in_its_way() -> None:
    lineup = opened(node("A", files=("src/",)), node("B", files=("src/b.py",)), node("C"), node("D"))
    assert lineup.start(0) == []
    assert lineup.start(2) == [("A", None), ("B", ("A", "src/")), ("C", None)]
    assert list(lineup.ready) == ["B", "D"] and list(lineup.active) == ["A", "C"]
    lineup.given_up("A")
    assert lineup.start(1) == [("B", None)]


def test_what_is_behind_a_ticket_is_told_but_for_what_is_passed_over() -> None:
    lineup = opened(*DIAMOND, node("E", "D"), node("F", "C"))
    told: set[str] = set()
    for name in lineup.behind("A", lambda name: name in told or name == "C"):
        assert name not in told
        told.add(name)
    assert told == {"B", "D", "E"}


@given(graphs(), st.integers(1, 5))
def test_rounds_keep_to_dependencies_files_and_workers_and_leave_nothing_out(
    tickets: list[TicketSpec], workers: int
) -> None:
    found = rounds(tickets, workers)
    place = {name: number for number, together in enumerate(found) for name in together}
    assert sorted(place) == sorted(spec.id for spec in tickets) == sorted(name for one in found for name in one)
    by_id = {spec.id: spec for spec in tickets}
    for spec in tickets:
        assert all(place[needed] < place[spec.id] for needed in spec.depends_on)
    for together in found:
        assert 1 <= len(together) <= workers
        for first in together:
            assert all(overlap(by_id[first], by_id[other]) is None for other in together if other != first)
