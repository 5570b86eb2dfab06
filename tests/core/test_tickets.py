"""Ticket graphs: what holds, and what is refused with the names in it."""

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from slop_qt.core.errors import InvalidInputError
from slop_qt.core.tickets import TicketSpec, check_graph, declares, overlap


def ticket(ticket_id: str, *depends_on: str, files: tuple[str, ...] = ()) -> TicketSpec:
    return TicketSpec(id=ticket_id, title=ticket_id, brief="", depends_on=depends_on, files=files)


def test_the_order_of_a_graph_puts_dependencies_first() -> None:
    order = check_graph([ticket("D", "B", "C"), ticket("B", "A"), ticket("C", "A"), ticket("A")])
    assert order[0] == "A"
    assert order[-1] == "D"
    assert set(order) == {"A", "B", "C", "D"}


def test_no_tickets_are_a_graph() -> None:
    assert check_graph([]) == ()


def test_a_cycle_is_refused_with_its_names_in_order() -> None:
    with pytest.raises(InvalidInputError) as caught:
        check_graph([ticket("A", "C"), ticket("B", "A"), ticket("C", "B"), ticket("X")])
    circle = caught.value.message.split(": ")[1].rstrip(".").split(" → ")
    assert circle[0] == circle[-1]
    assert set(circle) == {"A", "B", "C"}
    dependencies = {"A": "C", "B": "A", "C": "B"}
    assert all(dependencies[first] == second for first, second in pairwise(circle))


def test_a_ticket_that_depends_on_itself_is_a_cycle() -> None:
    with pytest.raises(InvalidInputError, match="A → A"):
        check_graph([ticket("A", "A")])


def test_an_unknown_dependency_is_refused_with_both_names_and_the_known_ones() -> None:
    with pytest.raises(InvalidInputError, match="Ticket A depends on Z") as caught:
        check_graph([ticket("A", "Z"), ticket("B")])
    assert caught.value.hint == "Known tickets: A, B."


def test_a_duplicate_id_is_refused_with_its_name() -> None:
    with pytest.raises(InvalidInputError, match="id B is used more than once"):
        check_graph([ticket("A"), ticket("B"), ticket("B")])


@pytest.mark.parametrize("bad", ["", "-a", "a/b", "../a", "a b", "integration", "a" * 65, "ä", "a\n", "a.b"])
def test_a_ticket_id_that_could_not_be_a_branch_is_refused(bad: str) -> None:
    with pytest.raises(ValidationError, match="ticket id"):
        ticket(bad)


@pytest.mark.parametrize("bad", ["/etc/passwd", "../outside", "a/../../b", "", " ", "a\\b", "a\0b"])
def test_a_declared_file_outside_the_repository_is_refused(bad: str) -> None:
    with pytest.raises(ValidationError, match="must be a path inside the repository"):
        ticket("A", files=(bad,))


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        ("a.py", "a.py", True),
        ("./a.py", "a.py", True),
        ("src/", "src/a.py", True),
        ("src/a.py", "src/", True),
        ("src", "src/deep/a.py", True),
        (".", "anything", True),
        ("src/", "src2/a.py", False),
        ("a.py", "a.pyc", False),
        ("src/a.py", "src/b.py", False),
    ],
)
def test_tickets_overlap_where_a_path_equals_or_contains_another(first: str, second: str, expected: bool) -> None:
    found = overlap(ticket("A", files=("README.md", first)), ticket("B", files=("LICENSE", second)))
    assert (found is not None) is expected


def test_tickets_without_files_overlap_with_nothing() -> None:
    assert overlap(ticket("A"), ticket("B", files=("a.py",))) is None


def test_a_ticket_declares_its_files_and_what_lies_in_its_folders() -> None:
    spec = ticket("A", files=("src/", "README.md"))
    assert declares(spec, "src/deep/a.py")
    assert declares(spec, "README.md")
    assert not declares(spec, "README.md.bak")
    assert not declares(spec, "srcs/a.py")


_PATHS = st.lists(st.sampled_from(["a", "b", "a.py"]), min_size=1, max_size=3).map("/".join)


@settings(deadline=None)
@given(_PATHS, _PATHS)
def test_overlap_does_not_depend_on_who_is_asked(first: str, second: str) -> None:
    one, other = ticket("A", files=(first,)), ticket("B", files=(second,))
    assert (overlap(one, other) is None) == (overlap(other, one) is None)
