"""What is read into a first message: declared files, whole or named, and nothing from elsewhere."""

import os
from pathlib import Path

import pytest
from agent_support import ticket

from slop_qt.agents.context_builder import declared_files, outline


def files_of(root: Path, *names: str) -> dict[str, str]:
    return dict(declared_files(root, ticket(files=names)))


def test_declared_files_are_shown_whole_in_the_tickets_order(root: Path) -> None:
    (root / "a.txt").write_text("Ä\r\nb")
    found = files_of(root, "src/core.py", "a.txt")
    assert list(found.items()) == [("src/core.py", "def add(a, b):\n    return a - b\n"), ("a.txt", "Ä\r\nb")]


def test_what_is_missing_or_a_directory_is_left_out(root: Path) -> None:
    assert files_of(root, "src/", "src", "new.py", "x" * 300, "src/core.py/x") in (
        {},
        {"x" * 300: "(not readable as UTF-8 text)"},
    )


@pytest.mark.parametrize("character", ["x", "é", "漢", "👩"])
def test_a_file_of_many_bytes_is_shown_whole_up_to_the_limit_of_characters(root: Path, character: str) -> None:
    (root / "a.txt").write_text(character * 32_000)
    assert files_of(root, "a.txt") == {"a.txt": character * 32_000}
    (root / "a.txt").write_text("a" + character * 32_000)
    assert files_of(root, "a.txt")["a.txt"].startswith("(long")


def test_a_long_file_is_named_and_read_file_is_pointed_at(root: Path) -> None:
    (root / "big.txt").write_text("x" * 40_000_000)
    assert "read_file" in files_of(root, "big.txt")["big.txt"]


def test_many_files_stay_within_one_prompt(root: Path) -> None:
    names = [f"f{n}.txt" for n in range(6)]
    for name in names:
        (root / name).write_text("x" * 30_000)
    found = files_of(root, *names)
    assert [len(text) for text in found.values()][:3] == [30_000] * 3
    assert all(text.startswith("(long") for text in list(found.values())[3:])


def test_what_is_no_text_is_said_to_be_none(root: Path) -> None:
    (root / "logo.png").write_bytes(b"\x89PNG\xff\xfe")
    assert files_of(root, "logo.png") == {"logo.png": "(not readable as UTF-8 text)"}


def test_links_are_not_followed_wherever_they_lead(root: Path, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("key")
    (root / "file-link").symlink_to(tmp_path / "secret")
    (root / "folder-link").symlink_to(tmp_path)
    (root / "inner-link").symlink_to(root / "src" / "core.py")
    assert files_of(root, "file-link", "folder-link/secret", "inner-link") == {}


def test_a_pipe_is_not_waited_for(root: Path) -> None:
    os.mkfifo(root / "pipe")
    assert files_of(root, "pipe") == {}


def test_the_outline_is_cut_with_a_sentence_that_says_so() -> None:
    assert outline(["a", "b/c"]) == "a\nb/c"
    assert outline([]) == "(no files)"
    lines = outline([f"f{n}" for n in range(1000)]).splitlines()
    assert len(lines) == 401 and "600 more" in lines[-1] and "list_directory" in lines[-1]
