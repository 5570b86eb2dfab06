"""Edits of a ticket graph, and which of them may be made."""

import pytest

from slop_qt.core.errors import InvalidInputError, NotFoundError
from slop_qt.core.ticket_edits import added, changed, connected, duplicated, kept_fixed, removed, require
from slop_qt.core.tickets import TicketSpec


def ticket(name: str, *needs: str, title: str = "t") -> TicketSpec:
    return TicketSpec(id=name, title=title, brief="", depends_on=needs)


GRAPH = (ticket("T-008"), ticket("T-009", "T-008"))


def test_new_ids_go_on_from_the_highest_in_their_form() -> None:
    assert added((), None)[1] == "T-001"
    assert added(GRAPH, None)[1] == "T-010"
    assert added((ticket("parse"),), "parse")[0][1] == TicketSpec(
        id="T-001", title="New ticket", brief="", depends_on=("parse",)
    )
    assert duplicated((ticket("step9"), ticket("step10")), "step9")[1] == "step11"


def test_what_is_not_there_is_said_with_what_is() -> None:
    for edit in (
        lambda: connected(GRAPH, "T-001", "T-009"),
        lambda: removed(GRAPH, "T-001"),
        lambda: changed(GRAPH, "T-001", GRAPH[0]),
    ):
        with pytest.raises(NotFoundError, match="T-008, T-009"):
            edit()


def test_a_wrong_graph_can_be_edited_as_long_as_it_gets_no_worse() -> None:
    wrong = (ticket("a", "nothing"), ticket("b"))
    require(wrong, changed(wrong, "b", ticket("b", title="other")), ())
    with pytest.raises(InvalidInputError, match="a → b → a"):
        require(wrong, connected(connected(wrong, "b", "a"), "a", "b"), ())
    with pytest.raises(InvalidInputError, match="b has started"):
        require(wrong, removed(wrong, "b"), {"b"})


def test_going_back_leaves_started_tickets_alone() -> None:
    present = (ticket("a", title="now"), ticket("b"))
    assert kept_fixed(present, (ticket("a", title="then"), ticket("c")), {"a"}) == (present[0], ticket("c"))
    assert kept_fixed(present, (ticket("c"),), {"a"}) == (ticket("c"), present[0])
