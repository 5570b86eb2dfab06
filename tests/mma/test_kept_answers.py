"""An answer that did not hold, as what the editors can open: nothing that has a place there is lost."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slop_qt.core.tickets import TicketSpec
from slop_qt.core.tracks import TrackDraft
from slop_qt.mma.kept_answers import drafts_of, left_out, tickets_of


def answer(name: str, *entries: Any) -> str:
    return json.dumps({name: entries})


def ticket(ticket_id: str, *needs: str, **fields: Any) -> dict[str, Any]:
    return {"id": ticket_id, "title": "t", "brief": "b", "files": ["a.py"], "depends_on": list(needs), **fields}


def test_tickets_in_a_circle_are_kept_as_they_are() -> None:
    given_answer = answer("tickets", ticket("A", "B", verify="if", plan_tasks=["One"]), ticket("B", "A"))
    assert [(one.id, one.depends_on, one.verify, one.plan_tasks) for one in tickets_of(given_answer)] == [
        ("A", ("B",), "if", ("One",)),
        ("B", ("A",), None, ()),
    ]
    assert left_out(given_answer, "submit_tickets") == ()


def test_an_id_that_cannot_be_used_gets_another_and_so_do_those_who_name_it() -> None:
    given_answer = answer("tickets", ticket("a/b"), ticket("c", "a/b"), ticket("integration"), ticket("c"))
    assert [(one.id, one.depends_on) for one in tickets_of(given_answer)] == [
        ("a-b", ()),
        ("c", ("a-b",)),
        ("T-003", ()),
        ("c-2", ()),
    ]
    assert left_out(given_answer, "submit_tickets") == (
        "Ticket 1 is called a-b here: its id 'a/b' cannot be used.",
        "Ticket 3 is called T-003 here: its id 'integration' cannot be used.",
        "Ticket 4 is called c-2 here: its id 'c' cannot be used.",
    )


def test_a_path_outside_the_repository_and_an_unknown_field_are_left_out_and_said() -> None:
    given_answer = answer("tickets", ticket("A", files=["/etc/passwd", "src/a.py", "../b"], colour="red"), "B")
    (kept,) = tickets_of(given_answer)
    assert kept.files == ("src/a.py",)
    said = "\n".join(left_out(given_answer, "submit_tickets"))
    for words in ("'/etc/passwd'", "'../b'", "its field 'colour' is left out", "Number 2 of the tickets is left out"):
        assert words in said


def test_what_has_another_type_is_kept_as_words() -> None:
    given_answer = answer("tickets", {"id": 7, "brief": {"do": "it"}, "files": "a.py", "depends_on": None})
    (kept,) = tickets_of(given_answer)
    assert kept == TicketSpec(id="7", title="7", brief='{"do": "it"}', files=("a.py",))


def test_tracks_are_kept_with_what_they_lack() -> None:
    given_answer = answer("tracks", {"title": "One", "spec": " ", "plan": "Words."}, {"type": "bug", "spec": "# S"})
    assert drafts_of(given_answer) == (
        TrackDraft(title="One", spec=" ", plan="Words."),
        TrackDraft(title="Track 2", type="bug", spec="# S", plan=""),
    )


def test_an_answer_that_was_cut_is_kept_up_to_there() -> None:
    whole = answer("tickets", ticket("A"), ticket("B", "A"), ticket("C"))
    cut = whole[: whole.index('"C"') + 5]
    assert [one.id for one in tickets_of(cut)] == ["A", "B"]
    assert left_out(cut, "submit_tickets")[0].startswith("The answer is not complete")


@pytest.mark.parametrize(
    "text", ["", "nothing", "{}", "[]", '{"tickets": 5}', '{"tracks": []}', '{"tickets": [' * 9000]
)
def test_an_answer_without_tickets_has_none(text: str) -> None:
    assert tickets_of(text) == ()


@given(
    st.text()
    | st.recursive(
        st.none() | st.integers() | st.text(),
        lambda inner: (
            st.lists(inner)
            | st.dictionaries(
                st.sampled_from(["tickets", "tracks", "id", "title", "files", "depends_on", "spec"]), inner
            )
        ),
    ).map(json.dumps)
)
def test_whatever_comes_is_read_without_an_error(text: str) -> None:
    for one in (*tickets_of(text), *drafts_of(text)):
        one.model_dump_json()
    for tool in ("submit_tickets", "submit_tracks"):
        assert all(said.endswith(".") for said in left_out(text, tool))
