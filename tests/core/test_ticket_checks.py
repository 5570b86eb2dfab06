"""What is wrong with tickets, in sentences: each by itself, and all of them together."""

from itertools import combinations

from hypothesis import given
from hypothesis import strategies as st

from slop_qt.core.ticket_checks import errors_of, field_problems, graph_problems
from slop_qt.core.tickets import TicketSpec, cycles, overlap


def ticket(ticket_id: str, *depends_on: str, files: tuple[str, ...] = ()) -> TicketSpec:
    return TicketSpec(id=ticket_id, title=f"Do {ticket_id}", brief="", depends_on=depends_on, files=files)


def messages(*tickets: TicketSpec) -> list[str]:
    return [problem.message for problem in graph_problems(tickets)]


def test_a_ticket_that_holds_has_no_problem() -> None:
    assert field_problems(ticket("T-001").model_dump()) == ()


def test_each_field_that_does_not_hold_is_named_once() -> None:
    fields = {"id": "a/b", "title": "", "brief": "x", "files": ["../up", "ok.py"], "status": "done"}
    problems = field_problems(fields)
    assert [problem.field for problem in problems] == ["id", "title", "files", "status"]
    assert "'../up' must be a path inside the repository" in problems[2].message
    assert "title must not be empty" in problems[1].message
    assert all(problem.message.startswith("Ticket a/b: ") for problem in problems)


def test_what_is_missing_is_said_of_a_ticket_without_an_id() -> None:
    assert [problem.message for problem in field_problems({"title": "Do it", "brief": ""})] == [
        "Ticket without an id: id is missing."
    ]


def test_every_circle_is_named_in_the_order_of_dependence() -> None:
    found = messages(ticket("a", "b"), ticket("b", "c"), ticket("c", "a"), ticket("d", "d"), ticket("e", "a"))
    assert found == [
        "The tickets depend on each other in a circle: a → b → c → a.",
        "The tickets depend on each other in a circle: d → d.",
    ]


def test_a_dependency_that_is_said_twice_is_one_circle() -> None:
    assert cycles({"a": ["b", "b"], "b": ["a"]}) == (("a", "b"),)


def test_duplicates_and_unknown_dependencies_are_named() -> None:
    assert messages(ticket("a"), ticket("a"), ticket("b", "z")) == [
        "The ticket id a is used more than once.",
        "Ticket b depends on z, which is not a ticket of this track.",
    ]


def test_an_overlap_without_an_order_is_a_warning() -> None:
    problems = graph_problems([ticket("a", files=("src/",)), ticket("b", files=("src/x.py",))])
    assert [problem.severity for problem in problems] == ["warning"]
    assert "a and b both change src/x.py" in problems[0].message
    assert errors_of(problems) == ()


def test_an_overlap_in_order_even_through_others_is_none() -> None:
    first, last = ticket("a", files=("x.py",)), ticket("c", "b", files=("x.py",))
    assert messages(first, ticket("b", "a"), last) == []
    assert messages(last, ticket("b", "a"), first) == []


@given(st.lists(st.lists(st.sampled_from(["a", "a/", "a/b", "a/b/c", "ab", ".", "./a", "b"]), max_size=3), max_size=5))
def test_every_overlap_is_found(declared: list[list[str]]) -> None:
    tickets = [TicketSpec(id=f"T{n}", title="t", brief="", files=tuple(files)) for n, files in enumerate(declared)]
    expected = [(b.id, overlap(a, b)) for a, b in combinations(tickets, 2) if overlap(a, b) is not None]
    found = graph_problems(tickets)
    assert [problem.ticket_id for problem in found] == [ticket_id for ticket_id, _ in expected]
