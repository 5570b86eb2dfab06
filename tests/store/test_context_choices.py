"""The person's choices on disk: whole, private to the project's data, never overwritten when they cannot be read."""

import json
from pathlib import Path

import pytest

from slop_qt.core.context_choices import ContextChoices, FileChoice
from slop_qt.core.errors import InvalidInputError, StoreError
from slop_qt.store.context_choices import ContextChoiceStore
from slop_qt.store.paths import ProjectPaths

PINNED = FileChoice(path="RULES.md", pinned=True)
OUTLINE = FileChoice(path="src/a.py", form="outline")
LINES = FileChoice(path="src/a.py", form="range", start_line=3, end_line=9)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "context-choices.json"


def test_without_a_file_nothing_is_chosen_and_nothing_is_made(path: Path) -> None:
    assert ContextChoiceStore(path).read() == ContextChoices()
    assert not path.exists()


def test_choices_of_the_project_and_of_tickets_are_kept_apart_and_by_every_store_found(path: Path) -> None:
    store = ContextChoiceStore(path)
    store.choose([PINNED, OUTLINE])
    store.choose_for("t_1", "T-001", [LINES])
    store.choose_for("t_2", "T-001", [PINNED])
    found = ContextChoiceStore(path).read()
    assert found.project == (PINNED, OUTLINE)
    assert found.of_ticket("t_1", "T-001") == (PINNED, LINES)
    assert found.of_ticket("t_1", "T-002") == (PINNED, OUTLINE)
    store.choose([])
    assert store.read().project == () and store.read().of_ticket("t_1", "T-001") == (LINES,)


def test_a_ticket_without_choices_leaves_nothing_behind(path: Path) -> None:
    store = ContextChoiceStore(path)
    store.choose_for("t_1", "T-001", [LINES])
    store.choose_for("t_1", "T-002", [LINES])
    store.choose_for("t_1", "T-001", [])
    assert set(store.read().tickets["t_1"]) == {"T-002"}
    store.choose_for("t_1", "T-002", [])
    assert store.read() == ContextChoices()


def test_a_path_that_is_named_twice_is_refused_and_nothing_changes(path: Path) -> None:
    store = ContextChoiceStore(path)
    store.choose([PINNED])
    with pytest.raises(InvalidInputError, match=r"src/a\.py is named twice"):
        store.choose([OUTLINE, LINES])
    assert store.read().project == (PINNED,)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"{", "Invalid JSON"),
        (b"\xff\xfe", "is not UTF-8: byte 0"),
        (b'{"project": [{"path": "a", "form": "whole"}]}', "project.0.form: Input should be"),
        (b'{"project": [{"path": "a"}, {"path": "a"}]}', "a is named twice"),
        (b'{"projects": []}', "projects: Extra inputs"),
        (b'{"project": [{"path": "a", "form": "range"}]}', "a range has a first and a last line"),
    ],
)
def test_a_file_with_mistakes_is_said_with_its_path_and_left_as_it_is(path: Path, content: bytes, words: str) -> None:
    path.write_bytes(content)
    store = ContextChoiceStore(path)
    for use in (store.read, lambda: store.choose([PINNED]), lambda: store.choose_for("t", "T-1", [PINNED])):
        with pytest.raises(StoreError) as refused:
            use()
        assert str(path) in str(refused.value) and words in str(refused.value) and refused.value.hint
    assert path.read_bytes() == content
    assert [file.name for file in path.parent.iterdir()] == [path.name]


def test_the_file_is_plain_and_lies_in_the_data_directory_of_the_project(tmp_path: Path) -> None:
    project = tmp_path / "project"
    project.mkdir()
    assert not (tmp_path / "data").exists()
    paths = ProjectPaths.of(tmp_path / "data", project)
    assert not (tmp_path / "data").exists(), "looking creates nothing"
    assert paths == ProjectPaths.create(tmp_path / "data", project)
    ContextChoiceStore(paths.context_choices).choose([LINES])
    assert json.loads(paths.context_choices.read_text()) == {
        "project": [{"path": "src/a.py", "form": "range", "start_line": 3, "end_line": 9}]
    }
    assert list(project.iterdir()) == []
